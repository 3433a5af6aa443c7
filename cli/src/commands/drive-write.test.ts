import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Drive } from '@coffer/sdk';
import { RemoteFault } from '@coffer/sdk/faults';
import type { ParsedInput } from '../command.ts';
import type { CommandContext } from '../context.ts';
import { toFailure } from '../failure.ts';
import { Output } from '../output.ts';
import { recordingStreams } from '../testing/command-world.ts';
import { cp } from './drive-write.ts';

interface BrokenOff {
  readonly kind: 'folder' | 'file';
  readonly hasBegun: boolean;
  readonly isInterrupted?: boolean;
}

async function brokenOff({ kind, hasBegun, isInterrupted = false }: BrokenOff) {
  const ending = new AbortController();
  const copy: Drive['edit']['copy'] = async (_from, _to, _signal, onProgress) => {
    if (hasBegun) onProgress?.({ step: 'changes', done: 1, total: null });
    if (isInterrupted) ending.abort(new DOMException('SIGINT', 'AbortError'));
    throw new RemoteFault('unavailable', 'in its own words', { retry: { kind: 'never' } });
  };
  const resolve = () => ({ ok: true, value: { node: { kind } } });
  const { streams } = recordingStreams();
  const context = {
    output: new Output(streams, { json: true, quiet: false, verbose: false, color: false }),
    signal: ending.signal,
    freshDrive: async () => ({ resolve, edit: { copy } }),
  };
  const input = { positionals: ['/from', '/to'], has: () => true };
  try {
    await cp(context as unknown as CommandContext, input as unknown as ParsedInput);
  } catch (error) {
    return toFailure(error);
  }
  assert.fail('it broke off');
}

test('a copy of a folder that breaks off says that a part of it may stand there', async () => {
  const away = await brokenOff({ kind: 'folder', hasBegun: true });
  assert.deepEqual([away.code, away.path], ['unavailable', '/to']);
  const said = /A part of the copy may stand there.*'coffer rm' before you copy again/;
  assert.match(away.hint ?? '', said);
  const ended = await brokenOff({ kind: 'folder', hasBegun: true, isInterrupted: true });
  assert.equal(ended.code, 'interrupted');
  assert.match(ended.hint ?? '', said);
});

test('of what breaks off before any of it, and of a file, no part is said to stand there', async () => {
  for (const one of [
    { kind: 'folder', hasBegun: false },
    { kind: 'file', hasBegun: true },
  ] as const) {
    const { code, hint } = await brokenOff(one);
    assert.equal(code, 'unavailable');
    assert.doesNotMatch(hint ?? '', /stand there/);
  }
});
