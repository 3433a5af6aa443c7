/**
 * Ids and digests travel as bytes and live in memory as lower-case hexadecimal strings: they can be
 * compared, sorted (in the order of their bytes) and used as keys. Only this file makes them.
 */
import type { Brand } from './brand.ts';
import { bytesToHex, hexToBytes, type Bytes } from './bytes.ts';
import { FormatError } from './errors.ts';

/** H("account-id", identity pk ‖ nonce)[0..16]. */
export type AccountId = Brand<string, 'AccountId'>;
/** 16 random bytes, never reused. */
export type DeviceId = Brand<string, 'DeviceId'>;
/** H("space-id", creator account ‖ creator identity pk ‖ nonce)[0..16]. */
export type SpaceId = Brand<string, 'SpaceId'>;
/** Stable identity of a file or folder; survives rename and move, never reused. 16 random bytes. */
export type NodeId = Brand<string, 'NodeId'>;
/** Identity of an item of an account space: a device, space, account or setting. 16 bytes. */
export type ItemId = Brand<string, 'ItemId'>;
/** Identity of a public link. 16 random bytes. */
export type LinkId = Brand<string, 'LinkId'>;
/** Identity of a file request. 16 random bytes. */
export type FileRequestId = Brand<string, 'FileRequestId'>;
/** Where two devices meet to pair: KDF(p, "pair-id")[0..16]. */
export type PairingId = Brand<string, 'PairingId'>;
/** H("commit", header): 32 bytes. */
export type CommitId = Brand<string, 'CommitId'>;
/** SHA-256 of a stored chunk: 32 bytes. */
export type ChunkId = Brand<string, 'ChunkId'>;
/** H("page-id", page): 32 bytes. */
export type PageId = Brand<string, 'PageId'>;
/** Any other SHA-256 or labelled hash: 32 bytes. */
export type Digest = Brand<string, 'Digest'>;

export const ID_SIZE_BYTES = 16;
export const DIGEST_SIZE_BYTES = 32;
const RESERVED_PREFIX = '0'.repeat(16);

export type Id16 =
  AccountId | DeviceId | SpaceId | NodeId | ItemId | LinkId | FileRequestId | PairingId;
export type Id32 = CommitId | ChunkId | PageId | Digest;

/**
 * The id with these 16 bytes. Ids whose first 8 bytes are zero are reserved (protocol §1): they are
 * refused, except through `reservedId`.
 */
export function idFromBytes<T extends Id16>(bytes: Bytes): T {
  if (bytes.length !== ID_SIZE_BYTES) throw new FormatError('an id has 16 bytes');
  const text = bytesToHex(bytes);
  if (text.startsWith(RESERVED_PREFIX)) throw new FormatError('reserved id');
  return text as T;
}

/** An id with eight leading zero bytes that the protocol itself defines, ending in `last`. */
export function reservedId<T extends Id16>(last: number): T {
  return last.toString(16).padStart(ID_SIZE_BYTES * 2, '0') as T;
}

export function digestFromBytes<T extends Id32>(bytes: Bytes): T {
  if (bytes.length !== DIGEST_SIZE_BYTES) throw new FormatError('a digest has 32 bytes');
  return bytesToHex(bytes) as T;
}

/** The id written as 32 lower-case hexadecimal digits; throws FormatError on anything else. */
export function parseId<T extends Id16>(text: string): T {
  if (!/^[0-9a-f]{32}$/.test(text)) throw new FormatError('an id has 32 hexadecimal digits');
  return idFromBytes<T>(hexToBytes(text));
}

/** The digest written as 64 lower-case hexadecimal digits; throws FormatError on anything else. */
export function parseDigest<T extends Id32>(text: string): T {
  if (!/^[0-9a-f]{64}$/.test(text)) throw new FormatError('a digest has 64 hexadecimal digits');
  return text as T;
}

export function idToBytes(id: Id16 | Id32): Uint8Array<ArrayBuffer> {
  return hexToBytes(id);
}

/** The parent of roots: 16 zero bytes. */
export const NO_PARENT = reservedId<NodeId>(0);
/** 32 zero bytes: what stands where there is no earlier digest. */
export const ZERO_DIGEST = '0'.repeat(DIGEST_SIZE_BYTES * 2) as Digest;
