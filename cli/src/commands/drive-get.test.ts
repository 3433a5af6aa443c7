import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { test } from 'node:test';
import type { Drive } from '@coffer/sdk';
import { Output } from '../output.ts';
import { recordingStreams } from '../testing/command-world.ts';
import { fetchFiles, thoseThere, type Wanted } from './drive-get.ts';

test('who interrupts a fetch finds nothing of what was begun', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'coffer-get-'));
  const ending = new AbortController();
  const fetch: Drive['space']['fetch'] = async (_, sink, signal) => {
    sink.begin(0, {} as never);
    sink.write(0, Buffer.from('half of it'));
    assert.equal(readdirSync(folder).length, 1);
    ending.abort();
    signal.throwIfAborted();
  };
  const drive = { space: { fetch } } as unknown as Drive;
  const node = { id: 'n', rev: 1, executable: false, mtimeMs: null };
  const wanted = { entry: { node, path: '/letter' }, local: join(folder, 'letter') };
  const { streams } = recordingStreams();
  const output = new Output(streams, { json: true, quiet: false, verbose: false, color: false });
  const context = { output, signal: ending.signal };
  await assert.rejects(fetchFiles(context, drive, [wanted as unknown as Wanted]));
  assert.deepEqual(readdirSync(folder), []);
  rmSync(folder, { recursive: true });
});

test('looking whether a large file is there lets others have their turn, and can be interrupted', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'coffer-get-'));
  const local = join(folder, 'film');
  const size = 64 * 1024 * 1024;
  writeFileSync(local, '');
  truncateSync(local, size);
  const node = { kind: 'file', size, sha256: 'that of another film' };
  const wanted = [{ entry: { node, path: '/film' }, local } as unknown as Wanted];
  const ending = new AbortController();
  const looking = assert.rejects(thoseThere(wanted, ending.signal), { name: 'AbortError' });
  await turn();
  ending.abort();
  await looking;
  assert.equal((await thoseThere(wanted, new AbortController().signal)).size, 0);
  rmSync(folder, { recursive: true });
});
