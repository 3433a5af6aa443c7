/** Passwords, recovery, lost devices, pairing and the second factor, with real OPAQUE. */
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import test from 'node:test';
import { createNodeOpenSuite } from '@coffer/protocol/suites/node-open';
import {
  accountStatus,
  changePassword,
  deleteAccount,
  endSecondFactor,
  joinByPairing,
  networkFault,
  openDrive,
  openPairing,
  parsePairing,
  parseRecoveryWords,
  parseSecondFactorCode,
  recoverAccount,
  RemoteFault,
  rotateKeys,
  signIn,
  signUp,
  startSecondFactor,
  type AccountPorts,
  type DeviceSecrets,
  type Drive,
  type HttpTransport,
  type KeyStore,
  type SpaceStore,
} from '@coffer/sdk';
import { startNodeSha256, systemRandom, yieldNodeTurn } from '@coffer/sdk/node';
import { createMemoryKeyStore, createMemorySpaceStore } from '@coffer/sdk/testing';
import { createMemoryServer, type MemoryServer } from '@coffer/server/testing';
import { paths, putText, readText, signal, TestClock } from './harness.ts';

const suite = await createNodeOpenSuite();
const EMAIL = 'ada@example.org';
const PASSWORD = 'the analytical engine';
const OTHER_PASSWORD = 'weaves algebraical patterns';

/** A device, signed in or not: what it keeps, and how it comes to its drive. */
interface Device {
  readonly keyStore: KeyStore;
  readonly store: SpaceStore;
  readonly ports: AccountPorts;
  /** Calls of this device from now on; the server sees what is let through. */
  before: (path: string) => void;
  /** True: the answer to this call is lost. */
  loses: (path: string) => boolean;
  readonly open: () => Promise<Drive>;
  readonly secrets: () => Promise<DeviceSecrets>;
}

class Scene implements AsyncDisposable {
  readonly clock = new TestClock();
  readonly server: MemoryServer;
  words: readonly string[] = [];

  private constructor(server: MemoryServer) {
    this.server = server;
  }

  static async create(): Promise<Scene> {
    const clock = new TestClock();
    const server = await createMemoryServer({ clock, random: systemRandom });
    const scene = new Scene(server);
    Object.assign(scene, { clock });
    return scene;
  }

  device(): Device {
    const { clock, server } = this;
    const keyStore = createMemoryKeyStore();
    const store = createMemorySpaceStore();
    const hooks: Pick<Device, 'before' | 'loses'> = { before: () => {}, loses: () => false };
    const transport: HttpTransport = {
      request: async (request, until) => {
        until.throwIfAborted();
        hooks.before(request.path);
        const response = await server.handle(request, until);
        if (hooks.loses(request.path)) throw networkFault('the answer was lost', undefined);
        return { ...response, headers: {} };
      },
    };
    const ports: AccountPorts = {
      connect: () => transport,
      keyStore,
      suite,
      clock,
      random: systemRandom,
      retry: { attemptsMax: 2, delayMsMin: 1, delayMsMax: 1 },
    };
    const secrets = async (): Promise<DeviceSecrets> => {
      const saved = await keyStore.load();
      assert.ok(saved);
      return saved;
    };
    const open = async (): Promise<Drive> =>
      openDrive(
        {
          ...ports,
          transport,
          store,
          secrets: await secrets(),
          startSha256: startNodeSha256,
          yieldTurn: yieldNodeTurn,
          platform: 'test',
        },
        signal,
      );
    return Object.assign(hooks, { keyStore, store, ports, open, secrets });
  }

  async signUp(): Promise<Device> {
    const device = this.device();
    const input = this.#input(PASSWORD, 'laptop');
    const made = await signUp(device.ports, input, signal);
    assert.ok(made.ok);
    this.words = made.value.recoveryWords;
    return device;
  }

