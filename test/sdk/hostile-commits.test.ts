/**
 * What a server can do to the commits that a device pulls, and how it is refused: with the right name,
 * with the store untouched, and with the drive usable once the server is honest again.
 */
import assert from 'node:assert/strict';
import test from 'node:test';
import {
  CALLS,
  decodeCommitsAnswer,
  decodeJson,
  encodeCommitsAnswer,
  encodeJson,
  type AnswerOf,
  type CommitsAnswer,
  type ListedCommit,
} from '@coffer/protocol/api';
import { hexToBytes, IntegrityError, type Bytes, type IntegrityCode } from '@coffer/protocol/core';
import { sign } from '@coffer/protocol/crypto/open';
import { commitId, decodeHeader, encodeHeader, type CommitHeader } from '@coffer/protocol/model';
import { createCommit } from '@coffer/protocol/model/open';
import { HeadRefused } from '@coffer/sdk';
import { honest, paths, putText, readText, signal, World, type Device } from './harness.ts';

interface Lies {
  readonly head?: (answer: AnswerOf<'head'>) => AnswerOf<'head'>;
  readonly commits?: (answer: CommitsAnswer) => CommitsAnswer;
}

/** Makes the server lie about the drive; counts how often it did. */
function lie(device: Device, lies: Lies): { count: number } {
  const fired = { count: 0 };
  const drive = device.drive.space.id;
  device.answer = ({ request, body }) => {
    if (!request.path.includes(drive) || request.method !== 'GET') return body;
    const isHead = request.path.endsWith('/head');
    if (isHead ? lies.head === undefined : lies.commits === undefined) return body;
    fired.count++;
    if (isHead) return changeHead(body, lies.head ?? ((answer) => answer));
    return encodeCommitsAnswer((lies.commits ?? ((a) => a))(decodeCommitsAnswer(body)));
  };
  return fired;
}

function changeHead(body: Bytes, change: NonNullable<Lies['head']>): Bytes {
  const { answer } = CALLS.head;
  return encodeJson(answer, change(decodeJson(answer, body)));
}

/** The pull fails with `code` and changes nothing; afterwards an honest one succeeds. */
async function refuses(
  device: Device,
  lies: Lies,
  code: IntegrityCode,
  claim: string,
): Promise<void> {
  const before = [device.drive.space.head(), paths(device.drive)];
  const fired = lie(device, lies);
  await assert.rejects(device.drive.refresh(signal), (error) => {
    assert.ok(error instanceof IntegrityError, `${claim}: ${String(error)}`);
    assert.equal(error.code, code, `${claim}: ${error.message}`);
    return true;
  });
  assert.ok(fired.count > 0, claim);
  device.answer = honest;
  assert.deepEqual([device.drive.space.head(), paths(device.drive)], before, claim);
}

/** A second device that has not seen the newest commit of the first. */
async function behind(): Promise<{ world: World; laptop: Device; desk: Device }> {
  const world = await World.create('laptop', 'desk');
  const [laptop, desk] = world.pair;
  await putText(laptop.drive, '/seen', 'seen');
  await desk.drive.refresh(signal);
  await putText(laptop.drive, '/new', 'new');
  return { world, laptop, desk };
}

function flip(bytes: Bytes, at = bytes.length - 1): Bytes {
  const flipped = new Uint8Array(bytes);
  flipped[at] = (flipped[at] ?? 0) ^ 1;
  return flipped;
}

function otherDigest<T extends string>(digest: T): T {
  return `${digest.startsWith('a') ? 'b' : 'a'}${digest.slice(1)}` as T;
}

/** The first listed commit changed, and with it what the server calls its head. */
function forge(world: World, change: (commit: ListedCommit) => ListedCommit): Lies {
  let forged: ListedCommit | undefined;
  return {
    commits: (answer) => {
      const [first, ...rest] = answer.commits;
      assert.ok(first !== undefined);
      return { ...answer, commits: [change(first), ...rest] };
    },
    head: (answer) => {
      const listed = { header: answer.header, signature: answer.signature, body: null };
      forged = change(listed);
      const id = commitId(world.suite, forged.header);
      return { ...answer, id, header: forged.header, signature: forged.signature };
    },
  };
}

function withHeader(change: (header: CommitHeader) => CommitHeader) {
  return (commit: ListedCommit): ListedCommit => ({
    ...commit,
    header: encodeHeader(change(decodeHeader(commit.header))),
  });
}

