import assert from 'node:assert/strict';
import test from 'node:test';
import * as fc from 'fast-check';
import { decodeCbor, encodeCbor, type Cbor } from '../codec/index.ts';
import {
  bytesToHex,
  equalBytes,
  FormatError,
  type AccountId,
  type Bytes,
  type CommitId,
  type DeviceId,
  type Digest,
  type ItemId,
  type NodeId,
  type PageId,
  type SpaceId,
} from '../core/index.ts';
import {
  decodeBody,
  decodeHeader,
  decodeSealedCommit,
  encodeBody,
  encodeHeader,
  encodeSealedCommit,
} from './commit-codec.ts';
import type { CommitHeader, RecordChange } from './commit.ts';
import { decodeRecord, encodeRecord } from './record-codec.ts';
import { indexRecord } from './record-index.ts';
import type { Content, NameTag, SpaceStateRecord, TreeKey } from './records.ts';
import { itemKey, recordKey, SETTINGS_ITEM } from './tree-keys.ts';
import { NODE_KINDS, ROLES, SPACE_KINDS } from './wire-names.ts';

const bytesOf = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const hexOf = (length: number) => bytesOf(length).map((b) => bytesToHex(b));
const idOf = <T extends string>() => hexOf(15).map((hex) => `7f${hex}` as T);
const digestOf = <T extends string>() => hexOf(32).map((hex) => hex as T);
const sealed = fc.uint8Array({ minLength: 73, maxLength: 400 });
const number = fc.maxSafeNat();

const content: fc.Arbitrary<Content> = fc.oneof(
  fc.constant({ storedBytes: 0, chunkCount: 0, inlinePage: null, pages: [] }),
  fc.record({
    storedBytes: fc.integer({ min: 1 }),
    chunkCount: fc.integer({ min: 1 }),
    inlinePage: fc.uint8Array({ minLength: 1, maxLength: 200 }),
    pages: fc.constant([]),
  }),
  fc.record({
    storedBytes: fc.integer({ min: 1 }),
    chunkCount: fc.integer({ min: 1 }),
    inlinePage: fc.constant(null),
    pages: fc.array(digestOf<PageId>(), { minLength: 1, maxLength: 5 }),
  }),
);

const record: fc.Arbitrary<SpaceStateRecord> = fc.oneof(
  fc.record({
    type: fc.constant('space' as const),
    space: idOf<SpaceId>(),
    rev: number,
    kind: fc.constantFrom(...SPACE_KINDS),
    creator: idOf<AccountId>(),
    creatorIdentity: bytesOf(32),
    nonce: bytesOf(32),
    epoch: number,
    oldEpochs: sealed,
    versionDays: fc.integer({ min: 0, max: 36_500 }),
    versionsKept: fc.integer({ min: 0, max: 1000 }),
    trashDays: fc.integer({ min: 0, max: 36_500 }),
  }),
  fc.record({
    type: fc.constant('member' as const),
    space: idOf<SpaceId>(),
    account: idOf<AccountId>(),
    rev: number,
    role: fc.constantFrom(...ROLES),
    identity: bytesOf(32),
    chainSeq: number,
    chainHead: digestOf<Digest>(),
    rotate: fc.boolean(),
    epoch: number,
    envelope: sealed,
  }),
  fc.record({
    type: fc.constant('item' as const),
    space: idOf<SpaceId>(),
    id: fc.oneof(idOf<ItemId>(), fc.constant(SETTINGS_ITEM)),
    rev: number,
    sealed,
    epoch: number,
  }),
  fc
    .record({
      type: fc.constant('node' as const),
      space: idOf<SpaceId>(),
      id: idOf<NodeId>(),
      parent: fc.oneof(idOf<NodeId>(), fc.constant('0'.repeat(32) as NodeId)),
      kind: fc.constantFrom(...NODE_KINDS),
      rev: number,
      kr: number,
      cut: number,
      pk: number,
      tag: fc.option(hexOf(16).map((hex) => hex as NameTag)),
      wrappedKey: fc.option(sealed),
      meta: sealed,
      content: fc.option(content),
      by: idOf<AccountId>(),
      keepUntil: fc.option(number),
    })
    .filter((node) => (node.kind === 'file') === (node.content !== null)),
  fc.record({
    type: fc.constant('version' as const),
    space: idOf<SpaceId>(),
    file: idOf<NodeId>(),
    rev: number,
    kr: number,
    meta: sealed,
    content,
    by: idOf<AccountId>(),
    time: number,
    keepUntil: number,
  }),
);

