/** Recovery (protocol §2): a new device opens the account by the words and replaces its keys. */
import {
  ACCOUNT_DEVICES_MAX,
  bytesToHex,
  err,
  IntegrityError,
  ok,
  type Bytes,
  type Result,
} from '@coffer/protocol/core';
import { KEY_SIZE_BYTES, type WholeSuite } from '@coffer/protocol/crypto';
import {
  accountBundleDigest,
  extendKeyChain,
  verifyKeyChain,
  type KeyChain,
} from '@coffer/protocol/model';
import {
  certifyDevice,
  createDeviceSecrets,
  devicePublicKeys,
  openAccountByRecovery,
  recoveryAuth,
  rotateAccountKey,
  signKeyChainEntry,
  type DeviceSecrets as DeviceKeys,
  type OpenedAccount,
} from '@coffer/protocol/model/open';
import type { AnswerOf } from '@coffer/protocol/api';
import type { DeviceSecrets } from '../../ports/index.ts';
import { ApiClient } from '../api/api-client.ts';
import { normaliseAccountName } from './account-name.ts';
import { refused, type AccountPorts, type AccountRefusal } from './account-ports.ts';
import { registerPassword } from './change-password.ts';
import { newDeviceSecrets } from './new-device.ts';
import { startLogin } from './opaque-client.ts';
import { entriesAfter, untilUnraced, withLiveToken } from './own-account.ts';
import { recoveryKeyToWords } from './recovery-words.ts';
import type { ConfirmWords } from './rotate-keys.ts';

/** What brings an account back whose password is lost. */
export interface RecoveryInput {
  /** Origin, as `parseServerOrigin` gives it. */
  readonly server: string;
  readonly email: string;
  /** What the words stand for: `parseRecoveryWords`. */
  readonly recoveryKey: Bytes;
  readonly newPassword: string;
  readonly deviceName: string;
  /** Whether all devices that the account had are revoked. */
  readonly revokeOthers: boolean;
  /** The old words are void afterwards: these stand in their place. */
  readonly confirmWords: ConfirmWords;
}

/** The account is open on this device; its secrets are saved. */
export interface Recovered {
  readonly secrets: DeviceSecrets;
}

type Answer = AnswerOf<'recoveryBundle'>;

/**
 * Makes this device one of the account's, with a new password, a new account key and new words, in one
 * step at the server: whatever breaks off, the old words or the new ones, and the new password, open
 * the account. Saves the device's secrets. Throws faults and IntegrityError.
 */
export async function recoverAccount(
  ports: AccountPorts,
  input: RecoveryInput,
  signal: AbortSignal,
): Promise<Result<Recovered, AccountRefusal>> {
  if ((await ports.keyStore.load()) !== undefined) return err({ code: 'already-signed-in' });
  const api = new ApiClient({ ...ports, transport: ports.connect(input.server) });
  try {
    const answer = await showWords(ports, api, input, signal);
    const suite = await ports.suite.whole();
    const opened = openRecovered(suite, answer, input.recoveryKey);
    const isFull = opened.chain.devices().length >= ACCOUNT_DEVICES_MAX;
    if (isFull && !input.revokeOthers) return err({ code: 'limit-reached' });
    const newRecoveryKey = ports.suite.randomBytes(KEY_SIZE_BYTES);
    if (!(await input.confirmWords(recoveryKeyToWords(newRecoveryKey)))) {
      return err({ code: 'confirmation-needed' });
    }
    const device = createDeviceSecrets(ports.suite);
    const given = { ...input, device, newRecoveryKey, opened };
    const accountKey = await withLiveToken(
      answer.enrolToken,
      async () => (await showWords(ports, api, input, signal)).enrolToken,
      (token) => replaceKeys({ ...ports, suite }, api, { ...given, token }, signal),
    );
    const { server, deviceName } = input;
    const email = normaliseAccountName(input.email);
    const place = { server, email, account: opened.account, deviceName };
    const secrets = newDeviceSecrets(ports.random, place, device, accountKey);
    await ports.keyStore.save(secrets);
    return ok({ secrets });
  } catch (error) {
    return refused(error);
  }
}

type WholePorts = AccountPorts & { readonly suite: WholeSuite };

/** Shows that we have the words: the account's id, which that needs, comes with any sign-in. */
async function showWords(
  { suite }: AccountPorts,
  api: ApiClient,
  { email, recoveryKey }: RecoveryInput,
  signal: AbortSignal,
): Promise<Answer> {
  const name = normaliseAccountName(email);
  const login = await startLogin(bytesToHex(suite.randomBytes(KEY_SIZE_BYTES)));
  const body = { name, request: login.request };
  const { account } = await api.call('signInStart', { body }, signal);
  const auth = recoveryAuth(suite, account, recoveryKey);
  const answer = await api.call('recoveryBundle', { body: { name, recoveryAuth: auth } }, signal);
  if (answer.account !== account) {
    throw new IntegrityError('chain-broken', 'the server answers for another account');
  }
  return answer;
}

function openRecovered(
  suite: WholeSuite,
  { account, bundle, chain }: Pick<Answer, 'account' | 'bundle' | 'chain'>,
  recoveryKey: Bytes,
): OpenedAccount {
  const verified = verifyKeyChain(suite, account, chain);
  return openAccountByRecovery(suite, { bundle, chain: verified }, recoveryKey);
}

async function replaceKeys(
  ports: WholePorts,
  api: ApiClient,
  given: RecoveryInput & {
    readonly opened: OpenedAccount;
    readonly device: DeviceKeys;
    readonly newRecoveryKey: Bytes;
    readonly token: string;
  },
  signal: AbortSignal,
): Promise<OpenedAccount['accountKey']> {
  const { suite, clock } = ports;
  const { token, opened: first } = given;
  const { account } = first;
  const { record, exportKey } = await registerPassword(api, token, given.newPassword, signal);
  return untilUnraced(async () => {
    const stored = await api.call('accountBundle', { token }, signal);
    const opened = openRecovered(suite, { account, ...stored }, given.recoveryKey);
    const chain = chainWith(ports, opened, given.device, given.revokeOthers);
    const next = rotateAccountKey(
      suite,
      { ...opened, chain },
      { revoke: [], exportKey, recoveryKey: given.newRecoveryKey, time: clock.now() },
    );
    const body = {
      entries: entriesAfter(next.chain, opened.chain.seq),
      bundle: next.bundle,
      previous: accountBundleDigest(suite, stored.bundle),
      record,
    };
    await api.call('replaceKeys', { token, body }, signal);
    return next.accountKey;
  });
}

/** The chain in which the device stands, with all others or alone. */
function chainWith(
  { suite, clock }: WholePorts,
  { chain, secrets }: OpenedAccount,
  device: DeviceKeys,
  revokeOthers: boolean,
): KeyChain {
  const { identitySeed } = secrets;
  const time = clock.now();
  let longer = chain;
  for (const { device: id } of revokeOthers ? chain.devices() : []) {
    const change = { type: 'device-revoked', device: id } as const;
    const entry = signKeyChainEntry(suite, longer, identitySeed, { time, change });
    longer = extendKeyChain(suite, longer, [entry]);
  }
  return certifyDevice(suite, {
    chain: longer,
    identitySeed,
    device: devicePublicKeys(suite, device),
    expires: null,
    time,
  });
}
