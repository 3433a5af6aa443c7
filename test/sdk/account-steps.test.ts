/** What a window does to an account in steps, at a real server with real OPAQUE. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { AccountSteps } from '@coffer/native-worker/account';
import { ControlFailure } from '@coffer/native-worker/contract';
import { joinByPairing, parsePairing, type Drive } from '@coffer/sdk';
import { systemRandom } from '@coffer/sdk/node';
import { codeAt, OTHER_PASSWORD, PASSWORD, Scene } from './account-scene.ts';
import { signal } from './harness.ts';

/** Steps over a drive, where an hour never passes by itself. */
function stepsOf({ server }: Scene, drive: Drive): AccountSteps {
  const sleep = (_: number, until?: AbortSignal): Promise<void> =>
    new Promise((_resolve, reject) => {
      until?.addEventListener('abort', () => reject(new Error('over')));
    });
  const clock = { now: () => 0, sleep };
  return new AccountSteps({ drive, server: server.origin, clock, random: systemRandom });
}

async function codeOf(action: Promise<unknown>): Promise<string> {
  const error = await action.then(
    () => undefined,
    (cause: unknown) => cause,
  );
  return error instanceof ControlFailure ? error.code : String(error);
}

test('a device is out, and the words are new, once the new words are confirmed and not before', async () => {
  await using scene = await Scene.create();
  const laptop = await scene.signUp();
  const lost = await scene.signedIn();
  const drive = await laptop.open();
  using steps = stepsOf(scene, drive);
  const listed = await steps.devices(signal);
  assert.deepEqual(
    listed.map(({ isCurrent }) => isCurrent).toSorted(),
    [false, true],
    'both are listed',
  );
  const { device } = await lost.secrets();
  const given = { device, password: PASSWORD };
  const own = steps.removeDevice({ ...given, device: drive.device }, signal);
  assert.equal(await codeOf(own), 'refused');
  const wrong = steps.removeDevice({ ...given, password: 'not it' }, signal);
  assert.equal(await codeOf(wrong), 'wrong-password');

  const unkept = await steps.removeDevice(given, signal);
  await steps.settleWords({ change: unkept.change ?? '', isKept: false });
  assert.equal((await steps.devices(signal)).length, 2);
  assert.equal((await scene.recover(unkept.recoveryWords, OTHER_PASSWORD)).outcome.ok, false);

  const kept = await steps.removeDevice(given, signal);
  await steps.settleWords({ change: kept.change ?? '', isKept: true });
  await steps.settleWords({ change: kept.change ?? '', isKept: true });
  assert.deepEqual(
    (await steps.devices(signal)).map(({ id }) => id),
    [drive.device],
  );
  assert.deepEqual(await steps.removeDevice(given, signal), { change: null, recoveryWords: [] });
  const old = await scene.recover(scene.words, OTHER_PASSWORD);
  assert.equal(old.outcome.ok, false);
  assert.ok((await scene.recover(kept.recoveryWords, OTHER_PASSWORD)).outcome.ok);
});

test('a second factor is on from its code to its end, and is asked for by what needs the password', async () => {
  await using scene = await Scene.create();
  const { clock } = scene;
  const laptop = await scene.signUp();
  using steps = stepsOf(scene, await laptop.open());
  const { change, uri } = await steps.startSecondFactor({ password: PASSWORD }, signal);
  assert.equal((await steps.secondFactor(signal)).isOn, false);
  const confirm = (code: string) => steps.confirmSecondFactor({ change, code }, signal);
  assert.equal(await codeOf(confirm('12')), 'wrong-code');
  assert.equal(await codeOf(confirm(codeAt(uri, clock.now() - 600_000))), 'wrong-code');
  const { backupCodes } = await confirm(codeAt(uri, clock.now()));
  assert.deepEqual(await steps.secondFactor(signal), { isOn: true, backupCodesLeft: 10 });
  assert.equal(await codeOf(confirm('123456')), 'not-found', 'it is done');

  const given = { password: PASSWORD };
  assert.equal(await codeOf(steps.makeRecoveryWords(given, signal)), 'second-factor-needed');
  const code = backupCodes[0];
  assert.ok(code);
  const made = await steps.makeRecoveryWords({ ...given, code }, signal);
  await steps.settleWords({ change: made.change ?? '', isKept: true });
  await steps.endSecondFactor({ ...given, code: backupCodes[1] }, signal);
  const short = steps.changePassword({ ...given, newPassword: 'short' }, signal);
  assert.equal(await codeOf(short), 'usage');
  await steps.changePassword({ ...given, newPassword: OTHER_PASSWORD }, signal);
  await scene.signedIn(OTHER_PASSWORD);
  assert.equal((await steps.secondFactor(signal)).isOn, false);
});

test('a device joins by the words that are shown, and nobody does once they were closed', async () => {
  await using scene = await Scene.create();
  const laptop = await scene.signUp();
  using steps = stepsOf(scene, await laptop.open());
  const closed = await steps.openPairing(signal);
  const refused = assert.rejects(steps.awaitPairing(closed, signal), { name: 'AbortError' });
  steps.closePairing(closed);
  await refused;
  assert.equal(await codeOf(steps.awaitPairing(closed, signal)), 'not-found');

  const open = await steps.openPairing(signal);
  const secret = parsePairing(open.words.join(' '))?.secret;
  assert.ok(secret);
  const phone = scene.device();
  const input = { server: scene.server.origin, secret, deviceName: 'phone' };
  const [joined] = await Promise.all([
    steps.awaitPairing(open, signal),
    joinByPairing(phone.ports, input, signal),
  ]);
  assert.equal(joined.device, (await phone.secrets()).device);
});
