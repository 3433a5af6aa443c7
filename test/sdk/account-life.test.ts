/** Passwords, recovery and lost devices, with real OPAQUE, broken off at every step. */
import assert from 'node:assert/strict';
import test from 'node:test';
import {
  changePassword,
  networkFault,
  parseRecoveryWords,
  recoverAccount,
  RemoteFault,
  rotateKeys,
  type DeviceSecrets,
  type Drive,
} from '@coffer/sdk';
import { EMAIL, OTHER_PASSWORD, PASSWORD, Scene } from './account-scene.ts';
import { paths, putText, readText, signal } from './harness.ts';

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

test('who takes an hour over writing the new words down still has them count', async () => {
  await using scene = await Scene.create();
  const laptop = await scene.signUp();
  const words: string[][] = [];
  const slowly = async (shown: readonly string[]): Promise<boolean> => {
    words.push([...shown]);
    scene.clock.time += 3_600_000;
    return true;
  };
  const onLaptop = await laptop.open();
  const rotation = { password: PASSWORD, revoke: [], confirmWords: slowly };
  assert.ok((await rotateKeys(onLaptop.own, rotation, signal)).ok);
  const outcome = await recoverAccount(
    scene.device().ports,
    {
      server: scene.server.origin,
      email: EMAIL,
      deviceName: 'rescue',
      recoveryKey: parseRecoveryWords(words[0]?.join(' ') ?? '') ?? new Uint8Array(0),
      newPassword: OTHER_PASSWORD,
      revokeOthers: false,
      confirmWords: slowly,
    },
    signal,
  );
  assert.ok(outcome.ok);
  assert.ok((await scene.recover(words[1] ?? [], 'a third password')).outcome.ok);
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
  const thief = { password: PASSWORD, newPassword: OTHER_PASSWORD };
  const refused = await changePassword(onLost.own, thief, signal);
  assert.equal(refused.ok ? '' : refused.error.code, 'device-revoked');
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

test('a removal that is asked for again finishes the rotation that broke off', async () => {
  await using scene = await Scene.create();
  const laptop = await scene.signUp();
  const lost = await scene.signedIn();
  const onLaptop = await laptop.open();
  await lost.open();
  const { device } = await lost.secrets();
  const before = onLaptop.space.records().space.epoch;
  laptop.before = (path) => {
    if (path.endsWith('/commits')) throw networkFault('cut', undefined);
  };
  await assert.rejects(revoke(onLaptop, device), RemoteFault);
  laptop.before = () => {};
  assert.equal(onLaptop.space.records().space.epoch, before);
  assert.deepEqual(await revoke(onLaptop, device), { ok: true, value: { isChanged: false } });
  assert.ok(onLaptop.space.records().space.epoch > before);
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
