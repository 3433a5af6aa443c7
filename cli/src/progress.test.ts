import assert from 'node:assert/strict';
import test from 'node:test';
import type { EngineStatus, PairStatus } from '@coffer/native-worker/contract';
import { SyncWork } from './commands/sync-progress.ts';
import { Output } from './output.ts';
import { amountLine, AmountProgress, editLine } from './progress.ts';
import { recordingStreams } from './testing/command-world.ts';

interface Shown {
  readonly output: Output;
  readonly said: () => { readonly stdout: string; readonly stderr: string };
}

function terminal(flags: { json?: boolean; quiet?: boolean; isTTY?: boolean } = {}): Shown {
  const { json = false, quiet = false, isTTY = true } = flags;
  const { streams, said } = recordingStreams(undefined, isTTY);
  return { output: new Output(streams, { json, quiet, verbose: false, color: false }), said };
}

/** What a terminal shows: what stands after the last return of each line, without its padding. */
function screen(text: string): readonly string[] {
  return text.split('\n').map((line) => {
    let cells = '';
    for (const part of line.split('\r')) cells = part + cells.slice(part.length);
    return cells.trimEnd();
  });
}

async function sending({ output }: Shown, clock: { ms: number }): Promise<void> {
  const total = { files: 2, bytes: 3000 };
  const pieces = [1000, 1000, 1000].map((size) => new Uint8Array(size));
  using progress = new AmountProgress(output, { now: () => clock.ms, verb: 'Sending', total });
  for await (const piece of progress.counted(pieces)) {
    assert.equal(piece.length, 1000);
    clock.ms += 400;
  }
}

test('one line is written anew, and gone at the end', async () => {
  const shown = terminal();
  await sending(shown, { ms: 0 });
  const lines = shown
    .said()
    .stderr.split('\r')
    .map((line) => line.trimEnd());
  assert.deepEqual(
    lines.filter((line) => line !== ''),
    [
      'Sending: 0 of 2 files, 3.0 kB of 3.0 kB, 3.8 kB/s',
      'Sending: 1 of 2 files, 3.0 kB of 3.0 kB, 2.5 kB/s',
    ],
  );
  assert.deepEqual(screen(shown.said().stderr), ['']);
});

test('what a command says takes the place of the line', () => {
  const shown = terminal();
  shown.output.progress('Sending: 1 of 2 files');
  shown.output.note('note');
  shown.output.progress('a');
  shown.output.error('error');
  shown.output.progress('x'.repeat(200));
  assert.deepEqual(screen(shown.said().stderr), ['note', 'error', 'x'.repeat(79)]);
});

test('nothing is shown without a terminal, with --json or with --quiet', async () => {
  for (const flags of [{ isTTY: false }, { json: true }, { quiet: true }]) {
    const shown = terminal(flags);
    await sending(shown, { ms: 0 });
    assert.equal(shown.said().stderr, '', JSON.stringify(flags));
  }
});

test('a line says what is done, how fast, and how long it takes', () => {
  const total = { files: 12, bytes: 23_000_000 };
  assert.equal(
    amountLine('Fetching', { files: 3, bytes: 1_400_000 }, total, 2),
    'Fetching: 3 of 12 files, 1.4 MB of 23 MB, 700 kB/s, 31 s left',
  );
  assert.equal(
    amountLine('Sending', { files: 0, bytes: 0 }, { files: 1, bytes: 0 }, 0),
    'Sending: 0 of 1 file, 0 B of 0 B',
  );
  const slow = amountLine('Sending', { files: 0, bytes: 1000 }, { files: 1, bytes: 9_000_000 }, 1);
  assert.match(slow, /2 h 30 min left$/);
});

test('sync counts the changes of the plan that are made', () => {
  const work = new SyncWork();
  assert.equal(work.line(), 'Looking for changes');
  const pending = { uploads: 3, downloads: 0, uploadBytes: 10, downloadBytes: 0, other: 1 };
  const pair = { id: 'p', state: 'syncing', pending } as unknown as PairStatus;
  const transfer = { bytesPerSecond: 1500 } as EngineStatus['transfers'][number];
  work.hear({ kind: 'status', status: { pairs: [pair], transfers: [transfer] } });
  const activity = { at: '', op: 'upload', path: '/a', device: 'd' };
  work.hear({ kind: 'activity', activity });
  assert.equal(work.line(), 'Syncing: 1 of 4 changes, 1 file under way, 1.5 kB/s');
  const rest = { ...pair, pending: { ...pending, uploads: 1, other: 0 } };
  work.hear({ kind: 'status', status: { pairs: [rest], transfers: [] } });
  assert.equal(work.line(), 'Syncing: 0 of 1 change');
});

test('a long edit says what it is at, with the end where that is known', () => {
  assert.equal(editLine('Copying', { step: 'changes', done: 1, total: null }), 'Copying: 1 change');
  assert.equal(
    editLine('Rewinding', { step: 'changes', done: 2, total: 7 }),
    'Rewinding: 2 of 7 changes',
  );
  assert.equal(
    editLine('Rewinding', { step: 'history', done: 200, total: 1200 }),
    'Fetching the history: 200 of 1200 commits',
  );
});
