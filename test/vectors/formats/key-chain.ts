import { bytesToHex, hexToBytes, parseId, type AccountId, type Bytes } from '@coffer/protocol/core';
import type { OpenSuite } from '@coffer/protocol/crypto';
import { sign } from '@coffer/protocol/crypto/open';
import {
  encodeKeyChainBody,
  encodeKeyChainEntry,
  extendKeyChain,
  verifyKeyChain,
  type KeyChain,
  type KeyChainEntryBody,
} from '@coffer/protocol/model';
import {
  certifyDevice,
  createDeviceSecrets,
  devicePublicKeys,
  signKeyChainEntry,
  signKeyChainGenesis,
  signNewIdentity,
} from '@coffer/protocol/model/open';
import { defineFormat, type CaseInput, type Json } from '../vector.ts';
import { flipBit } from './change-bytes.ts';

type Input = { readonly account: string; readonly entries: readonly string[] };

const TIME = 1_800_000_000_000;

/** Key chains with entries of every type. */
export const keyChains = defineFormat<Input>({
  name: 'key-chain',
  about: 'Key chains from their genesis: §2. Read to the end, or refused at the first wrong entry.',
  cases: makeCases,
  read: (suite, { account, entries }) => {
    const id = parseId<AccountId>(account);
    return describe(suite, verifyKeyChain(suite, id, entries.map(hexToBytes)));
  },
});

function describe(suite: OpenSuite, chain: KeyChain): Json {
  const digest = (key: Bytes): string => bytesToHex(suite.sha256(key));
  return {
    seq: chain.seq,
    head: chain.head,
    heads: chain.entries.map((_, seq) => chain.headAt(seq) ?? null),
    identity: bytesToHex(chain.identity),
    kemDigest: digest(chain.kem),
    devices: chain.devices().map(({ device, publicKey, kem, expires }) => ({
      device,
      publicKey: bytesToHex(publicKey),
      kemDigest: digest(kem),
      expires,
    })),
  };
}

