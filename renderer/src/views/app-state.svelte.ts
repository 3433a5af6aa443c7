/** What all views share: the snapshot, the person's choices, the time, and how commands are given. */
import type { ControlClient, ControlCommandName, ControlInput } from '../control/control-client.ts';
import { failureOf } from '../control/control-client.ts';
import { DriveSession } from '../control/drive-session.ts';
import { NOTHING_KNOWN, decisionCount } from '../control/drive-snapshot.ts';
import { failureText } from '../view-models/failure-text.ts';
import { flowAfter, flowSample, secondsLeft, type FlowSample } from '../view-models/flow.ts';
import { pendingOf, statusSentence } from '../view-models/status-sentence.ts';
import {
  LOCALES,
  formatLocale,
  preferredLocale,
  wordsIn,
  type Locale,
} from '../words/translator.ts';

export const THEMES = ['system', 'light', 'dark'] as const;
export type Theme = (typeof THEMES)[number];

const TICK_MS = 1000;
const TOAST_MS = 5000;
const LOCALE_KEY = 'coffer.locale';
const THEME_KEY = 'coffer.theme';

export class AppState {
  readonly session: DriveSession;
  snapshot = $state.raw(NOTHING_KNOWN);
  locale = $state<Locale>(chosen(LOCALE_KEY, LOCALES) ?? preferredLocale(navigator.languages));
  theme = $state<Theme>(chosen(THEME_KEY, THEMES) ?? 'system');
  nowMs = $state(Date.now());
  flow = $state.raw<readonly FlowSample[]>([]);
  toasts = $state.raw<readonly { readonly id: number; readonly text: string }[]>([]);
  /** What went wrong with the last command; stays until the next one. */
  problem = $state('');

  words = $derived(
    wordsIn(this.locale, { locale: formatLocale(this.locale, navigator.languages) }),
  );
  sentence = $derived(
    statusSentence(this.snapshot, {
      words: this.words,
      nowMs: this.nowMs,
      secondsLeft: secondsLeft(this.flow, pendingOf(this.snapshot.status?.pairs ?? []).bytes),
    }),
  );
  decisions = $derived(decisionCount(this.snapshot));
  isReachable = $derived(this.snapshot.connection === 'live');

  #toastCount = 0;

  constructor(client: ControlClient) {
    this.session = new DriveSession(client, (snapshot) => {
      this.snapshot = snapshot;
    });
  }

  /** Begins to follow; returns how to stop. While nobody sees the page, its clock stands. */
  start(): () => void {
    this.session.start();
    const tick = (): void => {
      this.nowMs = Date.now();
      this.flow = flowAfter(this.flow, flowSample(this.snapshot.status?.transfers ?? []));
    };
    let timer: ReturnType<typeof setInterval> | undefined;
    const wind = (): void => {
      clearInterval(timer);
      timer = document.hidden ? undefined : setInterval(tick, TICK_MS);
    };
    const seen = (): void => {
      wind();
      if (document.hidden) return;
      // The samples have one second between them: those from before say nothing of now.
      this.flow = [];
      tick();
    };
    document.addEventListener('visibilitychange', seen);
    wind();
    return () => {
      document.removeEventListener('visibilitychange', seen);
      clearInterval(timer);
      this.session.close();
    };
  }

  /** Gives a command; says `done` when it is, and what went wrong when it is not. True when done. */
  act<K extends ControlCommandName>(
    command: K,
    input: ControlInput<K>,
    done = '',
  ): Promise<boolean> {
    return this.#tryTo(() => this.session.act(command, input), done);
  }

  /** One command for each input, until one fails; else as `act`. */
  actOnEach<K extends ControlCommandName>(
    command: K,
    inputs: readonly ControlInput<K>[],
    done = '',
  ): Promise<boolean> {
    return this.#tryTo(() => this.session.actOnEach(command, inputs), done);
  }

  async #tryTo(action: () => Promise<unknown>, done: string): Promise<boolean> {
    this.problem = '';
    try {
      await action();
      if (done !== '') this.toast(done);
      return true;
    } catch (error) {
      this.problem = failureText(failureOf(error), this.words);
      return false;
    }
  }

  toast(text: string): void {
    const id = ++this.#toastCount;
    this.toasts = [...this.toasts, { id, text }];
    setTimeout(() => {
      this.toasts = this.toasts.filter((toast) => toast.id !== id);
    }, TOAST_MS);
  }

  chooseLocale(locale: Locale): void {
    this.locale = locale;
    localStorage.setItem(LOCALE_KEY, locale);
  }

  chooseTheme(theme: Theme): void {
    this.theme = theme;
    localStorage.setItem(THEME_KEY, theme);
  }
}

function chosen<T extends string>(key: string, values: readonly T[]): T | undefined {
  const stored = localStorage.getItem(key);
  return values.find((value) => value === stored);
}
