import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
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
