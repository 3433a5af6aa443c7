/**
 * Sealed things that open under the right key and are wrong all the same: made by who has the key, or
 * put together from parts that were made rightly.
 */
import assert from 'node:assert/strict';
import test from 'node:test';
import { decodeCbor, encodeCbor, schema } from '@coffer/protocol/codec';
import {
  concatBytes,
  FormatError,
  idToBytes,
  type IntegrityError,
  parseId,
  type AccountId,
  type Bytes,
  type NodeId,
  type SpaceId,
} from '@coffer/protocol/core';
import {
  openChunk,
  openPage,
  sealForeignChunk,
  sealPage,
  type ChunkRef,
} from '@coffer/protocol/content/open';
import { encodePage, parsePage } from '@coffer/protocol/content';
import { seal } from '@coffer/protocol/crypto/open';
import {
  accountPublicKeys,
  openAccountSecrets,
  unwrapAccountKey,
  wrapAccountKey,
} from '@coffer/protocol/model/open';
import { createNodeOpenSuite } from '@coffer/protocol/suites/node-open';

const suite = await createNodeOpenSuite();
const random = (): Bytes => suite.randomBytes(32);
const account = parseId<AccountId>('a1'.repeat(16));

function refusedAs(code: IntegrityError['code'], action: () => unknown): void {
  assert.throws(action, { name: 'IntegrityError', code });
}

test('T1 seeds that are not those of the public keys they are bound to are refused', () => {
  const key = random();
  const [identitySeed, kemSeed] = [random(), random()];
  const expected = accountPublicKeys(suite, { identitySeed, kemSeeds: [kemSeed] });
  const aad = [idToBytes(account), 1, expected.identity, expected.kem];
  const sealed = (identity: Bytes, kem: Bytes): Bytes =>
    seal(suite, key, 'account-secrets', aad, encodeCbor([identity, [kem]]));
  const open = (secrets: Bytes) =>
    openAccountSecrets(suite, account, { generation: 1, key }, expected, secrets);
  assert.deepEqual(open(sealed(identitySeed, kemSeed)), { identitySeed, kemSeeds: [kemSeed] });
  refusedAs('malformed', () => open(sealed(random(), kemSeed)));
  refusedAs('malformed', () => open(sealed(identitySeed, random())));
  refusedAs('malformed', () => open(sealed(kemSeed, identitySeed)));
});

test('T2 a wrap made for one purpose or generation does not open as another, even under its key', () => {
  const key = random();
  const wrapped = wrapAccountKey(suite, key, account, 'password', { generation: 1, key: random() });
  const place = { account, purpose: 'password', generation: 1 } as const;
  unwrapAccountKey(suite, key, place, wrapped);
  const other = parseId<AccountId>('a2'.repeat(16));
  for (const wrong of [{ purpose: 'recovery' }, { generation: 2 }, { account: other }] as const) {
    refusedAs('open-failed', () => unwrapAccountKey(suite, key, { ...place, ...wrong }, wrapped));
  }
});

test('T36 a chunk that the cipher accepts under a second key is refused by its commitment', () => {
  const { ref, parts } = sealForeignChunk(suite, new Uint8Array(100).fill(7));
  const stored = concatBytes(...parts);
  // A cipher that accepts everything stands for a ciphertext that was made for two keys.
  const credulous = {
    ...suite,
    aeadOpen: (_k: Bytes, _n: Bytes, _ad: Bytes, body: Bytes) => new Uint8Array(body.length - 16),
  };
  assert.equal(openChunk(credulous, ref, stored).length, 100);
  refusedAs('open-failed', () => openChunk(credulous, { ...ref, key: random() }, stored));
});

test('T18 T19 a page whose public half names other chunks does not open', () => {
  const node = parseId<NodeId>('b1'.repeat(16));
  const space = parseId<SpaceId>('c1'.repeat(16));
  const key = random();
  const refs = [1, 2].map((fill): ChunkRef => {
    const sealed = sealForeignChunk(suite, new Uint8Array(100).fill(fill));
    return sealed.ref;
  });
  const page = sealPage(suite, { space, node, kr: 1, key }, refs);
  const opening = { space, node, keyOf: () => key };
  assert.deepEqual(openPage(suite, opening, page), refs);
  const parsed = parsePage(page);
  const publicHalf = new Uint8Array(parsed.public);
  const [a, b] = [publicHalf.slice(0, 36), publicHalf.slice(36, 72)];
  refusedAs('open-failed', () =>
    openPage(suite, opening, encodePage(1, concatBytes(b, a), parsed.sealed)),
  );
  const foreign = concatBytes(suite.randomBytes(32), a.subarray(32), b);
  refusedAs('open-failed', () => openPage(suite, opening, encodePage(1, foreign, parsed.sealed)));
});

test('T58 bytes that decode to something else than they are written as are refused', () => {
  const text = schema.tuple(schema.text(100));
  const spellings: readonly (readonly [string, readonly number[]])[] = [
    ['a byte that is no UTF-8', [0x81, 0x61, 0xff]],
    ['a cut character', [0x81, 0x62, 0xc3, 0x28]],
    ['a lone surrogate', [0x81, 0x63, 0xed, 0xa0, 0x80]],
    ['a longer spelling of a letter', [0x81, 0x62, 0xc1, 0x81]],
    ['a length in two bytes', [0x81, 0x78, 0x01, 0x61]],
    ['a list of unknown length', [0x9f, 0x61, 0x61, 0xff]],
  ];
  for (const [claim, bytes] of spellings) {
    assert.throws(() => decodeCbor(Uint8Array.from(bytes), text, 100), FormatError, claim);
  }
  assert.deepEqual(decodeCbor(Uint8Array.from([0x81, 0x61, 0x61]), text, 100), ['a']);
  const number = schema.tuple(schema.uint());
  const floats = [
    [0x81, 0xf9, 0x3c, 0x00],
    [0x81, 0xfa, 0x3f, 0x80, 0x00, 0x00],
    [0x81, 0xf9, 0x80, 0x00],
    [0x81, 0xf9, 0x7e, 0x00],
    [0x81, 0x18, 0x01],
  ];
  for (const bytes of floats) {
    assert.throws(
      () => decodeCbor(Uint8Array.from(bytes), number, 100),
      FormatError,
      String(bytes),
    );
  }
  assert.deepEqual(decodeCbor(Uint8Array.of(0x81, 0x01), number, 100), [1]);
});
