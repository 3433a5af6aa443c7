/** Goal: every suite computes the same bytes, and the same as an independent implementation. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import test from 'node:test';
import { xchacha20poly1305 } from '@noble/ciphers/chacha.js';
import { ed25519 } from '@noble/curves/ed25519.js';
import { hmac } from '@noble/hashes/hmac.js';
import { sha256 } from '@noble/hashes/sha2.js';
import * as fc from 'fast-check';
import { concatBytes, Defect, IntegrityError, type Bytes } from '../core/index.ts';
import type { WholeSuite } from '../crypto/index.ts';
import { createNodeLazySuite, createNodeOpenSuite } from './node-open.ts';
import { createNodeVerifySuite } from './node-verify.ts';
import { createWebOpenSuite } from './web-open.ts';

const countUp = (length: number): Uint8Array<ArrayBuffer> =>
  Uint8Array.from({ length }, (_, i) => i & 0xff);
const suites: readonly (readonly [string, WholeSuite])[] = [
  ['node', await createNodeOpenSuite(countUp)],
  ['web', await createWebOpenSuite(countUp)],
];

/** Sizes around the borders of a hash block and of the places where the Node suite changes method. */
const SIZES = [0, 1, 55, 56, 63, 64, 65, 127, 128, 255, 256, 257, 320, 321, 1000, 16_384, 16_385];
const part = fc.oneof(
  fc.uint8Array({ maxLength: 80 }),
  fc.constantFrom(...SIZES).map((length) => countUp(length)),
);
const parts = fc.array(part, { maxLength: 5 });
const key32 = fc.uint8Array({ minLength: 32, maxLength: 32 });
const nonce24 = fc.uint8Array({ minLength: 24, maxLength: 24 });

for (const [name, suite] of suites) {
  test(`${name}: SHA-256 of any parts is that of their concatenation`, () => {
    fc.assert(
      fc.property(parts, (list) => {
        assert.deepEqual(suite.sha256(...list), new Uint8Array(sha256(concatBytes(...list))));
      }),
    );
  });

  test(`${name}: HMAC-SHA-256 takes keys of any length`, () => {
    fc.assert(
      fc.property(part, parts, (key, list) => {
        const expected = new Uint8Array(hmac(sha256, key, concatBytes(...list)));
        assert.deepEqual(suite.hmacSha256(key, ...list), expected);
      }),
    );
  });

  test(`${name}: XChaCha20-Poly1305 seals what the reference opens, and the other way`, () => {
    fc.assert(
      fc.property(key32, nonce24, part, part, (key, nonce, ad, plaintext) => {
        const reference = xchacha20poly1305(key, nonce, ad);
        const sealed = suite.aeadSeal(key, nonce, ad, plaintext);
        assert.deepEqual(sealed, new Uint8Array(reference.encrypt(plaintext)));
        assert.deepEqual(suite.aeadOpen(key, nonce, ad, sealed), new Uint8Array(plaintext));
      }),
      { numRuns: 50 },
    );
  });

  test(`${name}: a sealed box with any byte changed, cut or too short opens to nothing`, () => {
    const [key, nonce, ad] = [countUp(32), countUp(24), countUp(7)];
    const sealed = suite.aeadSeal(key, nonce, ad, countUp(20));
    for (let i = 0; i < sealed.length; i++) {
      assert.equal(suite.aeadOpen(key, nonce, ad, flipped(sealed, i)), undefined);
      assert.equal(suite.aeadOpen(key, nonce, ad, sealed.subarray(0, i)), undefined);
    }
    assert.equal(suite.aeadOpen(key, nonce, flipped(ad, 0), sealed), undefined);
  });

  test(`${name}: Ed25519 keys and signatures are those of the reference`, () => {
    fc.assert(
      fc.property(key32, part, (seed, message) => {
        const publicKey = suite.ed25519PublicKey(seed);
        assert.deepEqual(publicKey, new Uint8Array(ed25519.getPublicKey(seed)));
        const signature = suite.signEd25519(seed, message);
        assert.deepEqual(signature, new Uint8Array(ed25519.sign(message, seed)));
        assert.ok(suite.verifyEd25519(publicKey, message, signature));
      }),
      { numRuns: 20 },
    );
  });

  test(`${name}: Ed25519 refuses changed, misfit, small-order and non-canonical input`, () => {
    const seed = countUp(32);
    const message = countUp(40);
    const publicKey = suite.ed25519PublicKey(seed);
    const signature = suite.signEd25519(seed, message);
    for (let i = 0; i < signature.length; i++) {
      assert.equal(suite.verifyEd25519(publicKey, message, flipped(signature, i)), false);
    }
    assert.equal(suite.verifyEd25519(publicKey, flipped(message, 0), signature), false);
    assert.equal(suite.verifyEd25519(publicKey.subarray(1), message, signature), false);
    assert.equal(suite.verifyEd25519(publicKey, message, signature.subarray(1)), false);
    assert.equal(suite.verifyEd25519(publicKey, message, new Uint8Array(65)), false);
    assert.equal(suite.verifyEd25519(publicKey, message, withOrderAdded(signature)), false);
    const identityPoint = Uint8Array.from({ length: 32 }, (_, i) => (i === 0 ? 1 : 0));
    const forAnything = concatBytes(identityPoint, new Uint8Array(32));
    assert.equal(suite.verifyEd25519(identityPoint, message, forAnything), false);
    assert.equal(suite.verifyEd25519(new Uint8Array(32), message, forAnything), false);
  });

  test(`${name}: X-Wing agrees on a secret, and on another one for another ciphertext`, () => {
    const seed = countUp(32);
    const { ciphertext, secret } = suite.kemEncapsulate(suite.kemPublicKey(seed));
    assert.equal(ciphertext.length, 1120);
    assert.deepEqual(suite.kemDecapsulate(seed, ciphertext), secret);
    for (const at of [0, 500, 1087, 1088, 1118]) {
      assert.notDeepEqual(suite.kemDecapsulate(seed, flipped(ciphertext, at)), secret);
    }
  });

  test(`${name}: X-Wing refuses low-order points, coefficients out of range and wrong sizes`, () => {
    const seed = countUp(32);
    const publicKey = suite.kemPublicKey(seed);
    const { ciphertext } = suite.kemEncapsulate(publicKey);
    const bad = [
      publicKey.with(0, 0xff).with(1, 0xff),
      publicKey.slice().fill(0, 1184),
      publicKey.subarray(1),
      new Uint8Array(0),
    ];
    for (const key of bad) {
      assert.throws(
        () => suite.kemEncapsulate(key),
        (error) => error instanceof IntegrityError && error.code === 'malformed',
      );
    }
    assert.equal(suite.kemDecapsulate(seed, ciphertext.slice().fill(0, 1088)), undefined);
    assert.equal(suite.kemDecapsulate(seed, ciphertext.subarray(1)), undefined);
  });

  test(`${name}: constant-time comparison tells equal from unequal, whatever the lengths`, () => {
    assert.ok(suite.equalConstantTime(countUp(32), countUp(32)));
    assert.ok(suite.equalConstantTime(countUp(0), countUp(0)));
    assert.equal(suite.equalConstantTime(countUp(32), flipped(countUp(32), 31)), false);
    assert.equal(suite.equalConstantTime(countUp(32), countUp(31)), false);
  });

  test(`${name}: keys, nonces, seeds and salts of wrong size are defects`, () => {
    const wrong = countUp(31);
    assert.throws(() => suite.aeadSeal(wrong, countUp(24), wrong, wrong), Defect);
    assert.throws(() => suite.aeadSeal(countUp(32), wrong, wrong, wrong), Defect);
    assert.throws(() => suite.aeadOpen(wrong, countUp(24), wrong, wrong), Defect);
    assert.throws(() => suite.ed25519PublicKey(wrong), Defect);
    assert.throws(() => suite.signEd25519(wrong, wrong), Defect);
    assert.throws(() => suite.kemPublicKey(wrong), Defect);
    assert.throws(() => suite.argon2id(wrong, wrong), Defect);
  });
}

