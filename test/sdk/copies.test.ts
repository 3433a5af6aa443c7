/** Copies that send no content, and a folder as it was at a moment. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { TREE_DEPTH_MAX } from '@coffer/protocol/core';
import type { EditProgress } from '@coffer/sdk';
import { systemRandom } from '@coffer/sdk/node';
import { paths, putText, readText, signal, World } from './harness.ts';

test('a copy of a folder holds everything in it and sends no chunk', async () => {
  await using world = await World.create('laptop', 'desk');
  const [{ drive, requests }, desk] = world.pair;
  await drive.put('/a/large', [systemRandom.bytes(3_000_000)], { makeParents: true }, signal);
  await putText(drive, '/a/deep/b', 'b');
  const link = { kind: 'symlink', path: '/a/link', target: 'large' } as const;
  await drive.putAll([link], { makeParents: true }, signal);
  requests.length = 0;
  const sent = drive.space.bytesOnWire().sent;
  const made = await drive.edit.copy('/a', '/copy', signal);
  assert.ok(made.ok);
  assert.equal(made.value.path, '/copy');
  assert.ok(drive.space.bytesOnWire().sent - sent < 20_000);
  const below = (root: string): readonly string[] =>
    paths(drive)
      .filter((path) => path.startsWith(`${root}/`))
      .map((path) => path.slice(root.length));
  assert.deepEqual(below('/copy'), below('/a'));
  await desk.drive.refresh(signal);
  assert.equal(await readText(desk.drive, '/copy/deep/b'), 'b');
  await putText(drive, '/a/deep/b', 'changed');
  assert.equal(await readText(drive, '/copy/deep/b'), 'b');
});

test('a copy goes into a folder or to a name, never replaces, never into itself', async () => {
  await using world = await World.create('laptop');
  const [{ drive }] = world.pair;
  await putText(drive, '/a', 'a');
  await putText(drive, '/docs/b', 'b');
  assert.ok((await drive.edit.copy('/a', '/docs', signal)).ok);
  const codeOf = async (from: string, to: string): Promise<string> => {
    const made = await drive.edit.copy(from, to, signal);
    return made.ok ? made.value.path : made.error.code;
  };
  assert.equal(await codeOf('/a', '/docs/a'), 'exists');
  assert.equal(await codeOf('/docs', '/docs'), 'refused');
  assert.equal(await codeOf('/docs', '/docs/inner'), 'refused');
  assert.equal(await codeOf('/x', '/y'), 'not-found');
  assert.equal(await codeOf('/a', '/nowhere/a'), 'not-found');
  assert.equal(await codeOf('/a', '/a2'), '/a2');
  assert.deepEqual(paths(drive), ['/a', '/a2', '/docs', '/docs/a', '/docs/b']);
});

test('of a copy that is refused half way nothing stands; what was made of it is in the trash', async () => {
  await using world = await World.create('laptop');
  const [{ drive }] = world.pair;
  const deep = `/a${'/x'.repeat(TREE_DEPTH_MAX / 2)}`;
  await drive.makeFolder(deep, { parents: true }, signal);
  await drive.makeFolder(deep.replace('/a', '/b'), { parents: true }, signal);
  const before = paths(drive);
  const told: EditProgress[] = [];
  const copied = await drive.edit.copy('/a', `${deep.replace('/a', '/b')}/copy`, signal, (one) =>
    told.push(one),
  );
  assert.ok(!copied.ok);
  assert.equal(copied.error.code, 'limit-reached');
  assert.deepEqual(paths(drive), before);
  assert.deepEqual(
    drive.trashed().map(({ name }) => name),
    ['copy'],
  );
  assert.deepEqual(copied.error.part, drive.trashed()[0]);
  assert.deepEqual(told.at(-1), { step: 'changes', done: TREE_DEPTH_MAX / 2 + 1, total: null });
});
