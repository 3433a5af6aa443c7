/**
 * Pairing (protocol §2): a new device and an old one of the same account share a secret that the
 * server never sees, and exchange two sealed messages through it.
 *
 *   p      = KDF(s padded to 32 bytes, "pair-key", CBOR [origin]);  id = KDF(p, "pair-id")[0..16]
 *   offer  = SEAL(p, "pair-offer", [id], CBOR [device id, Ed25519 pk, KEM pk])
 *   answer = SEAL(p, "pair-accept", [id], CBOR [account, identity pk, chain head,
 *                 ENVELOPE(device KEM, "pair-account-key", [account, g, device], A_g)])
 */
import { encodeCbor, schema } from '../../codec/index.ts';
import {
  assert,
  idFromBytes,
  idToBytes,
  type AccountId,
  type Bytes,
  type DeviceId,
  type Digest,
  type PairingId,
} from '../../core/index.ts';
import {
  deriveKey,
  ED25519_PUBLIC_KEY_SIZE_BYTES,
  KEM_CIPHERTEXT_SIZE_BYTES,
  KEM_PUBLIC_KEY_SIZE_BYTES,
  KEY_SIZE_BYTES,
  type OpenSuite,
  type WholeSuite,
} from '../../crypto/index.ts';
import {
  open,
  openEnvelope,
  seal,
  SEAL_OVERHEAD_BYTES,
  sealEnvelope,
} from '../../crypto/open/index.ts';
import type { DevicePublicKeys } from '../key-chain-entry.ts';
import type { AccountKey } from './account-seals.ts';
import { decodeOpened } from './decode-opened.ts';
import type { DeviceSecrets } from './device-secrets.ts';

/** Secret of a pairing by QR code. */
export const PAIRING_SECRET_SIZE_BYTES = 32;
/** Secret of a pairing by 8 words of 11 bits: 88 bits. */
export const PAIRING_WORDS_SIZE_BYTES = 11;

/** The channel that follows from the secret. */
export interface Pairing {
  /** Where both ask the server for the other's message. */
  readonly id: PairingId;
  readonly key: Bytes;
}

export interface PairingAnswer {
  readonly account: AccountId;
  readonly identity: Bytes;
  /** Head of the key chain with the new device in it: the new device's first pin. */
  readonly chainHead: Digest;
  /** The account key for the new device. */
  readonly envelope: Bytes;
}

const MESSAGE_SIZE_BYTES_MAX = 2048;
const offerShape = schema.tuple(
  schema.id<DeviceId>(),
  schema.bytes(ED25519_PUBLIC_KEY_SIZE_BYTES),
  schema.bytes(KEM_PUBLIC_KEY_SIZE_BYTES),
);
const answerShape = schema.tuple(
  schema.id<AccountId>(),
  schema.bytes(ED25519_PUBLIC_KEY_SIZE_BYTES),
  schema.digest<Digest>(),
  schema.bytes(KEM_CIPHERTEXT_SIZE_BYTES + SEAL_OVERHEAD_BYTES + KEY_SIZE_BYTES),
);

/** `secret`: 32 bytes, or 11 of the words. `origin`: `scheme://host[:port]` of the server. */
export function createPairing(suite: OpenSuite, secret: Bytes, origin: string): Pairing {
  assert(
    secret.length === PAIRING_SECRET_SIZE_BYTES || secret.length === PAIRING_WORDS_SIZE_BYTES,
    'a pairing secret has 32 or 11 bytes',
  );
  const padded = new Uint8Array(PAIRING_SECRET_SIZE_BYTES);
  padded.set(secret);
  const key = deriveKey(suite, padded, 'pair-key', encodeCbor([origin]));
  const id = idFromBytes<PairingId>(deriveKey(suite, key, 'pair-id').subarray(0, 16));
  return { id, key };
}

/** What the new device sends first. */
export function sealPairingOffer(
  suite: OpenSuite,
  { id, key }: Pairing,
  { device, publicKey, kem }: DevicePublicKeys,
): Uint8Array<ArrayBuffer> {
  const plaintext = encodeCbor([idToBytes(device), publicKey, kem]);
  return seal(suite, key, 'pair-offer', [idToBytes(id)], plaintext);
}

/** IntegrityError `open-failed` for whoever does not know the secret, else `malformed`. */
export function openPairingOffer(
  suite: OpenSuite,
  { id, key }: Pairing,
  sealed: Bytes,
): DevicePublicKeys {
  const plaintext = open(suite, key, 'pair-offer', [idToBytes(id)], sealed);
  const [device, publicKey, kem] = decodeOpened(
    'pairing offer',
    plaintext,
    offerShape,
    MESSAGE_SIZE_BYTES_MAX,
  );
  return { device, publicKey, kem };
}

/** What the old device answers after it appended the device to the chain. */
export function sealPairingAnswer(
  suite: WholeSuite,
  { id, key }: Pairing,
  given: {
    readonly account: AccountId;
    readonly identity: Bytes;
    readonly chainHead: Digest;
    readonly device: DevicePublicKeys;
    readonly accountKey: AccountKey;
  },
): Uint8Array<ArrayBuffer> {
  const { account, identity, chainHead, device, accountKey } = given;
  const envelope = sealEnvelope(
    suite,
    device.kem,
    'pair-account-key',
    [idToBytes(account), accountKey.generation, idToBytes(device.device)],
    accountKey.key,
  );
  const plaintext = encodeCbor([idToBytes(account), identity, idToBytes(chainHead), envelope]);
  return seal(suite, key, 'pair-accept', [idToBytes(id)], plaintext);
}

/** IntegrityError as `openPairingOffer`. */
export function openPairingAnswer(
  suite: OpenSuite,
  { id, key }: Pairing,
  sealed: Bytes,
): PairingAnswer {
  const plaintext = open(suite, key, 'pair-accept', [idToBytes(id)], sealed);
  const [account, identity, chainHead, envelope] = decodeOpened(
    'pairing answer',
    plaintext,
    answerShape,
    MESSAGE_SIZE_BYTES_MAX,
  );
  return { account, identity, chainHead, envelope };
}

/**
 * The account key in an answer. Its generation stands in the account bundle, which the new device
 * can read as soon as it is in the chain.
 */
export function openPairedAccountKey(
  suite: WholeSuite,
  { account, envelope }: PairingAnswer,
  { device, kemSeed }: DeviceSecrets,
  generation: number,
): AccountKey {
  const context = [idToBytes(account), generation, idToBytes(device)];
  const key = openEnvelope(suite, kemSeed, 'pair-account-key', context, envelope);
  return { generation, key };
}
