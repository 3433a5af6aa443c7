/** A device that ends while files come down knows them afterwards, even where their nodes moved meanwhile. */
import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import test from 'node:test';
import type { DeviceId } from '@coffer/protocol/core';
import { Crash, type DiskCall, type DiskTurn } from '../testing/index.ts';
import { crashHistory, type CrashHistory } from './testing/crash-history.ts';
import type { MemorySpace } from './testing/memory-space.ts';
import { syncAll, type TestDevice } from './testing/test-device.ts';

const PLACING = new Set<DiskCall['kind']>([
  'link',
  'unlink',
  'rename',
  'makeSymlink',
  'syncFolder',
]);
const NAMES = ['1', '2', '3', 'l', 'e', 'f', '4'];
/** Calls of the disk between two power cuts. */
const STRIDE = 8;

/** b lacks two new files, two folders with a third one, a link and the new content of a third file. */
async function behind(): Promise<CrashHistory> {
  const history = await crashHistory();
  const { a, b } = history;
  a.write('d/3', 'old');
  await a.sync();
  await b.sync();
  for (const name of ['1', '2', '3']) a.write(`d/${name}`, `content of ${name}`);
  a.write('e/f/4', 'content of 4');
  a.disk.user.symlink('elsewhere', a.at('d/l'));
  await a.sync();
  b.disk.sim?.writeBack(0);
  return history;
}

type When = (phase: 'before' | 'after', call: DiskCall) => boolean;

/** Runs the device's sync until `when`; false when it had ended before. */
async function endsAt(device: TestDevice, powerLoss: boolean, when: When): Promise<boolean> {
  let isDead = false;
  const turn: DiskTurn = (phase, call) => {
    if (isDead) throw new Crash('the process is dead');
    if (!when(phase, call)) return undefined;
    isDead = true;
    victim.database.close();
    // What happened to reach the disk did, the database did not always.
    if (powerLoss) device.disk.sim?.crash();
    throw new Crash('killed');
  };
  const victim = device.restarted(turn);
  try {
    await victim.engine.syncNow({});
  } catch (error) {
    assert.ok(isDead, `died of something else: ${String(error)}`);
  }
  return isDead;
}

function atPlacingCall(number: number): When {
  let seen = 0;
  return (phase, call) => phase === 'after' && PLACING.has(call.kind) && seen++ === number;
}

/** All have their names, and nothing of that is durable. */
const isPlaced: When = (phase, { kind, path }) =>
  phase === 'before' && kind === 'syncFolder' && path.endsWith('/d');

/** Somebody else renames all in the drive. */
function renameAll(space: MemorySpace): void {
  for (const [id, { parent, name }] of space.snapshot()) {
    if (!NAMES.includes(name)) continue;
    space.commit([{ op: 'move', id, parent, name: `${name} moved` }], 'web' as DeviceId);
  }
}

const MOVED = {
  d: null,
  ...Object.fromEntries(['1', '2', '3'].map((name) => [`d/${name} moved`, `content of ${name}`])),
  'd/l moved': '-> elsewhere',
  'e moved': null,
  'e moved/f moved': null,
  'e moved/f moved/4 moved': 'content of 4',
};

test('killed after any step of placing, a device has each file once, though all moved meanwhile', async () => {
  let number = 0;
  for (let isKilled = true; isKilled; number++) {
    const { space, a, b, folder } = await behind();
    isKilled = await endsAt(b, false, atPlacingCall(number));
    renameAll(space);
    const again = b.restarted();
    await syncAll([again, a]);
    assert.deepEqual(again.tree(), MOVED, `after ${number} calls`);
    assert.deepEqual(a.tree(), MOVED, `after ${number} calls`);
    again.database.close();
    rmSync(folder, { recursive: true });
  }
  assert.ok(number > 10, `only ${number} calls: nothing was placed`);
});

test('a power cut while it recovers from being killed takes nothing from anybody', async () => {
  let number = 0;
  for (let isCut = true; isCut; number++) {
    const { a, b, folder } = await behind();
    const wanted = a.tree();
    assert.ok(await endsAt(b, false, isPlaced));
    let seen = 0;
    isCut = await endsAt(b, true, (phase) => phase === 'after' && seen++ === number * STRIDE);
    const again = b.restarted();
    await syncAll([again, a]);
    assert.deepEqual(again.tree(), wanted, `after ${number * STRIDE} calls`);
    assert.deepEqual(a.tree(), wanted, `after ${number * STRIDE} calls`);
    again.database.close();
    rmSync(folder, { recursive: true });
  }
  assert.ok(number > 10, `only ${number} cuts: nothing was recovered`);
});

test('an edit of a file that had its name when the device ended goes up as an edit', async () => {
  const { space, a, b, folder } = await behind();
  assert.ok(await endsAt(b, false, isPlaced));
  const nodes = space.snapshot().size;
  b.write('d/1', 'edited');
  const again = b.restarted();
  await syncAll([again, a]);
  assert.deepEqual([a.read('d/1'), again.read('d/1')], ['edited', 'edited']);
  assert.equal(space.snapshot().size, nodes, 'no new node');
  again.database.close();
  rmSync(folder, { recursive: true });
});

test('a folder that comes back with what was in it brings it, whenever the device ended', async () => {
  let number = 0;
  for (let isKilled = true; isKilled; number++) {
    const { a, b, folder } = await behind();
    await b.sync();
    b.disk.user.remove(b.at('d'));
    a.disk.user.rename(a.at('d'), a.at('elsewhere'));
    await a.sync();
    isKilled = await endsAt(b, false, atPlacingCall(number));
    const again = b.restarted();
    await syncAll([again, a]);
    const kept = Object.keys(a.tree()).filter((path) => path.startsWith('elsewhere/'));
    assert.equal(kept.length, 4, `after ${number} calls: ${Object.keys(a.tree()).join(' ')}`);
    assert.deepEqual(again.tree(), a.tree(), `after ${number} calls`);
    again.database.close();
    rmSync(folder, { recursive: true });
  }
});
