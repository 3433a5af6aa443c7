/**
 * What a server can do to a client that reads without commits, and how it is refused: with the right
 * name, with its pin untouched, and with the drive usable once the server is honest again.
 */
import assert from 'node:assert/strict';
import test from 'node:test';
import { decodeProofAnswer, encodeProofAnswer, type ProofAnswer } from '@coffer/protocol/api';
import {
  IntegrityError,
  type AccountId,
  type Bytes,
  type IntegrityCode,
} from '@coffer/protocol/core';
import { sign } from '@coffer/protocol/crypto/open';
import {
  decodeHeader,
  encodeHeader,
  MemoryState,
  planTreeUpdate,
  memberKey,
  proveListing,
  proveRecords,
  rootFolderId,
  type CommitHeader,
  type RecordChange,
  type TreeKey,
} from '@coffer/protocol/model';
import { HeadRefused, type LazyDrive } from '@coffer/sdk';
import { flip, HONEST } from '../hostile/evil-server.ts';
import { putText, signal, World, type Device } from './harness.ts';
import { look, phoneOf, type Phone } from './lazy-scene.ts';

interface Scene {
  readonly world: World;
  readonly laptop: Device;
  readonly phone: Phone;
  readonly drive: LazyDrive;
}

/** A phone that saw /seen, while the server has /new too. */
async function scene(): Promise<Scene> {
  const world = await World.create('laptop', 'phone');
  const [laptop] = world.pair;
  await putText(laptop.drive, '/seen', 'seen');
  const phone = phoneOf(world);
  const drive = await phone.open();
  assert.deepEqual(await look(drive, '/'), ['/seen']);
  await putText(laptop.drive, '/new', 'new');
  return { world, laptop, phone, drive };
}

/** Lies about the drive in every answer that proves something of it. */
function lie({ phone, laptop }: Scene, change: (answer: ProofAnswer) => ProofAnswer | Bytes): void {
  phone.evil.tell(({ call, space, body }) => {
    if (call !== 'proof' || space !== laptop.drive.space.id) return undefined;
    const changed = change(decodeProofAnswer(body));
    return changed instanceof Uint8Array ? changed : encodeProofAnswer(changed);
  });
}

/** What the listing throws; the pin stays, and an honest server is believed again. */
async function refuses(
  given: Scene,
  code: IntegrityCode,
  claim: string,
  change: (answer: ProofAnswer) => ProofAnswer | Bytes,
): Promise<IntegrityError> {
  const { drive, phone } = given;
  const before = drive.head();
  lie(given, change);
  const error: unknown = await drive.list('/', signal).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof IntegrityError, `${claim}: ${String(error)}`);
  assert.equal(error.code, code, `${claim}: ${error.message}`);
  assert.ok(phone.evil.fired > 0, claim);
  assert.deepEqual(drive.head(), before, claim);
  phone.evil.tell(HONEST);
  return error;
}

function withHeader(change: (header: CommitHeader) => CommitHeader) {
  return (answer: ProofAnswer): ProofAnswer => ({
    ...answer,
    header: encodeHeader(change(decodeHeader(answer.header))),
  });
}

const otherDigest = <T extends string>(digest: T): T =>
  `${digest.startsWith('a') ? 'b' : 'a'}${digest.slice(1)}` as T;

test('every field of the head that is changed is refused', async () => {
  const given = await scene();
  await using _ = given.world;
  const cases: readonly [string, IntegrityCode, (header: CommitHeader) => CommitHeader][] = [
    ['space', 'malformed', (h) => ({ ...h, space: otherDigest(h.space) })],
    ['seq', 'signature-invalid', (h) => ({ ...h, seq: h.seq + 1 })],
    ['prev', 'signature-invalid', (h) => ({ ...h, prev: otherDigest(h.prev) })],
    ['past', 'signature-invalid', (h) => ({ ...h, past: otherDigest(h.past) })],
    ['auth', 'rule-broken', (h) => ({ ...h, auth: otherDigest(h.auth) })],
    ['account', 'signature-invalid', (h) => ({ ...h, account: otherDigest(h.account) })],
    ['device', 'signature-invalid', (h) => ({ ...h, device: otherDigest(h.device) })],
    ['root', 'signature-invalid', (h) => ({ ...h, root: otherDigest(h.root) })],
    ['time', 'signature-invalid', (h) => ({ ...h, time: h.time + 1 })],
  ];
  for (const [field, code, change] of cases) {
    await refuses(given, code, field, withHeader(change));
  }
  const { drive } = given;
  await refuses(given, 'signature-invalid', 'signature', (answer) => ({
    ...answer,
    signature: flip(answer.signature),
  }));
  await refuses(given, 'malformed', 'no answer', () => new Uint8Array(9));
  assert.deepEqual(await look(drive, '/'), ['/new', '/seen']);
});

