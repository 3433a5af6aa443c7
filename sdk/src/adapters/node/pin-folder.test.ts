import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { SpaceId } from '@coffer/protocol/core';
import { createPinFolder } from './pin-folder.ts';

test('what is saved of a space is loaded again, in a file that only the owner can read', async () => {
  const base = await mkdtemp(join(tmpdir(), 'coffer-pins-'));
  try {
    const folder = join(base, 'pins');
    const [first, second] = ['ab', 'cd'].map((digits) => digits.repeat(16) as SpaceId);
    assert.ok(first !== undefined && second !== undefined);
    const pins = createPinFolder(folder);
    assert.equal(await pins.load(first), undefined);
    await pins.save(first, Uint8Array.of(1));
    await pins.save(second, Uint8Array.of(2));
    await pins.save(first, Uint8Array.of(3));
    assert.deepEqual([...((await createPinFolder(folder).load(first)) ?? [])], [3]);
    assert.deepEqual((await readdir(folder)).sort(), [`${first}.pin`, `${second}.pin`]);
    assert.equal((await stat(join(folder, `${first}.pin`))).mode & 0o777, 0o600);
    assert.equal((await stat(folder)).mode & 0o777, 0o700);
  } finally {
    await rm(base, { recursive: true, force: true });
  }
});

test('of many that save at once, in this process or others, one is kept whole', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'coffer-pins-'));
  try {
    const space = 'ab'.repeat(16) as SpaceId;
    const saved = Array.from({ length: 20 }, (_, i) => new Uint8Array(10_000).fill(i));
    await Promise.all(saved.map((bytes) => createPinFolder(folder).save(space, bytes)));
    const kept = await createPinFolder(folder).load(space);
    assert.ok(saved.some((bytes) => kept !== undefined && Buffer.compare(bytes, kept) === 0));
    assert.deepEqual(await readdir(folder), [`${space}.pin`]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

test('what a crash left is removed at the first save, what others write now is not', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'coffer-pins-'));
  try {
    const space = 'ab'.repeat(16) as SpaceId;
    const [left, now, foreign] = [`${space}.pin.7-0.new`, `${space}.pin.8-3.new`, 'notes.new'];
    for (const name of [left, now, foreign]) await writeFile(join(folder, name), 'half');
    for (const name of [left, foreign]) await utimes(join(folder, name), 1e9, 1e9);
    await createPinFolder(folder).save(space, Uint8Array.of(1));
    assert.deepEqual((await readdir(folder)).sort(), [`${space}.pin`, now, foreign].sort());
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