test('the suites agree on X-Wing and Argon2id byte for byte', () => {
  const results = suites.map(([, suite]) => [
    suite.kemPublicKey(countUp(32)),
    suite.kemEncapsulate(suite.kemPublicKey(countUp(32))),
    suite.argon2id(countUp(9), countUp(16)),
  ]);
  assert.deepEqual(results[0], results[1]);
});

test('the part for the server holds nothing that opens, unwraps or signs', () => {
  assert.deepEqual(Object.keys(createNodeVerifySuite()).sort(), [
    'equalConstantTime',
    'hmacSha256',
    'sha256',
    'verifyEd25519',
  ]);
});

test('the part for the server reaches no file that opens, unwraps or signs', () => {
  const seen = new Set([join(import.meta.dirname, 'node-verify.ts')]);
  for (const file of seen) {
    const imports = readFileSync(file, 'utf8').matchAll(/from '(?<path>\.[^']+)'/g);
    // A Set grows while it is walked.
    for (const { groups } of imports) seen.add(join(dirname(file), groups?.['path'] ?? ''));
  }
  assert.ok(seen.size > 8, 'the imports were followed');
  assert.deepEqual(
    [...seen].filter((file) => /\/open\/|-open\.ts$|sumo\.ts$/.test(file)),
    [],
  );
});

function flipped(bytes: Bytes, at: number): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(bytes);
  out[at] = (out[at] ?? 0) ^ 1;
  return out;
}

/** The same signature with S + L: valid for a lax verifier. */
function withOrderAdded(signature: Bytes): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(signature);
  let carry = 0n;
  for (let i = 0; i < 32; i++) {
    const byte = (ed25519.Point.Fn.ORDER >> BigInt(8 * i)) & 0xffn;
    const sum = BigInt(out[32 + i] ?? 0) + byte + carry;
    out[32 + i] = Number(sum & 0xffn);
    carry = sum >> 8n;
  }
  return out;
}

test('node: random bytes come in any length, and no two draws share bytes', async () => {
  const { randomBytes } = await createNodeOpenSuite();
  const seen = new Set<string>();
  for (let i = 0; i < 5000; i++) {
    const bytes = randomBytes(24);
    assert.equal(bytes.length, 24);
    for (const half of [bytes.subarray(0, 12), bytes.subarray(12)]) {
      const text = Buffer.from(half).toString('hex');
      assert.ok(!seen.has(text), 'bytes were given out twice');
      seen.add(text);
    }
    bytes.fill(0); // The stock that they came from stays as it is.
  }
  for (const length of [0, 1, 16, 511, 512, 513, 4096, 100_000]) {
    assert.equal(randomBytes(length).length, length);
  }
});

test('a lazy suite has no KEM until it is loaded, once for all who ask', async () => {
  const lazy = createNodeLazySuite(countUp);
  assert.ok(!('kemPublicKey' in lazy));
  const [whole, again] = await Promise.all([lazy.whole(), lazy.whole()]);
  assert.equal(whole, again);
  assert.equal(await whole.whole(), whole);
  const [, node] = suites[0] ?? assert.fail();
  assert.deepEqual(whole.kemPublicKey(countUp(32)), node.kemPublicKey(countUp(32)));
  assert.deepEqual(lazy.sha256(countUp(3)), whole.sha256(countUp(3)));
});
