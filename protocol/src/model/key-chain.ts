/**
 * Key chains (protocol §2): the public, signed list of an account's keys and devices. A chain is
 * verified once, entry by entry from its genesis, and then answers questions about any position.
 */
import {
  ACCOUNT_DEVICES_MAX,
  digestFromBytes,
  equalBytes,
  FormatError,
  idFromBytes,
  IntegrityError,
  KEY_CHAIN_ENTRIES_MAX,
  unreachable,
  ZERO_DIGEST,
  type AccountId,
  type Bytes,
  type DeviceId,
  type Digest,
} from '../core/index.ts';
import { hash, verifySignature, type VerifySuite } from '../crypto/index.ts';
import {
  decodeKeyChainEntry,
  keyChainEntryHash,
  type DevicePublicKeys,
  type KeyChainEntry,
} from './key-chain-entry.ts';

/** A device as the chain certifies it. */
export interface CertifiedDevice extends DevicePublicKeys {
  /** Unix ms from which the server refuses the device, or null. */
  readonly expires: number | null;
}

/** A verified chain. Immutable: `extendKeyChain` makes another one. */
export interface KeyChain {
  readonly account: AccountId;
  /** The newest identity key. */
  readonly identity: Bytes;
  /** The newest KEM key of the account. */
  readonly kem: Bytes;
  /** Seq of the last entry. */
  readonly seq: number;
  /** H("key-chain", last entry). */
  readonly head: Digest;
  readonly entries: readonly Bytes[];
  /** Head after the entry `seq`; undefined when this chain does not reach it. */
  readonly headAt: (seq: number) => Digest | undefined;
  /** Identity key in force after the entry `seq`. */
  readonly identityAt: (seq: number) => Bytes | undefined;
  /** The device, when it is certified and not revoked at chain position `seq`. */
  readonly deviceAt: (device: DeviceId, seq: number) => CertifiedDevice | undefined;
  /** Devices certified and not revoked at the head, in the order in which they were added. */
  readonly devices: () => readonly CertifiedDevice[];
  /** A device that was certified once and is revoked at the head. */
  readonly revokedDevice: (device: DeviceId) => CertifiedDevice | undefined;
}

/** What others remember of an account's chain. */
export interface KeyChainPin {
  readonly identity: Bytes;
  readonly seq: number;
  readonly head: Digest;
}

/** How a chain stands to a pin. Everything but `extends` stops what would be sealed to its owner. */
export type PinVerdict = 'extends' | 'behind' | 'forked' | 'identity-changed';

interface DeviceSpan extends CertifiedDevice {
  readonly addedAt: number;
  readonly revokedAt: number | undefined;
}

/** State after each entry: what the next one is checked against. */
interface Position {
  readonly head: Digest;
  readonly identity: Bytes;
  readonly kem: Bytes;
}

interface ChainState {
  readonly account: AccountId;
  readonly entries: Bytes[];
  readonly positions: Position[];
  /** Every device that ever was in the chain: ids are never reused. */
  readonly spans: Map<DeviceId, DeviceSpan>;
}

const stateByChain = new WeakMap<KeyChain, ChainState>();

/**
 * The chain of `account` from its genesis on. Throws IntegrityError `chain-broken` at the first
 * entry that breaks a rule.
 */
export function verifyKeyChain(
  suite: VerifySuite,
  account: AccountId,
  entries: readonly Bytes[],
): KeyChain {
  if (entries.length === 0) throw broken('a chain starts with its genesis');
  const state = { account, entries: [], positions: [], spans: new Map() };
  return advance(suite, state, entries);
}

/** `chain` with `entries` after its last one, verified as in `verifyKeyChain`. */
export function extendKeyChain(
  suite: VerifySuite,
  chain: KeyChain,
  entries: readonly Bytes[],
): KeyChain {
  if (entries.length === 0) return chain;
  const known = stateByChain.get(chain);
  if (known === undefined) {
    return verifyKeyChain(suite, chain.account, [...chain.entries, ...entries]);
  }
  const state = {
    account: known.account,
    entries: [...known.entries],
    positions: [...known.positions],
    spans: new Map(known.spans),
  };
  return advance(suite, state, entries);
}

/** Compares a verified chain with what was pinned of it. An identity is pinned for good. */
export function judgeKeyChainPin(chain: KeyChain, pin: KeyChainPin): PinVerdict {
  const pinned = chain.headAt(pin.seq);
  if (pinned === undefined) return 'behind';
  if (pinned !== pin.head) return 'forked';
  return equalBytes(chain.identity, pin.identity) ? 'extends' : 'identity-changed';
}

/** H("account-id", identity pk ‖ nonce)[0..16]. */
export function accountIdOf(suite: VerifySuite, identity: Bytes, nonce: Bytes): AccountId {
  return idFromBytes<AccountId>(hash(suite, 'account-id', identity, nonce).subarray(0, 16));
}

function advance(suite: VerifySuite, state: ChainState, entries: readonly Bytes[]): KeyChain {
  if (state.entries.length + entries.length > KEY_CHAIN_ENTRIES_MAX) {
    throw broken('too many entries');
  }
  for (const entry of entries) {
    const decoded = decodeEntry(entry);
    checkPlace(state, decoded);
    const position = applyChange(suite, state, decoded);
    const head = digestFromBytes<Digest>(keyChainEntryHash(suite, entry));
    state.entries.push(entry);
    state.positions.push({ ...position, head });
  }
  return chainOf(state);
}