function makeCases(suite: OpenSuite): readonly CaseInput<Input>[] {
  const seed = suite.randomBytes(32);
  const newSeed = suite.randomBytes(32);
  const { account, entry } = signKeyChainGenesis(suite, {
    identitySeed: seed,
    nonce: suite.randomBytes(32),
    kem: suite.kemPublicKey(suite.randomBytes(32)),
    time: TIME,
  });
  const [phone, laptop] = [0, 1].map(() => devicePublicKeys(suite, createDeviceSecrets(suite)));
  if (phone === undefined || laptop === undefined) throw new Error('two devices are made');
  const genesis = verifyKeyChain(suite, account, [entry]);
  const one = certifyDevice(suite, {
    chain: genesis,
    identitySeed: seed,
    device: phone,
    expires: null,
    time: TIME + 1,
  });
  const two = certifyDevice(suite, {
    chain: one,
    identitySeed: seed,
    device: laptop,
    expires: TIME + 99,
    time: TIME + 2,
  });
  const change = { type: 'device-revoked', device: phone.device } as const;
  const revoked = extendKeyChain(suite, two, [
    signKeyChainEntry(suite, two, seed, { time: TIME + 3, change }),
  ]);
  const kem = suite.kemPublicKey(suite.randomBytes(32));
  const rekeyed = extendKeyChain(suite, revoked, [
    signKeyChainEntry(suite, revoked, seed, {
      time: TIME + 4,
      change: { type: 'kem-changed', kem },
    }),
  ]);
  const handed = extendKeyChain(suite, rekeyed, [
    signNewIdentity(suite, rekeyed, { old: seed, new: newSeed }, TIME + 5),
  ]);
  const last = certifyDevice(suite, {
    chain: handed,
    identitySeed: newSeed,
    device: { ...phone, device: createDeviceSecrets(suite).device },
    expires: null,
    time: TIME + 6,
  });
  const input = (chain: KeyChain): Input => ({ account, entries: chain.entries.map(bytesToHex) });
  const after = (chain: KeyChain, added: Bytes): Input => ({
    account,
    entries: [...chain.entries, added].map(bytesToHex),
  });
  const signed = (content: KeyChainEntryBody, by: Bytes): Uint8Array => {
    const body = encodeKeyChainBody(content);
    return encodeKeyChainEntry(body, [sign(suite, by, 'key-chain-sign', body)]);
  };
  const wrong = (name: string, unlike: string, why: string, bad: Input): CaseInput<Input> => ({
    name,
    unlike,
    refused: `chain-broken: key chain: ${why}`,
    input: bad,
  });
  const GENESIS = 'genesis alone';
  const ONE = 'one device';
  const REVOKED = 'two devices, one revoked';
  const place = { account, seq: 1, prev: genesis.head, time: TIME } as const;
  const added = { type: 'device-added', ...phone, expires: null } as const;
  const firstEntry = bytesToHex(entry);
  const secondEntry = bytesToHex(one.entries[1] ?? entry);
  const stranger = createDeviceSecrets(suite).device;
  const identity = suite.ed25519PublicKey(newSeed);
  const newIdentity = encodeKeyChainBody({
    ...place,
    change: { type: 'identity-changed', identity },
  });
  const byOld = sign(suite, seed, 'key-chain-sign', newIdentity);
  const byNew = sign(suite, newSeed, 'key-chain-sign', newIdentity);
  const otherAccount = `${'1'.repeat(31)}2`;

  return [
    { name: GENESIS, input: input(genesis) },
    { name: ONE, input: input(one) },
    { name: REVOKED, input: input(revoked) },
    { name: 'a new KEM key', input: input(rekeyed) },
    { name: 'a new identity', input: input(handed) },
    { name: 'a device certified by the new identity', input: input(last) },
    wrong('no entry', GENESIS, 'a chain starts with its genesis', { account, entries: [] }),
    wrong('a genesis of another account', GENESIS, 'entry of another account', {
      account: otherAccount,
      entries: [firstEntry],
    }),
    wrong('a genesis twice', ONE, 'seq out of order', {
      account,
      entries: [firstEntry, firstEntry],
    }),
    wrong('no genesis', ONE, 'seq out of order', { account, entries: [secondEntry] }),
    wrong('a flipped bit of the signature', ONE, 'not signed by the identity', {
      account,
      entries: [firstEntry, flipBit(secondEntry, -1)],
    }),
    wrong('the last byte cut off', ONE, 'malformed entry', {
      account,
      entries: [firstEntry, secondEntry.slice(0, -2)],
    }),
    wrong(
      'a genesis later on',
      ONE,
      'a genesis stands first and nowhere else',
      after(
        genesis,
        signed(
          { ...place, change: { type: 'genesis', identity, nonce: suite.randomBytes(32), kem } },
          seed,
        ),
      ),
    ),
    wrong(
      'a seq left out',
      ONE,
      'seq out of order',
      after(genesis, signed({ ...place, seq: 2, change: added }, seed)),
    ),
    wrong(
      'prev of another entry',
      ONE,
      'prev is not the entry before',
      after(genesis, signed({ ...place, prev: one.head, change: added }, seed)),
    ),
    wrong(
      'signed by another key',
      ONE,
      'not signed by the identity',
      after(genesis, signed({ ...place, change: added }, newSeed)),
    ),
    wrong(
      'a device again',
      ONE,
      'device id used before',
      after(one, signed({ ...place, seq: 2, prev: one.head, change: added }, seed)),
    ),
    wrong(
      'a revoked device again',
      REVOKED,
      'device id used before',
      after(revoked, signed({ ...place, seq: 4, prev: revoked.head, change: added }, seed)),
    ),
    wrong(
      'revoking an unknown device',
      REVOKED,
      'revoked device is unknown',
      after(
        one,
        signed({ ...place, seq: 2, prev: one.head, change: { ...change, device: stranger } }, seed),
      ),
    ),
    wrong(
      'revoking a device twice',
      REVOKED,
      'device is revoked twice',
      after(revoked, signed({ ...place, seq: 4, prev: revoked.head, change }, seed)),
    ),
    wrong(
      'a new identity that the old one alone signed',
      'a new identity',
      'wrong number of signatures',
      after(genesis, encodeKeyChainEntry(newIdentity, [byOld])),
    ),
    wrong(
      'a new identity with the signatures in the wrong order',
      'a new identity',
      'not signed by the identity',
      after(genesis, encodeKeyChainEntry(newIdentity, [byNew, byOld])),
    ),
    wrong(
      'a new identity that the old one signed twice',
      'a new identity',
      'not signed by the new identity',
      after(genesis, encodeKeyChainEntry(newIdentity, [byOld, byOld])),
    ),
    wrong(
      'the same identity again',
      'a new identity',
      'identity used before',
      after(genesis, signNewIdentity(suite, genesis, { old: seed, new: seed }, TIME)),
    ),
    wrong(
      'signed by the old identity after a new one',
      'a device certified by the new identity',
      'not signed by the identity',
      after(
        handed,
        signed(
          {
            ...place,
            seq: handed.seq + 1,
            prev: handed.head,
            change: { type: 'kem-changed', kem },
          },
          seed,
        ),
      ),
    ),
    wrong(
      'a KEM key a byte too short',
      'a new KEM key',
      'malformed entry',
      after(
        genesis,
        signed({ ...place, change: { type: 'kem-changed', kem: kem.subarray(1) } }, seed),
      ),
    ),
  ];
}
