import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import type { AccountId, DeviceId, SpaceId } from '@coffer/protocol/core';
import type { DeviceSecrets } from '../../ports/index.ts';
import { createKeyFile, KeyFileDamaged } from './key-file.ts';

const secrets: DeviceSecrets = {
  server: 'https://coffer.example',
  email: 'ana@example.org',
  account: 'a1'.repeat(16) as AccountId,
  device: 'd1'.repeat(16) as DeviceId,
  deviceName: 'laptop “α”',
  deviceSeed: new Uint8Array(32).fill(1),
  deviceKemSeed: new Uint8Array(32).fill(2),
  generation: 3,
  accountKey: new Uint8Array(32).fill(4),
  databaseKey: new Uint8Array(32).fill(5),
};
const homes = { accountSpace: 'e1'.repeat(16) as SpaceId, drive: 'f1'.repeat(16) as SpaceId };

async function inFolder(action: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'coffer-keys-'));
  try {
    await action(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

test('what is saved is loaded again, and clearing it forgets it', () =>
  inFolder(async (folder) => {
    const store = createKeyFile(join(folder, 'deeper', 'keys.json'));
    assert.equal(await store.load(), undefined);
    await store.save(secrets);
    assert.deepEqual(await store.load(), secrets);
    await store.save({ ...secrets, homes });
    assert.deepEqual(await store.load(), { ...secrets, homes });
    await store.clear();
    await store.clear();
    assert.equal(await store.load(), undefined);
  }));

test('only the owner can read the file and list its folder', () =>
  inFolder(async (folder) => {
    const path = join(folder, 'deeper', 'keys.json');
    await createKeyFile(path).save(secrets);
    assert.equal((await stat(path)).mode & 0o777, 0o600);
    assert.equal((await stat(join(folder, 'deeper'))).mode & 0o777, 0o700);
  }));

test('what a crash left beside the file is replaced and never loaded', () =>
  inFolder(async (folder) => {
    const path = join(folder, 'keys.json');
    const store = createKeyFile(path);
    await store.save(secrets);
    await writeFile(`${path}.new`, '{"format":1');
    assert.deepEqual(await store.load(), secrets);
    await store.save({ ...secrets, generation: 4 });
    assert.equal((await store.load())?.generation, 4);
    assert.deepEqual(await readdir(folder), ['keys.json']);
  }));

test('a damaged file is said to be damaged, and stays as it is', () =>
  inFolder(async (folder) => {
    const path = join(folder, 'keys.json');
    const store = createKeyFile(path);
    await store.save(secrets);
    const whole = await readFile(path, 'utf8');
    const damaged = [
      '',
      'null',
      '{}',
      whole.slice(0, -1),
      whole.replace('"format":1', '"format":2'),
      whole.replace('a1a1', 'g1a1'),
      whole.replace(/"deviceSeed":"[^"]*"/, '"deviceSeed":"AQ"'),
    ];
    for (const text of damaged) {
      await writeFile(path, text);
      await assert.rejects(store.load(), KeyFileDamaged, text);
      assert.equal(await readFile(path, 'utf8'), text);
    }
  }));
