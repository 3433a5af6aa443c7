import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { decodeCommitsAnswer, decodeJson, headAnswer } from '@coffer/protocol/api';
import type { Bytes } from '@coffer/protocol/core';
import { encodeSealedCommit, type SealedCommit } from '@coffer/protocol/model';
import { createFixture } from './testing/fixture.ts';
import type { Person } from './testing/person.ts';
import { packOf, type SpaceWriter, type WrittenFile } from './testing/space-writer.ts';
import { makeCall } from './testing/test-client.ts';

const DAY_MS = 24 * 60 * 60 * 1000;
const fixture = await createFixture({ seed: 'commits' });
const { server, clock } = fixture;
const { handle } = server;
after(() => server.close());

const text = (value: string): Bytes => new TextEncoder().encode(value);
const inDrive = (person: Person) => ({
  token: person.token,
  params: { space: person.drive.space },
});

const propose = (person: Person, commit: SealedCommit) =>
  makeCall(handle, 'propose', { ...inDrive(person), bytes: encodeSealedCommit(commit) });

async function put(person: Person, name: string, contents: readonly Bytes[]): Promise<WrittenFile> {
  const file = person.drive.file(name, contents);
  if (file.bodies.length > 0) {
    await makeCall(handle, 'storePack', { ...inDrive(person), bytes: packOf(file.bodies) });
  }
  const commit = person.drive.commit([file.change]);
  const reply = await propose(person, commit.commit);
  assert.equal(reply.status, 200, JSON.stringify(reply.json));
  person.drive.accept(commit);
  return file;
}

const many = (count: number): Bytes[] =>
  Array.from({ length: count }, (_, i) => text(`chunk ${i}`));
const usedBytes = async (person: Person): Promise<number> => {
  const { json } = await makeCall(handle, 'quota', { token: person.token });
  return Number(json?.['usedBytes']);
};

test('a commit moves the head, and readers get it as it was signed', async () => {
  const person = await fixture.person('ann@example.org');
  await put(person, 'a.txt', [text('one')]);
  const head = decodeJson(headAnswer, (await makeCall(handle, 'head', inDrive(person))).bytes);
  assert.equal(head.seq, 2);
  assert.equal(head.id, person.drive.head.id);
  assert.equal(head.era, 0);
  assert.equal(head.serverTime, clock.now());
  const listed = await makeCall(handle, 'commits', { ...inDrive(person), query: 'from=1' });
  const { headSeq, commits } = decodeCommitsAnswer(listed.bytes);
  assert.equal(headSeq, 2);
  assert.deepEqual(Buffer.from(commits[0]?.header ?? []), Buffer.from(person.drive.genesis.header));
  assert.deepEqual(Buffer.from(commits[1]?.header ?? []), Buffer.from(head.header));
  const rest = await makeCall(handle, 'commits', { ...inDrive(person), query: 'from=3' });
  assert.deepEqual(decodeCommitsAnswer(rest.bytes).commits, []);
});

test('of two writers on one head one wins, and the other learns where the head is', async () => {
  const person = await fixture.person('ben@example.org');
  const files = ['x', 'y', 'z'].map((name) => person.drive.file(name, []));
  const commits = files.map(({ change }) => person.drive.commit([change]));
  const replies = await Promise.all(commits.map(({ commit }) => propose(person, commit)));
  const accepted = replies.filter(({ status }) => status === 200);
  assert.equal(accepted.length, 1);
  for (const { status, error } of replies) {
    if (status === 200) continue;
    assert.deepEqual([error?.code, error?.seq], ['head-moved', 2]);
  }
});

test('a commit that is there already is accepted again, later too', async () => {
  const person = await fixture.person('cem@example.org');
  const commit = person.drive.commit([person.drive.file('x', []).change]);
  const first = await propose(person, commit.commit);
  person.drive.accept(commit);
  await put(person, 'y', []);
  const again = await propose(person, commit.commit);
  assert.deepEqual(again.json, first.json);
  assert.deepEqual(again.json, { seq: 2, id: commit.id });
});

test('the same commit twice at once is one commit', async () => {
  const person = await fixture.person('dan@example.org');
  const { commit } = person.drive.commit([person.drive.file('x', []).change]);
  const replies = await Promise.all([1, 2, 3].map(() => propose(person, commit)));
  assert.deepEqual(
    replies.map(({ status }) => status),
    [200, 200, 200],
  );
});

test('content that is not there is named and nothing changes', async () => {
  const person = await fixture.person('eva@example.org');
  const file = person.drive.file('big', many(40));
  const commit = person.drive.commit([file.change]);
  const page = file.bodies.find(({ isPage }) => isPage);
  assert.ok(page);
  const missing = async () => {
    const reply = await propose(person, commit.commit);
    assert.deepEqual([reply.status, reply.code], [409, 'content-missing']);
    return [...(reply.error?.ids ?? [])].sort();
  };
  assert.deepEqual(await missing(), [page.id]);
  await makeCall(handle, 'storePack', { ...inDrive(person), bytes: packOf([page]) });
  const chunks = file.bodies.filter(({ isPage }) => !isPage);
  assert.deepEqual(await missing(), chunks.map(({ id }) => id as string).sort());
  await makeCall(handle, 'storePack', { ...inDrive(person), bytes: packOf(chunks.slice(1)) });
  assert.deepEqual(await missing(), [chunks[0]?.id]);
  await makeCall(handle, 'storePack', { ...inDrive(person), bytes: packOf(chunks.slice(0, 1)) });
  assert.equal((await propose(person, commit.commit)).status, 200);
});

