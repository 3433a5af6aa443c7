/** What a power cut leaves of folders: names that were sent are not there, or older ones are again. */
import assert from 'node:assert/strict';
import test from 'node:test';
import {
  LATER_BOOT,
  THIRD_BOOT,
  cutPowerBack,
  deviceWith,
  startedAgain,
} from './executor/testing/power-cut.ts';
import { pairedDevice, syncAll, type TestDevice } from './executor/testing/test-device.ts';
import { Crash } from './testing/index.ts';

test('what was sent and then lost its name comes from the drive again, with all that was in it', async () => {
  const { space, a } = await deviceWith({ kept: 'kept' });
  a.disk.sim?.writeBack(0);
  for (const path of ['new', 'folder/one', 'folder/below/two']) a.write(path, path);
  a.disk.user.folder(a.at('empty'));
  a.disk.user.symlink('kept', a.at('link'));
  await a.sync();
  const before = a.tree();
  const head = space.seq;
  cutPowerBack(a);
  assert.deepEqual(Object.keys(a.tree()), ['kept']);
  const again = await startedAgain(a);
  assert.deepEqual(again.tree(), before);
  assert.equal(space.seq, head);
});

/** d/new was sent and has no name here any more; d/theirs comes into its folder with the next sync. */
async function nameLostInChangedFolder(): Promise<{ a: TestDevice; b: TestDevice }> {
  const { space, a } = await deviceWith({ 'd/kept': 'kept' });
  const b = await pairedDevice(space, 'bert');
  await b.sync();
  a.disk.sim?.writeBack(0);
  a.write('d/new', 'sent');
  await a.sync();
  b.write('d/theirs', 'theirs');
  await b.sync();
  cutPowerBack(a);
  // A folder in which somebody writes is given time: the first look does not decide.
  a.write('d/kept', 'edited');
  return { a, b };
}

test('what lost its name comes again although the engine writes into its folder meanwhile', async () => {
  const { a, b } = await nameLostInChangedFolder();
  const again = a.restarted(undefined, LATER_BOOT);
  await again.engine.syncNow({});
  await syncAll([again, b]);
  const files = { 'd/kept': 'edited', 'd/new': 'sent', 'd/theirs': 'theirs' };
  assert.deepEqual(b.tree(), { d: null, ...files });
  assert.deepEqual(again.tree(), b.tree());
});

test('what lost its name comes again although the next power cut comes before it is judged', async () => {
  const { a, b } = await nameLostInChangedFolder();
  let isDead = false;
  const once = a.restarted((phase, { kind, path }) => {
    if (isDead) throw new Crash('the process is dead');
    isDead = phase === 'after' && kind === 'syncFolder' && path.endsWith('/d');
    if (isDead) throw new Crash('the power went');
    return undefined;
  }, LATER_BOOT);
  await assert.rejects(once.engine.syncNow({}));
  cutPowerBack(a);
  const again = a.restarted(undefined, THIRD_BOOT);
  await syncAll([again, b]);
  assert.deepEqual(Object.keys(b.tree()), ['d', 'd/kept', 'd/new', 'd/theirs']);
  assert.deepEqual(again.tree(), b.tree());
});

test('what lost its name comes again although its folder went back to another name, too', async () => {
  const { a } = await deviceWith({ 'd/kept': 'kept' });
  a.disk.sim?.writeBack(0);
  a.disk.user.rename(a.at('d'), a.at('e'));
  a.write('e/new', 'sent');
  await a.sync();
  cutPowerBack(a);
  assert.deepEqual(a.tree(), { d: null, 'd/kept': 'kept' });
  const again = await startedAgain(a);
  assert.deepEqual(again.tree(), { d: null, 'd/kept': 'kept', 'd/new': 'sent' });
});

test('what lost its name to what had it before comes again, too', async () => {
  const { a } = await deviceWith({ kept: 'kept' });
  a.disk.user.folder(a.at('name'));
  await a.sync();
  a.disk.sim?.writeBack(0);
  a.disk.user.rename(a.at('name'), a.at('other'));
  a.write('name', 'sent');
  await a.sync();
  cutPowerBack(a);
  assert.deepEqual(a.tree(), { kept: 'kept', name: null });
  const again = await startedAgain(a);
  assert.ok(Object.values(again.tree()).includes('sent'), Object.keys(again.tree()).join(' '));
});

test('what was found equal on both sides and then lost its name is no deletion', async () => {
  const { space } = await deviceWith({ f: 'equal', kept: 'kept' });
  const b = await pairedDevice(space, 'bert');
  b.write('kept', 'kept');
  b.disk.sim?.writeBack(0);
  b.write('f', 'equal');
  assert.equal((await b.sync()).downloaded.files, 0);
  cutPowerBack(b);
  const again = await startedAgain(b);
  assert.deepEqual(again.tree(), { f: 'equal', kept: 'kept' });
});

test('what somebody deletes after a power cut, or after any start, is deleted', async () => {
  const { space, a } = await deviceWith({ kept: 'kept', gone: 'gone', 'folder/one': 'one' });
  a.disk.sim?.writeBack(0);
  cutPowerBack(a);
  a.disk.user.remove(a.at('gone'));
  a.disk.user.remove(a.at('folder'));
  const again = await startedAgain(a);
  const b = await pairedDevice(space, 'bert');
  await syncAll([again, b]);
  assert.deepEqual(b.tree(), { kept: 'kept' });
});

/** What was renamed and sent has its old name again, here and on the drive; it was not read again yet. */
async function nameGivenBack(): Promise<{ again: TestDevice; b: TestDevice }> {
  const { space, a } = await deviceWith({ old: 'what I wrote', kept: 'kept' });
  const b = await pairedDevice(space, 'bert');
  a.disk.sim?.writeBack(0);
  a.disk.user.rename(a.at('old'), a.at('new'));
  await a.sync();
  cutPowerBack(a);
  const again = await startedAgain(a);
  await b.sync();
  assert.deepEqual(b.tree(), { kept: 'kept', old: 'what I wrote' });
  return { again, b };
}

test('what somebody saves over a file that has its old name again after a power cut goes up', async () => {
  const { again, b } = await nameGivenBack();
  again.write('.fresh', 'saved since');
  again.disk.user.rename(again.at('.fresh'), again.at('old'));
  await syncAll([again, b]);
  assert.equal(again.read('old'), 'saved since');
  assert.equal(b.read('old'), 'saved since');
});

test('a file that has its old name again after a power cut, and is deleted then, is deleted', async () => {
  const { again, b } = await nameGivenBack();
  again.disk.user.remove(again.at('old'));
  await syncAll([again, b]);
  assert.deepEqual(b.tree(), { kept: 'kept' });
});

test('what somebody makes under a name that a power cut took goes up', async () => {
  const { space, a } = await deviceWith({ kept: 'kept' });
  a.disk.sim?.writeBack(0);
  a.write('new', 'sent');
  await a.sync();
  cutPowerBack(a);
  const again = a.restarted((phase, { kind, path }) => {
    const isRead = phase === 'before' && kind === 'readFolder' && path === a.root;
    if (isRead && a.tree()['new'] === undefined) a.disk.user.write(a.at('new'), 'made since');
    return undefined;
  }, LATER_BOOT);
  const b = await pairedDevice(space, 'bert');
  await syncAll([again, b]);
  assert.equal(b.read('new'), 'made since');
  assert.equal([...space.versions.values()].flat().length, 1);
});
