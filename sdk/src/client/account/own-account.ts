/** The account of a signed-in device, opened from what the server stores of it. */
import { err, IntegrityError, ok, type Bytes, type Result } from '@coffer/protocol/core';
import type { OpenSuite } from '@coffer/protocol/crypto';
import { accountBundleDigest, verifyKeyChain } from '@coffer/protocol/model';
import {
  openAccountByDevice,
  openAccountByKey,
  type AccountKey,
  type OpenedAccount,
} from '@coffer/protocol/model/open';
import type { AnswerOf, RequestOf } from '@coffer/protocol/api';
import { isRefusal, RemoteFault, type Clock, type DeviceSecrets } from '../../ports/index.ts';
import type { KeyStore } from '../../ports/index.ts';
import type { ApiClient } from '../api/api-client.ts';
import type { Session } from '../api/session.ts';
import type { ChainBook } from '../space/chain-book.ts';
import { refused, type AccountRefusal } from './account-ports.ts';
import { provePassword, type PasswordInput, type PasswordProof } from './prove-password.ts';

/** What a signed-in device knows and keeps of its account. */
export interface KeptAccount {
  readonly suite: OpenSuite;
  readonly secrets: DeviceSecrets;
  readonly keyStore: KeyStore | undefined;
  /** The own key chain among them: what the server gives has to continue it. */
  readonly chains: ChainBook;
}

/** What a signed-in device changes its account with. */
export interface OwnAccount extends KeptAccount {
  readonly keyStore: KeyStore;
  readonly api: ApiClient;
  readonly session: Session;
  readonly clock: Clock;
  /** New epoch keys for the own spaces that are due (protocol §2, rotation, step 4). */
  readonly renewSpaces: (signal: AbortSignal) => Promise<void>;
}

/** How often a change is made anew when other devices change the account at the same time. */
const KEYS_ATTEMPTS_MAX = 5;

/**
 * Opens what `stored` holds with the key that this device keeps, or its envelope. Throws IntegrityError
 * for what does not continue the known chain, RemoteFault `device-revoked` when that says so.
 */
export async function openOwnAccount(
  { suite, secrets, keyStore, chains }: KeptAccount,
  stored: AnswerOf<'accountBundle'>,
): Promise<OpenedAccount> {
  const { account, device, deviceSeed: seed, deviceKemSeed: kemSeed } = secrets;
  const pin = chains.get(account);
  const chain = verifyKeyChain(suite, account, stored.chain);
  const source = { bundle: stored.bundle, chain, ...(pin === undefined ? {} : { pin }) };
  const saved = (await keyStore?.load()) ?? secrets;
  const whole = await suite.whole();
  const opened =
    openAccountByKey(whole, source, { generation: saved.generation, key: saved.accountKey }) ??
    openAccountByDevice(whole, source, { device, seed, kemSeed });
  if (opened === undefined && chain.revokedDevice(device) !== undefined) {
    throw new RemoteFault('device-revoked', 'this device was removed from the account', {
      retry: { kind: 'after-user-action' },
    });
  }
  if (opened === undefined) {
    throw new IntegrityError('open-failed', 'the account has no envelope for this device');
  }
  chains.put(chain);
  await keepAccountKey(keyStore, secrets, opened.accountKey);
  return opened;
}

/** Saves the account key, when it is another one than is kept. */
export async function keepAccountKey(
  keyStore: KeyStore | undefined,
  secrets: DeviceSecrets,
  { generation, key }: AccountKey,
): Promise<void> {
  const saved = (await keyStore?.load()) ?? secrets;
  if (generation !== saved.generation) {
    await keyStore?.save({ ...saved, generation, accountKey: key });
  }
}

/** A fresh proof of the own password; undefined for a wrong one. */
export async function proveOwnPassword(
  { api, secrets }: Pick<OwnAccount, 'api' | 'secrets'>,
  input: Omit<PasswordInput, 'email'>,
  signal: AbortSignal,
): Promise<PasswordProof | undefined> {
  const proof = await provePassword(api, { ...input, email: secrets.email }, signal);
  if (proof !== undefined && proof.account !== secrets.account) {
    throw new IntegrityError('chain-broken', 'the server has another account under this name');
  }
  return proof;
}

/** Runs `action` with a fresh proof of the password; refusals of either are values. */
export async function withPassword<T>(
  own: OwnAccount,
  input: Omit<PasswordInput, 'email'>,
  signal: AbortSignal,
  action: (proof: PasswordProof) => Promise<T>,
): Promise<Result<T, AccountRefusal>> {
  try {
    const proof = await proveOwnPassword(own, input, signal);
    if (proof === undefined) return err({ code: 'wrong-password' });
    return ok(await action(proof));
  } catch (error) {
    return refused(error);
  }
}

/** The account as `token` reads it now, with the digest that a replacement of its bundle names. */
export async function readOwnAccount(
  own: OwnAccount,
  token: string,
  signal: AbortSignal,
): Promise<{
  readonly opened: OpenedAccount;
  readonly previous: RequestOf<'replaceKeys'>['previous'];
}> {
  const stored = await own.api.call('accountBundle', { token }, signal);
  const opened = await openOwnAccount(own, stored);
  return { opened, previous: accountBundleDigest(own.suite, stored.bundle) };
}

/**
 * Makes a change of the keys on the newest state, anew when another device was faster. Throws what
 * `attempt` throws but for `bundle-moved` and `chain-moved`, which are thrown when others always win.
 */
export async function untilUnraced<T>(attempt: () => Promise<T>): Promise<T> {
  for (let tried = 1; ; tried++) {
    try {
      return await attempt();
    } catch (error) {
      if (!isRefusal(error, 'bundle-moved', 'chain-moved')) throw error;
      if (tried >= KEYS_ATTEMPTS_MAX) throw racedOut(error);
    }
  }
}

/**
 * Runs `action` with `token`; once more with one of `renew` when the first counts no longer: a person
 * may take longer over something than the minutes that a proof lasts. `renew` without a token: nothing
 * can be proved again, and the refusal is thrown.
 */
export async function withLiveToken<T>(
  token: string,
  renew: () => Promise<string | undefined>,
  action: (token: string) => Promise<T>,
): Promise<T> {
  try {
    return await action(token);
  } catch (error) {
    const renewed = isRefusal(error, 'not-signed-in') ? await renew() : undefined;
    if (renewed === undefined) throw error;
    return action(renewed);
  }
}

function racedOut(cause: RemoteFault): RemoteFault {
  return new RemoteFault('bundle-moved', 'other devices always changed the account first', {
    retry: { kind: 'after', delayMs: null },
    cause,
  });
}

/** The entries that the chain was given after the one with this seq. */
export function entriesAfter(
  { entries }: { readonly entries: readonly Bytes[] },
  seq: number,
): Bytes[] {
  return entries.slice(seq + 1);
}
