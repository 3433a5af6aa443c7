/** A new device joins an account by its password (protocol §2): it certifies itself. */
import { err, ok, type Result } from '@coffer/protocol/core';
import { accountBundleDigest, verifyKeyChain, type KeyChain } from '@coffer/protocol/model';
import {
  addDeviceToBundle,
  certifyDevice,
  createDeviceSecrets,
  devicePublicKeys,
  openAccountByPassword,
  type DeviceSecrets as DeviceKeys,
  type OpenedAccount,
} from '@coffer/protocol/model/open';
import { isRefusal, type DeviceSecrets } from '../../ports/index.ts';
import { ApiClient } from '../api/api-client.ts';
import { normaliseAccountName } from './account-name.ts';
import { refusalOf, type AccountPorts, type AccountRefusal } from './account-ports.ts';
import { provePassword, type PasswordProof } from './prove-password.ts';

export interface SignInInput {
  /** Origin, as `parseServerOrigin` gives it. */
  readonly server: string;
  readonly email: string;
  readonly password: string;
  readonly deviceName: string;
  /** Of the second factor: from `parseSecondFactorCode`. */
  readonly code?: string;
}

export interface SignedIn {
  readonly secrets: DeviceSecrets;
}

/** How often the enrolment is tried again when other devices change the account at the same time. */
const ENROL_ATTEMPTS_MAX = 5;
const KEY_SIZE_BYTES = 32;

/** Saves the new device's secrets in the key store. Throws faults and IntegrityError. */
export async function signIn(
  ports: AccountPorts,
  input: SignInInput,
  signal: AbortSignal,
): Promise<Result<SignedIn, AccountRefusal>> {
  if ((await ports.keyStore.load()) !== undefined) return err({ code: 'already-signed-in' });
  const api = new ApiClient({ ...ports, transport: ports.connect(input.server) });
  try {
    const proof = await provePassword(api, input, signal);
    if (proof === undefined) return err({ code: 'wrong-password' });
    const device = createDeviceSecrets(ports.suite);
    const opened = await enrol(ports, api, proof, device, signal);
    if (opened === undefined) return err({ code: 'bundle-moved' });
    const secrets: DeviceSecrets = {
      server: input.server,
      email: normaliseAccountName(input.email),
      account: opened.account,
      device: device.device,
      deviceName: input.deviceName,
      deviceSeed: device.seed,
      deviceKemSeed: device.kemSeed,
      generation: opened.accountKey.generation,
      accountKey: opened.accountKey.key,
      databaseKey: ports.random.bytes(KEY_SIZE_BYTES),
    };
    await ports.keyStore.save(secrets);
    return ok({ secrets });
  } catch (error) {
    const refusal = refusalOf(error);
    if (refusal === undefined) throw error;
    return err(refusal);
  }
}

/** Appends the device to chain and bundle in one transaction. Undefined when others always won. */
async function enrol(
  { suite, clock }: AccountPorts,
  api: ApiClient,
  { account, token, exportKey }: PasswordProof,
  device: DeviceKeys,
  signal: AbortSignal,
): Promise<OpenedAccount | undefined> {
  for (let attempt = 0; attempt < ENROL_ATTEMPTS_MAX; attempt++) {
    const stored = await api.call('accountBundle', { token }, signal);
    const chain = verifyKeyChain(suite, account, stored.chain);
    const opened = openAccountByPassword(suite, { bundle: stored.bundle, chain }, exportKey);
    // An earlier attempt whose answer was lost may have succeeded.
    if (isEnrolled(chain, device)) return opened;
    const keys = devicePublicKeys(suite, device);
    const longer = certifyDevice(suite, {
      chain,
      identitySeed: opened.secrets.identitySeed,
      device: keys,
      expires: null,
      time: clock.now(),
    });
    const body = {
      entry: longer.entries[longer.seq] ?? new Uint8Array(),
      bundle: addDeviceToBundle(suite, opened, keys),
      previous: accountBundleDigest(suite, stored.bundle),
    };
    try {
      await api.call('addDevice', { token, body }, signal);
      return opened;
    } catch (error) {
      if (!isRefusal(error, 'bundle-moved', 'chain-moved')) throw error;
    }
  }
  return undefined;
}

function isEnrolled(chain: KeyChain, { device }: DeviceKeys): boolean {
  return chain.deviceAt(device, chain.seq) !== undefined;
}
