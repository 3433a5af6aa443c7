/**
 * H1: a device is killed at every call that changes its disk, and at every request, in the middle of
 * a mixed history; after a restart both devices agree and no content is gone.
 */
import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import test from 'node:test';
import { Crash, type DiskCall, type DiskTurn } from '../testing/index.ts';
import { crashHistory, type CrashHistory } from './testing/crash-history.ts';
import type { MemorySpace } from './testing/memory-space.ts';
import { syncAll } from './testing/test-device.ts';

const CHANGING = new Set<DiskCall['kind']>([
  'rename',
  'link',
  'unlink',
  'makeFolder',
  'makeSymlink',
  'createFile',
  'file.write',
  'file.sync',
  'syncFolder',
  'setTimes',
  'setMode',
]);

interface History extends CrashHistory {
  /** Every content that somebody wrote and nobody replaced knowingly. */
  readonly contents: readonly string[];
}

/** Device b has everything to do at once, in both directions. */
async function mixedHistory(): Promise<History> {
  const history = await crashHistory();
  const { a, b } = history;
  for (const name of ['edit', 'both', 'swap1', 'swap2', 'gone', 'move', 'mine', 'dir/x', 'dir/y']) {
    a.write(name, `${name} v1`);
  }
  await syncAll([a, b]);
  a.write('edit', 'edit v2');
  a.write('both', 'both from a');
  a.write('new/deep', 'new from a');
  a.disk.user.rename(a.at('swap1'), a.at('t'));
  a.disk.user.rename(a.at('swap2'), a.at('swap1'));
  a.disk.user.rename(a.at('t'), a.at('swap2'));
  a.disk.user.remove(a.at('gone'));
  a.disk.user.remove(a.at('dir'));
  a.disk.user.rename(a.at('move'), a.at('moved'));
  await a.sync();
  b.write('both', 'both from b');
  b.write('own', 'own of b');
  b.disk.user.rename(b.at('mine'), b.at('renamed'));
  b.disk.clock.advance(1000);
  const contents = ['edit v2', 'both from a', 'both from b', 'new from a', 'own of b'];
  const kept = ['edit v1', 'gone v1', 'dir/x v1', 'dir/y v1', 'mine v1', 'swap1 v1', 'swap2 v1'];
  return { ...history, contents: [...contents, ...kept] };
}

const EXPECTED = ['both', 'edit', 'moved', 'new', 'new/deep', 'own', 'renamed', 'swap1', 'swap2'];

interface Kill {
  readonly phase: 'before' | 'after';
  /** What is counted: calls that change the disk, or requests. */
  readonly at: 'disk' | 'request';
  /** True: power goes, and with it everything that was not synced. */
  readonly powerLoss: boolean;
}

/** Runs b's sync and kills it at the `number`-th point; false when it had ended before. */
async function killedAt(history: History, number: number, kill: Kill): Promise<boolean> {
  let seen = 0;
  let isDead = false;
  const die = (what: string): never => {
    isDead = true;
    victim.database.close();
    if (kill.powerLoss) history.b.disk.sim?.crash();
    throw new Crash(what);
  };
  const turn: DiskTurn = (phase, call) => {
    if (isDead) throw new Crash('the process is dead');
    const counts = kill.at === 'disk' && phase === kill.phase && CHANGING.has(call.kind);
    if (counts && seen++ === number) die(`${phase} ${call.kind}`);
    return undefined;
  };
  history.b.disk.sim?.writeBack(0);
  const victim = history.b.restarted(turn);
  history.space.fault = (request, phase) => {
    if (isDead) throw new Crash('the process is dead');
    const counts = kill.at === 'request' && phase === kill.phase;
    if (counts && seen++ === number) die(`${phase} ${request}`);
  };
  try {
    await victim.engine.syncNow({});
  } catch (error) {
    assert.ok(isDead, `died of something else: ${String(error)}`);
  }
  history.space.fault = () => undefined;
  return isDead;
}

