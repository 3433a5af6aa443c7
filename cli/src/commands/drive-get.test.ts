import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Drive } from '@coffer/sdk';
import { Output } from '../output.ts';
import { recordingStreams } from '../testing/command-world.ts';
import { fetchFiles, type Wanted } from './drive-get.ts';

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
