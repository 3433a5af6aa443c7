/** A disk that fails one call while files are being put in their slots: what is there is known. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DeviceId, NodeId } from '@coffer/protocol/core';
import type { DiskCall, DiskTurn } from '../testing/index.ts';
import { MemorySpace } from './testing/memory-space.ts';
import { pairedDevice, type TestDevice } from './testing/test-device.ts';

const FAILING = new Set<DiskCall['kind']>(['lstat', 'link', 'unlink', 'rename', 'syncFolder']);
const NAMES = ['1', '2', '3'];
/** From the first file that has its name to the rows of all, and what comes after them. */
const CALLS = 24;

/** Somebody else renames files in the drive, at this moment. */
function renameAll(space: MemorySpace, names: readonly string[]): void {
  for (const [id, node] of space.snapshot()) {
    if (!names.includes(node.name)) continue;
    const { parent, name } = node;
    space.commit([{ op: 'move', id, parent, name: `${name} moved` }], 'web' as DeviceId);
  }
}

/** Two devices; b lacks two new files and the new content of a third. */
async function behind(): Promise<{ space: MemorySpace; a: TestDevice; b: TestDevice }> {
  const space = new MemorySpace();
  const a = await pairedDevice(space, 'anna');
  const b = await pairedDevice(space, 'bert');
  a.write('d/3', 'old');
  await a.sync();
  await b.sync();
  for (const name of NAMES) a.write(`d/${name}`, `content of ${name}`);
  await a.sync();
  return { space, a, b };
}

/** Fails the `number`-th call after the first file got its name; false when there were fewer. */
async function failsOnce(number: number): Promise<string | undefined> {
  const { space, a, b } = await behind();
  let isPlacing = false;
  let seen = 0;
  let failed: string | undefined;
  const turn: DiskTurn = (phase, call) => {
    if (phase === 'after' && call.kind === 'link') isPlacing = true;
    if (phase === 'after' || !isPlacing || !FAILING.has(call.kind) || failed !== undefined)
      return undefined;
    if (seen++ !== number) return undefined;
    failed = `call ${number}, ${call.kind} ${call.path}`;
    renameAll(space, NAMES);
    return 'denied';
  };
  const busy = b.restarted(turn);
  for (let round = 0; round < 4; round++) {
    await busy.engine.syncNow({}).catch(() => undefined);
    busy.disk.clock.advance(60_000);
  }
  if (failed === undefined) return undefined;
  await a.sync();
  await busy.sync();
  await a.sync();
  const wanted = Object.fromEntries(NAMES.map((name) => [`d/${name} moved`, `content of ${name}`]));
  assert.deepEqual(busy.tree(), { d: null, ...wanted }, failed);
  assert.deepEqual(a.tree(), busy.tree(), failed);
  assert.equal(nodesNamed(space, 'content of 1').length, 1, failed);
  return failed;
}

function nodesNamed(space: MemorySpace, content: string): readonly NodeId[] {
  return [...space.snapshot()]
    .filter(([, { bytes }]) => bytes !== null && textOf(space, bytes) === content)
    .map(([id]) => id);
}

function textOf(space: MemorySpace, digest: Parameters<typeof space.contents.get>[0]): string {
  return new TextDecoder().decode(space.contents.get(digest));
}

test('whatever call fails while files get their names, each is there once, though they move', async () => {
  for (let number = 0; number < CALLS; number++) {
    assert.ok((await failsOnce(number)) !== undefined, `only ${number} calls: nothing was placed`);
  }
});

test('an entry that could not be looked at after it was set aside is one conflict copy', async () => {
  const { space, a, b } = await behind();
  b.write('d/3', 'mine');
  let copy = '';
  const turn: DiskTurn = (phase, { kind, path, to }) => {
    if (phase === 'after' && kind === 'rename' && to?.includes('(conflict ')) copy = to;
    if (phase === 'after' || copy === '' || kind !== 'lstat' || path !== copy) return undefined;
    copy = '';
    return 'io';
  };
  const busy = b.restarted(turn);
  for (let round = 0; round < 2; round++) {
    await busy.engine.syncNow({}).catch(() => undefined);
    busy.disk.clock.advance(60_000);
  }
  const again = busy.restarted();
  for (const device of [again, a, again]) await device.sync();
  const copies = Object.entries(a.tree()).filter(([path]) => path.includes('(conflict '));
  assert.deepEqual(
    copies.map(([, content]) => content),
    ['mine'],
  );
  assert.deepEqual(again.tree(), a.tree());
  assert.equal(nodesNamed(space, 'mine').length, 1);
});