test('a drive that was shown less takes no pin back that another one saved meanwhile', async () => {
  const { world, laptop, phone, drive } = await scene();
  await using _ = world;
  const backup = await world.server.snapshot();
  await putText(laptop.drive, '/newer', 'newer');
  assert.deepEqual(await look(await phone.open(), '/'), ['/new', '/newer', '/seen']);
  await world.server.restore(backup, { raiseEra: false });
  // It comes after what this drive knows.
  assert.deepEqual(await look(drive, '/'), ['/new', '/seen']);
  await assert.rejects(phone.open(), { code: 'head-rolled-back' });
});

test('a proof that is changed, of another state, or shows too little is refused', async () => {
  const given = await scene();
  await using _ = given.world;
  let old: ProofAnswer | undefined;
  lie(given, (answer) => (old ??= answer));
  await look(given.drive, '/');
  await putText(given.laptop.drive, '/newer', 'newer');
  await refuses(given, 'proof-invalid', 'a flipped bit', (answer) => ({
    ...answer,
    proof: flip(answer.proof),
  }));
  await refuses(given, 'proof-invalid', 'cut', (answer) => ({
    ...answer,
    proof: answer.proof.subarray(0, -1),
  }));
  await refuses(given, 'proof-invalid', 'of an older state', (answer) => ({
    ...answer,
    proof: old?.proof ?? answer.proof,
  }));
  await refuses(given, 'proof-invalid', 'of the root alone', (answer) => ({
    ...answer,
    proof: Uint8Array.of(0, ...Buffer.from(decodeHeader(answer.header).root, 'hex')),
  }));
  assert.deepEqual(await look(given.drive, '/'), ['/new', '/newer', '/seen']);
});

test('an entry that the server hides or adds is noticed', async () => {
  const given = await scene();
  await using _ = given.world;
  const { world, laptop } = given;
  const root = rootFolderId(laptop.drive.space.id);
  const hidden = laptop.drive.resolve('/new');
  assert.ok(hidden.ok);
  const { id } = hidden.value.node;
  await refuses(given, 'data-missing', 'held back', (answer) => ({
    ...answer,
    rows: answer.rows.filter(([key]) => !key.endsWith(id)),
  }));
  await refuses(given, 'proof-invalid', 'hidden from the proof too', (answer) => {
    const kept = answer.rows.filter(([key, record]) => record !== null && !key.endsWith(id));
    const state = new MemoryState();
    const { treeNodes } = planTreeUpdate(world.suite, state, kept);
    state.apply({ records: kept, treeNodes });
    return { ...answer, rows: kept, proof: proveListing(world.suite, state, root) };
  });
  await refuses(given, 'proof-invalid', 'said to be absent', (answer) => ({
    ...answer,
    rows: answer.rows.map(([key, record]): RecordChange => [key, key.endsWith(id) ? null : record]),
  }));
  await refuses(given, 'proof-invalid', 'with another record', (answer) => ({
    ...answer,
    rows: answer.rows.map(([key, record]): RecordChange => [
      key,
      record !== null && key.endsWith(id) ? flip(record) : record,
    ]),
  }));
  await refuses(given, 'malformed', 'added', (answer) => ({
    ...answer,
    rows: [...answer.rows, ['ff'.repeat(32) as RecordChange[0], Uint8Array.of(1)]],
  }));
  await refuses(given, 'proof-invalid', 'two records changed about', (answer) => {
    const records = answer.rows.map(([, record]) => record);
    return {
      ...answer,
      rows: answer.rows.map(([key], i): RecordChange => [
        key,
        records[(i + 1) % records.length] ?? null,
      ]),
    };
  });
  assert.deepEqual(await look(given.drive, '/'), ['/new', '/seen']);
});

