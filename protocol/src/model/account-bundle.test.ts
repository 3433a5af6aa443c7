import assert from 'node:assert/strict';
import test from 'node:test';
import {
  bytesToHex,
  concatBytes,
  FormatError,
  IntegrityError,
  type Bytes,
  type IntegrityCode,
} from '../core/index.ts';
import { sign } from '../crypto/open/index.ts';
import { createNodeOpenSuite } from '../suites/node-open.ts';
import { createNodeVerifySuite } from '../suites/node-verify.ts';
import { createSeededRandom } from '../suites/seeded-random.ts';
import {
  accountBundleDigest,
  decodeAccountBundle,
  encodeAccountBundle,
  encodeAccountBundleBody,
  hasOnlyCertifiedDevices,
  isRecoveryAuth,
  verifyAccountBundle,
  type AccountBundleBody,
} from './account-bundle.ts';
import { extendKeyChain, verifyKeyChain } from './key-chain.ts';
import { addDeviceToBundle, changePassword, rotateAccountKey } from './open/account-changes.ts';
import { recoveryAuth } from './open/account-seals.ts';
import {
  createAccount,
  draftAccount,
  openAccountByDevice,
  openAccountByKey,
  openAccountByPassword,
  openAccountByRecovery,
  type AccountDraft,
} from './open/account.ts';
import { createDeviceSecrets, devicePublicKeys } from './open/device-secrets.ts';
import { certifyDevice, signKeyChainEntry, signNewIdentity } from './open/key-chain.ts';

const random = createSeededRandom(createNodeVerifySuite().sha256, 'account-bundle.test');
const suite = await createNodeOpenSuite(random);
const exportKey = random(64);
const draft = draftAccount(suite);
const source = createAccount(suite, draft, { exportKey, time: 1, deviceExpires: null });
const { bundle, chain } = source;
const { account, accountKey, secrets, device, recoveryKey } = draft;
const { identitySeed } = secrets;

test('an account opens by password, recovery key, device and kept key, to the same secrets', () => {
  const ways = [
    openAccountByPassword(suite, source, exportKey),
    openAccountByRecovery(suite, source, recoveryKey),
    openAccountByDevice(suite, source, device),
    openAccountByKey(suite, source, accountKey),
  ];
  for (const opened of ways) {
    assert.deepEqual(opened?.accountKey, accountKey);
    assert.deepEqual(opened?.secrets, secrets);
    assert.equal(opened?.account, account);
  }
});

test('a new account has a chain of genesis and own device, and a bundle of generation 1', () => {
  const decoded = decodeAccountBundle(bundle);
  assert.equal(decoded.generation, 1);
  assert.deepEqual(
    decoded.deviceEnvelopes.map((entry) => entry.device),
    [device.device],
  );
  assert.equal(verifyKeyChain(suite, account, chain.entries).head, chain.head);
  assert.deepEqual(chain.devices(), [{ ...devicePublicKeys(suite, device), expires: null }]);
  assert.ok(hasOnlyCertifiedDevices(chain, decoded));
});

test('wrong keys open nothing', () => {
  assert.throws(() => openAccountByPassword(suite, source, random(64)), code('open-failed'));
  assert.throws(() => openAccountByRecovery(suite, source, random(32)), code('open-failed'));
  const thief = { ...device, kemSeed: random(32) };
  assert.throws(() => openAccountByDevice(suite, source, thief), code('open-failed'));
  const otherKey = { generation: 1, key: random(32) };
  assert.throws(() => openAccountByKey(suite, source, otherKey), code('open-failed'));
});

test('a device without an envelope opens nothing, which is no failure', () => {
  assert.equal(openAccountByDevice(suite, source, createDeviceSecrets(suite)), undefined);
});

test('a bundle with any byte changed, cut or added is refused', () => {
  for (let at = 0; at < bundle.length; at++) {
    assert.throws(() => verifyAccountBundle(suite, chain, flipped(bundle, at)), IntegrityError);
  }
  for (const changed of [bundle.subarray(1), bundle.subarray(0, -1), concatBytes(bundle, bundle)]) {
    assert.throws(() => verifyAccountBundle(suite, chain, changed), code('malformed'));
  }
});

test('sealed fields with any byte changed do not open, even under a right signature', () => {
  const decoded = decodeAccountBundle(bundle);
  for (let at = 0; at < decoded.passwordWrap.length; at++) {
    const resigned = signed({ ...decoded, passwordWrap: flipped(decoded.passwordWrap, at) });
    assert.throws(
      () => openAccountByPassword(suite, { ...source, bundle: resigned }, exportKey),
      code('open-failed'),
    );
  }
  for (let at = 0; at < decoded.secrets.length; at += 3) {
    const resigned = signed({ ...decoded, secrets: flipped(decoded.secrets, at) });
    assert.throws(
      () => openAccountByKey(suite, { ...source, bundle: resigned }, accountKey),
      code('open-failed'),
    );
  }
});

