import { ok, type Result } from '@coffer/protocol/core';
import { isRefusal, RemoteFault } from '../../ports/index.ts';
import type { AccountRefusal } from './account-ports.ts';
import { withPassword, type OwnAccount } from './own-account.ts';
import type { PasswordInput } from './prove-password.ts';

/**
 * Ends the account at the server, with all that it stores, and forgets this device's secrets. Local
 * files stay. Throws faults; after one it is not known whether the account is still there.
 */
export async function deleteAccount(
  own: OwnAccount,
  input: Omit<PasswordInput, 'email'>,
  signal: AbortSignal,
): Promise<Result<undefined, AccountRefusal>> {
  const deleted = await withPassword(own, input, signal, async ({ token }) => {
    try {
      await own.api.call('deleteAccount', { token }, signal);
    } catch (error) {
      if (!isRefusal(error, 'not-signed-in') || !(await isGone(own, signal))) throw error;
    }
  });
  if (!deleted.ok) return deleted;
  await own.keyStore.clear();
  return ok(undefined);
}

/** An earlier try whose answer was lost has ended the account: its devices are unknown then. */
async function isGone(own: OwnAccount, signal: AbortSignal): Promise<boolean> {
  try {
    await own.session.run((token) => own.api.call('account', { token }, signal), signal);
    return false;
  } catch (error) {
    if (isRefusal(error, 'not-signed-in')) return true;
    if (error instanceof RemoteFault) return false;
    throw error;
  }
}