test('every record decodes to what was encoded, and encodes to the same bytes again', () => {
  fc.assert(
    fc.property(record, (original) => {
      const key = recordKey(original);
      const encoded = encodeRecord(original);
      const decoded = decodeRecord(key, encoded);
      assert.deepEqual(plain(decoded), plain(original));
      assert.ok(equalBytes(encodeRecord(decoded), encoded));
    }),
    { numRuns: 500 },
  );
});

test('the index of every record is what it decodes to', () => {
  fc.assert(
    fc.property(record, (original) => {
      const isNode = original.type === 'node';
      assert.deepEqual(indexRecord(recordKey(original), encodeRecord(original)), {
        node: isNode ? original.id : null,
        tag: isNode ? original.tag : null,
      });
    }),
    { numRuns: 500 },
  );
});

test('no record decodes under the key of another', () => {
  fc.assert(
    fc.property(record, record, (a, b) => {
      fc.pre(recordKey(a) !== recordKey(b));
      assert.throws(() => decodeRecord(recordKey(b), encodeRecord(a)), FormatError);
    }),
  );
});

test('changed bytes are refused or decode to another record with the same key', () => {
  fc.assert(
    fc.property(record, fc.nat(), fc.integer({ min: 1, max: 255 }), (original, at, mask) => {
      const bytes = encodeRecord(original);
      const index = at % bytes.length;
      bytes[index] = (bytes[index] ?? 0) ^ mask;
      refusedOrCanonical(recordKey(original), bytes);
    }),
    { numRuns: 2000 },
  );
});

test('arbitrary bytes and arbitrary CBOR never decode to something that encodes otherwise', () => {
  const leaf = fc.oneof(
    fc.maxSafeInteger(),
    fc.boolean(),
    fc.constant(null),
    fc.uint8Array({ maxLength: 40 }),
    fc.string({ unit: 'grapheme' }),
  );
  const anyCbor = fc
    .letrec<{ value: Cbor }>((tie) => ({
      value: fc.oneof({ maxDepth: 3 }, leaf, fc.array(tie('value'), { maxLength: 15 })),
    }))
    .value.map((value) => encodeCbor(value));
  fc.assert(
    fc.property(hexOf(32), fc.oneof(anyCbor, fc.uint8Array({ maxLength: 300 })), (key, bytes) => {
      refusedOrCanonical(key as TreeKey, bytes);
    }),
    { numRuns: 500 },
  );
});

/** Bytes as text: cborg answers with Buffers where the platform has them. */
function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return bytesToHex(value);
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, plain(field)]));
}

function refusedOrCanonical(key: TreeKey, bytes: Bytes): void {
  let decoded: SpaceStateRecord;
  try {
    decoded = decodeRecord(key, bytes);
  } catch (error) {
    assert.ok(error instanceof FormatError, String(error));
    return;
  }
  assert.equal(recordKey(decoded), key);
  assert.deepEqual([...encodeRecord(decoded)], [...bytes]);
}

test('other forms of the same value are refused', () => {
  const item = { space: '7f'.repeat(16), id: SETTINGS_ITEM, rev: 1, epoch: 1 };
  const canonical = encodeRecord({
    type: 'item',
    space: item.space as SpaceId,
    id: item.id,
    rev: 1,
    sealed: new Uint8Array(80),
    epoch: 1,
  });
  const at = canonical.length - 1;
  assert.equal(canonical[at], 1);
  const longer = Uint8Array.of(...canonical.subarray(0, at), 0x18, 1);
  const float = Uint8Array.of(...canonical.subarray(0, at), 0xf9, 0x3c, 0);
  const trailing = Uint8Array.of(...canonical, 0);
  const indefinite = Uint8Array.of(0x9f, ...canonical.subarray(1), 0xff);
  const tagged = Uint8Array.of(0xc1, ...canonical);
  for (const bytes of [longer, float, trailing, indefinite, tagged]) {
    assert.throws(() => decodeRecord(itemKey(SETTINGS_ITEM), bytes), FormatError);
  }
});

