import assert from 'node:assert/strict';
import { resolve } from 'node:path';
import { test } from 'node:test';
import type { CommandContext } from '../context.ts';
import { Output } from '../output.ts';
import type { ParsedInput } from '../command.ts';
import { recordingStreams } from '../testing/command-world.ts';
import { stallsList } from './decisions.ts';

/** How many stalls are listed for a word, of one at `/home/drive/deep/file`. */
async function listedFor(word: string, remote: string): Promise<number> {
  const { streams, said } = recordingStreams();
  const output = new Output(streams, { json: true, quiet: false, verbose: false, color: false });
  const engine = {
    listPairs: async () => [{ local: '/home/drive', remote }],
    stalls: async () => [{ path: '/home/drive/deep/file', needsPerson: true }],
  };
  const path = (local: string): string => resolve('/elsewhere', local);
  const context = { output, path, engine: async () => engine } as unknown as CommandContext;
  await stallsList(context, { positionals: ['list', word] } as unknown as ParsedInput);
  return (JSON.parse(said().stdout) as unknown[]).length;
}

test('a place of stalls is a local path or one on the drive, however its end is written', async () => {
  for (const word of ['/home/drive/', '/docs', '/docs/', 'docs/deep/', '/docs/deep/file'])
    assert.equal(await listedFor(word, '/docs'), 1, word);
  for (const word of ['/', '/deep', 'deep/']) assert.equal(await listedFor(word, '/'), 1, word);
  for (const word of ['/docs/dee', '/docs/other/'])
    assert.equal(await listedFor(word, '/docs'), 0, word);
  await assert.rejects(listedFor('/doc', '/docs'), { code: 'not-found' });
});
