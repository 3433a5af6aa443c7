import assert from 'node:assert/strict';
import test from 'node:test';
import { xchacha20poly1305 } from '@noble/ciphers/chacha.js';
import { hmac } from '@noble/hashes/hmac.js';
import { sha256 } from '@noble/hashes/sha2.js';
import * as fc from 'fast-check';
import { encodeCbor } from '../codec/index.ts';
import { concatBytes, IntegrityError, utf8ToBytes, type Bytes } from '../core/index.ts';
import { createNodeOpenSuite } from '../suites/node-open.ts';
import { LABELS } from './labels.ts';
import { open, openPadded, seal, sealPadded, SEAL_OVERHEAD_BYTES } from './open/index.ts';

const suite = await createNodeOpenSuite();
const key = suite.randomBytes(32);
const aad = [suite.randomBytes(16), 3] as const;
const plain = fc.uint8Array({ maxLength: 600 }).map((bytes) => new Uint8Array(bytes));

test('a sealed object is what the formula of the protocol says', () => {
  const nonce = suite.randomBytes(24);
  const fixed = { ...suite, randomBytes: () => nonce };
  fc.assert(
    fc.property(plain, fc.constantFrom(...LABELS), (plaintext, label) => {
      const text = utf8ToBytes(`coffer/v1/${label}`);
      const bound = sha256(encodeCbor(aad));
      const derive = (which: number): Bytes =>
        hmac(
          sha256,
          key,
          concatBytes(Uint8Array.of(text.length), text, Uint8Array.of(which), nonce, bound),
        );
      const commitment = derive(2);
      const sealed = xchacha20poly1305(derive(1), nonce, commitment).encrypt(plaintext);
      const expected = concatBytes(Uint8Array.of(1), nonce, commitment, sealed);
      assert.deepEqual(seal(fixed, key, label, aad, plaintext), expected);
    }),
    { numRuns: 60 },
  );
});

test('what was sealed opens, and is 73 bytes longer', () => {
  fc.assert(
    fc.property(plain, (plaintext) => {
      const sealed = seal(suite, key, 'item', aad, plaintext);
      assert.equal(sealed.length, plaintext.length + SEAL_OVERHEAD_BYTES);
      assert.deepEqual(open(suite, key, 'item', aad, sealed), plaintext);
      const padded = sealPadded(suite, key, 'item', aad, plaintext);
      assert.equal((padded.length - SEAL_OVERHEAD_BYTES) % 256, 0);
      assert.ok(padded.length - SEAL_OVERHEAD_BYTES - plaintext.length <= 256);
      assert.deepEqual(openPadded(suite, key, 'item', aad, padded), plaintext);
    }),
  );
});

test('every flipped bit, cut and added byte is refused with the same error', () => {
  const sealed = seal(suite, key, 'item', aad, suite.randomBytes(40));
  const messages = new Set<string>();
  const refuse = (changed: Bytes): void => {
    assert.throws(
      () => open(suite, key, 'item', aad, changed),
      (error) => {
        assert.ok(error instanceof IntegrityError);
        messages.add(`${error.code} ${error.message} ${String(error.cause)}`);
        return true;
      },
    );
  };
  for (let at = 0; at < sealed.length; at++) {
    for (const mask of [0x01, 0x80]) {
      const changed = sealed.slice();
      changed[at] = (changed[at] ?? 0) ^ mask;
      refuse(changed);
    }
    refuse(sealed.subarray(0, at));
    refuse(sealed.subarray(sealed.length - at));
  }
  refuse(concatBytes(sealed, Uint8Array.of(0)));
  assert.equal(messages.size, 1, 'nothing tells the causes apart');
});

test('an object opens under its own label alone, out of all labels', () => {
  const plaintext = Uint8Array.of(1, 2, 3);
  for (const sealedAs of LABELS) {
    const sealed = seal(suite, key, sealedAs, aad, plaintext);
    for (const openedAs of LABELS) {
      if (openedAs === sealedAs) {
        assert.deepEqual(open(suite, key, openedAs, aad, sealed), plaintext);
      } else {
        assert.throws(() => open(suite, key, openedAs, aad, sealed), IntegrityError);
      }
    }
  }
});

test('a ciphertext that the cipher accepts under a second key is refused by its commitment', () => {
  const nonce = suite.randomBytes(24);
  const other = suite.randomBytes(32);
  const plaintext = suite.randomBytes(32);
  const ours = seal({ ...suite, randomBytes: () => nonce }, key, 'item', aad, plaintext);
  const theirs = seal({ ...suite, randomBytes: () => nonce }, other, 'item', aad, plaintext);
  const commitmentAt = [25, 57] as const;
  const commitment = ours.subarray(...commitmentAt);
  const label = concatBytes(Uint8Array.of(14), utf8ToBytes('coffer/v1/item'));
  const bound = suite.sha256(encodeCbor(aad));
  const otherKey = suite.hmacSha256(other, label, Uint8Array.of(1), nonce, bound);
  const forged = suite.aeadSeal(otherKey, nonce, commitment, plaintext);
  assert.ok(suite.aeadOpen(otherKey, nonce, commitment, forged), 'the cipher alone accepts it');
  const object = concatBytes(ours.subarray(0, 57), forged);
  assert.throws(() => open(suite, other, 'item', aad, object), IntegrityError);
  assert.throws(() => open(suite, key, 'item', aad, object), IntegrityError);
  assert.deepEqual(open(suite, other, 'item', aad, theirs), plaintext);
});

test('two sealings of one thing differ in every part', () => {
  const [one, two] = [0, 1].map(() => seal(suite, key, 'item', aad, new Uint8Array(32)));
  assert.ok(one && two);
  for (const [from, to] of [
    [1, 25],
    [25, 57],
    [57, 89],
    [89, 105],
  ] as const) {
    assert.notDeepEqual(one.subarray(from, to), two.subarray(from, to));
  }
});

test('associated data is told apart by its structure', () => {
  const sealed = seal(suite, key, 'item', [Uint8Array.of(1), Uint8Array.of(2)], new Uint8Array(1));
  for (const other of [
    [Uint8Array.of(1, 2)],
    [Uint8Array.of(2), Uint8Array.of(1)],
    [[Uint8Array.of(1), Uint8Array.of(2)]],
    [Uint8Array.of(1), Uint8Array.of(2), null],
    [1, 2],
    ['\u0001', '\u0002'],
  ]) {
    assert.throws(() => open(suite, key, 'item', other, sealed), IntegrityError);
  }
});