test('the wraps of password and recovery cannot stand for each other', () => {
  const decoded = decodeAccountBundle(bundle);
  const swapped = signed({
    ...decoded,
    passwordWrap: decoded.recoveryWrap,
    recoveryWrap: decoded.passwordWrap,
  });
  const from = { ...source, bundle: swapped };
  assert.throws(() => openAccountByPassword(suite, from, exportKey), code('open-failed'));
  assert.throws(() => openAccountByRecovery(suite, from, recoveryKey), code('open-failed'));
});

test('a bundle of another account with the same password or recovery key is refused', () => {
  const twin: AccountDraft = { ...draftAccount(suite), recoveryKey };
  const other = createAccount(suite, twin, { exportKey, time: 1, deviceExpires: null });
  const swapped = { chain, bundle: other.bundle };
  assert.throws(() => openAccountByPassword(suite, swapped, exportKey), code('signature-invalid'));
  const wraps = decodeAccountBundle(other.bundle);
  const mixed = signed({
    ...decodeAccountBundle(bundle),
    passwordWrap: wraps.passwordWrap,
    recoveryWrap: wraps.recoveryWrap,
  });
  const from = { ...source, bundle: mixed };
  assert.throws(() => openAccountByPassword(suite, from, exportKey), code('open-failed'));
  assert.throws(() => openAccountByRecovery(suite, from, recoveryKey), code('open-failed'));
});

test('an account that a server made up is refused by a device with a pin', () => {
  const mallory = draftAccount(suite);
  const forged = createAccount(suite, mallory, { exportKey, time: 1, deviceExpires: null });
  const pin = { identity: chain.identity, seq: chain.seq, head: chain.head };
  assert.throws(
    () => openAccountByPassword(suite, { ...forged, pin }, exportKey),
    code('head-forked'),
  );
  assert.doesNotThrow(() => openAccountByPassword(suite, { ...source, pin }, exportKey));
});

test('a chain behind the pin or with a new identity opens nothing', () => {
  const pin = { identity: chain.identity, seq: chain.seq + 1, head: chain.head };
  assert.throws(
    () => openAccountByPassword(suite, { ...source, pin }, exportKey),
    code('head-rolled-back'),
  );
  const entry = signNewIdentity(suite, chain, { old: identitySeed, new: random(32) }, 2);
  const handed = extendKeyChain(suite, chain, [entry]);
  const pinned = { identity: chain.identity, seq: chain.seq, head: chain.head };
  assert.throws(
    () => openAccountByPassword(suite, { bundle, chain: handed, pin: pinned }, exportKey),
    code('chain-broken'),
  );
});

test('secrets whose seeds are not those of the public keys are refused', () => {
  const change = { type: 'kem-changed', kem: suite.kemPublicKey(random(32)) } as const;
  const entry = signKeyChainEntry(suite, chain, identitySeed, { time: 2, change });
  const moved = { bundle, chain: extendKeyChain(suite, chain, [entry]) };
  assert.throws(() => openAccountByPassword(suite, moved, exportKey), code('open-failed'));
});

test('a new device gets its own envelope next to the others', () => {
  const second = createDeviceSecrets(suite);
  const keys = devicePublicKeys(suite, second);
  const opened = openAccountByPassword(suite, source, exportKey);
  const longer = certifyDevice(suite, {
    chain,
    identitySeed,
    device: keys,
    expires: 5,
    time: 2,
  });
  const next = { bundle: addDeviceToBundle(suite, opened, keys), chain: longer };
  const decoded = verifyAccountBundle(suite, longer, next.bundle);
  assert.equal(hasOnlyCertifiedDevices(longer, decoded), true);
  assert.equal(hasOnlyCertifiedDevices(chain, decoded), false);
  const ids = decoded.deviceEnvelopes.map((entry) => entry.device);
  assert.deepEqual(ids, [device.device, second.device].sort());
  for (const owner of [device, second]) {
    assert.deepEqual(openAccountByDevice(suite, next, owner)?.accountKey, accountKey);
  }
  const swappedIds = signed({
    ...decoded,
    deviceEnvelopes: decoded.deviceEnvelopes.map(({ device: id }, i) => ({
      device: id,
      envelope: decoded.deviceEnvelopes[1 - i]?.envelope ?? new Uint8Array(0),
    })),
  });
  assert.throws(
    () => openAccountByDevice(suite, { bundle: swappedIds, chain: longer }, second),
    code('open-failed'),
  );
  assert.deepEqual(openAccountByPassword(suite, next, exportKey).secrets, secrets);
});

