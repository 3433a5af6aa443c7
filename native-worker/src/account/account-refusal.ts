/** What a server refuses a person, as the control contract tells it. */
import { errorEntry } from '@coffer/protocol/api/error-codes';
import type { AccountRefusal } from '@coffer/sdk';
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
