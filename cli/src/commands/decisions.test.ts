import assert from 'node:assert/strict';
import { resolve } from 'node:path';
import { test } from 'node:test';
import type { CommandContext } from '../context.ts';
import { Output } from '../output.ts';
import type { ParsedInput } from '../command.ts';
import { recordingStreams } from '../testing/command-world.ts';
import { heldUndo, stallsList } from './decisions.ts';

/** A command's surroundings: nothing but this engine, in the folder `/elsewhere`. */
function contextOf(engine: object) {
  const { streams, said } = recordingStreams();
  const output = new Output(streams, { json: true, quiet: false, verbose: false, color: false });
  const path = (local: string): string => resolve('/elsewhere', local);
  const context = { output, path, engine: async () => engine } as unknown as CommandContext;
  return { context, said };
}

const given = (...positionals: readonly string[]): ParsedInput =>
  ({ positionals }) as unknown as ParsedInput;

/** How many stalls are listed for a word, of one at `/home/drive/deep/file`. */
async function listedFor(word: string, remote: string): Promise<number> {
  const { context, said } = contextOf({
    listPairs: async () => [{ local: '/home/drive', remote }],
    stalls: async () => [{ path: '/home/drive/deep/file', needsPerson: true }],
  });
  await stallsList(context, given('list', word));
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

/** What the engine is asked for a word. */
async function undoneFor(word: string): Promise<string | undefined> {
  let asked: string | undefined;
  const { context } = contextOf({
    held: async () => [{}],
    undoHeld: async ({ id }: { id?: string }) => void (asked = id),
  });
  await heldUndo(context, given(word));
  return asked;
}

test('held deletions are named by their id, or by the folder as a person writes it', async () => {
  const id = '98a4394fb80a67ab566408491607ec2e';
  assert.equal(await undoneFor(id), id);
  for (const word of ['Drive', './Drive', 'Drive/', '/elsewhere/Drive'])
    assert.equal(await undoneFor(word), '/elsewhere/Drive', word);
});
