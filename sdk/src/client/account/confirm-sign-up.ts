import { err, ok, type Result } from '@coffer/protocol/core';
import { isRefusal } from '../../ports/index.ts';
import { ApiClient } from '../api/api-client.ts';
import { normaliseAccountName } from './account-name.ts';
import { refused, type AccountPorts, type AccountRefusal } from './account-ports.ts';

/**
 * Confirms a new account with the code that its server mailed. `unsupported`: the server sends no mail,
 * and accounts are active at once there.
 */
export async function confirmSignUp(
  ports: AccountPorts,
  input: { readonly server: string; readonly email: string; readonly code: string },
  signal: AbortSignal,
): Promise<Result<undefined, AccountRefusal>> {
  const api = new ApiClient({ ...ports, transport: ports.connect(input.server) });
  const body = { name: normaliseAccountName(input.email), code: input.code };
  try {
    await api.call('signUpConfirm', { body }, signal);
    return ok(undefined);
  } catch (error) {
    if (isRefusal(error, 'unsupported')) return err({ code: 'unsupported' });
    return refused(error);
  }
}