test('after a change of password the new one opens, and the old one does not', () => {
  const newExportKey = random(64);
  const opened = openAccountByPassword(suite, source, exportKey);
  const next = { chain, bundle: changePassword(suite, opened, newExportKey) };
  assert.deepEqual(openAccountByPassword(suite, next, newExportKey).accountKey, accountKey);
  assert.throws(() => openAccountByPassword(suite, next, exportKey), code('open-failed'));
  assert.deepEqual(openAccountByRecovery(suite, next, recoveryKey).secrets, secrets);
  assert.deepEqual(openAccountByDevice(suite, next, device)?.secrets, secrets);
});

test('a rotation shuts out the revoked device and every old key', () => {
  const lost = createDeviceSecrets(suite);
  const opened = openAccountByPassword(suite, source, exportKey);
  const lostKeys = devicePublicKeys(suite, lost);
  const longer = certifyDevice(suite, {
    chain,
    identitySeed,
    device: lostKeys,
    expires: null,
    time: 2,
  });
  const withLost = { bundle: addDeviceToBundle(suite, opened, lostKeys), chain: longer };
  const before = openAccountByPassword(suite, withLost, exportKey);
  const given = { exportKey: random(64), recoveryKey: random(32), time: 3 };
  const rotated = rotateAccountKey(suite, before, { ...given, revoke: [lost.device] });

  assert.equal(rotated.accountKey.generation, 2);
  assert.equal(rotated.chain.seq, longer.seq + 2);
  assert.deepEqual(
    rotated.chain.devices().map((entry) => entry.device),
    [device.device],
  );
  assert.equal(verifyKeyChain(suite, account, rotated.chain.entries).head, rotated.chain.head);
  assert.deepEqual(rotated.secrets.kemSeeds.slice(1), secrets.kemSeeds);
  for (const after of [
    openAccountByPassword(suite, rotated, given.exportKey),
    openAccountByRecovery(suite, rotated, given.recoveryKey),
    openAccountByDevice(suite, rotated, device),
  ]) {
    assert.deepEqual(after?.secrets, rotated.secrets);
    assert.deepEqual(after?.accountKey, rotated.accountKey);
  }
  assert.equal(openAccountByDevice(suite, rotated, lost), undefined);
  assert.equal(openAccountByKey(suite, rotated, accountKey), undefined);
  assert.throws(() => openAccountByRecovery(suite, rotated, recoveryKey), code('open-failed'));
  const oldBundle = { bundle: withLost.bundle, chain: rotated.chain };
  assert.throws(() => openAccountByRecovery(suite, oldBundle, recoveryKey), code('open-failed'));
  assert.throws(
    () => openAccountByKey(suite, oldBundle, rotated.accountKey),
    code('head-rolled-back'),
  );
});

test('only the recovery auth of the recovery key is accepted', () => {
  const decoded = decodeAccountBundle(bundle);
  assert.ok(isRecoveryAuth(suite, decoded, recoveryAuth(suite, account, recoveryKey)));
  assert.equal(isRecoveryAuth(suite, decoded, recoveryAuth(suite, account, random(32))), false);
  assert.equal(isRecoveryAuth(suite, decoded, new Uint8Array(0)), false);
});

test('bodies that break the format are refused, each for its own reason', () => {
  const decoded = decodeAccountBundle(bundle);
  const [own] = decoded.deviceEnvelopes;
  assert.ok(own);
  const bad: readonly (readonly [string, AccountBundleBody])[] = [
    ['generations start at 1', { ...decoded, generation: 0 }],
    ['devices do not ascend', { ...decoded, deviceEnvelopes: [own, own] }],
    ['not 105 to 105 bytes', { ...decoded, passwordWrap: decoded.secrets }],
    ['not 1 to 139520 bytes', { ...decoded, secrets: new Uint8Array(0) }],
    ['not 1', { ...decoded, authSuite: 2 as 1 }],
  ];
  for (const [reason, body] of bad) {
    assert.throws(
      () => decodeAccountBundle(signed(body)),
      (error) => error instanceof FormatError && error.message === reason,
      reason,
    );
  }
});

test('the digest of a bundle is that of its stored bytes, signature included', () => {
  assert.equal(accountBundleDigest(suite, bundle), bytesToHex(suite.sha256(bundle)));
  assert.notEqual(
    accountBundleDigest(suite, flipped(bundle, bundle.length - 1)),
    accountBundleDigest(suite, bundle),
  );
});

function signed(content: AccountBundleBody): Uint8Array<ArrayBuffer> {
  const body = encodeAccountBundleBody(content);
  return encodeAccountBundle(body, sign(suite, identitySeed, 'account-bundle', body));
}

function flipped(bytes: Bytes, at: number): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(bytes);
  out[at] = (out[at] ?? 0) ^ 1;
  return out;
}

function code(expected: IntegrityCode): (error: unknown) => boolean {
  return (error) => error instanceof IntegrityError && error.code === expected;
}