async function recoveredFrom(history: History, what: string): Promise<void> {
  const { a, contents, space } = history;
  const b = history.b.restarted();
  await syncAll([b, a]);
  assert.deepEqual(b.tree(), a.tree(), what);
  const copies = Object.keys(a.tree()).filter((path) => path.includes('(conflict '));
  assert.equal(copies.length, 1, `${what}: ${Object.keys(a.tree()).join(' ')}`);
  const rest = Object.keys(a.tree()).filter((path) => !copies.includes(path));
  assert.deepEqual(rest.sort(), EXPECTED, what);
  assert.equal(a.read('swap1'), 'swap2 v1', what);
  const held = contentsOf(space);
  for (const content of contents) assert.ok(held.has(content), `${what}: ${content} is gone`);
  b.database.close();
}

/** Contents of live and trashed nodes and of versions. */
function contentsOf(space: MemorySpace): ReadonlySet<string> {
  const digests = [...space.snapshot().values()].map(({ bytes }) => bytes);
  for (const versions of space.versions.values()) digests.push(...versions);
  return new Set(
    digests
      .filter((digest) => digest !== null)
      .map((digest) => new TextDecoder().decode(space.contents.get(digest))),
  );
}

const KILLS: readonly (Kill & { readonly title: string; readonly pointsMin: number })[] = [
  { title: 'before', phase: 'before', at: 'disk', powerLoss: false, pointsMin: 30 },
  { title: 'after', phase: 'after', at: 'disk', powerLoss: false, pointsMin: 30 },
  { title: 'by a power cut before', phase: 'before', at: 'disk', powerLoss: true, pointsMin: 30 },
  { title: 'by a power cut after', phase: 'after', at: 'disk', powerLoss: true, pointsMin: 30 },
];

for (const { title, pointsMin, ...kill } of KILLS) {
  test(`H1 killed ${title} every changing call of the disk, a device loses nothing`, async () => {
    await killEverywhere(kill, pointsMin);
  });
}

test('H1, A20 killed before every request, a device loses nothing', async () => {
  await killEverywhere({ phase: 'before', at: 'request', powerLoss: false }, 5);
});

test('H1, A20 killed after every request, before its answer, a device loses nothing', async () => {
  await killEverywhere({ phase: 'after', at: 'request', powerLoss: false }, 5);
});

async function killEverywhere(kill: Kill, pointsMin: number): Promise<void> {
  let number = 0;
  for (let crashed = true; crashed; number++) {
    const history = await mixedHistory();
    crashed = await killedAt(history, number, kill);
    await recoveredFrom(history, `${kill.phase} ${kill.at} ${number}`);
    rmSync(history.folder, { recursive: true });
  }
  assert.ok(number > pointsMin, `only ${number} points: the history does too little`);
}

/** Device b made `d/made`, and died before its name was durable; a trashed it since. */
async function madeAndTrashed(): Promise<CrashHistory> {
  const history = await crashHistory();
  const { a, b } = history;
  a.write('d/kept', 'kept');
  await syncAll([a, b]);
  a.disk.user.folder(a.at('d/made'));
  await a.sync();
  const victim = b.restarted((phase, { kind }) => {
    if (phase !== 'before' || kind !== 'syncFolder') return undefined;
    victim.database.close();
    throw new Crash('killed');
  });
  await assert.rejects(victim.engine.syncNow({}));
  a.disk.user.remove(a.at('d/made'));
  assert.equal((await a.sync()).trashed, 1);
  return history;
}

test('a folder made just before a crash, and trashed by somebody meanwhile, is here alone for no one', async () => {
  const { a, b, folder } = await madeAndTrashed();
  const again = b.restarted();
  assert.deepEqual(again.tree(), { d: null, 'd/kept': 'kept', 'd/made': null });
  await syncAll([again, a]);
  assert.deepEqual(again.tree(), a.tree());
  again.database.close();
  rmSync(folder, { recursive: true });
});

test('nor is it where the folder above has another name by the restart', async () => {
  const { a, b, folder } = await madeAndTrashed();
  b.disk.user.rename(b.at('d'), b.at('e'));
  const again = b.restarted();
  assert.deepEqual(again.tree(), { e: null, 'e/kept': 'kept', 'e/made': null });
  await syncAll([again, a]);
  assert.deepEqual(again.tree(), a.tree());
  again.database.close();
  rmSync(folder, { recursive: true });
});
