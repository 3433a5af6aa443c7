/** Building and signing the body of an account bundle (protocol §2). */
import {
  digestFromBytes,
  type AccountId,
  type Bytes,
  type DeviceId,
  type Digest,
} from '../../core/index.ts';
import type { OpenSuite, WholeSuite } from '../../crypto/index.ts';
import { sign } from '../../crypto/open/index.ts';
import {
  AUTH_SUITE,
  encodeAccountBundle,
  encodeAccountBundleBody,
  type AccountBundleBody,
} from '../account-bundle.ts';
import type { DevicePublicKeys } from '../key-chain-entry.ts';
import {
  passwordKey,
  recoveryAuth,
  recoverySealingKey,
  sealAccountKeyForDevice,
  sealAccountSecrets,
  wrapAccountKey,
  type AccountKey,
  type AccountSecrets,
} from './account-seals.ts';

/** Every sealed thing anew, for exactly `devices`. */
export function sealBundleBody(
  suite: WholeSuite,
  sealing: {
    readonly account: AccountId;
    readonly accountKey: AccountKey;
    readonly secrets: AccountSecrets;
    readonly exportKey: Bytes;
    readonly recoveryKey: Bytes;
    readonly devices: readonly DevicePublicKeys[];
  },
): AccountBundleBody {
  const { account, accountKey, secrets, exportKey, recoveryKey, devices } = sealing;
  const byPassword = passwordKey(suite, account, exportKey);
  const byRecovery = recoverySealingKey(suite, account, recoveryKey);
  const deviceEnvelopes = devices.map((device) => ({
    device: device.device,
    envelope: sealAccountKeyForDevice(suite, account, device, accountKey),
  }));
  return {
    account,
    generation: accountKey.generation,
    authSuite: AUTH_SUITE,
    passwordWrap: wrapAccountKey(suite, byPassword, account, 'password', accountKey),
    recoveryWrap: wrapAccountKey(suite, byRecovery, account, 'recovery', accountKey),
    secrets: sealAccountSecrets(suite, account, accountKey, secrets),
    recoveryAuthDigest: digestFromBytes<Digest>(
      suite.sha256(recoveryAuth(suite, account, recoveryKey)),
    ),
    deviceEnvelopes: deviceEnvelopes.sort(byDevice),
  };
}

export function signBundle(
  suite: OpenSuite,
  identitySeed: Bytes,
  content: AccountBundleBody,
): Uint8Array<ArrayBuffer> {
  const body = encodeAccountBundleBody(content);
  return encodeAccountBundle(body, sign(suite, identitySeed, 'account-bundle', body));
}

/** Order of the envelopes in a bundle. */
export function byDevice(
  a: { readonly device: DeviceId },
  b: { readonly device: DeviceId },
): number {
  return a.device < b.device ? -1 : 1;
}
