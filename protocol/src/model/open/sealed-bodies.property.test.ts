/** What is sealed in records comes back; what a member with keys seals in any other form is refused. */
import assert from 'node:assert/strict';
import test from 'node:test';
import * as fc from 'fast-check';
import {
  bytesToHex,
  concatBytes,
  FormatError,
  idToBytes,
  IntegrityError,
  type AccountId,
  type Bytes,
  type CommitId,
  type DeviceId,
  type Digest,
  type FileRequestId,
  type LinkId,
  type NodeId,
  type SpaceId,
} from '../../core/index.ts';
import { openPadded, sealPadded } from '../../crypto/open/index.ts';
import { createNodeOpenSuite } from '../../suites/node-open.ts';
import {
  decodeAccountBundle,
  encodeAccountBundle,
  encodeAccountBundleBody,
  type AccountBundleBody,
} from '../account-bundle.ts';
import { TestSpace } from '../testing/test-space.ts';
import { NODE_KINDS, codeOf, SPACE_KINDS } from '../wire-names.ts';
import { itemIdOf, openItem, sealItem, type Item } from './items.ts';
import { openNodeMeta, sealNodeMeta, type MetaPlace, type NodeMeta } from './node-meta.ts';
import { epochKeyOf, itemSealingKey } from './space-keys.ts';

const suite = await createNodeOpenSuite();
const KEY = suite.randomBytes(32);

const bytesOf = (length: number) =>
  fc.uint8Array({ minLength: length, maxLength: length }).map((bytes) => new Uint8Array(bytes));
const idOf = <T extends string>() => bytesOf(15).map((b) => `7f${bytesToHex(b)}` as T);
const digestOf = <T extends string>() => bytesOf(32).map((b) => bytesToHex(b) as T);
const number = fc.maxSafeNat();
const text = fc.string({ unit: 'grapheme', maxLength: 40 });
const name = fc
  .string({ unit: 'grapheme-ascii', minLength: 1, maxLength: 40 })
  .map((made) => `n${made.replaceAll('/', '-')}n`);
const olds = fc
  .uniqueArray(fc.tuple(fc.nat({ max: 999 }), bytesOf(32)), {
    selector: ([kr]) => kr,
    maxLength: 4,
  })
  .map((rows) => rows.map(([kr, key]) => ({ kr, key })).sort((a, b) => b.kr - a.kr));

interface Placed {
  readonly place: MetaPlace;
  readonly meta: NodeMeta;
}

const placed: fc.Arbitrary<Placed> = fc
  .record({
    space: idOf<SpaceId>(),
    id: idOf<NodeId>(),
    parent: idOf<NodeId>(),
    kind: fc.constantFrom(...NODE_KINDS),
    rev: number,
  })
  .chain((fields) => {
    const place: MetaPlace = { ...fields, kr: 1000 };
    const isFile = place.kind === 'file';
    const hasTime = isFile || place.kind === 'symlink';
    const meta: fc.Arbitrary<NodeMeta> = fc.record({
      name,
      mtimeMs: hasTime ? fc.option(fc.maxSafeInteger()) : fc.constant(null),
      executable: isFile ? fc.boolean() : fc.constant(false),
      size: isFile ? number : fc.constant(null),
      sha256: isFile ? digestOf<Digest>() : fc.constant(null),
      target: place.kind === 'symlink' ? name : fc.constant(null),
      exposed: fc.boolean(),
      from: fc.option(fc.record({ parent: idOf<NodeId>(), name })),
      olds,
      written: isFile
        ? fc.record({ number, time: number, device: idOf<DeviceId>() })
        : fc.constant(null),
      changed: fc.record({ time: number, device: idOf<DeviceId>() }),
      copyOf: isFile ? fc.option(idOf<NodeId>()) : fc.constant(null),
    });
    return meta.map((made) => ({ place, meta: made }));
  });

const item: fc.Arbitrary<Item> = fc.oneof(
  fc.record({
    type: fc.constant('device' as const),
    device: idOf<DeviceId>(),
    name: text,
    platform: text,
    created: number,
    heads: fc.array(
      fc.record({ space: idOf<SpaceId>(), seq: number, commit: digestOf<CommitId>() }),
      { maxLength: 5 },
    ),
  }),
  fc.record({
    type: fc.constant('space' as const),
    space: idOf<SpaceId>(),
    kind: fc.constantFrom(...SPACE_KINDS),
    mount: fc.option(idOf<NodeId>()),
    name: text,
  }),
  fc.record({
    type: fc.constant('contact' as const),
    account: idOf<AccountId>(),
    identity: bytesOf(32),
    chainSeq: number,
    chainHead: digestOf<Digest>(),
    state: fc.constantFrom('unverified' as const, 'verified' as const, 'changed' as const),
  }),
  fc.record({
    type: fc.constant('settings' as const),
    values: fc
      .uniqueArray(fc.tuple(text, text), { selector: ([key]) => key, maxLength: 6 })
      .map((rows) => new Map(rows)),
  }),
  fc.record({
    type: fc.constant('link' as const),
    link: idOf<LinkId>(),
    space: idOf<SpaceId>(),
    node: idOf<NodeId>(),
    secret: bytesOf(32),
    passwordedSecret: fc.option(bytesOf(32)),
    rev: number,
    created: number,
  }),
  fc.record({
    type: fc.constant('file-request' as const),
    request: idOf<FileRequestId>(),
    space: idOf<SpaceId>(),
    folder: idOf<NodeId>(),
    kemSeed: bytesOf(32),
    title: text,
    created: number,
  }),
);