test('every field of a header that is changed is refused, also when the head says so too', async () => {
  const { world, desk } = await behind();
  await using _ = world;
  const cases: readonly [string, IntegrityCode, (header: CommitHeader) => CommitHeader][] = [
    ['space', 'malformed', (h) => ({ ...h, space: otherDigest(h.space) })],
    ['seq', 'malformed', (h) => ({ ...h, seq: h.seq + 1 })],
    ['prev', 'signature-invalid', (h) => ({ ...h, prev: otherDigest(h.prev) })],
    ['past', 'rule-broken', (h) => ({ ...h, past: otherDigest(h.past) })],
    ['auth', 'rule-broken', (h) => ({ ...h, auth: otherDigest(h.auth) })],
    ['account', 'signature-invalid', (h) => ({ ...h, account: otherDigest(h.account) })],
    ['device', 'signature-invalid', (h) => ({ ...h, device: otherDigest(h.device) })],
    ['time', 'signature-invalid', (h) => ({ ...h, time: h.time + 1 })],
    ['changes', 'digest-mismatch', (h) => ({ ...h, changes: otherDigest(h.changes) })],
    ['root', 'signature-invalid', (h) => ({ ...h, root: otherDigest(h.root) })],
    ['note', 'signature-invalid', (h) => ({ ...h, note: new Uint8Array(73 + 256) })],
    ['note of another length', 'malformed', (h) => ({ ...h, note: new Uint8Array(99) })],
  ];
  for (const [field, code, change] of cases) {
    await refuses(desk, forge(world, withHeader(change)), code, field);
  }
  await desk.drive.refresh(signal);
  assert.deepEqual(paths(desk.drive), ['/new', '/seen']);
});

test('a changed signature, header or body of a commit is refused', async () => {
  const { world, desk } = await behind();
  await using _ = world;
  const first =
    (change: (commit: ListedCommit) => ListedCommit) =>
    (answer: CommitsAnswer): CommitsAnswer => ({
      ...answer,
      commits: answer.commits.map((commit, i) => (i === 0 ? change(commit) : commit)),
    });
  const cases: readonly [string, IntegrityCode, (commit: ListedCommit) => ListedCommit][] = [
    ['signature', 'signature-invalid', (c) => ({ ...c, signature: flip(c.signature) })],
    ['header alone', 'signature-invalid', (c) => withHeader((h) => ({ ...h, time: 1 }))(c)],
    ['header bytes', 'malformed', (c) => ({ ...c, header: c.header.subarray(1) })],
    ['body', 'digest-mismatch', (c) => ({ ...c, body: flip(c.body ?? new Uint8Array(1)) })],
    ['cut body', 'digest-mismatch', (c) => ({ ...c, body: c.body?.subarray(0, -1) ?? null })],
    ['no body', 'data-missing', (c) => ({ ...c, body: null })],
  ];
  for (const [field, code, change] of cases) {
    await refuses(desk, { commits: first(change) }, code, field);
  }
  await desk.drive.refresh(signal);
  assert.equal(await readText(desk.drive, '/new'), 'new');
});

test('commits that are left out, repeated, reordered or held back are refused', async () => {
  const { world, laptop, desk } = await behind();
  await using _ = world;
  await putText(laptop.drive, '/newer', 'newer');
  const lists: readonly [string, (commits: readonly ListedCommit[]) => readonly ListedCommit[]][] =
    [
      ['left out', ([, ...rest]) => rest],
      ['reordered', (commits) => commits.toReversed()],
      ['none', () => []],
    ];
  for (const [claim, change] of lists) {
    const commits = (answer: CommitsAnswer): CommitsAnswer => ({
      ...answer,
      commits: change(answer.commits),
    });
    await refuses(desk, { commits }, 'malformed', claim);
  }
  const repeated = (answer: CommitsAnswer): CommitsAnswer => ({
    ...answer,
    commits: answer.commits.flatMap((commit) => [commit, commit]),
  });
  lie(desk, { commits: repeated });
  await assert.rejects(desk.drive.refresh(signal), { name: 'IntegrityError', code: 'malformed' });
  desk.answer = honest;
  await desk.drive.refresh(signal);
  assert.deepEqual(paths(desk.drive), ['/new', '/newer', '/seen']);
});