test('reserved ids are refused everywhere but where the protocol defines them', () => {
  const reserved = `${'0'.repeat(16)}${'1'.repeat(16)}`;
  const [node] = fc.sample(
    record.filter((sample) => sample.type === 'node'),
    1,
  );
  assert.ok(node?.type === 'node');
  for (const field of ['id', 'parent', 'space', 'by'] as const) {
    const odd = { ...node, [field]: reserved };
    assert.throws(() => decodeRecord(recordKey(odd), encodeRecord(odd)), FormatError, field);
  }
  const item = { type: 'item', space: node.space, rev: 1, epoch: 1, sealed: node.meta } as const;
  for (const id of [reserved, '2'.padStart(32, '0'), '0'.repeat(32)]) {
    const odd = { ...item, id: id as ItemId };
    assert.throws(() => decodeRecord(recordKey(odd), encodeRecord(odd)), FormatError, id);
  }
});

const header: fc.Arbitrary<CommitHeader> = fc.record({
  space: idOf<SpaceId>(),
  seq: number,
  prev: digestOf<CommitId>(),
  past: digestOf<Digest>(),
  auth: digestOf<CommitId>(),
  account: idOf<AccountId>(),
  device: idOf<DeviceId>(),
  time: number,
  changes: digestOf<Digest>(),
  root: digestOf<Digest>(),
  note: fc.option(fc.integer({ min: 1, max: 15 }).chain((blocks) => bytesOf(73 + 256 * blocks))),
});

test('headers, bodies and sealed commits decode to what was encoded', () => {
  const change = fc.tuple(hexOf(32), fc.option(fc.uint8Array({ minLength: 1, maxLength: 80 })));
  const changes = fc
    .uniqueArray(change, { selector: ([key]) => key, maxLength: 20 })
    .map((rows) => rows.map((row) => row as unknown as RecordChange))
    .map((rows) => rows.sort(([a], [b]) => (a < b ? -1 : 1)));
  fc.assert(
    fc.property(header, changes, bytesOf(64), (fields, rows, signature) => {
      assert.deepEqual(plain(decodeHeader(encodeHeader(fields))), plain(fields));
      assert.deepEqual(plain(decodeBody(encodeBody(rows))), plain(rows));
      const commit = { header: encodeHeader(fields), signature, body: encodeBody(rows) };
      assert.deepEqual(plain(decodeSealedCommit(encodeSealedCommit(commit))), plain(commit));
    }),
  );
});

test('a header of another version, or with a field more or less, is refused', () => {
  const [fields] = fc.sample(header, 1);
  assert.ok(fields !== undefined);
  const raw = decodeCbor(encodeHeader(fields), (value) => value as Cbor[], 10_000);
  for (const version of [0, 2, null, '1']) {
    assert.throws(() => decodeHeader(encodeCbor([version, ...raw.slice(1)])), FormatError);
  }
  assert.throws(() => decodeHeader(encodeCbor(raw.slice(0, -1))), FormatError);
  assert.throws(() => decodeHeader(encodeCbor([...raw, null])), FormatError);
});

test('a body with a key twice or out of order is refused', () => {
  const key = (first: string): TreeKey => first.padEnd(64, '1') as TreeKey;
  const record = Uint8Array.of(1);
  assert.throws(
    () =>
      encodeBody([
        [key('b'), record],
        [key('a'), record],
      ]),
    FormatError,
  );
  assert.throws(
    () =>
      encodeBody([
        [key('a'), record],
        [key('a'), null],
      ]),
    FormatError,
  );
});
