export {
  acceptedValue,
  checkPasswordLength,
  refusalOf,
  type AccountOutcome,
} from './account-refusal.ts';
export { AccountSteps } from './account-steps.ts';
export { PendingWords } from './pending-words.ts';
