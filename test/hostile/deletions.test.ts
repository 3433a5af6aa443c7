/** A device of the account that was taken over: it signs whatever it likes, and the rules allow it. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { EvilWorld, signal, type Victim } from './evil-world.ts';
import { assertNothingLeaked, keysOf } from './leaks.ts';

const FILES = 60;

async function scene(): Promise<{ world: EvilWorld; thief: Victim; desk: Victim }> {
  const world = await EvilWorld.create('thief', 'desk');
  const desk = await world.start('desk');
  for (let n = 0; n < FILES; n++) desk.write(`photos/${n}`, `photo ${n}`);
  await desk.sync();
  const thief = await world.start('thief');
  await thief.sync();
  return { world, thief, desk };
}

const paths = (count: number): readonly string[] =>
  Array.from({ length: count }, (_, n) => `/photos/${n}`);

test('T73 a mass deletion that a device of the account signed waits for the person here', async () => {
  const { world, thief, desk } = await scene();
  await using _ = world;
  const before = desk.tree();
  for (const path of paths(FILES - 5)) {
    assert.ok((await thief.drive.edit.trash(path, signal)).ok, path);
  }
  await desk.sync();
  assert.deepEqual(desk.tree(), before, 'nothing is gone');
  const [held] = await desk.engine.held({});
  assert.deepEqual([held?.side, held?.count], ['local', FILES - 5]);
  desk.write('goes on', 'as before');
  await desk.sync();
  await thief.sync();
  assert.equal(thief.read('goes on'), 'as before');
  await desk.engine.undoHeld({});
  await desk.sync();
  await thief.drive.refresh(signal);
  for (const path of paths(FILES)) assert.ok(thief.drive.resolve(path).ok, `${path} is back`);
  assert.deepEqual({ ...desk.tree(), 'goes on': '' }, { ...before, 'goes on': '' });
  assertNothingLeaked(world.evil.sent, keysOf(desk.secrets), keysOf(thief.secrets));
});

test('T73 the whole folder thrown away, or moved out of the tree, is held as well', async () => {
  const { world, thief, desk } = await scene();
  await using _ = world;
  const before = desk.tree();
  assert.ok((await thief.drive.edit.trash('/photos', signal)).ok);
  await desk.sync();
  assert.deepEqual(desk.tree(), before);
  assert.equal((await desk.engine.held({})).length, 1);
});

test('T73 files that are overwritten one and all keep the version from before', async () => {
  const { world, thief, desk } = await scene();
  await using _ = world;
  for (const path of paths(FILES)) {
    const noise = world.suite.randomBytes(64);
    assert.ok((await thief.drive.put(path, [noise], { makeParents: true }, signal)).ok);
  }
  await desk.sync();
  for (const [n, path] of paths(FILES).entries()) {
    const versions = desk.drive.versions(path);
    assert.ok(versions.ok && versions.value.length === 2, path);
    const parts: Uint8Array[] = [];
    const sink = { write: (part: Uint8Array) => void parts.push(new Uint8Array(part)) };
    const got = await desk.drive.get(path, sink, { version: 1 }, signal);
    assert.ok(got.ok);
    assert.equal(Buffer.concat(parts).toString(), `photo ${n}`);
  }
});