  /** The code of a refused sign-in, or the device that signed in. */
  async signIn(password: string, code?: string): Promise<Device | string> {
    const device = this.device();
    const given = code === undefined ? {} : { code };
    const input = { ...this.#input(password, 'desktop'), ...given };
    const outcome = await signIn(device.ports, input, signal);
    return outcome.ok ? device : outcome.error.code;
  }

  async signedIn(password = PASSWORD, code?: string): Promise<Device> {
    const device = await this.signIn(password, code);
    assert.ok(typeof device !== 'string', typeof device === 'string' ? device : '');
    return device;
  }

  async recover(words: readonly string[], newPassword: string, revokeOthers = false) {
    const device = this.device();
    const recoveryKey = parseRecoveryWords(words.join(' '));
    assert.ok(recoveryKey);
    let shown: readonly string[] = [];
    const confirmWords = async (fresh: readonly string[]): Promise<boolean> => {
      shown = fresh;
      return true;
    };
    const { server, email, deviceName } = this.#input('', 'rescue');
    const input = { server, email, deviceName, recoveryKey, newPassword, revokeOthers };
    const outcome = await recoverAccount(device.ports, { ...input, confirmWords }, signal);
    return { device, outcome, words: shown };
  }

  #input(password: string, deviceName: string) {
    return { server: this.server.origin, email: EMAIL, password, deviceName };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server.close();
  }
}

const yes = async (): Promise<boolean> => true;

async function revoke(drive: Drive, device: DeviceSecrets['device'], words: string[] = []) {
  return rotateKeys(
    drive.own,
    {
      password: PASSWORD,
      revoke: [device],
      confirmWords: async (shown) => {
        words.push(...shown);
        return true;
      },
    },
    signal,
  );
}

test('a new password signs in, the old one does not, and other devices go on without either', async () => {
  await using scene = await Scene.create();
  const laptop = await scene.signUp();
  const desktop = await scene.signedIn();
  const [onLaptop, onDesktop] = [await laptop.open(), await desktop.open()];
  await putText(onLaptop, '/before', 'old');
  const change = { password: PASSWORD, newPassword: OTHER_PASSWORD };
  const wrong = await changePassword(onLaptop.own, { ...change, password: 'no' }, signal);
  assert.equal(wrong.ok ? '' : wrong.error.code, 'wrong-password');
  assert.ok((await changePassword(onLaptop.own, change, signal)).ok);
  assert.equal(await scene.signIn(PASSWORD), 'wrong-password');
  const phone = await scene.signedIn(OTHER_PASSWORD);
  await putText(onDesktop, '/after', 'new');
  const onPhone = await phone.open();
  assert.deepEqual(paths(onPhone), ['/after', '/before']);
  assert.equal(await readText(onPhone, '/before'), 'old');
  const { outcome } = await scene.recover(scene.words, 'and again another');
  assert.ok(outcome.ok, 'the words stay those that they were');
});

test('wherever a change of the password breaks off, the old or the new one signs in', async () => {
  const calls = [
    '/v1/signin/start',
    '/v1/signin/finish',
    '/v1/account/password',
    '/v1/account/bundle',
    '/v1/account/keys',
  ];
  const cases = [
    ...calls.map((call) => ({ call, how: 'answer' })),
    { call: '/v1/account/keys', how: 'request' },
  ];
  for (const { call, how } of cases) {
    await using scene = await Scene.create();
    const laptop = await scene.signUp();
    const drive = await laptop.open();
    laptop.before = (path) => {
      if (how === 'request' && path === call) throw networkFault('cut', undefined);
    };
    laptop.loses = (path) => how === 'answer' && path === call;
    const change = { password: PASSWORD, newPassword: OTHER_PASSWORD };
    await assert.rejects(changePassword(drive.own, change, signal), RemoteFault);
    const opens = [await scene.signIn(PASSWORD), await scene.signIn(OTHER_PASSWORD)];
    const right = opens.filter((opened) => typeof opened !== 'string');
    assert.equal(right.length, 1, `${call}, ${how} lost`);
    const isChanged = call === '/v1/account/keys' && how === 'answer';
    assert.equal(typeof opens[1] !== 'string', isChanged, `${call}, ${how} lost`);
  }
});

