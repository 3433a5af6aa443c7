/** A new account with its first device, its account space and its drive (protocol §2, §3). */
import { err, ok, type Bytes, type Result } from '@coffer/protocol/core';
import { encodeSealedCommit, type KeyChain } from '@coffer/protocol/model';
import {
  createAccount,
  createGenesis,
  draftAccount,
  type AccountDraft,
} from '@coffer/protocol/model/open';
import type { OpenSuite, WholeSuite } from '@coffer/protocol/crypto';
import { isRefusal, RemoteFault, type DeviceSecrets } from '../../ports/index.ts';
import { ApiClient } from '../api/api-client.ts';
import { Session } from '../api/session.ts';
import { normaliseAccountName } from './account-name.ts';
import { refused, type AccountPorts, type AccountRefusal } from './account-ports.ts';
import { newDeviceSecrets } from './new-device.ts';
import { startRegistration } from './opaque-client.ts';
import { recoveryKeyToWords } from './recovery-words.ts';

/** Characters of a password, wherever one is chosen. */
export const PASSWORD_LENGTH_MIN = 8;

/** What an account is made of. `password`: at least `PASSWORD_LENGTH_MIN` characters. */
export interface SignUpInput {
  /** Origin, as `parseServerOrigin` gives it. */
  readonly server: string;
  readonly email: string;
  readonly password: string;
  readonly deviceName: string;
}

/** A new account, with what must be shown to its person once. */
export interface SignedUp {
  readonly secrets: DeviceSecrets;
  /** The 24 words, to be shown once; with them the account is opened when the password is lost. */
  readonly recoveryWords: readonly string[];
  /** What the words stand for: 32 bytes. */
  readonly recoveryKey: Bytes;
  /** False while the name waits to be confirmed by mail. */
  readonly active: boolean;
}

/** What new spaces keep (engine.md §7). */
export const DEFAULT_POLICY = { versionDays: 180, versionsKept: 100, trashDays: 30 } as const;

/** Saves the device's secrets in the key store. Throws faults and IntegrityError. */
export async function signUp(
  ports: AccountPorts,
  input: SignUpInput,
  signal: AbortSignal,
): Promise<Result<SignedUp, AccountRefusal>> {
  if ((await ports.keyStore.load()) !== undefined) return err({ code: 'already-signed-in' });
  const api = new ApiClient({ ...ports, transport: ports.connect(input.server) });
  const draft = draftAccount(ports.suite);
  try {
    const active = await register(ports, api, input, draft, signal);
    if (active === undefined) return err({ code: 'internal' });
    const { account, device, accountKey, recoveryKey } = draft;
    const { server, deviceName } = input;
    const place = { server, email: normaliseAccountName(input.email), account, deviceName };
    const secrets = newDeviceSecrets(ports.random, place, device, accountKey);
    await ports.keyStore.save(secrets);
    return ok({ secrets, recoveryKey, recoveryWords: recoveryKeyToWords(recoveryKey), active });
  } catch (error) {
    return refused(error);
  }
}

/** Whether the account is active at once; undefined when the server's OPAQUE answer is none. */
async function register(
  { suite, clock }: AccountPorts,
  api: ApiClient,
  input: SignUpInput,
  draft: AccountDraft,
  signal: AbortSignal,
): Promise<boolean | undefined> {
  const name = normaliseAccountName(input.email);
  const { account } = draft;
  const registration = await startRegistration(input.password);
  const start = { name, account, request: registration.request };
  const { response } = await api.call('signUpStart', { body: start }, signal);
  const finished = registration.finish(response);
  if (finished === undefined) return undefined;
  const { exportKey, record } = finished;
  const time = clock.now();
  const whole = await suite.whole();
  const created = createAccount(whole, draft, { exportKey, time, deviceExpires: null });
  const commits = (['account', 'drive'] as const).map((kind) =>
    genesisOf({ suite: whole, clock }, draft, created.chain, kind),
  );
  const body = {
    name,
    account,
    record,
    bundle: created.bundle,
    chain: [...created.chain.entries],
    commits,
  };
  try {
    const { active } = await api.call('signUpFinish', { body }, signal);
    return active;
  } catch (error) {
    // An earlier attempt whose answer was lost may have taken the name: then this device is known.
    if (isRefusal(error, 'name-taken') && (await isKnown(api, suite, input, draft, signal))) {
      return true;
    }
    throw error;
  }
}

/** Whether the server knows the account and device of `draft`. */
async function isKnown(
  api: ApiClient,
  suite: OpenSuite,
  { server }: SignUpInput,
  { account, device }: AccountDraft,
  signal: AbortSignal,
): Promise<boolean> {
  const session = new Session(api, suite, {
    server,
    account,
    device: device.device,
    deviceSeed: device.seed,
  });
  try {
    await session.run(async () => {}, signal);
    return true;
  } catch (error) {
    if (error instanceof RemoteFault && error.retry.kind !== 'after') return false;
    throw error;
  }
}

function genesisOf(
  { suite, clock }: Pick<AccountPorts, 'clock'> & { readonly suite: WholeSuite },
  draft: AccountDraft,
  chain: KeyChain,
  kind: 'account' | 'drive',
): Uint8Array<ArrayBuffer> {
  const { commit } = createGenesis({
    suite,
    kind,
    account: draft.account,
    identity: chain.identity,
    memberKem: chain.kem,
    chain: { seq: chain.seq, head: chain.head },
    device: draft.device.device,
    deviceSeed: draft.device.seed,
    time: clock.now(),
    policy: DEFAULT_POLICY,
  });
  return encodeSealedCommit(commit);
}
