/**
 * An account with several devices at a simulated server, without OPAQUE: its messages differ from run
 * to run, and passwords are no part of what is simulated.
 */
import assert from 'node:assert/strict';
import {
  CALLS,
  decodeJson,
  encodeJson,
  type AnswerOf,
  type CallName,
  type RequestOf,
} from '@coffer/protocol/api';
import { bytesToBase64Url, concatBytes, type Bytes } from '@coffer/protocol/core';
import type { WholeSuite } from '@coffer/protocol/crypto';
import { accountBundleDigest, encodeSealedCommit, verifyKeyChain } from '@coffer/protocol/model';
import {
  addDeviceToBundle,
  certifyDevice,
  createAccount,
  createDeviceSecrets,
  createGenesis,
  devicePublicKeys,
  draftAccount,
  openAccountByPassword,
} from '@coffer/protocol/model/open';
import type { DeviceSecrets } from '@coffer/sdk';
import type { MemoryServer, MemoryServerOptions } from '@coffer/server/testing';

const NAME = 'sim@example.org';
const POLICY = { versionDays: 180, versionsKept: 100, trashDays: 30 } as const;

/** Takes every password; its messages have the right lengths and say nothing. */
export const anyPassword: NonNullable<MemoryServerOptions['passwords']> = {
  registrationResponse: () => filler(64),
  startLogin: () => ({ state: 'state', answer: filler(320) }),
  finishLogin: () => true,
  secretDigest: () => new Uint8Array(32).fill(7),
};

function filler(length: number): string {
  return bytesToBase64Url(new Uint8Array(length).fill(1));
}

/** Signs an account up with the first device and certifies the others. */
export async function makeAccount(
  server: MemoryServer,
  suite: WholeSuite,
  deviceNames: readonly string[],
  time: number,
): Promise<readonly DeviceSecrets[]> {
  const draft = draftAccount(suite);
  const { account } = draft;
  const exportKey = suite.randomBytes(64);
  const created = createAccount(suite, draft, { exportKey, time, deviceExpires: null });
  const commits = (['account', 'drive'] as const).map((kind) => {
    const { chain } = created;
    const genesis = createGenesis({
      suite, kind, account, time,
      identity: chain.identity,
      memberKem: chain.kem,
      chain: { seq: chain.seq, head: chain.head },
      device: draft.device.device,
      deviceSeed: draft.device.seed,
      policy: POLICY,
    }); // prettier-ignore
    return encodeSealedCommit(genesis.commit);
  });
  const record = filler(192);
  const { entries } = created.chain;
  await call(server, 'signUpFinish', {
    name: NAME,
    account,
    record,
    bundle: created.bundle,
    chain: [...entries],
    commits,
  });

  const devices = [draft.device];
  while (devices.length < deviceNames.length)
    devices.push(await addDevice(server, suite, exportKey, time));
  return devices.map((device, i) => ({
    server: server.origin,
    email: NAME,
    account,
    device: device.device,
    deviceName: deviceNames[i] ?? '',
    deviceSeed: device.seed,
    deviceKemSeed: device.kemSeed,
    generation: 1,
    accountKey: draft.accountKey.key,
    databaseKey: suite.randomBytes(32),
  }));
}

async function addDevice(
  server: MemoryServer,
  suite: WholeSuite,
  exportKey: Bytes,
  time: number,
): Promise<ReturnType<typeof createDeviceSecrets>> {
  const start = await call(server, 'signInStart', { name: NAME, request: filler(96) });
  const { enrolToken } = await call(server, 'signInFinish', {
    handle: start.handle,
    finish: filler(64),
  });
  const stored = await call(server, 'accountBundle', undefined, enrolToken);
  const chain = verifyKeyChain(suite, start.account, stored.chain);
  const opened = openAccountByPassword(suite, { bundle: stored.bundle, chain }, exportKey);
  const device = createDeviceSecrets(suite);
  const keys = devicePublicKeys(suite, device);
  const longer = certifyDevice(suite, {
    chain,
    identitySeed: opened.secrets.identitySeed,
    device: keys,
    expires: null,
    time,
  });
  const entry = longer.entries[longer.seq];
  assert.ok(entry !== undefined);
  const body = {
    entry,
    bundle: addDeviceToBundle(suite, opened, keys),
    previous: accountBundleDigest(suite, stored.bundle),
  };
  await call(server, 'addDevice', body, enrolToken);
  return device;
}

type JsonCall = 'signUpFinish' | 'signInStart' | 'signInFinish' | 'accountBundle' | 'addDevice';
type AnyForm = Parameters<typeof encodeJson>[0];

async function call<C extends JsonCall>(
  server: MemoryServer,
  name: C,
  body: RequestOf<C>,
  token?: string,
): Promise<AnswerOf<C>> {
  const { method, path, request, answer } = CALLS[name satisfies CallName];
  const response = await server.handle({
    method,
    path,
    headers: {
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(request === null ? {} : { 'content-type': 'application/json' }),
    },
    ...(request === null ? {} : { body: encodeJson(request as AnyForm, body) }),
  });
  const parts: Bytes[] = [];
  for await (const part of response.body) parts.push(part);
  const bytes = concatBytes(...parts);
  assert.equal(response.status, 200, `${name}: ${new TextDecoder().decode(bytes)}`);
  return decodeJson(answer as AnyForm, bytes) as AnswerOf<C>;
}
