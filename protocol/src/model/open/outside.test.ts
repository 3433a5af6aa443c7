/** Goal: what leaves the account (pairing, links, file requests, safety numbers) keeps its format. */
import assert from 'node:assert/strict';
import { argon2Sync } from 'node:crypto';
import test from 'node:test';
import { hmac } from '@noble/hashes/hmac.js';
import { sha256 } from '@noble/hashes/sha2.js';
import {
  bytesToHex,
  concatBytes,
  digestFromBytes,
  idFromBytes,
  idToBytes,
  IntegrityError,
  utf8ToBytes,
  type AccountId,
  type Bytes,
  type CommitId,
  type Digest,
  type FileRequestId,
  type IntegrityCode,
  type LinkId,
  type NodeId,
  type SpaceId,
} from '../../core/index.ts';
import { createNodeOpenSuite } from '../../suites/node-open.ts';
import { createNodeVerifySuite } from '../../suites/node-verify.ts';
import { createSeededRandom } from '../../suites/seeded-random.ts';
import { createDeviceSecrets, devicePublicKeys } from './device-secrets.ts';
import {
  checkFileRequestKey,
  formatFileRequest,
  openDrop,
  parseFileRequest,
  sealDrop,
} from './file-request.ts';
import {
  deriveLinkKeys,
  formatLink,
  openLinkPayload,
  parseLink,
  sealLinkPayload,
  type LinkPayload,
} from './link.ts';
import {
  createPairing,
  openPairedAccountKey,
  openPairingAnswer,
  openPairingOffer,
  sealPairingAnswer,
  sealPairingOffer,
} from './pairing.ts';
import { safetyNumber } from './safety-number.ts';

const random = createSeededRandom(createNodeVerifySuite().sha256, 'outside.test');
const suite = await createNodeOpenSuite(random);
const account = idFromBytes<AccountId>(random(16));
const identity = suite.ed25519PublicKey(random(32));
const chainHead = digestFromBytes<Digest>(random(32));
const origin = 'https://drive.example';

test('two devices that share a secret pair, whether it came as QR code or as words', () => {
  for (const secret of [random(32), random(11)]) {
    const [mine, theirs] = [secret, secret].map((s) => createPairing(suite, s, origin));
    assert.ok(mine && theirs);
    assert.equal(mine.id, theirs.id);
    const device = createDeviceSecrets(suite);
    const offer = sealPairingOffer(suite, mine, devicePublicKeys(suite, device));
    const keys = openPairingOffer(suite, theirs, offer);
    assert.deepEqual(keys, devicePublicKeys(suite, device));
    const accountKey = { generation: 3, key: random(32) };
    const given = { account, identity, chainHead, device: keys, accountKey };
    const answer = openPairingAnswer(suite, mine, sealPairingAnswer(suite, theirs, given));
    assert.deepEqual(
      { account: answer.account, identity: answer.identity, chainHead: answer.chainHead },
      { account, identity, chainHead },
    );
    assert.deepEqual(openPairedAccountKey(suite, answer, device, 3), accountKey);
    assert.throws(() => openPairedAccountKey(suite, answer, device, 2), code('open-failed'));
    const other = createDeviceSecrets(suite);
    assert.throws(() => openPairedAccountKey(suite, answer, other, 3), code('open-failed'));
  }
});

test('without the secret, or at another server, nothing of a pairing opens', () => {
  const secret = random(32);
  const pairing = createPairing(suite, secret, origin);
  const offer = sealPairingOffer(
    suite,
    pairing,
    devicePublicKeys(suite, createDeviceSecrets(suite)),
  );
  for (const wrong of [
    createPairing(suite, random(32), origin),
    createPairing(suite, secret, 'https://drive.example:8443'),
    { ...pairing, id: createPairing(suite, random(32), origin).id },
  ]) {
    assert.throws(() => openPairingOffer(suite, wrong, offer), code('open-failed'));
  }
  assert.throws(() => openPairingAnswer(suite, pairing, offer), code('open-failed'));
});

const link = { origin, id: idFromBytes<LinkId>(random(16)), secret: random(32) };
const payload: LinkPayload = {
  space: idFromBytes<SpaceId>(random(16)),
  node: idFromBytes<NodeId>(random(16)),
  kind: 'folder',
  kr: 7,
  nodeKey: random(32),
  flags: 0,
  owner: account,
  ownerIdentity: identity,
  pinnedSeq: 12,
  pinnedCommit: digestFromBytes<CommitId>(random(32)),
};

