/**
 * The life of an account's keys (protocol §2), data in and data out: made at sign-up, opened by
 * password, recovery key, device or stored account key, then changed as in `account-changes.ts`.
 */
import { IntegrityError, unreachable, type AccountId, type Bytes } from '../../core/index.ts';
import { KEY_SIZE_BYTES, type OpenSuite, type WholeSuite } from '../../crypto/index.ts';
import { verifyAccountBundle, type AccountBundle } from '../account-bundle.ts';
import {
  accountIdOf,
  judgeKeyChainPin,
  verifyKeyChain,
  type KeyChain,
  type KeyChainPin,
} from '../key-chain.ts';
import {
  openAccountKeyForDevice,
  openAccountSecrets,
  passwordKey,
  recoverySealingKey,
  unwrapAccountKey,
  type AccountKey,
  type AccountSecrets,
} from './account-seals.ts';
import { sealBundleBody, signBundle } from './bundle-sealing.ts';
import { createDeviceSecrets, devicePublicKeys, type DeviceSecrets } from './device-secrets.ts';
import { certifyDevice, signKeyChainGenesis } from './key-chain.ts';

/** All that is random in a new account. Its id is needed before OPAQUE gives the export key. */
export interface AccountDraft {
  readonly account: AccountId;
  readonly nonce: Bytes;
  readonly secrets: AccountSecrets;
  readonly accountKey: AccountKey;
  /** 32 bytes, shown to the person as 24 words. */
  readonly recoveryKey: Bytes;
  readonly device: DeviceSecrets;
}

/** An account in memory after its bundle was opened. `bundle` is the one that it came from. */
export interface OpenedAccount {
  readonly account: AccountId;
  readonly bundle: AccountBundle;
  readonly chain: KeyChain;
  readonly accountKey: AccountKey;
  readonly secrets: AccountSecrets;
}

/** What every way of opening starts from: the stored bundle, the verified chain, the own pin. */
export interface AccountToOpen {
  readonly bundle: Bytes;
  readonly chain: KeyChain;
  /** What this device remembers of the own chain; absent on a device that is new. */
  readonly pin?: KeyChainPin;
}

/** Draws the keys of a new account and of its first device. */
export function draftAccount(suite: OpenSuite): AccountDraft {
  const nonce = suite.randomBytes(KEY_SIZE_BYTES);
  const identitySeed = suite.randomBytes(KEY_SIZE_BYTES);
  return {
    account: accountIdOf(suite, suite.ed25519PublicKey(identitySeed), nonce),
    nonce,
    secrets: { identitySeed, kemSeeds: [suite.randomBytes(KEY_SIZE_BYTES)] },
    accountKey: { generation: 1, key: suite.randomBytes(KEY_SIZE_BYTES) },
    recoveryKey: suite.randomBytes(KEY_SIZE_BYTES),
    device: createDeviceSecrets(suite),
  };
}

/** The bundle and the chain (genesis and own device) with which the draft signs up. */
export function createAccount(
  suite: WholeSuite,
  draft: AccountDraft,
  given: {
    readonly exportKey: Bytes;
    /** Unix ms. */
    readonly time: number;
    /** Unix ms from which the server refuses the device, or null. */
    readonly deviceExpires: number | null;
  },
): { readonly bundle: Uint8Array<ArrayBuffer>; readonly chain: KeyChain } {
  const { account, nonce, secrets, accountKey, recoveryKey } = draft;
  const { exportKey, time, deviceExpires } = given;
  const device = devicePublicKeys(suite, draft.device);
  const { identitySeed } = secrets;
  const kem = suite.kemPublicKey(secrets.kemSeeds[0]);
  const genesis = signKeyChainGenesis(suite, { identitySeed, nonce, kem, time });
  const chain = certifyDevice(suite, {
    chain: verifyKeyChain(suite, account, [genesis.entry]),
    identitySeed,
    device,
    expires: deviceExpires,
    time,
  });
  const body = sealBundleBody(suite, {
    account,
    accountKey,
    secrets,
    exportKey,
    recoveryKey,
    devices: [device],
  });
  return { bundle: signBundle(suite, identitySeed, body), chain };
}

/**
 * Opens with the export key of a finished OPAQUE sign-in. All `openAccountBy…` throw IntegrityError:
 * the chain does not extend the pin, the bundle is not the identity's, or something does not open.
 */
export function openAccountByPassword(
  suite: WholeSuite,
  source: AccountToOpen,
  exportKey: Bytes,
): OpenedAccount {
  const bundle = checkedBundle(suite, source);
  const key = passwordKey(suite, bundle.account, exportKey);
  const place = { ...bundle, purpose: 'password' } as const;
  const accountKey = unwrapAccountKey(suite, key, place, bundle.passwordWrap);
  return openWithKey(suite, source.chain, bundle, accountKey);
}

/** Opens with the 32 bytes behind the recovery words. */
export function openAccountByRecovery(
  suite: WholeSuite,
  source: AccountToOpen,
  recoveryKey: Bytes,
): OpenedAccount {
  const bundle = checkedBundle(suite, source);
  const key = recoverySealingKey(suite, bundle.account, recoveryKey);
  const place = { ...bundle, purpose: 'recovery' } as const;
  const accountKey = unwrapAccountKey(suite, key, place, bundle.recoveryWrap);
  return openWithKey(suite, source.chain, bundle, accountKey);
}

/** Opens with the device's own envelope; undefined when the bundle has none: it was removed. */
export function openAccountByDevice(
  suite: WholeSuite,
  source: AccountToOpen,
  device: DeviceSecrets,
): OpenedAccount | undefined {
  const bundle = checkedBundle(suite, source);
  const own = bundle.deviceEnvelopes.find((entry) => entry.device === device.device);
  if (own === undefined) return undefined;
  const sealed = { generation: bundle.generation, envelope: own.envelope };
  const accountKey = openAccountKeyForDevice(suite, bundle.account, device, sealed);
  return openWithKey(suite, source.chain, bundle, accountKey);
}

/** Opens with the account key that a device keeps; undefined when the bundle has a newer one. */
export function openAccountByKey(
  suite: WholeSuite,
  source: AccountToOpen,
  accountKey: AccountKey,
): OpenedAccount | undefined {
  const bundle = checkedBundle(suite, source);
  if (bundle.generation > accountKey.generation) return undefined;
  if (bundle.generation < accountKey.generation) {
    throw new IntegrityError('head-rolled-back', 'account bundle: an older generation');
  }
  return openWithKey(suite, source.chain, bundle, accountKey);
}

function checkedBundle(suite: OpenSuite, { bundle, chain, pin }: AccountToOpen): AccountBundle {
  const verdict = pin === undefined ? 'extends' : judgeKeyChainPin(chain, pin);
  switch (verdict) {
    case 'extends':
      return verifyAccountBundle(suite, chain, bundle);
    case 'behind':
      throw new IntegrityError('head-rolled-back', 'own key chain: behind the pin');
    case 'forked':
      throw new IntegrityError('head-forked', 'own key chain: does not extend the pin');
    case 'identity-changed':
      throw new IntegrityError('chain-broken', 'own key chain: the identity changed');
    default:
      return unreachable(verdict);
  }
}

function openWithKey(
  suite: WholeSuite,
  chain: KeyChain,
  bundle: AccountBundle,
  accountKey: AccountKey,
): OpenedAccount {
  const { account, secrets: sealed } = bundle;
  const secrets = openAccountSecrets(suite, account, accountKey, chain, sealed);
  return { account, bundle, chain, accountKey, secrets };
}
