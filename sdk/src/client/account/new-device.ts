/** A device that joins an account (protocol §2): its place in chain and bundle, and what it keeps. */
import type { Bytes } from '@coffer/protocol/core';
import { KEY_SIZE_BYTES, type OpenSuite } from '@coffer/protocol/crypto';
import { accountBundleDigest, type DevicePublicKeys, type KeyChain } from '@coffer/protocol/model';
import {
  addDeviceToBundle,
  certifyDevice,
  type AccountKey,
  type DeviceSecrets as DeviceKeys,
  type OpenedAccount,
} from '@coffer/protocol/model/open';
import type { Clock, DeviceSecrets, Random } from '../../ports/index.ts';
import type { ApiClient } from '../api/api-client.ts';
import { entriesAfter } from './own-account.ts';

/**
 * Certifies `device` and seals the account key to it, in one step at the server; answers the longer
 * chain. `bundle`: the stored one, which `opened` was opened from. Throws RemoteFault `bundle-moved` or
 * `chain-moved` when another device was faster.
 */
export async function appendDevice(
  { suite, clock, api }: { suite: OpenSuite; clock: Clock; api: ApiClient },
  token: string,
  { opened, bundle }: { readonly opened: OpenedAccount; readonly bundle: Bytes },
  device: DevicePublicKeys,
  signal: AbortSignal,
): Promise<KeyChain> {
  const longer = certifyDevice(suite, {
    chain: opened.chain,
    identitySeed: opened.secrets.identitySeed,
    device,
    expires: null,
    time: clock.now(),
  });
  const [entry = new Uint8Array()] = entriesAfter(longer, opened.chain.seq);
  const body = {
    entry,
    bundle: addDeviceToBundle(await suite.whole(), opened, device),
    previous: accountBundleDigest(suite, bundle),
  };
  await api.call('addDevice', { token, body }, signal);
  return longer;
}

/** The secrets of a device that has just joined, with a key of its own for its database. */
export function newDeviceSecrets(
  random: Random,
  place: Pick<DeviceSecrets, 'server' | 'email' | 'account' | 'deviceName'>,
  { device, seed, kemSeed }: DeviceKeys,
  { generation, key }: AccountKey,
): DeviceSecrets {
  return {
    ...place,
    device,
    deviceSeed: seed,
    deviceKemSeed: kemSeed,
    generation,
    accountKey: key,
    databaseKey: random.bytes(KEY_SIZE_BYTES),
  };
}
