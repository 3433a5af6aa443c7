/** A new device joins an account by its password (protocol §2): it certifies itself. */
import { err, ok, type Result } from '@coffer/protocol/core';
import { verifyKeyChain } from '@coffer/protocol/model';
import {
  createDeviceSecrets,
  devicePublicKeys,
  openAccountByPassword,
  type DeviceSecrets as DeviceKeys,
  type OpenedAccount,
} from '@coffer/protocol/model/open';
import { isRefusal, type DeviceSecrets } from '../../ports/index.ts';
import { ApiClient } from '../api/api-client.ts';
import { normaliseAccountName } from './account-name.ts';
import { refused, type AccountPorts, type AccountRefusal } from './account-ports.ts';
import { appendDevice, newDeviceSecrets } from './new-device.ts';
import { untilUnraced } from './own-account.ts';
import { provePassword, type PasswordProof } from './prove-password.ts';

/** What a person signs in with. */
export interface SignInInput {
  /** Origin, as `parseServerOrigin` gives it. */
  readonly server: string;
  readonly email: string;
  readonly password: string;
  readonly deviceName: string;
  /** Of the second factor: from `parseSecondFactorCode`. */
  readonly code?: string;
}

/** This device is one of the account's; its secrets are saved. */
export interface SignedIn {
  readonly secrets: DeviceSecrets;
}

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
    const { server, deviceName } = input;
    const email = normaliseAccountName(input.email);
    const place = { server, email, account: opened.account, deviceName };
    const secrets = newDeviceSecrets(ports.random, place, device, opened.accountKey);
    await ports.keyStore.save(secrets);
    return ok({ secrets });
  } catch (error) {
    // Other devices always changed the account first.
    if (isRefusal(error, 'bundle-moved')) return err({ code: 'bundle-moved' });
    return refused(error);
  }
}

/** Appends the device to chain and bundle in one transaction. */
async function enrol(
  { suite, clock }: AccountPorts,
  api: ApiClient,
  { account, token, exportKey }: PasswordProof,
  device: DeviceKeys,
  signal: AbortSignal,
): Promise<OpenedAccount> {
  const whole = await suite.whole();
  return untilUnraced(async () => {
    const { bundle, chain: entries } = await api.call('accountBundle', { token }, signal);
    const chain = verifyKeyChain(suite, account, entries);
    const opened = openAccountByPassword(whole, { bundle, chain }, exportKey);
    // An earlier attempt whose answer was lost may have succeeded.
    if (chain.deviceAt(device.device, chain.seq) !== undefined) return opened;
    const keys = devicePublicKeys(whole, device);
    await appendDevice({ suite, clock, api }, token, { opened, bundle }, keys, signal);
    return opened;
  });
}
