/**
 * The account bundle (protocol §2): everything that opens an account, sealed, in one signed object
 * that is replaced as a whole.
 *
 *   bundle = CBOR [body, SIGN(identity, "account-bundle", body)]
 *   body   = CBOR [1, account, g, auth suite, W_pw, W_rec, secrets, SHA-256(recovery auth),
 *                  [[device, ENVELOPE]…]]                              devices ascend by id
 */
import { decodeCbor, encodeCbor, schema } from '../codec/index.ts';
import {
  ACCOUNT_DEVICES_MAX,
  digestFromBytes,
  FormatError,
  idToBytes,
  IntegrityError,
  KEY_CHAIN_ENTRIES_MAX,
  PROTOCOL_VERSION,
  type AccountId,
  type Bytes,
  type DeviceId,
  type Digest,
} from '../core/index.ts';
import {
  KEM_CIPHERTEXT_SIZE_BYTES,
  KEY_SIZE_BYTES,
  SIGNATURE_SIZE_BYTES,
  verifySignature,
  type VerifySuite,
} from '../crypto/index.ts';
import type { KeyChain } from './key-chain.ts';

/** OPAQUE as in RFC 9807 with ristretto255 and Argon2id: the only auth suite there is. */
export const AUTH_SUITE = 1;

export interface DeviceEnvelope {
  readonly device: DeviceId;
  /** ENVELOPE(device KEM, "device-account-key", [account, g, device], A_g). */
  readonly envelope: Bytes;
}

export interface AccountBundleBody {
  readonly account: AccountId;
  /** Generation of the account key, from 1. */
  readonly generation: number;
  readonly authSuite: typeof AUTH_SUITE;
  /** W_pw: the account key sealed under the password key. */
  readonly passwordWrap: Bytes;
  /** W_rec: the account key sealed under the recovery key. */
  readonly recoveryWrap: Bytes;
  /** Identity seed and KEM seeds sealed under the account key. */
  readonly secrets: Bytes;
  /** SHA-256 of the recovery auth: who shows the preimage is given `recoveryWrap`. */
  readonly recoveryAuthDigest: Digest;
  /** Ascending by device id; at most 64. */
  readonly deviceEnvelopes: readonly DeviceEnvelope[];
}

export interface AccountBundle extends AccountBundleBody {
  /** The signed bytes. */
  readonly body: Bytes;
  readonly signature: Bytes;
}

/** SEAL adds 73 bytes to the 32 of a key. */
const WRAPPED_KEY_SIZE_BYTES = 73 + KEY_SIZE_BYTES;
const ENVELOPED_KEY_SIZE_BYTES = KEM_CIPHERTEXT_SIZE_BYTES + WRAPPED_KEY_SIZE_BYTES;
/** Every entry of the chain could have brought a KEM seed; each takes 34 bytes. */
const SECRETS_SIZE_BYTES_MAX = 256 + KEY_CHAIN_ENTRIES_MAX * (KEY_SIZE_BYTES + 2);
const BODY_SIZE_BYTES_MAX =
  SECRETS_SIZE_BYTES_MAX + ACCOUNT_DEVICES_MAX * (ENVELOPED_KEY_SIZE_BYTES + 32) + 1024;
/** Largest stored bundle: what a server accepts and a client reads. */
export const ACCOUNT_BUNDLE_SIZE_BYTES_MAX = BODY_SIZE_BYTES_MAX + 128;

const bodyShape = schema.tuple(
  schema.literal(PROTOCOL_VERSION),
  schema.id<AccountId>(),
  schema.uint(),
  schema.literal(AUTH_SUITE),
  schema.bytes(WRAPPED_KEY_SIZE_BYTES),
  schema.bytes(WRAPPED_KEY_SIZE_BYTES),
  schema.bytes(1, SECRETS_SIZE_BYTES_MAX),
  schema.digest<Digest>(),
  schema.list(
    schema.tuple(schema.id<DeviceId>(), schema.bytes(ENVELOPED_KEY_SIZE_BYTES)),
    ACCOUNT_DEVICES_MAX,
  ),
);
const signedShape = schema.tuple(
  schema.bytes(1, BODY_SIZE_BYTES_MAX),
  schema.bytes(SIGNATURE_SIZE_BYTES),
);