test('a change of the password whose answer was lost once is made once', async () => {
  await using scene = await Scene.create();
  const laptop = await scene.signUp();
  const drive = await laptop.open();
  let lost = 0;
  laptop.loses = (path) => path === '/v1/account/keys' && lost++ === 0;
  const change = { password: PASSWORD, newPassword: OTHER_PASSWORD };
  assert.ok((await changePassword(drive.own, change, signal)).ok);
  assert.equal(lost, 2);
  await scene.signedIn(OTHER_PASSWORD);
});

test('two devices that change the account at once do so one after the other', async () => {
  await using scene = await Scene.create();
  const laptop = await scene.signUp();
  const desktop = await scene.signedIn();
  const [onLaptop, onDesktop] = [await laptop.open(), await desktop.open()];
  const outcomes = await Promise.all([
    changePassword(onLaptop.own, { password: PASSWORD, newPassword: OTHER_PASSWORD }, signal),
    scene.signIn(PASSWORD),
    rotateKeys(onDesktop.own, { password: PASSWORD, revoke: [], confirmWords: yes }, signal).catch(
      (error: unknown) => error,
    ),
  ]);
  assert.equal(outcomes.length, 3);
  const opened = [await scene.signIn(PASSWORD), await scene.signIn(OTHER_PASSWORD)];
  assert.equal(opened.filter((one) => typeof one !== 'string').length, 1);
  const device = opened.find((one) => typeof one !== 'string');
  assert.ok(device && typeof device !== 'string');
  await putText(await device.open(), '/still', 'there');
});

test('the words open an account whose password is lost, once, and everything in it', async () => {
  await using scene = await Scene.create();
  const laptop = await scene.signUp();
  const onLaptop = await laptop.open();
  await putText(onLaptop, '/kept', 'through it all');
  const rescue = await scene.recover(scene.words, OTHER_PASSWORD);
  assert.ok(rescue.outcome.ok);
  assert.equal(rescue.words.length, 24);
  const onRescue = await rescue.device.open();
  await onRescue.refresh(signal);
  assert.equal(await readText(onRescue, '/kept'), 'through it all');
  await putText(onRescue, '/new', 'after it');
  assert.equal(await scene.signIn(PASSWORD), 'wrong-password');
  const again = await scene.recover(scene.words, 'third password');
  assert.equal(again.outcome.ok ? '' : again.outcome.error.code, 'wrong-recovery-key');
  assert.ok((await scene.recover(rescue.words, 'third password')).outcome.ok);
  await onLaptop.refresh(signal);
  assert.equal(await readText(onLaptop, '/new'), 'after it');
  assert.equal((await laptop.secrets()).generation, 3);
});

test('a recovery can end every device that the account had', async () => {
  await using scene = await Scene.create();
  const laptop = await scene.signUp();
  const onLaptop = await laptop.open();
  const rescue = await scene.recover(scene.words, OTHER_PASSWORD, true);
  assert.ok(rescue.outcome.ok);
  await assert.rejects(onLaptop.refresh(signal), { code: 'device-revoked' });
  const onRescue = await rescue.device.open();
  await onRescue.refresh(signal);
  assert.equal((await onRescue.devices(signal)).length, 1);
});

