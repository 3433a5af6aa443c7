/**
 * What a lazy client keeps of a space from one time to the next: the head that it is pinned to, the
 * records of who belongs to it, and the key chains of its members, as bytes for a PinStore.
 */
import { decodeCbor, encodeCbor, schema } from '@coffer/protocol/codec';
import {
  digestFromBytes,
  FormatError,
  hexToBytes,
  idToBytes,
  IntegrityError,
  KEY_CHAIN_ENTRIES_MAX,
  RECORD_SIZE_BYTES_MAX,
  SPACE_MEMBERS_MAX,
  type AccountId,
  type Bytes,
  type CommitId,
  type SpaceId,
} from '@coffer/protocol/core';
import type { VerifySuite } from '@coffer/protocol/crypto';
import {
  commitId,
  decodeHeader,
  verifyKeyChain,
  type Authority,
  type KeyChain,
  type TreeKey,
} from '@coffer/protocol/model';
import type { SignedHead } from '../../ports/index.ts';

export interface TrustedSpace {
  readonly head: SignedHead;
  readonly authority: Authority;
}

const FORMAT = 1;
const SIZE_BYTES_MAX = 64 * 1024 * 1024;
const { bytes, digest, id, list, literal, tuple, uint } = schema;
const trustedTuple = tuple(
  literal(FORMAT),
  uint(),
  bytes(1, 8 * 1024),
  bytes(64),
  uint(),
  digest<CommitId>(),
  list(tuple(bytes(32), bytes(1, RECORD_SIZE_BYTES_MAX)), SPACE_MEMBERS_MAX + 1),
  list(
    tuple(id<AccountId>(), list(bytes(1, 8 * 1024), KEY_CHAIN_ENTRIES_MAX)),
    2 * SPACE_MEMBERS_MAX,
  ),
);

export function encodeTrusted(
  { head, authority }: TrustedSpace,
  chains: readonly KeyChain[],
): Uint8Array<ArrayBuffer> {
  return encodeCbor([
    FORMAT,
    head.era,
    head.header,
    head.signature,
    authority.seq,
    idToBytes(authority.id),
    [...authority.records].map(([key, record]) => [hexToBytes(key), record]),
    chains.map(({ account, entries }) => [idToBytes(account), [...entries]]),
  ]);
}

/** IntegrityError `malformed` when these are not bytes that `encodeTrusted` made for this space. */
export function decodeTrusted(
  suite: VerifySuite,
  space: SpaceId,
  encoded: Bytes,
): { readonly trusted: TrustedSpace; readonly chains: readonly KeyChain[] } {
  try {
    const [, era, header, signature, seq, authority, records, listed] = decodeCbor(
      encoded,
      trustedTuple,
      SIZE_BYTES_MAX,
    );
    const decoded = decodeHeader(header);
    if (decoded.space !== space) throw new FormatError('of another space');
    const head = { seq: decoded.seq, id: commitId(suite, header), era, header, signature };
    const rows = records.map(
      ([key, record]) => [digestFromBytes(key) as string as TreeKey, record] as const,
    );
    return {
      trusted: { head, authority: { space, seq, id: authority, records: new Map(rows) } },
      chains: listed.map(([account, entries]) => verifyKeyChain(suite, account, entries)),
    };
  } catch (cause) {
    if (!(cause instanceof FormatError)) throw cause;
    const message = 'what this device keeps of a space is damaged';
    throw new IntegrityError('malformed', message, { cause });
  }
}
