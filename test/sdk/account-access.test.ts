/** Pairing, the second factor and the end of an account, with real OPAQUE. */
import assert from 'node:assert/strict';
import test from 'node:test';
import {
  accountStatus,
  changePassword,
  deleteAccount,
  endSecondFactor,
  joinByPairing,
  openPairing,
  parsePairing,
  parseSecondFactorCode,
  startSecondFactor,
} from '@coffer/sdk';
import { codeAt, EMAIL, OTHER_PASSWORD, PASSWORD, Scene } from './account-scene.ts';
import { putText, readText, signal } from './harness.ts';

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
