/**
 * Two devices change one drive at random, at the same time, over a connection that loses answers.
 * Whatever happens, they and a device that starts anew see the same drive in the end.
 */
import assert from 'node:assert/strict';
import test from 'node:test';
import type { NodeId } from '@coffer/protocol/core';
import { RemoteFault, type Drive, type NodeView, type SpaceChange } from '@coffer/sdk';
import { honest, signal, World, type Device } from './harness.ts';

const SEEDS = [1, 2, 31, 54];
const ROUNDS = 25;

/** Mulberry32: small, and the same everywhere. */
function numbersFrom(seed: number): (below: number) => number {
  let state = seed * 0x9e3779b9;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

/** Every readable node, root and trash left out. */
function nodes(drive: Drive): readonly NodeView[] {
  const found: NodeView[] = [];
  const folders: NodeId[] = [drive.space.rootFolder, drive.space.trash];
  for (const folder of folders) {
    for (const node of drive.space.children(folder)) {
      assert.ok(!('unreadable' in node));
      found.push(node);
      if (node.kind === 'folder') folders.push(node.id);
    }
  }
  return found;
}

async function randomChanges(
  drive: Drive,
  pick: (below: number) => number,
): Promise<readonly SpaceChange[]> {
  const all = nodes(drive);
  const folders = [
    drive.space.rootFolder,
    ...all.filter((n) => n.kind === 'folder').map((n) => n.id),
  ];
  const folder = (): NodeId => folders[pick(folders.length)] ?? drive.space.rootFolder;
  const name = (): string => `n${pick(6)}`;
  const meta = { mtimeMs: pick(1000), executable: pick(2) === 0 };
  const text = new TextEncoder().encode(`content ${pick(50)}`);
  const content = await drive.space.createUploader().add([text], signal);
  const change = (): SpaceChange => {
    const id = drive.space.newNodeId();
    const place = { parent: folder(), name: name() };
    const node = all[pick(Math.max(1, all.length))];
    const kind = pick(node === undefined ? 3 : 12);
    if (kind === 0) return { op: 'make-folder', id, ...place };
    if (kind === 1) return { op: 'make-symlink', id, ...place, target: name() };
    if (node === undefined || kind === 2) {
      return { op: 'make-file', id, ...place, content, meta, copyOf: null };
    }
    const seen = { id: node.id, rev: node.rev };
    if (kind <= 4) return { op: 'write', ...seen, content, meta, keepVersion: pick(3) > 0 };
    if (kind === 5) return { op: 'set-meta', ...seen, meta };
    if (kind <= 8) return { op: 'move', id: node.id, ...place };
    if (kind === 9) return { op: 'restore', id: node.id, ...place };
    return { op: kind === 10 ? 'trash' : 'purge', id: node.id };
  };
  return Array.from({ length: 1 + pick(6) }, change);
}

/** Commits, pulls or both, and shrugs at what the connection does. */
async function act({ drive }: Device, pick: (below: number) => number): Promise<void> {
  try {
    if (pick(3) === 0) await drive.refresh(signal);
    const changes = await randomChanges(drive, pick);
    const outcomes = await drive.space.commit(changes, signal);
    assert.equal(outcomes.length, changes.length);
  } catch (error) {
    if (!(error instanceof RemoteFault)) throw error;
  }
}

for (const seed of SEEDS) {
  test(`devices that race over a bad connection end with one drive (seed ${seed})`, async () => {
    await using world = await World.create('laptop', 'desk', 'late');
    const [laptop, desk, late] = world.devices;
    assert.ok(laptop !== undefined && desk !== undefined && late !== undefined);
    const pick = numbersFrom(seed);
    for (const device of [laptop, desk]) {
      device.answer = ({ body }) => (pick(12) === 0 ? 'lost' : body);
    }
    for (let round = 0; round < ROUNDS; round++) {
      await Promise.all([act(laptop, pick), act(desk, pick)]);
    }
    const states: unknown[] = [];
    for (const device of [laptop, desk, late]) {
      device.answer = honest;
      await device.drive.refresh(signal);
      states.push([device.drive.space.head(), nodes(device.drive)]);
    }
    assert.deepEqual(states[0], states[2]);
    assert.deepEqual(states[1], states[2]);
    const reopened = await laptop.reopen();
    assert.deepEqual(nodes(reopened), nodes(late.drive));
    assert.ok(late.drive.space.head().seq > 5, 'hardly anything was committed');
  });
}