test('wherever a recovery breaks off, one pair of words and one password open the account', async () => {
  const calls = [
    '/v1/signin/start',
    '/v1/recovery/bundle',
    '/v1/account/password',
    '/v1/account/bundle',
    '/v1/account/keys',
  ];
  for (const call of calls) {
    await using scene = await Scene.create();
    await scene.signUp();
    const failing = scene.device();
    failing.loses = (path) => path === call;
    let shown: readonly string[] = [];
    const recoveryKey = parseRecoveryWords(scene.words.join(' '));
    assert.ok(recoveryKey);
    const input = {
      server: scene.server.origin,
      email: EMAIL,
      recoveryKey,
      newPassword: OTHER_PASSWORD,
      deviceName: 'rescue',
      revokeOthers: false,
      confirmWords: async (words: readonly string[]) => {
        shown = words;
        return true;
      },
    };
    await assert.rejects(recoverAccount(failing.ports, input, signal), RemoteFault);
    assert.equal(await failing.keyStore.load(), undefined);
    const isDone = call === '/v1/account/keys';
    assert.equal(typeof (await scene.signIn(PASSWORD)) !== 'string', !isDone, call);
    assert.equal(typeof (await scene.signIn(OTHER_PASSWORD)) !== 'string', isDone, call);
    const words = isDone ? shown : scene.words;
    assert.ok((await scene.recover(words, 'last password')).outcome.ok, call);
  }
});

test('new words take the place of the old ones, and nobody signs in anew', async () => {
  await using scene = await Scene.create();
  const laptop = await scene.signUp();
  const desktop = await scene.signedIn();
  const [onLaptop, onDesktop] = [await laptop.open(), await desktop.open()];
  let shown: readonly string[] = [];
  const rotation = {
    password: PASSWORD,
    revoke: [],
    confirmWords: async (words: readonly string[]) => {
      shown = words;
      return true;
    },
  };
  const no = { ...rotation, confirmWords: async () => false };
  const refused = await rotateKeys(onLaptop.own, no, signal);
  assert.equal(refused.ok ? '' : refused.error.code, 'confirmation-needed');
  assert.ok((await rotateKeys(onLaptop.own, rotation, signal)).ok);
  await putText(onDesktop, '/after', 'the rotation');
  assert.equal(await readText(onLaptop, '/after').catch(() => ''), '');
  await onLaptop.refresh(signal);
  assert.equal(await readText(onLaptop, '/after'), 'the rotation');
  const old = await scene.recover(scene.words, OTHER_PASSWORD);
  assert.equal(old.outcome.ok ? '' : old.outcome.error.code, 'wrong-recovery-key');
  assert.ok((await scene.recover(shown, OTHER_PASSWORD)).outcome.ok);
});

test('a removed device gets nothing new, and the others follow by the chain', async () => {
  await using scene = await Scene.create();
  const laptop = await scene.signUp();
  const lost = await scene.signedIn();
  const desktop = await scene.signedIn();
  const [onLaptop, onLost, onDesktop] = [
    await laptop.open(),
    await lost.open(),
    await desktop.open(),
  ];
  await putText(onLost, '/shared', 'seen by all');
  const lostDevice = (await lost.secrets()).device;
  const epochBefore = onLaptop.space.records().space.epoch;
  assert.deepEqual(await revoke(onLaptop, lostDevice), { ok: true, value: { isChanged: true } });
  await assert.rejects(putText(onLost, '/late', 'unsent'), { code: 'device-revoked' });
  await assert.rejects(onLost.refresh(signal), { code: 'device-revoked' });
  await putText(onDesktop, '/new', 'for two');
  await onLaptop.refresh(signal);
  assert.equal(await readText(onLaptop, '/new'), 'for two');
  assert.ok(onLaptop.space.records().space.epoch > epochBefore);
  assert.equal((await onDesktop.devices(signal)).length, 2);
  const again = await revoke(onDesktop, lostDevice);
  assert.deepEqual(again, { ok: true, value: { isChanged: false } });
  const unknown = await revoke(onDesktop, 'ab'.repeat(16) as typeof lostDevice);
  assert.equal(unknown.ok ? '' : unknown.error.code, 'not-found');
});

