/** Making the entries of a key chain (protocol §2). Whoever calls this holds the identity's seed. */
import { ZERO_DIGEST, type AccountId, type Bytes, type Digest } from '../../core/index.ts';
import { sign } from '../../crypto/open/index.ts';
import type { OpenSuite } from '../../crypto/index.ts';
import {
  encodeKeyChainBody,
  encodeKeyChainEntry,
  type DevicePublicKeys,
  type KeyChainChange,
} from '../key-chain-entry.ts';
import { accountIdOf, extendKeyChain, type KeyChain } from '../key-chain.ts';

/** Where a chain ends: a KeyChain is one. */
export interface KeyChainEnd {
  readonly account: AccountId;
  readonly seq: number;
  readonly head: Digest;
}

/** The genesis entry and the account id that follows from it. `nonce`: 32 random bytes. */
export function signKeyChainGenesis(
  suite: OpenSuite,
  genesis: {
    readonly identitySeed: Bytes;
    readonly nonce: Bytes;
    readonly kem: Bytes;
    readonly time: number;
  },
): { readonly account: AccountId; readonly entry: Uint8Array<ArrayBuffer> } {
  const { identitySeed, nonce, kem, time } = genesis;
  const identity = suite.ed25519PublicKey(identitySeed);
  const account = accountIdOf(suite, identity, nonce);
  const change = { type: 'genesis', identity, nonce, kem } as const;
  const body = encodeKeyChainBody({ account, seq: 0, prev: ZERO_DIGEST, time, change });
  return { account, entry: signedEntry(suite, body, [identitySeed]) };
}

/** The entry after `end`. For a new identity use `signNewIdentity`. */
export function signKeyChainEntry(
  suite: OpenSuite,
  end: KeyChainEnd,
  identitySeed: Bytes,
  entry: {
    readonly time: number;
    readonly change: Exclude<KeyChainChange, { readonly type: 'genesis' | 'identity-changed' }>;
  },
): Uint8Array<ArrayBuffer> {
  const body = bodyAfter(end, entry.time, entry.change);
  return signedEntry(suite, body, [identitySeed]);
}

/** The entry after `end` that hands the chain to a new identity: signed by the old and the new one. */
export function signNewIdentity(
  suite: OpenSuite,
  end: KeyChainEnd,
  seeds: { readonly old: Bytes; readonly new: Bytes },
  time: number,
): Uint8Array<ArrayBuffer> {
  const identity = suite.ed25519PublicKey(seeds.new);
  const body = bodyAfter(end, time, { type: 'identity-changed', identity });
  return signedEntry(suite, body, [seeds.old, seeds.new]);
}

/** `chain` with an entry that certifies `device`. */
export function certifyDevice(
  suite: OpenSuite,
  given: {
    readonly chain: KeyChain;
    readonly identitySeed: Bytes;
    readonly device: DevicePublicKeys;
    readonly expires: number | null;
    readonly time: number;
  },
): KeyChain {
  const { chain, identitySeed, device, expires, time } = given;
  const change = { type: 'device-added', ...device, expires } as const;
  const entry = signKeyChainEntry(suite, chain, identitySeed, { time, change });
  return extendKeyChain(suite, chain, [entry]);
}

function signedEntry(
  suite: OpenSuite,
  body: Bytes,
  seeds: readonly Bytes[],
): Uint8Array<ArrayBuffer> {
  const signatures = seeds.map((seed) => sign(suite, seed, 'key-chain-sign', body));
  return encodeKeyChainEntry(body, signatures);
}

function bodyAfter(
  end: KeyChainEnd,
  time: number,
  change: KeyChainChange,
): Uint8Array<ArrayBuffer> {
  const { account, seq, head } = end;
  return encodeKeyChainBody({ account, seq: seq + 1, prev: head, time, change });
}
