/** What a server refuses a person, as the control contract tells it. */
import { errorEntry } from '@coffer/protocol/api/error-codes';
import { PASSWORD_LENGTH_MIN, type AccountRefusal } from '@coffer/sdk';
import { ControlFailure } from '../contract/index.ts';

/** What a call about the account comes to. */
export type AccountOutcome<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: AccountRefusal };

const MESSAGES: Partial<Record<AccountRefusal['code'], string>> = {
  'name-taken': 'there is such an account already',
  'wrong-password': 'the name or the password is wrong',
  'wrong-recovery-key': 'the name or the recovery words are wrong',
  'already-signed-in': 'an account is signed in here already',
  'limit-reached': 'the account has as many devices as it can have',
};

export function refusalOf({ code }: AccountRefusal, server: string): ControlFailure {
  return new ControlFailure({
    code,
    message: MESSAGES[code] ?? `${server} refused (${code})`,
    hint: errorEntry(code).text,
  });
}

/** The value, or the refusal thrown. */
export function acceptedValue<T>(outcome: AccountOutcome<T>, server: string): T {
  if (!outcome.ok) throw refusalOf(outcome.error, server);
  return outcome.value;
}

/** `safe` says what did not happen. */
export function checkPasswordLength(password: string, safe: string): void {
  if (password.length >= PASSWORD_LENGTH_MIN) return;
  throw new ControlFailure({
    code: 'usage',
    message: `a password has at least ${PASSWORD_LENGTH_MIN} characters`,
    hint: `A few random words make a good one. ${safe}`,
  });
}
