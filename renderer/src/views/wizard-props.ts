import type { OnboardingEvent, OnboardingState } from '../view-models/onboarding.ts';
import type { AppState } from './app-state.svelte.ts';

/** What each page of the wizard is given. */
export interface WizardProps {
  readonly app: AppState;
  readonly wizard: OnboardingState;
  readonly tell: (event: OnboardingEvent) => void;
  /** Ends the first run: there is nothing left to ask. */
  readonly onleave: () => void;
}
