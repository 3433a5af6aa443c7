/** What changes an account's bundle and chain later on (protocol §2): devices, password, rotation. */
import { ACCOUNT_DEVICES_MAX, assert, type Bytes, type DeviceId } from '../../core/index.ts';
import { KEY_SIZE_BYTES, type OpenSuite, type WholeSuite } from '../../crypto/index.ts';
import type { DevicePublicKeys } from '../key-chain-entry.ts';
import { extendKeyChain, type KeyChain } from '../key-chain.ts';
import {
  passwordKey,
  sealAccountKeyForDevice,
  wrapAccountKey,
  type AccountKey,
  type AccountSecrets,
} from './account-seals.ts';
import type { OpenedAccount } from './account.ts';
import { byDevice, sealBundleBody, signBundle } from './bundle-sealing.ts';
import { signKeyChainEntry } from './key-chain.ts';

/** The bundle with an envelope for `device` too; same generation. */
export function addDeviceToBundle(
  suite: WholeSuite,
  { account, bundle, accountKey, secrets }: OpenedAccount,
  device: DevicePublicKeys,
): Uint8Array<ArrayBuffer> {
  const others = bundle.deviceEnvelopes.filter((entry) => entry.device !== device.device);
  assert(others.length < ACCOUNT_DEVICES_MAX, 'an account has at most 64 devices');
  const envelope = sealAccountKeyForDevice(suite, account, device, accountKey);
  const deviceEnvelopes = [...others, { device: device.device, envelope }].sort(byDevice);
  return signBundle(suite, secrets.identitySeed, { ...bundle, deviceEnvelopes });
}

/** The bundle under the export key of a new password; same generation. */
export function changePassword(
  suite: OpenSuite,
  { account, bundle, accountKey, secrets }: OpenedAccount,
  exportKey: Bytes,
): Uint8Array<ArrayBuffer> {
  const key = passwordKey(suite, account, exportKey);
  const passwordWrap = wrapAccountKey(suite, key, account, 'password', accountKey);
  return signBundle(suite, secrets.identitySeed, { ...bundle, passwordWrap });
}

/**
 * A_{g+1} with a new KEM key, sealed to the devices that remain: after a loss or a recovery. Nothing
 * counts before the result is stored in one transaction; `recoveryKey` is new and was confirmed by
 * the person before that. All old KEM seeds are kept.
 */
export function rotateAccountKey(
  suite: WholeSuite,
  opened: OpenedAccount,
  given: {
    readonly revoke: readonly DeviceId[];
    readonly exportKey: Bytes;
    readonly recoveryKey: Bytes;
    readonly time: number;
  },
): {
  readonly bundle: Uint8Array<ArrayBuffer>;
  /** The old chain, then one entry for each revoked device, then the new KEM key. */
  readonly chain: KeyChain;
  readonly accountKey: AccountKey;
  readonly secrets: AccountSecrets;
} {
  const { account } = opened;
  const { identitySeed, kemSeeds } = opened.secrets;
  const secrets: AccountSecrets = {
    identitySeed,
    kemSeeds: [suite.randomBytes(KEY_SIZE_BYTES), ...kemSeeds],
  };
  const accountKey = {
    generation: opened.accountKey.generation + 1,
    key: suite.randomBytes(KEY_SIZE_BYTES),
  };
  const changes = [
    ...given.revoke.map((device) => ({ type: 'device-revoked', device }) as const),
    { type: 'kem-changed', kem: suite.kemPublicKey(secrets.kemSeeds[0]) } as const,
  ];
  let { chain } = opened;
  for (const change of changes) {
    const entry = signKeyChainEntry(suite, chain, identitySeed, { time: given.time, change });
    chain = extendKeyChain(suite, chain, [entry]);
  }
  const { exportKey, recoveryKey } = given;
  const devices = chain.devices();
  const sealing = { account, accountKey, secrets, exportKey, recoveryKey, devices };
  const bundle = signBundle(suite, identitySeed, sealBundleBody(suite, sealing));
  return { bundle, chain, accountKey, secrets };
}