test('an older head is refused, and shown as what it is: an older head', async () => {
  await using world = await World.create('laptop');
  const [laptop] = world.pair;
  let old: AnswerOf<'head'> | undefined;
  lie(laptop, { head: (answer) => (old = answer) });
  await putText(laptop.drive, '/a', 'a');
  await laptop.drive.refresh(signal);
  await putText(laptop.drive, '/b', 'b');
  const stale = old;
  assert.ok(stale !== undefined);
  await refuses(laptop, { head: () => stale }, 'head-rolled-back', 'older head');
  lie(laptop, { head: () => ({ ...stale, era: 1 }) });
  const refused = await laptop.drive.refresh(signal).catch((error: unknown) => error);
  assert.ok(refused instanceof HeadRefused && refused.isDeclaredRestore);
  assert.deepEqual([refused.offered.seq, refused.offered.id], [stale.seq, stale.id]);
  assert.equal(refused.pinned.id, laptop.drive.space.storedHead().id);
  assert.deepEqual(paths(laptop.drive), ['/a', '/b']);
});

test('an era that goes back is refused, one that rises over the same head is taken', async () => {
  await using world = await World.create('laptop');
  const [laptop] = world.pair;
  lie(laptop, { head: (answer) => ({ ...answer, era: 2 }) });
  await laptop.drive.refresh(signal);
  assert.equal(laptop.drive.space.head().era, 2);
  await refuses(laptop, { head: (answer) => ({ ...answer, era: 1 }) }, 'head-rolled-back', 'era');
});

test('a fork that a certified device signed itself is refused at its first commit', async () => {
  const { world, laptop, desk } = await behind();
  await using _ = world;
  const { suite } = world;
  const space = desk.drive.space.id;
  const view = desk.store.view(space);
  const pinned = desk.drive.space.storedHead();
  const base = {
    suite,
    view,
    space,
    changes: [],
    author: laptop.secrets,
    time: world.clock.now(),
    note: null,
  };
  const sibling = createCommit({ ...base, head: { ...pinned, seq: pinned.seq - 1 } });
  const { id, commit } = sibling;
  const { header, signature } = commit;
  const strip = (answer: AnswerOf<'head'>): AnswerOf<'head'> => ({
    ...answer,
    seq: pinned.seq,
    id,
    header,
    signature,
  });
  await refuses(desk, { head: strip }, 'head-forked', 'another commit at the pinned seq');
});

test('a root that a certified device signed but that is not that of the end state is refused', async () => {
  const { world, laptop, desk } = await behind();
  await using _ = world;
  const resigned = (commit: ListedCommit): ListedCommit => {
    const decoded = decodeHeader(commit.header);
    const header = encodeHeader({ ...decoded, root: otherDigest(decoded.root) });
    const seed = laptop.secrets.deviceSeed;
    return { ...commit, header, signature: sign(world.suite, seed, 'commit-sign', header) };
  };
  await refuses(desk, forge(world, resigned), 'root-mismatch', 'root');
});

test('heads that other devices saw and that the server hides are found out', async () => {
  const { world, laptop, desk } = await behind();
  await using _ = world;
  await laptop.drive.noteHead(signal);
  const { seq, id } = desk.drive.space.storedHead();
  const seen = desk.drive.space.storedHead();
  const { header, signature } = seen;
  const hide = (answer: AnswerOf<'head'>): AnswerOf<'head'> => ({
    ...answer,
    seq,
    id,
    header,
    signature,
  });
  await refuses(desk, { head: hide }, 'head-rolled-back', 'hidden commits');
  await desk.drive.refresh(signal);
});

test('answers that are no answers are malformed, however they are broken', async () => {
  await using world = await World.create('laptop');
  const [laptop] = world.pair;
  const bodies: readonly Bytes[] = [
    new Uint8Array(),
    new TextEncoder().encode('[]'),
    new TextEncoder().encode('{"era":0}'),
    hexToBytes('ff'.repeat(40)),
    new Uint8Array(2 * 1024 * 1024),
  ];
  for (const body of bodies) {
    laptop.answer = ({ request, body: said }) => (request.path.endsWith('/head') ? body : said);
    await assert.rejects(laptop.drive.refresh(signal), {
      name: 'IntegrityError',
      code: 'malformed',
    });
  }
});
