import assert from 'node:assert/strict';
import test from 'node:test';
import {
  concatBytes,
  hexToBytes,
  IntegrityError,
  parseId,
  ZERO_DIGEST,
  type AccountId,
  type Bytes,
  type DeviceId,
} from '../core/index.ts';
import { sign } from '../crypto/open/index.ts';
import { createNodeOpenSuite } from '../suites/node-open.ts';
import { createNodeVerifySuite } from '../suites/node-verify.ts';
import { createSeededRandom } from '../suites/seeded-random.ts';
import {
  decodeKeyChainEntry,
  encodeKeyChainBody,
  encodeKeyChainEntry,
  type KeyChainChange,
  type KeyChainEntryBody,
} from './key-chain-entry.ts';
import { extendKeyChain, judgeKeyChainPin, verifyKeyChain, type KeyChain } from './key-chain.ts';
import { createDeviceSecrets, devicePublicKeys } from './open/device-secrets.ts';
import {
  certifyDevice,
  signKeyChainEntry,
  signKeyChainGenesis,
  signNewIdentity,
} from './open/key-chain.ts';

const random = createSeededRandom(createNodeVerifySuite().sha256, 'key-chain.test');
const suite = await createNodeOpenSuite(random);
const seed = random(32);
const nonce = random(32);
const kem = suite.kemPublicKey(random(32));
const { account, entry: genesis } = signKeyChainGenesis(suite, {
  identitySeed: seed,
  nonce,
  kem,
  time: 1,
});
const start = verifyKeyChain(suite, account, [genesis]);
const phone = devicePublicKeys(suite, createDeviceSecrets(suite));
const laptop = devicePublicKeys(suite, createDeviceSecrets(suite));
const added = (chain: KeyChain, device = phone, expires: number | null = null): KeyChain =>
  certifyDevice(suite, { chain, identitySeed: seed, device, expires, time: 2 });
const revoked = (chain: KeyChain, device: DeviceId): KeyChain =>
  extendKeyChain(suite, chain, [
    signKeyChainEntry(suite, chain, seed, { time: 3, change: { type: 'device-revoked', device } }),
  ]);

test('a chain tells which device was certified at which position', () => {
  const chain = revoked(added(added(start), laptop, 99), phone.device);
  assert.equal(chain.seq, 3);
  assert.deepEqual(
    [0, 1, 2, 3, 4].map((seq) => chain.deviceAt(phone.device, seq)?.publicKey),
    [undefined, phone.publicKey, phone.publicKey, undefined, undefined],
  );
  assert.deepEqual(chain.devices(), [{ ...laptop, expires: 99 }]);
  assert.deepEqual(chain.deviceAt(laptop.device, 3), { ...laptop, expires: 99 });
});

test('a chain read again from its entries is the chain that was made', () => {
  const made = revoked(added(added(start), laptop), laptop.device);
  const read = verifyKeyChain(suite, account, made.entries);
  assert.equal(read.head, made.head);
  assert.deepEqual(read.entries, made.entries);
  assert.deepEqual(read.devices(), made.devices());
  assert.deepEqual([0, 1, 2, 3, 4].map(read.headAt), [
    start.head,
    added(start).head,
    added(added(start), laptop).head,
    made.head,
    undefined,
  ]);
});

test('extending a chain leaves the shorter one as it was', () => {
  const longer = added(start);
  assert.equal(start.seq, 0);
  assert.deepEqual(start.devices(), []);
  assert.equal(start.headAt(1), undefined);
  assert.equal(longer.entries.length, 2);
});

test('new KEM and identity keys are in force from their entry on', () => {
  const newKem = suite.kemPublicKey(random(32));
  const withKem = extendKeyChain(suite, start, [
    signKeyChainEntry(suite, start, seed, {
      time: 4,
      change: { type: 'kem-changed', kem: newKem },
    }),
  ]);
  assert.deepEqual(withKem.kem, newKem);
  const newSeed = random(32);
  const handed = extendKeyChain(suite, withKem, [
    signNewIdentity(suite, withKem, { old: seed, new: newSeed }, 5),
  ]);
  assert.deepEqual(handed.identity, suite.ed25519PublicKey(newSeed));
  assert.deepEqual([1, 2].map(handed.identityAt), [start.identity, handed.identity]);
  const last = certifyDevice(suite, {
    chain: handed,
    identitySeed: newSeed,
    device: phone,
    expires: null,
    time: 6,
  });
  assert.equal(last.seq, 3);
  assert.throws(() => added(handed), brokenBy('not signed by the identity'));
});

