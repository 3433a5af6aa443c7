import { bytesToHex, hexToBytes, parseId, type AccountId, type Bytes } from '@coffer/protocol/core';
import type { WholeSuite } from '@coffer/protocol/crypto';
import { sign } from '@coffer/protocol/crypto/open';
import {
  encodeKeyChainBody,
  encodeKeyChainEntry,
  extendKeyChain,
  verifyKeyChain,
  type DevicePublicKeys,
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
const GENESIS = 'genesis alone';
const ONE = 'one device';
const REVOKED = 'two devices, one revoked';
const NEW_KEM = 'a new KEM key';
const NEW_IDENTITY = 'a new identity';
const BY_NEW_IDENTITY = 'a device certified by the new identity';

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

function describe(suite: WholeSuite, chain: KeyChain): Json {
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

/** Chains that grow out of one genesis, and the keys behind them. */
interface Family {
  readonly suite: WholeSuite;
  readonly account: AccountId;
  readonly seed: Bytes;
  readonly newSeed: Bytes;
  readonly kem: Bytes;
  readonly phone: DevicePublicKeys;
  readonly genesis: KeyChain;
  readonly one: KeyChain;
  readonly revoked: KeyChain;
  readonly rekeyed: KeyChain;
  readonly handed: KeyChain;
  readonly last: KeyChain;
}

function makeFamily(suite: WholeSuite): Family {
  const seed = suite.randomBytes(32);
  const newSeed = suite.randomBytes(32);
  const { account, entry } = signKeyChainGenesis(suite, {
    identitySeed: seed,
    nonce: suite.randomBytes(32),
    kem: suite.kemPublicKey(suite.randomBytes(32)),
    time: TIME,
  });
  const phone = devicePublicKeys(suite, createDeviceSecrets(suite));
  const laptop = devicePublicKeys(suite, createDeviceSecrets(suite));
  const genesis = verifyKeyChain(suite, account, [entry]);
  const certified = { identitySeed: seed, expires: null, time: TIME + 1 };
  const one = certifyDevice(suite, { ...certified, chain: genesis, device: phone });
  const until = { expires: TIME + 99, time: TIME + 2 };
  const two = certifyDevice(suite, { ...certified, ...until, chain: one, device: laptop });
  const revoke = { type: 'device-revoked', device: phone.device } as const;
  const revoked = extendKeyChain(suite, two, [
    signKeyChainEntry(suite, two, seed, { time: TIME + 3, change: revoke }),
  ]);
  const kem = suite.kemPublicKey(suite.randomBytes(32));
  const rekey = { type: 'kem-changed', kem } as const;
  const rekeyed = extendKeyChain(suite, revoked, [
    signKeyChainEntry(suite, revoked, seed, { time: TIME + 4, change: rekey }),
  ]);
  const handed = extendKeyChain(suite, rekeyed, [
    signNewIdentity(suite, rekeyed, { old: seed, new: newSeed }, TIME + 5),
  ]);
  const tablet = { ...phone, device: createDeviceSecrets(suite).device };
  const byNew = { identitySeed: newSeed, expires: null, time: TIME + 6 };
  const last = certifyDevice(suite, { ...byNew, chain: handed, device: tablet });
  return {
    suite,
    account,
    seed,
    newSeed,
    kem,
    phone,
    genesis,
    one,
    revoked,
    rekeyed,
    handed,
    last,
  };
}

function makeCases(suite: WholeSuite): readonly CaseInput<Input>[] {
  const family = makeFamily(suite);
  const { account, genesis, one, revoked, rekeyed, handed, last } = family;
  const valid = (name: string, chain: KeyChain): CaseInput<Input> => ({
    name,
    input: { account, entries: chain.entries.map(bytesToHex) },
  });
  return [
    valid(GENESIS, genesis),
    valid(ONE, one),
    valid(REVOKED, revoked),
    valid(NEW_KEM, rekeyed),
    valid(NEW_IDENTITY, handed),
    valid(BY_NEW_IDENTITY, last),
    ...placeCases(family),
    ...bodyCases(family),
    ...deviceCases(family),
    ...identityCases(family),
  ];
}

function wrong(name: string, unlike: string, why: string, input: Input): CaseInput<Input> {
  return { name, unlike, refused: `chain-broken: key chain: ${why}`, input };
}

/** `chain` with an entry after it that says `content`, signed by `seed`. */
function after(
  { suite, account, seed }: Family,
  chain: KeyChain,
  content: Partial<KeyChainEntryBody> & Pick<KeyChainEntryBody, 'change'>,
  by = seed,
): Input {
  const place = { account, seq: chain.seq + 1, prev: chain.head, time: TIME };
  const body = encodeKeyChainBody({ ...place, ...content });
  const entry = encodeKeyChainEntry(body, [sign(suite, by, 'key-chain-sign', body)]);
  return { account, entries: [...chain.entries, entry].map(bytesToHex) };
}

/** What stands where. */
function placeCases({ account, one }: Family): readonly CaseInput<Input>[] {
  const [first = '', second = ''] = one.entries.map(bytesToHex);
  const otherAccount = `${'1'.repeat(31)}2`;
  const of = (...entries: readonly string[]): Input => ({ account, entries });
  return [
    wrong('no entry', GENESIS, 'a chain starts with its genesis', of()),
    wrong('a genesis of another account', GENESIS, 'entry of another account', {
      account: otherAccount,
      entries: [first],
    }),
    wrong('a genesis twice', ONE, 'seq out of order', of(first, first)),
    wrong('no genesis', ONE, 'seq out of order', of(second)),
    wrong(
      'a flipped bit of the signature',
      ONE,
      'not signed by the identity',
      of(first, flipBit(second, -1)),
    ),
    wrong('the last byte cut off', ONE, 'malformed entry', of(first, second.slice(0, -2))),
  ];
}

/** What a body may not say. */
function bodyCases(family: Family): readonly CaseInput<Input>[] {
  const { suite, genesis, one, handed, kem, phone, newSeed } = family;
  const nonce = suite.randomBytes(32);
  const identity = suite.ed25519PublicKey(newSeed);
  const again = { type: 'genesis', identity, nonce, kem } as const;
  const added = { type: 'device-added', ...phone, expires: null } as const;
  const rekey = { type: 'kem-changed', kem } as const;
  const short = { type: 'kem-changed', kem: kem.subarray(1) } as const;
  const onGenesis = (content: Parameters<typeof after>[2], by?: Bytes): Input =>
    after(family, genesis, content, by);
  const first = 'a genesis stands first and nowhere else';
  const unsigned = 'not signed by the identity';
  return [
    wrong('a genesis later on', ONE, first, onGenesis({ change: again })),
    wrong('a seq left out', ONE, 'seq out of order', onGenesis({ seq: 2, change: added })),
    wrong(
      'prev of another entry',
      ONE,
      'prev is not the entry before',
      onGenesis({ prev: one.head, change: added }),
    ),
    wrong('signed by another key', ONE, unsigned, onGenesis({ change: added }, newSeed)),
    wrong('a KEM key a byte too short', NEW_KEM, 'malformed entry', onGenesis({ change: short })),
    wrong(
      'signed by the old identity after a new one',
      BY_NEW_IDENTITY,
      unsigned,
      after(family, handed, { change: rekey }),
    ),
  ];
}

/** Devices: ids are never reused, and what is revoked was certified. */
function deviceCases(family: Family): readonly CaseInput<Input>[] {
  const { suite, one, revoked, phone } = family;
  const added = { type: 'device-added', ...phone, expires: null } as const;
  const revoke = { type: 'device-revoked', device: phone.device } as const;
  const unknown = { ...revoke, device: createDeviceSecrets(suite).device };
  const used = 'device id used before';
  return [
    wrong('a device again', ONE, used, after(family, one, { change: added })),
    wrong('a revoked device again', REVOKED, used, after(family, revoked, { change: added })),
    wrong(
      'revoking an unknown device',
      REVOKED,
      'revoked device is unknown',
      after(family, one, { change: unknown }),
    ),
    wrong(
      'revoking a device twice',
      REVOKED,
      'device is revoked twice',
      after(family, revoked, { change: revoke }),
    ),
  ];
}

/** A new identity needs both signatures. */
function identityCases({
  suite,
  account,
  genesis,
  seed,
  newSeed,
}: Family): readonly CaseInput<Input>[] {
  const identity = suite.ed25519PublicKey(newSeed);
  const body = encodeKeyChainBody({
    account,
    seq: 1,
    prev: genesis.head,
    time: TIME,
    change: { type: 'identity-changed', identity },
  });
  const byOld = sign(suite, seed, 'key-chain-sign', body);
  const byNew = sign(suite, newSeed, 'key-chain-sign', body);
  const ending = (entry: Bytes): Input => ({
    account,
    entries: [...genesis.entries, entry].map(bytesToHex),
  });
  const signedBy = (...signatures: readonly Bytes[]): Input =>
    ending(encodeKeyChainEntry(body, signatures));
  const same = signNewIdentity(suite, genesis, { old: seed, new: seed }, TIME);
  return [
    wrong(
      'a new identity that the old one alone signed',
      NEW_IDENTITY,
      'wrong number of signatures',
      signedBy(byOld),
    ),
    wrong(
      'a new identity with the signatures in the wrong order',
      NEW_IDENTITY,
      'not signed by the identity',
      signedBy(byNew, byOld),
    ),
    wrong(
      'a new identity that the old one signed twice',
      NEW_IDENTITY,
      'not signed by the new identity',
      signedBy(byOld, byOld),
    ),
    wrong('the same identity again', NEW_IDENTITY, 'identity used before', ending(same)),
  ];
}
