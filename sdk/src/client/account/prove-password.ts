/** OPAQUE sign-in (protocol §2): shows the server that we know the password, without telling it. */
import type { AccountId, Bytes } from '@coffer/protocol/core';
import type { ApiClient } from '../api/api-client.ts';
import { normaliseAccountName } from './account-name.ts';
import { startLogin } from './opaque-client.ts';

export interface PasswordInput {
  readonly email: string;
  readonly password: string;
  /** Of the second factor: from `parseSecondFactorCode`. */
  readonly code?: string | undefined;
}

export interface PasswordProof {
  /** As the server says: what it seals has to open. */
  readonly account: AccountId;
  /** Enrol token, for five minutes. */
  readonly token: string;
  /** Opens W_pw. */
  readonly exportKey: Bytes;
}

/** Undefined for a wrong password. Throws RemoteFault, `second-factor-needed` and `wrong-code` too. */
export async function provePassword(
  api: ApiClient,
  { email, password, code }: PasswordInput,
  signal: AbortSignal,
): Promise<PasswordProof | undefined> {
  const login = await startLogin(password);
  const body = { name: normaliseAccountName(email), request: login.request };
  const { account, answer, handle } = await api.call('signInStart', { body }, signal);
  const finished = login.finish(answer);
  if (finished === undefined) return undefined;
  const given = code === undefined ? {} : { code };
  const { enrolToken } = await api.call(
    'signInFinish',
    { body: { handle, finish: finished.finish, ...given } },
    signal,
  );
  return { account, token: enrolToken, exportKey: finished.exportKey };
}

/** A code as a person typed it: six digits, or a backup code, with or without its hyphen. */
export function parseSecondFactorCode(text: string): string | undefined {
  const code = text.replaceAll(/[\s-]/g, '').toLowerCase();
  return /^([0-9]{6}|[a-z2-7]{10})$/.test(code) ? code : undefined;
}
