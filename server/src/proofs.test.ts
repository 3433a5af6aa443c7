/** The call that proves parts of a state, over whole requests: what clients verify is what it gives. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import {
  decodeProofAnswer,
  encodeProofQuery,
  PROOF_ROWS_MAX,
  type ProofAnswer,
  type ProofQuery,
} from '@coffer/protocol/api';
import type { CommitId, NodeId } from '@coffer/protocol/core';
import {
  commitId,
  decodeHeader,
  decodeRecord,
  encodeRecord,
  encodeSealedCommit,
  memberKey,
  MEMBERS_PARENT,
  nodeKey,
  rootFolderId,
  rootNodeKey,
  SPACE_KEY,
  verifyPast,
  verifyProof,
  type RecordChange,
} from '@coffer/protocol/model';
import { createFixture } from './testing/fixture.ts';
import type { Person } from './testing/person.ts';
import { makeCall } from './testing/test-client.ts';

/** What others do while a large proof is written. */
let atTurn = async (): Promise<void> => {};
const fixture = await createFixture({
  seed: 'proofs',
  schedule: (action) => void atTurn().then(action),
});
const { server, suite } = fixture;
after(() => server.close());

const NOTHING: ProofQuery = { authority: 0, pin: 0, keys: [], listings: [] };

async function ask(person: Person, query: Partial<ProofQuery>): Promise<ProofAnswer> {
  const bytes = encodeProofQuery({ ...NOTHING, ...query });
  const params = { space: person.drive.space };
  const reply = await makeCall(server.handle, 'proof', { params, bytes, token: person.token });
  assert.equal(reply.status, 200, reply.code);
  return decodeProofAnswer(reply.bytes);
}

/** Commits empty files with these names in the root folder. */
async function put(person: Person, names: readonly string[]): Promise<readonly NodeId[]> {
  const files = names.map((name) => person.drive.file(name, []));
  const changes = files
    .map(({ change }): RecordChange => change)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  const made = person.drive.commit(changes);
  const params = { space: person.drive.space };
  const bytes = encodeSealedCommit(made.commit);
  const reply = await makeCall(server.handle, 'propose', { params, bytes, token: person.token });
  assert.equal(reply.status, 200, reply.code);
  person.drive.accept(made);
  return files.map(({ id }) => id);
}

test('rows of single records and of a folder come with a proof against the signed root', async () => {
  const person = await fixture.person('ann@example.org');
  const ids = await put(
    person,
    Array.from({ length: 80 }, (_, i) => `file ${i}`),
  );
  const root = rootFolderId(person.drive.space);
  const absent = nodeKey(root, 'ab'.repeat(16) as NodeId);
  const answer = await ask(person, { keys: [rootNodeKey(root), absent], listings: [root] });
  const header = decodeHeader(answer.header);
  assert.equal(commitId(suite, answer.header), person.drive.head.id);
  const proof = verifyProof(suite, header.root, answer.proof);
  for (const [key, record] of answer.rows) {
    if (record === null) assert.equal(proof.recordDigest(key), null);
    else proof.checkRecord(key, record);
  }
  assert.deepEqual(
    answer.rows.map(([key]) => key),
    [rootNodeKey(root), absent, ...ids.map((id) => nodeKey(root, id))].sort(),
  );
  assert.equal(proof.listing(root).length, 80);
  assert.equal(answer.serverTime, fixture.clock.now());
});

test('the space record and all members are always in the proof', async () => {
  const person = await fixture.person('bea@example.org');
  const { header, proof, rows, authority } = await ask(person, {});
  assert.deepEqual(rows, []);
  const verified = verifyProof(suite, decodeHeader(header).root, proof);
  verified.checkRecord(SPACE_KEY, person.drive.view.getRecord(SPACE_KEY) ?? new Uint8Array());
  const members = verified.listing(MEMBERS_PARENT);
  assert.deepEqual(
    members.map(([key]) => key),
    [memberKey(person.account)],
  );
  assert.deepEqual(authority.map(encodeSealedCommit).map(String), [
    String(encodeSealedCommit(person.drive.genesis)),
  ]);
});

