/**
 * One entry of a key chain (protocol §2), encoded and decoded. Nothing is verified here.
 *
 *   entry = CBOR [body, signature]            types 0 to 3, signed by the identity
 *           CBOR [body, old, new signature]   type 4, signed by the old and the new identity
 *   body  = CBOR [1, account, seq, prev hash, time, type, [fields of the type]]
 */
import { decodeCbor, encodeCbor, schema, type Cbor } from '../codec/index.ts';
import {
  idToBytes,
  PROTOCOL_VERSION,
  unreachable,
  type AccountId,
  type Bytes,
  type DeviceId,
  type Digest,
} from '../core/index.ts';
import {
  ED25519_PUBLIC_KEY_SIZE_BYTES,
  hash,
  KEM_PUBLIC_KEY_SIZE_BYTES,
  SIGNATURE_SIZE_BYTES,
  type VerifySuite,
} from '../crypto/index.ts';

/** The public half of a device: what an entry of type 1 certifies. */
export interface DevicePublicKeys {
  readonly device: DeviceId;
  /** Ed25519: signs sessions and commits. */
  readonly publicKey: Bytes;
  /** X-Wing: the account key is sealed to it. */
  readonly kem: Bytes;
}

/** What an entry says, by type. */
export type KeyChainChange =
  | {
      readonly type: 'genesis';
      readonly identity: Bytes;
      readonly nonce: Bytes;
      readonly kem: Bytes;
    }
  | ({
      readonly type: 'device-added';
      /** Unix ms from which the server refuses the device, or null. Clients do not judge it. */
      readonly expires: number | null;
    } & DevicePublicKeys)
  | { readonly type: 'device-revoked'; readonly device: DeviceId }
  | { readonly type: 'kem-changed'; readonly kem: Bytes }
  | { readonly type: 'identity-changed'; readonly identity: Bytes };

export interface KeyChainEntryBody {
  readonly account: AccountId;
  /** Place in the chain, from 0. */
  readonly seq: number;
  /** H("key-chain", entry before); ZERO_DIGEST at seq 0. */
  readonly prev: Digest;
  /** Unix ms by the writer's clock; display only. */
  readonly time: number;
  readonly change: KeyChainChange;
}

export interface KeyChainEntry {
  readonly content: KeyChainEntryBody;
  /** The signed bytes. */
  readonly body: Bytes;
  /** One signature; old and new for `identity-changed`. */
  readonly signatures: readonly Bytes[];
}

const NONCE_SIZE_BYTES = 32;
/** The largest body adds a device: about 1.4 KiB. */
const ENTRY_SIZE_BYTES_MAX = 2048;

const identityKey = schema.bytes(ED25519_PUBLIC_KEY_SIZE_BYTES);
const kemKey = schema.bytes(KEM_PUBLIC_KEY_SIZE_BYTES);
const deviceId = schema.id<DeviceId>();
const signature = schema.bytes(SIGNATURE_SIZE_BYTES);

const genesisFields = schema.tuple(identityKey, schema.bytes(NONCE_SIZE_BYTES), kemKey);
const deviceAddedFields = schema.tuple(
  deviceId,
  identityKey,
  kemKey,
  schema.nullable(schema.uint()),
);
const deviceRevokedFields = schema.tuple(deviceId);
const kemChangedFields = schema.tuple(kemKey);
const identityChangedFields = schema.tuple(identityKey);

/** A type's fields stay undecoded until the type is known. */
const bodyShape = schema.tuple(
  schema.literal(PROTOCOL_VERSION),
  schema.id<AccountId>(),
  schema.uint(),
  schema.digest<Digest>(),
  schema.uint(),
  schema.uint(4),
  (fields) => fields,
);
const signedOnce = schema.tuple(schema.bytes(1, ENTRY_SIZE_BYTES_MAX), signature);
const signedTwice = schema.tuple(schema.bytes(1, ENTRY_SIZE_BYTES_MAX), signature, signature);

/** CBOR of an entry's body: what the identity signs. */
export function encodeKeyChainBody(content: KeyChainEntryBody): Uint8Array<ArrayBuffer> {
  const [type, fields] = encodeChange(content.change);
  return encodeCbor([
    PROTOCOL_VERSION,
    idToBytes(content.account),
    content.seq,
    idToBytes(content.prev),
    content.time,
    type,
    fields,
  ]);
}

/** The entry as it travels and is stored. */
export function encodeKeyChainEntry(
  body: Bytes,
  signatures: readonly Bytes[],
): Uint8Array<ArrayBuffer> {
  return encodeCbor([body, ...signatures]);
}

/** Throws FormatError on bytes that are no entry. Says nothing about its truth. */
export function decodeKeyChainEntry(entry: Bytes): KeyChainEntry {
  const [body, ...signatures] = decodeCbor(entry, signedEntry, ENTRY_SIZE_BYTES_MAX);
  const [, account, seq, prev, time, type, fields] = decodeCbor(
    body,
    bodyShape,
    ENTRY_SIZE_BYTES_MAX,
  );
  return {
    content: { account, seq, prev, time, change: decodeChange(type, fields) },
    body,
    signatures,
  };
}

/** H("key-chain", entry): the next entry's prev, and the head after this one. */
export function keyChainEntryHash(suite: VerifySuite, entry: Bytes): Uint8Array<ArrayBuffer> {
  return hash(suite, 'key-chain', entry);
}

function signedEntry(value: unknown): [Bytes, ...Bytes[]] {
  return Array.isArray(value) && value.length === 3 ? signedTwice(value) : signedOnce(value);
}

function encodeChange(change: KeyChainChange): readonly [type: number, fields: readonly Cbor[]] {
  switch (change.type) {
    case 'genesis':
      return [0, [change.identity, change.nonce, change.kem]];
    case 'device-added':
      return [1, [idToBytes(change.device), change.publicKey, change.kem, change.expires]];
    case 'device-revoked':
      return [2, [idToBytes(change.device)]];
    case 'kem-changed':
      return [3, [change.kem]];
    case 'identity-changed':
      return [4, [change.identity]];
    default:
      return unreachable(change);
  }
}

function decodeChange(type: number, fields: unknown): KeyChainChange {
  switch (type) {
    case 0: {
      const [identity, nonce, kem] = genesisFields(fields);
      return { type: 'genesis', identity, nonce, kem };
    }
    case 1: {
      const [device, publicKey, kem, expires] = deviceAddedFields(fields);
      return { type: 'device-added', device, publicKey, kem, expires };
    }
    case 2:
      return { type: 'device-revoked', device: deviceRevokedFields(fields)[0] };
    case 3:
      return { type: 'kem-changed', kem: kemChangedFields(fields)[0] };
    default:
      return { type: 'identity-changed', identity: identityChangedFields(fields)[0] };
  }
}