const bundle: fc.Arbitrary<AccountBundleBody> = fc.record({
  account: idOf<AccountId>(),
  generation: fc.integer({ min: 1, max: 2 ** 40 }),
  authSuite: fc.constant(1 as const),
  passwordWrap: bytesOf(105),
  recoveryWrap: bytesOf(105),
  secrets: fc.uint8Array({ minLength: 1, maxLength: 300 }).map((bytes) => new Uint8Array(bytes)),
  recoveryAuthDigest: digestOf<Digest>(),
  deviceEnvelopes: fc
    .uniqueArray(fc.record({ device: idOf<DeviceId>(), envelope: bytesOf(1225) }), {
      selector: ({ device }) => device,
      maxLength: 3,
    })
    .map((rows) => rows.sort((a, b) => (a.device < b.device ? -1 : 1))),
});

/** A byte put in, taken out or changed, or the rest cut off. */
const damage = fc.tuple(fc.nat(), fc.nat({ max: 255 }), fc.nat({ max: 3 }));

function damaged(bytes: Bytes, [at, byte, kind]: readonly [number, number, number]): Bytes {
  const index = at % bytes.length;
  const [before, after] = [bytes.subarray(0, index), bytes.subarray(index)];
  if (kind === 0) return concatBytes(before, Uint8Array.of(byte), after);
  if (kind === 1) return concatBytes(before, after.subarray(1));
  if (kind === 2) return before;
  return concatBytes(before, Uint8Array.of(byte), after.subarray(1));
}

/** With the prototype that literals have: generated records have none. */
const plain = <T>(value: T): T => structuredClone(value);

/** What `read` gives, or undefined for what is malformed; any other error fails the test. */
function readOrRefuse<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof FormatError) return undefined;
    if (error instanceof IntegrityError && error.code === 'malformed') return undefined;
    throw error;
  }
}

test('any meta comes back as it was sealed', () => {
  fc.assert(
    fc.property(placed, ({ place, meta }) => {
      const sealed = sealNodeMeta(suite, KEY, place, meta);
      assert.deepEqual(openNodeMeta(suite, KEY, place, sealed), plain(meta));
    }),
    { numRuns: 300 },
  );
});

test('a meta that is sealed in another form is malformed, or is the one form of what it says', () => {
  let refused = 0;
  fc.assert(
    fc.property(placed, damage, ({ place, meta }, change) => {
      const { space, id, kind, rev, kr } = place;
      const context = [idToBytes(space), idToBytes(id), codeOf(NODE_KINDS, kind), rev, kr];
      const bodyOf = (sealed: Bytes): Bytes => openPadded(suite, KEY, 'node-meta', context, sealed);
      const body = damaged(bodyOf(sealNodeMeta(suite, KEY, place, meta)), change);
      const sealed = sealPadded(suite, KEY, 'node-meta', context, body);
      const opened = readOrRefuse(() => openNodeMeta(suite, KEY, place, sealed));
      if (opened === undefined) refused++;
      else assert.deepEqual(bodyOf(sealNodeMeta(suite, KEY, place, opened)), body);
    }),
    { numRuns: 1000 },
  );
  assert.ok(refused > 300, `${refused} refused`);
});

const { keys, space } = new TestSpace(suite, 'account').created;
const placeOf = (made: Item) => ({ space, id: itemIdOf(made), rev: 1, epoch: 1 });

test('any item comes back as it was sealed', () => {
  fc.assert(
    fc.property(item, (made) => {
      const place = placeOf(made);
      const sealed = sealItem(suite, keys, place, made);
      assert.deepEqual(openItem(suite, keys, { type: 'item', ...place, sealed }), plain(made));
    }),
    { numRuns: 300 },
  );
});

test('an item that is sealed in another form is malformed, or is the one form of what it says', () => {
  const key = itemSealingKey(suite, epochKeyOf(keys, 1));
  let refused = 0;
  fc.assert(
    fc.property(item, damage, (made, change) => {
      const place = placeOf(made);
      const context = [idToBytes(place.space), idToBytes(place.id), place.rev, place.epoch];
      const bodyOf = (sealed: Bytes): Bytes => openPadded(suite, key, 'item', context, sealed);
      const body = damaged(bodyOf(sealItem(suite, keys, place, made)), change);
      const sealed = sealPadded(suite, key, 'item', context, body);
      const opened = readOrRefuse(() => openItem(suite, keys, { type: 'item', ...place, sealed }));
      if (opened === undefined) refused++;
      else assert.deepEqual(bodyOf(sealItem(suite, keys, place, opened)), body);
    }),
    { numRuns: 1000 },
  );
  assert.ok(refused > 300, `${refused} refused`);
});

test('any bundle of an account comes back; in another form it is refused, or is the one form of what it says', () => {
  let refused = 0;
  fc.assert(
    fc.property(bundle, bytesOf(64), damage, fc.boolean(), (made, signature, change, isOuter) => {
      const body = encodeAccountBundleBody(made);
      const { body: signed, ...decoded } = decodeAccountBundle(
        encodeAccountBundle(body, signature),
      );
      assert.deepEqual(decoded, plain({ ...made, signature }));
      assert.deepEqual(signed, body);

      const other = isOuter
        ? damaged(encodeAccountBundle(body, signature), change)
        : encodeAccountBundle(damaged(body, change), signature);
      const read = readOrRefuse(() => decodeAccountBundle(other));
      if (read === undefined) return void refused++;
      const again = encodeAccountBundle(encodeAccountBundleBody(read), read.signature);
      assert.deepEqual(again, other);
    }),
    { numRuns: 500 },
  );
  assert.ok(refused > 150, `${refused} refused`);
});