test('a path leads from every earlier commit to the past of the head', async () => {
  const person = await fixture.person('cat@example.org');
  const ids: CommitId[] = [person.drive.head.id];
  for (let i = 0; i < 12; i++) {
    await put(person, [`file ${i}`]);
    ids.push(person.drive.head.id);
  }
  for (const [index, id] of ids.slice(0, -1).entries()) {
    const { header, path } = await ask(person, { pin: index + 1 });
    const { past, seq } = decodeHeader(header);
    assert.ok(verifyPast(suite, past, id, { size: seq - 1, index, path }), `seq ${index + 1}`);
  }
  for (const pin of [0, ids.length, ids.length + 5]) {
    assert.deepEqual((await ask(person, { pin })).path, []);
  }
});

test('authority commits are found after any known one, wherever they stand', async () => {
  const person = await fixture.person('dan@example.org');
  const spots = new Set([3, 4, 9]);
  const made: number[] = [1];
  for (let seq = 2; seq <= 12; seq++) {
    if (!spots.has(seq)) {
      await put(person, [`file ${seq}`]);
      continue;
    }
    await touchOwnMember(person);
    made.push(seq);
  }
  let turns = 0;
  atTurn = async () => void turns++;
  for (let known = 0; known <= 12; known++) {
    turns = 0;
    const { authority } = await ask(person, { authority: known });
    const seqs = authority.map(({ header }) => decodeHeader(header).seq);
    assert.deepEqual(
      seqs,
      made.filter((seq) => seq > known),
      `after ${known}`,
    );
    assert.ok(turns >= seqs.length - 1, 'others have their turn between them');
  }
  atTurn = async () => {};
});

/** An authority commit without an effect that anybody would notice. */
async function touchOwnMember(person: Person): Promise<void> {
  const key = memberKey(person.account);
  const record = decodeRecord(key, person.drive.view.getRecord(key) ?? new Uint8Array());
  assert.ok(record.type === 'member');
  const changed = { ...record, rev: record.rev + 1, rotate: !record.rotate };
  const made = person.drive.commit([[key, encodeRecord(changed)]]);
  const params = { space: person.drive.space };
  const bytes = encodeSealedCommit(made.commit);
  const reply = await makeCall(server.handle, 'propose', { params, bytes, token: person.token });
  assert.equal(reply.status, 200, `${reply.code} ${reply.error?.rule}`);
  person.drive.accept(made);
}

test('rows that do not fit into one answer are left for another, the proof is whole', async () => {
  const person = await fixture.person('eve@example.org');
  const count = PROOF_ROWS_MAX + 50;
  for (const from of [0, count / 2]) {
    await put(
      person,
      Array.from({ length: count / 2 }, (_, i) => `file ${from + i}`),
    );
  }
  const root = rootFolderId(person.drive.space);
  const answer = await ask(person, { listings: [root] });
  const shown = verifyProof(suite, decodeHeader(answer.header).root, answer.proof).listing(root);
  assert.equal(shown.length, count);
  assert.ok(answer.rows.length > 100 && answer.rows.length <= PROOF_ROWS_MAX);
  const rest = shown.map(([key]) => key).slice(answer.rows.length);
  const more = await ask(person, { keys: rest.slice(0, 4096) });
  assert.equal(more.rows.length, Math.min(rest.length, 4096));

  let turns = 0;
  atTurn = async () => void turns++;
  const twice = await ask(person, { listings: [root, root] });
  assert.ok(turns >= 3, 'a large proof lets others have their turn');
  assert.deepEqual(twice, answer);
  atTurn = async () => void (await put(person, [`turn ${turns++}`]));
  const busy = await ask(person, { listings: [root] });
  atTurn = async () => {};
  const { seq, root: busyRoot } = decodeHeader(busy.header);
  const { length } = verifyProof(suite, busyRoot, busy.proof).listing(root);
  assert.deepEqual([seq, length - count], [person.drive.head.seq, person.drive.head.seq - 3]);
  assert.ok(length > count, 'of one state, and not for ever behind those who write');
});