test('usage counts each body once, while it has a reference or a lease', async () => {
  const person = await fixture.person('fay@example.org');
  const sizeOf = (file: { readonly bodies: WrittenFile['bodies'] }) =>
    file.bodies.reduce((sum, body) => sum + body.parts.reduce((n, part) => n + part.length, 0), 0);
  const paged = await put(person, 'paged', many(40));
  await put(person, 'same', many(40).slice(0, 3));
  assert.equal(await usedBytes(person), sizeOf(paged));

  const again = person.drive.rewrite(paged, [text('short')], {
    keepUntil: clock.now() + 40 * DAY_MS,
    time: 0,
  });
  await makeCall(handle, 'storePack', { ...inDrive(person), bytes: packOf(again.bodies) });
  const commit = person.drive.commit(again.changes);
  assert.equal((await propose(person, commit.commit)).status, 200);
  person.drive.accept(commit);
  assert.equal(await usedBytes(person), sizeOf(paged) + sizeOf(again), 'the version still counts');

  const versions = again.changes.flatMap(([key]) => (key.startsWith(paged.id) ? [key] : []));
  const purge = person.drive.commit(versions.map((key) => [key, null]));
  assert.equal((await propose(person, purge.commit)).status, 200);
  person.drive.accept(purge);
  clock.advance(DAY_MS);
  await person.openSession();
  const kept = await put(person, 'other', []);
  assert.equal(kept.bodies.length, 0);
  const three = sizeOf({ bodies: paged.bodies.filter(({ isPage }) => !isPage).slice(0, 3) });
  assert.equal(await usedBytes(person), three + sizeOf(again));
});

test('what was replaced or trashed is kept as long as the policy says, by the clock here', async () => {
  const person = await fixture.person('gus@example.org');
  const { drive } = person;
  const file = await put(person, 'doc', []);
  const early = clock.now() + 29 * DAY_MS;
  const late = clock.now() + 30 * DAY_MS;
  for (const [keepUntil, status] of [
    [early, 422],
    [late, 200],
  ] as const) {
    const commit = drive.commit(drive.trash(file, keepUntil));
    const reply = await propose(person, commit.commit);
    assert.equal(reply.status, status, JSON.stringify(reply.json));
    if (status === 422) {
      assert.equal(reply.error?.rule, 'keep-until');
    } else drive.accept(commit);
  }
  const other = await put(person, 'other', []);
  for (const [keepUntil, status] of [
    [early, 422],
    [late, 200],
  ] as const) {
    const { changes } = drive.rewrite(other, [], { keepUntil, time: 0 });
    const commit = drive.commit(changes);
    const reply = await propose(person, commit.commit);
    assert.equal(reply.status, status, JSON.stringify(reply.json));
  }
});

test('a record that gives a chunk another length is refused', async () => {
  const person = await fixture.person('hal@example.org');
  const { drive } = person;
  const file = drive.file('f', [text('abc')]);
  await makeCall(handle, 'storePack', { ...inDrive(person), bytes: packOf(file.bodies) });
  const lied = withStoredLength(drive, file, 512 + 52);
  const reply = await propose(person, lied);
  assert.equal(reply.status, 422);
  assert.equal(reply.error?.rule, 'stored-length');
});

/** The same file, whose page says that its one chunk has `storedLength` bytes. */
function withStoredLength(drive: SpaceWriter, file: WrittenFile, storedLength: number) {
  return drive.commit([drive.withStoredLength(file, storedLength)]).commit;
}

test('a commit of another device, space or account, or with another signature, is refused', async () => {
  const ivy = await fixture.person('ivy@example.org');
  const joe = await fixture.person('joe@example.org');
  const { commit } = ivy.drive.commit([ivy.drive.file('x', []).change]);
  const foreign = await propose(joe, joe.drive.commit([joe.drive.file('x', []).change]).commit);
  assert.equal(foreign.status, 200);
  const inOther = await makeCall(handle, 'propose', {
    ...inDrive(joe),
    bytes: encodeSealedCommit(commit),
  });
  assert.deepEqual([inOther.status, inOther.code], [400, 'malformed']);
  const signature = Uint8Array.from(commit.signature, (byte, i) => (i === 0 ? byte ^ 1 : byte));
  const forged = await propose(ivy, { ...commit, signature });
  assert.deepEqual([forged.status, forged.code], [422, 'rule-broken']);
  const body = Uint8Array.from(commit.body, (byte, i) => (i === 9 ? byte ^ 1 : byte));
  assert.equal((await propose(ivy, { ...commit, body })).status, 422);
  assert.equal((await propose(ivy, commit)).status, 200);
});

test('answers with commits stop at their size and go on from there', async () => {
  const person = await fixture.person('kim@example.org');
  for (let i = 0; i < 4; i++) await put(person, `f${i}`, []);
  const { store } = server;
  const { space } = person.drive;
  const small = await store.readCommits(space, 1, 0);
  assert.deepEqual([small?.commits.length, small?.headSeq], [1, 5]);
  const all = await store.readCommits(space, 1, 8 * 1024 * 1024);
  assert.equal(all?.commits.length, 5);
  const size = (all?.commits ?? []).slice(1, 3).reduce((sum, c) => {
    return sum + c.header.length + c.signature.length + (c.body?.length ?? 0);
  }, 0);
  assert.equal((await store.readCommits(space, 1, size))?.commits.length, 3);
  assert.equal((await store.readCommits(space, 1, size - 1))?.commits.length, 2);
});
