import assert from 'node:assert/strict';
import test from 'node:test';
import { encodeCbor } from '../codec/index.ts';
import { concatBytes, IntegrityError, utf8ToBytes, type Bytes } from '../core/index.ts';
import { createNodeOpenSuite } from '../suites/node-open.ts';
import { createWebOpenSuite } from '../suites/web-open.ts';
import { open, openEnvelope, sealEnvelope, sign } from './open/index.ts';
import { verifySignature } from './verify.ts';

const suite = await createNodeOpenSuite();
const web = await createWebOpenSuite();
const seed = suite.randomBytes(32);
const publicKey = suite.kemPublicKey(seed);
const context = [suite.randomBytes(16), 5] as const;
const plaintext = suite.randomBytes(64);

test('an envelope opens with the seed, whichever suite made it', () => {
  for (const [maker, reader] of [
    [suite, web],
    [web, suite],
  ] as const) {
    const envelope = sealEnvelope(maker, publicKey, 'epoch-key', context, plaintext);
    assert.equal(envelope.length, 1120 + 73 + 64);
    assert.deepEqual(openEnvelope(reader, seed, 'epoch-key', context, envelope), plaintext);
  }
});

test('the key of an envelope binds both keys and the context, as the formula says', () => {
  const envelope = sealEnvelope(suite, publicKey, 'epoch-key', context, plaintext);
  const ciphertext = envelope.subarray(0, 1120);
  const secret = suite.kemDecapsulate(seed, ciphertext);
  assert.ok(secret);
  const text = utf8ToBytes('coffer/v1/envelope');
  const parts = [publicKey, ciphertext, encodeCbor(context)].map((part) => suite.sha256(part));
  const key = suite.hmacSha256(secret, concatBytes(Uint8Array.of(text.length), text, ...parts));
  assert.deepEqual(open(suite, key, 'epoch-key', context, envelope.subarray(1120)), plaintext);
});

test('an envelope with any byte changed, for another seed, label or context does not open', () => {
  const envelope = sealEnvelope(suite, publicKey, 'epoch-key', context, plaintext);
  const refuse = (change: () => Bytes): void => {
    assert.throws(
      change,
      (error) => error instanceof IntegrityError && error.code === 'open-failed',
    );
  };
  for (let at = 0; at < envelope.length; at += at < 1088 ? 17 : 1) {
    const changed = envelope.slice();
    changed[at] = (changed[at] ?? 0) ^ 1;
    // The top bit of an X25519 key is ignored by the curve; the ciphertext is hashed as it stands.
    refuse(() => openEnvelope(suite, seed, 'epoch-key', context, changed));
  }
  const topBit = envelope.slice();
  topBit[1119] = (topBit[1119] ?? 0) ^ 0x80;
  refuse(() => openEnvelope(suite, seed, 'epoch-key', context, topBit));
  refuse(() => openEnvelope(suite, suite.randomBytes(32), 'epoch-key', context, envelope));
  refuse(() => openEnvelope(suite, seed, 'drop', context, envelope));
  refuse(() => openEnvelope(suite, seed, 'epoch-key', [context[0], 6], envelope));
  for (const length of [0, 1, 1119, 1120, 1192, envelope.length - 1]) {
    refuse(() => openEnvelope(suite, seed, 'epoch-key', context, envelope.subarray(0, length)));
  }
  const lowOrder = envelope.slice().fill(0, 1088, 1120);
  refuse(() => openEnvelope(suite, seed, 'epoch-key', context, lowOrder));
});

test('nothing is sealed to a key that is none', () => {
  for (const bad of [
    new Uint8Array(1216),
    publicKey.subarray(1),
    publicKey.slice().fill(255, 0, 9),
  ]) {
    assert.throws(
      () => sealEnvelope(suite, bad, 'epoch-key', context, plaintext),
      (error) => error instanceof IntegrityError && error.code === 'malformed',
    );
  }
});

test('a signature holds for its label, body and key alone', () => {
  const signer = suite.randomBytes(32);
  const signerKey = suite.ed25519PublicKey(signer);
  const body = suite.randomBytes(300);
  const signature = sign(suite, signer, 'commit-sign', body);
  const text = utf8ToBytes('coffer/v1/commit-sign');
  const message = concatBytes(Uint8Array.of(text.length), text, suite.sha256(body));
  assert.deepEqual(signature, suite.signEd25519(signer, message));
  assert.ok(verifySignature(suite, signerKey, 'commit-sign', body, signature));
  assert.ok(verifySignature(web, signerKey, 'commit-sign', body, signature));
  assert.equal(verifySignature(suite, signerKey, 'key-chain-sign', body, signature), false);
  assert.equal(
    verifySignature(suite, signerKey, 'commit-sign', body.subarray(1), signature),
    false,
  );
  assert.equal(verifySignature(suite, publicKey, 'commit-sign', body, signature), false);
});