/** CBOR of a bundle's body: what the identity signs. */
export function encodeAccountBundleBody(body: AccountBundleBody): Uint8Array<ArrayBuffer> {
  return encodeCbor([
    PROTOCOL_VERSION,
    idToBytes(body.account),
    body.generation,
    body.authSuite,
    body.passwordWrap,
    body.recoveryWrap,
    body.secrets,
    idToBytes(body.recoveryAuthDigest),
    body.deviceEnvelopes.map(({ device, envelope }) => [idToBytes(device), envelope]),
  ]);
}

/** The bundle as it travels and is stored. */
export function encodeAccountBundle(body: Bytes, signature: Bytes): Uint8Array<ArrayBuffer> {
  return encodeCbor([body, signature]);
}

/** Throws FormatError on bytes that are no bundle. Says nothing about who made it. */
export function decodeAccountBundle(bundle: Bytes): AccountBundle {
  const [body, signature] = decodeCbor(bundle, signedShape, ACCOUNT_BUNDLE_SIZE_BYTES_MAX);
  const [, account, generation, authSuite, passwordWrap, recoveryWrap, secrets, digest, devices] =
    decodeCbor(body, bodyShape, BODY_SIZE_BYTES_MAX);
  if (generation === 0) throw new FormatError('generations start at 1');
  const deviceEnvelopes = devices.map(([device, envelope]) => ({ device, envelope }));
  if (!isAscending(deviceEnvelopes)) throw new FormatError('devices do not ascend');
  return {
    account,
    generation,
    authSuite,
    passwordWrap,
    recoveryWrap,
    secrets,
    recoveryAuthDigest: digest,
    deviceEnvelopes,
    body,
    signature,
  };
}

/**
 * The bundle of the account that `chain` belongs to, signed by its identity. Throws IntegrityError:
 * `malformed`, or `signature-invalid` when account or signature are not those of the chain.
 */
export function verifyAccountBundle(
  suite: VerifySuite,
  chain: KeyChain,
  bundle: Bytes,
): AccountBundle {
  const decoded = decodeOrRefuse(bundle);
  if (decoded.account !== chain.account) {
    throw new IntegrityError('signature-invalid', 'account bundle: of another account');
  }
  const { body, signature } = decoded;
  if (!verifySignature(suite, chain.identity, 'account-bundle', body, signature)) {
    throw new IntegrityError('signature-invalid', 'account bundle: not signed by the identity');
  }
  return decoded;
}

/**
 * True when every envelope is for a device that is certified at the head of `chain`. A server asks
 * this of every bundle that it stores, together with the chain entries of the same transaction.
 */
export function hasOnlyCertifiedDevices(chain: KeyChain, bundle: AccountBundleBody): boolean {
  return bundle.deviceEnvelopes.every(
    ({ device }) => chain.deviceAt(device, chain.seq) !== undefined,
  );
}

/** SHA-256 of the stored bytes: what a replacement names as the bundle that it replaces. */
export function accountBundleDigest(suite: VerifySuite, bundle: Bytes): Digest {
  return digestFromBytes<Digest>(suite.sha256(bundle));
}

/** True when `recoveryAuth` is the one whose digest the bundle holds. */
export function isRecoveryAuth(
  suite: VerifySuite,
  bundle: AccountBundleBody,
  recoveryAuth: Bytes,
): boolean {
  return suite.equalConstantTime(suite.sha256(recoveryAuth), idToBytes(bundle.recoveryAuthDigest));
}

function decodeOrRefuse(bundle: Bytes): AccountBundle {
  try {
    return decodeAccountBundle(bundle);
  } catch (cause) {
    if (!(cause instanceof FormatError)) throw cause;
    throw new IntegrityError('malformed', `account bundle: ${cause.message}`, { cause });
  }
}

function isAscending(envelopes: readonly DeviceEnvelope[]): boolean {
  let last = '';
  return envelopes.every(({ device }) => {
    const isLarger = device > last;
    last = device;
    return isLarger;
  });
}