test('rows and heads of another space of the same account are refused', async () => {
  const given = await scene();
  await using _ = given.world;
  const { phone, laptop } = given;
  const account = laptop.secrets.homes?.accountSpace ?? (await homesOf(laptop)).accountSpace;
  let foreign: Bytes | undefined;
  phone.evil.tell(({ call, space, body }) => {
    if (call === 'proof' && space === account) foreign = new Uint8Array(body);
    return undefined;
  });
  await phone.open();
  assert.ok(foreign !== undefined);
  const answer = decodeProofAnswer(foreign);
  await refuses(given, 'malformed', 'the answer of another space', () => answer);
  await refuses(given, 'proof-invalid', 'the proof of another space', (honest) => ({
    ...honest,
    proof: answer.proof,
  }));
  await look(given.drive, '/');
});

async function homesOf({ keyStore }: Device) {
  const homes = (await keyStore.load())?.homes;
  assert.ok(homes !== undefined);
  return homes;
}

test('an older head is refused and kept as evidence, also by a phone that starts again', async () => {
  const given = await scene();
  await using _ = given.world;
  const { phone, drive } = given;
  let old: ProofAnswer | undefined;
  lie(given, (answer) => (old ??= answer));
  await look(drive, '/');
  await putText(given.laptop.drive, '/newer', 'newer');
  phone.evil.tell(HONEST);
  await look(drive, '/');
  const replay = (answer: ProofAnswer): ProofAnswer => old ?? answer;
  const error = await refuses(given, 'head-rolled-back', 'replayed', replay);
  assert.ok(error instanceof HeadRefused && !error.isDeclaredRestore);
  assert.equal(phone.evidence.length, 1);
  lie(given, replay);
  await assert.rejects(phone.open(), { code: 'head-rolled-back' });
  await refuses(given, 'head-rolled-back', 'a lower era', (answer) => {
    lie(given, (now) => ({ ...now, era: 0 }));
    return { ...(old ?? answer), era: 0 };
  });
});

test('a server that went back and on, and a path that leads elsewhere, are a fork', async () => {
  const given = await scene();
  await using _ = given.world;
  const { world, phone, drive, laptop } = given;
  await refuses(given, 'head-forked', 'a path of another commit', (answer) => ({
    ...answer,
    path: answer.path.map(otherDigest),
  }));
  await refuses(given, 'head-forked', 'no path', (answer) => ({ ...answer, path: [] }));
  const snapshot = await world.server.snapshot();
  await putText(laptop.drive, '/before', 'before');
  assert.deepEqual(await look(drive, '/'), ['/before', '/new', '/seen']);
  await world.server.restore(snapshot, { raiseEra: false });
  await assert.rejects(drive.list('/', signal), { code: 'head-rolled-back' });
  const desk = await reopenFromServer(world);
  await putText(desk.drive, '/other', 'other');
  await assert.rejects(drive.list('/', signal), { code: 'head-forked' });
  await putText(desk.drive, '/others', 'others');
  await assert.rejects(drive.list('/', signal), { code: 'head-forked' });
  const found = phone.evidence.at(-1);
  assert.ok(found !== undefined && found.pinned.id !== found.offered.id);
});

test('an honest restore is told apart, and a phone without pins begins anew', async () => {
  const given = await scene();
  await using _ = given.world;
  const { world, drive, laptop } = given;
  const snapshot = await world.server.snapshot();
  await putText(laptop.drive, '/lost', 'lost');
  await look(drive, '/');
  await world.server.restore(snapshot, { raiseEra: true });
  const error: unknown = await drive.list('/', signal).catch((thrown: unknown) => thrown);
  assert.ok(error instanceof HeadRefused && error.isDeclaredRestore);
  assert.deepEqual(await look(await phoneOf(world).open(), '/'), ['/new', '/seen']);
});

/** A device of the account that knows only what the server has now. */
async function reopenFromServer(world: World): Promise<Device> {
  const [, device] = world.pair;
  device.store.forget(device.drive.space.id);
  return { ...device, drive: await device.reopen() };
}