function decodeEntry(entry: Bytes): KeyChainEntry {
  try {
    return decodeKeyChainEntry(entry);
  } catch (cause) {
    if (cause instanceof FormatError) throw broken('malformed entry', cause);
    throw cause;
  }
}

function checkPlace(state: ChainState, { content, signatures }: KeyChainEntry): void {
  if (content.account !== state.account) throw broken('entry of another account');
  if (content.seq !== state.positions.length) throw broken('seq out of order');
  const prev = state.positions.at(-1)?.head ?? ZERO_DIGEST;
  if (content.prev !== prev) throw broken('prev is not the entry before');
  if ((content.seq === 0) !== (content.change.type === 'genesis')) {
    throw broken('a genesis stands first and nowhere else');
  }
  const expected = content.change.type === 'identity-changed' ? 2 : 1;
  if (signatures.length !== expected) throw broken('wrong number of signatures');
}

function applyChange(
  suite: VerifySuite,
  state: ChainState,
  entry: KeyChainEntry,
): Omit<Position, 'head'> {
  const { change, seq } = entry.content;
  if (change.type === 'genesis') {
    if (accountIdOf(suite, change.identity, change.nonce) !== state.account) {
      throw broken('the account id is not that of the genesis');
    }
    checkSignature(suite, change.identity, entry, 0);
    return { identity: change.identity, kem: change.kem };
  }
  const before = state.positions.at(-1);
  if (before === undefined) throw broken('a genesis stands first and nowhere else');
  checkSignature(suite, before.identity, entry, 0);
  switch (change.type) {
    case 'device-added': {
      const { device, publicKey, kem, expires } = change;
      addDevice(state, { device, publicKey, kem, expires, addedAt: seq, revokedAt: undefined });
      return before;
    }
    case 'device-revoked':
      revokeDevice(state, change.device, seq);
      return before;
    case 'kem-changed':
      return { identity: before.identity, kem: change.kem };
    case 'identity-changed':
      checkNewIdentity(state, change.identity);
      checkSignature(suite, change.identity, entry, 1);
      return { identity: change.identity, kem: before.kem };
    default:
      return unreachable(change);
  }
}

function checkSignature(
  suite: VerifySuite,
  identity: Bytes,
  { body, signatures }: KeyChainEntry,
  at: 0 | 1,
): void {
  const signature = signatures[at];
  const isValid =
    signature !== undefined && verifySignature(suite, identity, 'key-chain-sign', body, signature);
  if (isValid) return;
  throw broken(at === 0 ? 'not signed by the identity' : 'not signed by the new identity');
}

function addDevice(state: ChainState, span: DeviceSpan): void {
  if (state.spans.has(span.device)) throw broken('device id used before');
  let certified = 0;
  for (const { revokedAt } of state.spans.values()) if (revokedAt === undefined) certified++;
  if (certified >= ACCOUNT_DEVICES_MAX) throw broken('too many devices');
  state.spans.set(span.device, span);
}

function revokeDevice(state: ChainState, device: DeviceId, seq: number): void {
  const span = state.spans.get(device);
  if (span === undefined) throw broken('revoked device is unknown');
  if (span.revokedAt !== undefined) throw broken('device is revoked twice');
  state.spans.set(device, { ...span, revokedAt: seq });
}

function checkNewIdentity(state: ChainState, identity: Bytes): void {
  if (state.positions.some((position) => equalBytes(position.identity, identity))) {
    throw broken('identity used before');
  }
}

function chainOf(state: ChainState): KeyChain {
  const last = state.positions.at(-1);
  if (last === undefined) throw broken('a chain starts with its genesis');
  const { positions, spans } = state;
  const chain: KeyChain = {
    account: state.account,
    identity: last.identity,
    kem: last.kem,
    seq: positions.length - 1,
    head: last.head,
    entries: state.entries,
    headAt: (seq) => positions[seq]?.head,
    identityAt: (seq) => positions[seq]?.identity,
    deviceAt: (device, seq) => {
      const span = spans.get(device);
      return span !== undefined && seq < positions.length && isCertifiedAt(span, seq)
        ? certifiedDevice(span)
        : undefined;
    },
    devices: () =>
      [...spans.values()].filter((span) => span.revokedAt === undefined).map(certifiedDevice),
    revokedDevice: (device) => {
      const span = spans.get(device);
      return span?.revokedAt === undefined ? undefined : certifiedDevice(span);
    },
  };
  stateByChain.set(chain, state);
  return chain;
}

function isCertifiedAt({ addedAt, revokedAt }: DeviceSpan, seq: number): boolean {
  return addedAt <= seq && (revokedAt === undefined || revokedAt > seq);
}

function certifiedDevice({ device, publicKey, kem, expires }: DeviceSpan): CertifiedDevice {
  return { device, publicKey, kem, expires };
}

function broken(check: string, cause?: unknown): IntegrityError {
  return new IntegrityError('chain-broken', `key chain: ${check}`, { cause });
}