test('a pin is extended, or the chain is behind, forked or of another identity', () => {
  const long = added(added(start), laptop);
  const fork = added(start, laptop);
  const handed = extendKeyChain(suite, long, [
    signNewIdentity(suite, long, { old: seed, new: random(32) }, 5),
  ]);
  const pin = { identity: long.identity, seq: 1, head: added(start).head };
  assert.equal(judgeKeyChainPin(long, pin), 'extends');
  assert.equal(judgeKeyChainPin(added(start), pin), 'extends');
  assert.equal(judgeKeyChainPin(start, pin), 'behind');
  assert.equal(judgeKeyChainPin(fork, pin), 'forked');
  assert.equal(judgeKeyChainPin(handed, pin), 'identity-changed');
});

test('an entry with any byte changed, cut or added is refused', () => {
  const entry = added(start).entries[1] as Bytes;
  for (let at = 0; at < entry.length; at += at < 40 || at > entry.length - 70 ? 1 : 13) {
    const flipped = entry.slice();
    flipped[at] = (flipped[at] ?? 0) ^ 0x01;
    assert.throws(() => verifyKeyChain(suite, account, [genesis, flipped]), isBroken);
  }
  assert.throws(() => verifyKeyChain(suite, account, [genesis, entry.subarray(1)]), isBroken);
  assert.throws(() => verifyKeyChain(suite, account, [genesis, entry.subarray(0, -1)]), isBroken);
  const longer = concatBytes(entry, new Uint8Array(1));
  assert.throws(() => verifyKeyChain(suite, account, [genesis, longer]), isBroken);
});

test('entries that break a rule are refused, each for its own reason', () => {
  const chain = added(start);
  const genesisChange = decodeKeyChainEntry(genesis).content.change;
  const revoke: KeyChainChange = { type: 'device-revoked', device: phone.device };
  const after = { account, seq: 2, prev: chain.head, time: 9, change: revoke };
  const other = parseId<AccountId>('22'.repeat(16));
  const cases: readonly (readonly [string, KeyChainEntryBody])[] = [
    ['entry of another account', { ...after, account: other }],
    ['seq out of order', { ...after, seq: 3 }],
    ['seq out of order', { ...after, seq: 1 }],
    ['prev is not the entry before', { ...after, prev: start.head }],
    ['a genesis stands first and nowhere else', { ...after, change: genesisChange }],
    [
      'device id used before',
      { ...after, change: { type: 'device-added', ...phone, expires: null } },
    ],
    ['revoked device is unknown', { ...after, change: { ...revoke, device: laptop.device } }],
  ];
  for (const [reason, content] of cases) {
    assert.throws(() => extendKeyChain(suite, chain, [signed(content)]), brokenBy(reason), reason);
  }
  const twice = revoked(chain, phone.device);
  assert.throws(() => revoked(twice, phone.device), brokenBy('device is revoked twice'));
  assert.throws(() => added(twice), brokenBy('device id used before'));
});

test('a first entry that is no genesis of the account is refused', () => {
  const [, second] = added(start).entries;
  assert.throws(
    () => verifyKeyChain(suite, account, []),
    brokenBy('a chain starts with its genesis'),
  );
  assert.throws(
    () => verifyKeyChain(suite, account, [second as Bytes]),
    brokenBy('seq out of order'),
  );
  const change = { type: 'device-added', ...phone, expires: null } as const;
  const early = signed({ account, seq: 0, prev: ZERO_DIGEST, time: 1, change });
  assert.throws(
    () => verifyKeyChain(suite, account, [early]),
    brokenBy('a genesis stands first and nowhere else'),
  );
  const alien = signKeyChainGenesis(suite, { identitySeed: random(32), nonce, kem, time: 1 });
  assert.throws(
    () => verifyKeyChain(suite, account, [alien.entry]),
    brokenBy('entry of another account'),
  );
  const content = { ...decodeKeyChainEntry(alien.entry).content, account };
  assert.throws(
    () => verifyKeyChain(suite, account, [signed(content)]),
    brokenBy('the account id is not that of the genesis'),
  );
});

test('signatures by others, too many or too few are refused', () => {
  const revoke = { account, seq: 1, prev: start.head, time: 9 } as const;
  const change: KeyChainChange = { type: 'kem-changed', kem };
  const body = encodeKeyChainBody({ ...revoke, change });
  const byOther = sign(suite, random(32), 'key-chain-sign', body);
  const underOtherLabel = sign(suite, seed, 'account-bundle', body);
  const right = sign(suite, seed, 'key-chain-sign', body);
  const refuse = (signatures: readonly Bytes[], reason: string): void => {
    const entry = encodeKeyChainEntry(body, signatures);
    assert.throws(() => extendKeyChain(suite, start, [entry]), brokenBy(reason));
  };
  refuse([byOther], 'not signed by the identity');
  refuse([underOtherLabel], 'not signed by the identity');
  refuse([right, right], 'wrong number of signatures');
  refuse([], 'malformed entry');
  assert.equal(extendKeyChain(suite, start, [encodeKeyChainEntry(body, [right])]).seq, 1);
});