test('authority commits that are left out, changed or invented are refused', async () => {
  const world = await World.create('laptop', 'desk', 'phone');
  await using _ = world;
  const [laptop, desk] = world.pair;
  await putText(laptop.drive, '/seen', 'seen');
  const phone = phoneOf(world, world.devices[2]);
  const drive = await phone.open();
  await putText(desk.drive, '/new', 'new');
  await laptop.drive.edit.move('/seen', '/known', signal);
  const given: Scene = { world, laptop, phone, drive };
  const without = (answer: ProofAnswer): ProofAnswer => ({ ...answer, authority: [] });
  await refuses(given, 'rule-broken', 'left out', without);
  const first = (change: (commit: ProofAnswer['authority'][0]) => ProofAnswer['authority'][0]) => {
    return (answer: ProofAnswer): ProofAnswer => ({
      ...answer,
      authority: answer.authority.map((commit, i) => (i === 0 ? change(commit) : commit)),
    });
  };
  await refuses(
    given,
    'signature-invalid',
    'another signature',
    first((commit) => ({ ...commit, signature: flip(commit.signature) })),
  );
  await refuses(
    given,
    'digest-mismatch',
    'another body',
    first((commit) => ({ ...commit, body: flip(commit.body) })),
  );
  await refuses(given, 'malformed', 'one from before the pin', (answer) => {
    const [commit] = answer.authority;
    assert.ok(commit !== undefined);
    const header = encodeHeader({ ...decodeHeader(commit.header), seq: 2 });
    return { ...answer, authority: [{ ...commit, header }] };
  });
  assert.deepEqual(await look(drive, '/'), ['/known', '/new']);
  // From the first commit on, with nothing pinned.
  const other = phoneOf(world, world.devices[2]);
  const bare: Scene = { ...given, phone: other };
  lie(bare, without);
  await assert.rejects(other.open(), { code: 'malformed' });
  lie(
    bare,
    first((commit) => ({ ...commit, signature: flip(commit.signature) })),
  );
  await assert.rejects(other.open(), { code: 'signature-invalid' });
});

test('a server that stands still is caught by what other devices saw', async () => {
  const given = await scene();
  await using _ = given.world;
  const { world, phone, drive, laptop } = given;
  let frozen: Bytes | undefined;
  phone.evil.tell(({ call, space, body }) => {
    if (call !== 'proof' || space !== laptop.drive.space.id) return undefined;
    if (frozen !== undefined) return encodeProofAnswer({ ...decodeProofAnswer(frozen), rows: [] });
    frozen = new Uint8Array(body);
    return undefined;
  });
  await look(drive, '/');
  await putText(laptop.drive, '/newer', 'newer');
  await laptop.drive.noteHead(signal);
  world.clock.time += 61_000;
  await assert.rejects(drive.list('/', signal), { code: 'head-rolled-back' });
});

test('a head that a member signed over other members than the space has is refused', async () => {
  const given = await scene();
  await using _ = given.world;
  const { world, laptop } = given;
  const fresh = phoneOf(world);
  const records = await world.server.store.readState(laptop.drive.space.id, (_head, view) => [
    ...view.listRecords('0'.repeat(64) as TreeKey, 'f'.repeat(64) as TreeKey),
  ]);
  const own = records?.find(([key]) => key === memberKey(laptop.secrets.account));
  assert.ok(records !== undefined && own !== undefined);
  const added: RecordChange = [memberKey('ee'.repeat(16) as AccountId), own[1]];
  const changes = [...records, added].sort(([a], [b]) => (a < b ? -1 : 1));
  const state = new MemoryState();
  const { root, treeNodes } = planTreeUpdate(world.suite, state, changes);
  state.apply({ records: changes, treeNodes });
  lie({ ...given, phone: fresh }, (answer) => {
    const header = encodeHeader({
      ...decodeHeader(answer.header),
      account: laptop.secrets.account,
      device: laptop.secrets.device,
      root,
    });
    const signature = sign(world.suite, laptop.secrets.deviceSeed, 'commit-sign', header);
    const keys = changes.map(([key]) => key);
    return { ...answer, header, signature, proof: proveRecords(world.suite, state, keys) };
  });
  await assert.rejects(fresh.open(), { code: 'proof-invalid', message: /members/ });
});