test('a rotation that broke off after its step at the server is finished by any device', async () => {
  await using scene = await Scene.create();
  const laptop = await scene.signUp();
  const lost = await scene.signedIn();
  const desktop = await scene.signedIn();
  const [onLaptop, onDesktop] = [await laptop.open(), await desktop.open()];
  await lost.open();
  laptop.before = (path) => {
    if (path.endsWith('/commits')) throw networkFault('cut', undefined);
  };
  await assert.rejects(revoke(onLaptop, (await lost.secrets()).device), RemoteFault);
  laptop.before = () => {};
  const before = onDesktop.space.records().space.epoch;
  await onDesktop.noteHead(signal);
  await onDesktop.refresh(signal);
  assert.ok(onDesktop.space.records().space.epoch > before);
  await onLaptop.refresh(signal);
  await putText(onLaptop, '/both', 'go on');
  await onDesktop.refresh(signal);
  assert.equal(await readText(onDesktop, '/both'), 'go on');
});

test('a device that joins before a rotation is finished finishes it with its first write', async () => {
  await using scene = await Scene.create();
  const laptop = await scene.signUp();
  const lost = await scene.signedIn();
  const onLaptop = await laptop.open();
  await lost.open();
  laptop.before = (path) => {
    if (path.endsWith('/commits')) throw networkFault('cut', undefined);
  };
  await assert.rejects(revoke(onLaptop, (await lost.secrets()).device), RemoteFault);
  const before = onLaptop.space.records().space.epoch;
  const joined = await scene.signedIn();
  const onJoined = await joined.open();
  await putText(onJoined, '/first', 'write');
  assert.ok(onJoined.space.records().space.epoch > before);
});

test('two devices pair by eight words, and the new one has everything', async () => {
  await using scene = await Scene.create();
  const laptop = await scene.signUp();
  const onLaptop = await laptop.open();
  await putText(onLaptop, '/kept', 'here');
  const waiting = await openPairing(onLaptop.own, signal);
  const byWords = parsePairing(waiting.words.join(' '));
  assert.deepEqual(byWords?.secret, parsePairing(waiting.text)?.secret);
  assert.equal(parsePairing(waiting.text)?.server, scene.server.origin);
  assert.ok(byWords);
  const phone = scene.device();
  const input = { server: scene.server.origin, secret: byWords.secret, deviceName: 'phone' };
  const [paired, joined] = await Promise.all([
    waiting.wait(signal),
    joinByPairing(phone.ports, input, signal),
  ]);
  assert.ok(paired.ok && joined.ok);
  const secrets = await phone.secrets();
  assert.equal(paired.value.device, secrets.device);
  assert.equal(secrets.email, EMAIL);
  const onPhone = await phone.open();
  assert.equal(await readText(onPhone, '/kept'), 'here');
  await putText(onPhone, '/phone', 'was here');
  const third = scene.device();
  const late = await joinByPairing(third.ports, input, signal);
  assert.equal(late.ok ? '' : late.error.code, 'refused', 'the words are used up');
});

test('words that no device shows join nothing, and words are over after two minutes', async () => {
  await using scene = await Scene.create();
  const laptop = await scene.signUp();
  const onLaptop = await laptop.open();
  const phone = scene.device();
  const input = { server: scene.server.origin, deviceName: 'phone' };
  const none = { ...input, secret: new Uint8Array(11).fill(3) };
  const wrong = await joinByPairing(phone.ports, none, signal);
  assert.equal(wrong.ok ? '' : wrong.error.code, 'not-found');
  const waiting = await openPairing(onLaptop.own, signal);
  const waited = await waiting.wait(signal);
  assert.equal(waited.ok ? '' : waited.error.code, 'timeout');
  const secret = parsePairing(waiting.text)?.secret;
  assert.ok(secret);
  const late = await joinByPairing(phone.ports, { ...input, secret }, signal);
  assert.equal(late.ok ? '' : late.error.code, 'not-found');
  assert.equal(await phone.keyStore.load(), undefined);
});