test('a new identity needs the signatures of the old and of the new one, and must be new', () => {
  const newSeed = random(32);
  const identity = suite.ed25519PublicKey(newSeed);
  const place = { account, seq: 1, prev: start.head, time: 9 } as const;
  const body = encodeKeyChainBody({ ...place, change: { type: 'identity-changed', identity } });
  const byOld = sign(suite, seed, 'key-chain-sign', body);
  const byNew = sign(suite, newSeed, 'key-chain-sign', body);
  const refuse = (signatures: readonly Bytes[], reason: string): void => {
    const entry = encodeKeyChainEntry(body, signatures);
    assert.throws(() => extendKeyChain(suite, start, [entry]), brokenBy(reason));
  };
  refuse([byOld], 'wrong number of signatures');
  refuse([byNew, byOld], 'not signed by the identity');
  refuse([byOld, byOld], 'not signed by the new identity');
  const same = signNewIdentity(suite, start, { old: seed, new: seed }, 9);
  assert.throws(() => extendKeyChain(suite, start, [same]), brokenBy('identity used before'));
});

test('a device that was revoked is told from one that never stood in the chain', () => {
  const before = added(start, phone);
  assert.equal(before.revokedDevice(phone.device), undefined);
  const after = revoked(before, phone.device);
  assert.deepEqual(after.revokedDevice(phone.device), before.deviceAt(phone.device, before.seq));
  assert.equal(after.revokedDevice('ee'.repeat(16) as DeviceId), undefined);
});

test('an account has at most 64 devices at a time, and a chain at most 4,096 entries', () => {
  const devices = Array.from({ length: 65 }, (_, i) => ({
    ...phone,
    device: parseId<DeviceId>((i + 1).toString(16).padStart(2, '0').repeat(16)),
  }));
  let chain = start;
  for (const device of devices.slice(0, 64)) chain = added(chain, device);
  const last = devices[64] as typeof phone;
  assert.throws(() => added(chain, last), brokenBy('too many devices'));
  assert.equal(added(revoked(chain, last0(devices)), last).devices().length, 64);
  const tooMany = Array.from({ length: 4096 }, () => genesis);
  assert.throws(() => extendKeyChain(suite, start, tooMany), brokenBy('too many entries'));
});

test('fields of wrong size, sign or number are malformed', () => {
  const place = { account, seq: 1, prev: start.head, time: 9 } as const;
  const bad: readonly KeyChainEntryBody[] = [
    { ...place, change: { type: 'kem-changed', kem: kem.subarray(1) } },
    { ...place, change: { type: 'identity-changed', identity: kem } },
    { ...place, change: { type: 'device-added', ...phone, expires: -1 } },
    { ...place, time: -1, change: { type: 'kem-changed', kem } },
    { ...place, change: { type: 'device-revoked', device: '00'.repeat(16) as DeviceId } },
  ];
  for (const content of bad) {
    assert.throws(
      () => extendKeyChain(suite, start, [signed(content)]),
      brokenBy('malformed entry'),
    );
  }
  const version2 = encodeKeyChainBody({ ...place, change: { type: 'kem-changed', kem } });
  version2.set(hexToBytes('02'), 1);
  const entry = encodeKeyChainEntry(version2, [sign(suite, seed, 'key-chain-sign', version2)]);
  assert.throws(() => extendKeyChain(suite, start, [entry]), brokenBy('malformed entry'));
});

function signed(content: KeyChainEntryBody): Uint8Array<ArrayBuffer> {
  const body = encodeKeyChainBody(content);
  return encodeKeyChainEntry(body, [sign(suite, seed, 'key-chain-sign', body)]);
}

function last0(devices: readonly { readonly device: DeviceId }[]): DeviceId {
  const [first] = devices;
  assert.ok(first);
  return first.device;
}

function isBroken(error: unknown): boolean {
  return error instanceof IntegrityError && error.code === 'chain-broken';
}

function brokenBy(reason: string): (error: unknown) => boolean {
  return (error) => isBroken(error) && (error as Error).message === `key chain: ${reason}`;
}