test('the address of a link says the same when it is read', () => {
  const text = formatLink(link);
  assert.match(text, /^https:\/\/drive\.example\/s\/[\w-]{22}#1\.[\w-]{43}$/);
  assert.deepEqual(parseLink(text), { ok: true, value: link });
  assert.deepEqual(parseLink(text.replace('#1.', '#2.')), { ok: false, error: 'unknown-version' });
  for (const bad of [
    '',
    text.slice(0, -1),
    `${text}A`,
    text.replace('#', '?'),
    text.replace('/s/', '/r/'),
    text.replace('https:', 'javascript:'),
    text.replace(/\/s\/.{22}/, `/s/${'A'.repeat(22)}`),
    `${text.slice(0, -1)}_`,
  ]) {
    assert.deepEqual(parseLink(bad), { ok: false, error: 'not-a-link' }, bad);
  }
});

test('the payload of a link opens with its secret, for its id and revision alone', () => {
  const { key } = deriveLinkKeys(suite, link);
  const sealed = sealLinkPayload(suite, key, { id: link.id, rev: 1 }, payload);
  assert.equal(sealed.length, 73 + 256);
  assert.deepEqual(openLinkPayload(suite, key, { id: link.id, rev: 1 }, sealed), payload);
  const otherId = idFromBytes<LinkId>(random(16));
  const refused = (open: () => unknown): void => assert.throws(open, code('open-failed'));
  refused(() => openLinkPayload(suite, key, { id: link.id, rev: 2 }, sealed));
  refused(() => openLinkPayload(suite, key, { id: otherId, rev: 1 }, sealed));
  const { proof } = deriveLinkKeys(suite, link);
  refused(() => openLinkPayload(suite, proof, { id: link.id, rev: 1 }, sealed));
  const { key: otherKey } = deriveLinkKeys(suite, { ...link, secret: random(32) });
  refused(() => openLinkPayload(suite, otherKey, { id: link.id, rev: 1 }, sealed));
});

test('a password on a link changes key and proof as the formula says', () => {
  const label = (x: string): Bytes => {
    const text = utf8ToBytes(`coffer/v1/${x}`);
    return concatBytes(Uint8Array.of(text.length), text);
  };
  const kdf = (key: Bytes, x: string, part: Bytes): Bytes =>
    hmac(sha256, key, concatBytes(label(x), part));
  const id = idToBytes(link.id);
  const salt = kdf(link.secret, 'link-salt', id).subarray(0, 16);
  const stretched = argon2Sync('argon2id', {
    message: utf8ToBytes('\u00c5'),
    nonce: salt,
    parallelism: 1,
    tagLength: 32,
    memory: 65_536,
    passes: 3,
  });
  const k = kdf(link.secret, 'link-password', stretched);
  const expected = [kdf(k, 'link-key', id), kdf(k, 'link-auth', id)].map(bytesToHex);
  for (const spelling of ['\u00c5', 'A\u030a', '\u212b']) {
    const { key, proof } = deriveLinkKeys(suite, link, spelling);
    assert.deepEqual([key, proof].map(bytesToHex), expected);
  }
});

test('a drop opens with the seed of its request, for its id and number alone', () => {
  const seed = random(32);
  const kem = suite.kemPublicKey(seed);
  const id = idFromBytes<FileRequestId>(random(16));
  const digest = digestFromBytes<Digest>(random(32));
  const drop = { name: 'bill.pdf', sizeBytes: 5, digest, pageKeys: [random(32), random(32)] };
  const sealed = sealDrop(suite, kem, { id, item: 4 }, drop);
  assert.deepEqual(openDrop(suite, seed, { id, item: 4 }, sealed), drop);
  assert.throws(() => openDrop(suite, seed, { id, item: 5 }, sealed), code('open-failed'));
  assert.throws(() => openDrop(suite, random(32), { id, item: 4 }, sealed), code('open-failed'));
  const tooBig = sealDrop(suite, kem, { id, item: 4 }, { ...drop, sizeBytes: 2 ** 41 });
  assert.throws(() => openDrop(suite, seed, { id, item: 4 }, tooBig), code('malformed'));
});

test('a visitor refuses a request key that is not the one of the address', () => {
  const kem = suite.kemPublicKey(random(32));
  const id = idFromBytes<FileRequestId>(random(16));
  const address = { origin, id, kemDigest: suite.sha256(kem) };
  const text = formatFileRequest(address);
  assert.deepEqual(parseFileRequest(text), { ok: true, value: address });
  assert.deepEqual(parseFileRequest(formatLink(link)), { ok: false, error: 'not-a-file-request' });
  assert.doesNotThrow(() => checkFileRequestKey(suite, address, kem));
  const served = suite.kemPublicKey(random(32));
  assert.throws(() => checkFileRequestKey(suite, address, served), code('digest-mismatch'));
});

test('both people see the same 60 digits, and others when a key differs', () => {
  const alice = { account, identity };
  const bob = { account: idFromBytes<AccountId>(random(16)), identity: random(32) };
  const number = safetyNumber(suite, alice, bob);
  assert.match(number, /^\d{60}$/);
  assert.equal(safetyNumber(suite, bob, alice), number);
  assert.notEqual(safetyNumber(suite, alice, { ...bob, identity: random(32) }), number);
  assert.notEqual(safetyNumber(suite, alice, { ...bob, account }), number);
});

function code(expected: IntegrityCode): (error: unknown) => boolean {
  return (error) => error instanceof IntegrityError && error.code === expected;
}
