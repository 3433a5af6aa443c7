import { IntegrityError, type Bytes, type Result } from '@coffer/protocol/core';
import { changePassword as wrapForPassword } from '@coffer/protocol/model/open';
import type { ApiClient } from '../api/api-client.ts';
import type { AccountRefusal } from './account-ports.ts';
import { startRegistration } from './opaque-client.ts';
import { readOwnAccount, untilUnraced, withPassword, type OwnAccount } from './own-account.ts';

/** The password that is, and the one that is to be. */
export interface PasswordChange {
  readonly password: string;
  readonly newPassword: string;
  /** Of the second factor, where there is one. */
  readonly code?: string | undefined;
}

/**
 * Another password for the own account (protocol §2). The server takes it in one step: whatever breaks
 * off, the old or the new password opens the account. Signed-in devices stay signed in.
 */
export async function changePassword(
  own: OwnAccount,
  { password, newPassword, code }: PasswordChange,
  signal: AbortSignal,
): Promise<Result<undefined, AccountRefusal>> {
  return withPassword(own, { password, code }, signal, async ({ token }) => {
    const { record, exportKey } = await registerPassword(own.api, token, newPassword, signal);
    await untilUnraced(async () => {
      const { opened, previous } = await readOwnAccount(own, token, signal);
      const bundle = wrapForPassword(own.suite, opened, exportKey);
      const body = { entries: [], bundle, previous, record };
      await own.api.call('replaceKeys', { token, body }, signal);
    });
    return undefined;
  });
}

/** What the server keeps for the new password, and what it opens here. */
export async function registerPassword(
  api: ApiClient,
  token: string,
  newPassword: string,
  signal: AbortSignal,
): Promise<{ readonly record: string; readonly exportKey: Bytes }> {
  const registration = await startRegistration(newPassword);
  const body = { request: registration.request };
  const { response } = await api.call('registerPassword', { token, body }, signal);
  const finished = registration.finish(response);
  if (finished === undefined) {
    throw new IntegrityError('malformed', 'the answer to a new password is none');
  }
  return finished;
}
