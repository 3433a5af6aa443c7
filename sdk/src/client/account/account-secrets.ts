/** The account's KEM seeds, which open envelopes; read from the account bundle when they are needed. */
import { IntegrityError, type Bytes } from '@coffer/protocol/core';
import type { OpenSuite } from '@coffer/protocol/crypto';
import { verifyKeyChain } from '@coffer/protocol/model';
import { openAccountByDevice, openAccountByKey } from '@coffer/protocol/model/open';
import type { DeviceSecrets, KeyStore } from '../../ports/index.ts';
import type { AccountApi } from '../api/account-api.ts';
import type { ChainBook } from '../space/chain-book.ts';

/**
 * Seeds newest first. The chain that the server gives must continue the one known here; an account key
 * of a newer generation is taken from this device's envelope and saved.
 */
export async function fetchKemSeeds(
  context: {
    readonly suite: OpenSuite;
    readonly api: AccountApi;
    readonly chains: ChainBook;
    readonly secrets: DeviceSecrets;
    readonly keyStore: KeyStore | undefined;
  },
  signal: AbortSignal,
): Promise<readonly Bytes[]> {
  const { suite, api, chains, secrets, keyStore } = context;
  const { account, device, deviceSeed: seed, deviceKemSeed: kemSeed } = secrets;
  const stored = await api.bundle(signal);
  const known = chains.get(account);
  const chain = verifyKeyChain(suite, account, stored.chain);
  const source = { bundle: stored.bundle, chain, ...(known === undefined ? {} : { pin: known }) };
  const kept = { generation: secrets.generation, key: secrets.accountKey };
  const opened =
    openAccountByKey(suite, source, kept) ??
    openAccountByDevice(suite, source, { device, seed, kemSeed });
  if (opened === undefined) {
    throw new IntegrityError('open-failed', 'the account has no envelope for this device');
  }
  chains.put(chain);
  const { generation, key } = opened.accountKey;
  if (generation !== secrets.generation) {
    await keyStore?.save({ ...secrets, generation, accountKey: key });
  }
  return opened.secrets.kemSeeds;
}