/** What an authenticator shows now: made apart from the server's code. */
function codeAt(uri: string, timeMs: number): string {
  const secret = new URL(uri).searchParams.get('secret') ?? '';
  const bits = Array.from(secret)
    .map((letter) =>
      'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(letter).toString(2).padStart(5, '0'),
    )
    .join('');
  const key = Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(timeMs / 30_000)));
  const digest = createHmac('sha1', key).update(counter).digest();
  const at = (digest[19] ?? 0) & 15;
  return String((digest.readUInt32BE(at) & 0x7fffffff) % 1e6).padStart(6, '0');
}

test('with a second factor the password alone signs nobody in, until it is turned off', async () => {
  await using scene = await Scene.create();
  const { clock } = scene;
  const laptop = await scene.signUp();
  const drive = await laptop.open();
  const started = await startSecondFactor(drive.own, { password: PASSWORD }, signal);
  assert.ok(started.ok);
  const { uri, confirm } = started.value;
  assert.match(uri, /^otpauth:\/\/totp\/Coffer:ada%40example\.org\?secret=[A-Z2-7]{32}&/);
  assert.equal(parseSecondFactorCode('12345'), undefined);
  const wrong = await confirm(codeAt(uri, clock.now() - 600_000), signal);
  assert.equal(wrong.ok ? '' : wrong.error.code, 'wrong-code');
  const backup = await confirm(codeAt(uri, clock.now()), signal);
  assert.ok(backup.ok && backup.value.length === 10);
  assert.equal(await scene.signIn(PASSWORD), 'second-factor-needed');
  clock.time += 60_000;
  await scene.signedIn(PASSWORD, codeAt(uri, clock.now()));
  assert.equal(await scene.signIn(PASSWORD, codeAt(uri, clock.now())), 'wrong-code');
  const [first = ''] = backup.value;
  assert.match(first, /^[a-z2-7]{5}-[a-z2-7]{5}$/);
  await scene.signedIn(PASSWORD, parseSecondFactorCode(` ${first.toUpperCase()}`));
  const { secondFactor, backupCodesLeft } = await accountStatus(drive.own, signal);
  assert.deepEqual([secondFactor, backupCodesLeft], [true, 9]);
  const change = { password: PASSWORD, newPassword: OTHER_PASSWORD };
  const without = await changePassword(drive.own, change, signal);
  assert.equal(without.ok ? '' : without.error.code, 'second-factor-needed');
  clock.time += 60_000;
  const proof = { password: PASSWORD, code: codeAt(uri, clock.now()) };
  assert.ok((await endSecondFactor(drive.own, proof, signal)).ok);
  await scene.signedIn(PASSWORD);
});

test('the words take the place of the password and of the second factor, which is off then', async () => {
  await using scene = await Scene.create();
  const { clock } = scene;
  const laptop = await scene.signUp();
  const drive = await laptop.open();
  const started = await startSecondFactor(drive.own, { password: PASSWORD }, signal);
  assert.ok(started.ok);
  const { uri, confirm } = started.value;
  assert.ok((await confirm(codeAt(uri, clock.now()), signal)).ok);
  assert.ok((await scene.recover(scene.words, OTHER_PASSWORD)).outcome.ok);
  await scene.signedIn(OTHER_PASSWORD);
});

test('an account ends with its password, for all its devices', async () => {
  await using scene = await Scene.create();
  const laptop = await scene.signUp();
  const desktop = await scene.signedIn();
  const [onLaptop, onDesktop] = [await laptop.open(), await desktop.open()];
  await putText(onLaptop, '/gone', 'soon');
  const wrong = await deleteAccount(onLaptop.own, { password: 'no' }, signal);
  assert.equal(wrong.ok ? '' : wrong.error.code, 'wrong-password');
  let lost = 0;
  laptop.loses = (path) => path === '/v1/account' && lost++ === 0;
  assert.ok((await deleteAccount(onLaptop.own, { password: PASSWORD }, signal)).ok);
  assert.equal(await laptop.keyStore.load(), undefined);
  await assert.rejects(onDesktop.refresh(signal), { code: 'not-signed-in' });
  assert.equal(await scene.signIn(PASSWORD), 'wrong-password');
  await (await scene.signUp()).open();
});
