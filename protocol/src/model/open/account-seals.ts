/**
 * The four sealed things of an account bundle (protocol §2), each with its own key, label and
 * associated data:
 *
 *   W_pw, W_rec  SEAL(password or recovery key, "account-key", [account, g, purpose], A_g)
 *   secrets      SEAL(A_g, "account-secrets", [account, g, identity pk, KEM pk],
 *                     CBOR [identity seed, [KEM seed, newest first…]])
 *   envelope     ENVELOPE(device KEM, "device-account-key", [account, g, device], A_g)
 */
import { encodeCbor, schema } from '../../codec/index.ts';
import {
  idToBytes,
  IntegrityError,
  KEY_CHAIN_ENTRIES_MAX,
  type AccountId,
  type Bytes,
  type DeviceId,
} from '../../core/index.ts';
import { deriveKey, KEY_SIZE_BYTES, type OpenSuite, type WholeSuite } from '../../crypto/index.ts';
import { open, openEnvelope, seal, sealEnvelope } from '../../crypto/open/index.ts';
import { decodeOpened } from './decode-opened.ts';

/** A_g: opens an account's secrets. */
export interface AccountKey {
  /** From 1; a rotation makes the next one. */
  readonly generation: number;
  readonly key: Bytes;
}

/** What an account's identity signs and its members' envelopes open with. */
export interface AccountSecrets {
  readonly identitySeed: Bytes;
  /** X-Wing seeds, newest first; older ones stay until no envelope needs them. */
  readonly kemSeeds: readonly [newest: Bytes, ...older: Bytes[]];
}

export interface AccountPublicKeys {
  readonly identity: Bytes;
  readonly kem: Bytes;
}

/** What seals an account key: purposes 1 and 2 of its associated data. */
export type WrapPurpose = 'password' | 'recovery';
const PURPOSE_CODE = { password: 1, recovery: 2 } as const;

const seedShape = schema.bytes(KEY_SIZE_BYTES);
const secretsShape = schema.tuple(seedShape, schema.list(seedShape, KEY_CHAIN_ENTRIES_MAX));
const SECRETS_SIZE_BYTES_MAX = 64 + KEY_CHAIN_ENTRIES_MAX * (KEY_SIZE_BYTES + 2);

/** KDF(export_key, "password-key", account). `exportKey`: the 64 bytes that OPAQUE gives. */
export function passwordKey(suite: OpenSuite, account: AccountId, exportKey: Bytes): Bytes {
  return deriveKey(suite, exportKey, 'password-key', idToBytes(account));
}

/** KDF(recovery key, "recovery-key", account): seals W_rec. */
export function recoverySealingKey(
  suite: OpenSuite,
  account: AccountId,
  recoveryKey: Bytes,
): Bytes {
  return deriveKey(suite, recoveryKey, 'recovery-key', idToBytes(account));
}

/** KDF(recovery key, "recovery-auth", account): without it a server does not hand out W_rec. */
export function recoveryAuth(
  suite: OpenSuite,
  account: AccountId,
  recoveryKey: Bytes,
): Uint8Array<ArrayBuffer> {
  return deriveKey(suite, recoveryKey, 'recovery-auth', idToBytes(account));
}

export function wrapAccountKey(
  suite: OpenSuite,
  wrappingKey: Bytes,
  account: AccountId,
  purpose: WrapPurpose,
  { generation, key }: AccountKey,
): Uint8Array<ArrayBuffer> {
  const aad = [idToBytes(account), generation, PURPOSE_CODE[purpose]];
  return seal(suite, wrappingKey, 'account-key', aad, key);
}

/** IntegrityError `open-failed` on a wrong key, or a wrap of another account, generation or purpose. */
export function unwrapAccountKey(
  suite: OpenSuite,
  wrappingKey: Bytes,
  place: {
    readonly account: AccountId;
    readonly purpose: WrapPurpose;
    readonly generation: number;
  },
  wrapped: Bytes,
): AccountKey {
  const { account, purpose, generation } = place;
  const aad = [idToBytes(account), generation, PURPOSE_CODE[purpose]];
  return { generation, key: open(suite, wrappingKey, 'account-key', aad, wrapped) };
}

export function sealAccountKeyForDevice(
  suite: WholeSuite,
  account: AccountId,
  device: { readonly device: DeviceId; readonly kem: Bytes },
  { generation, key }: AccountKey,
): Uint8Array<ArrayBuffer> {
  const context = [idToBytes(account), generation, idToBytes(device.device)];
  return sealEnvelope(suite, device.kem, 'device-account-key', context, key);
}

export function openAccountKeyForDevice(
  suite: WholeSuite,
  account: AccountId,
  device: { readonly device: DeviceId; readonly kemSeed: Bytes },
  { generation, envelope }: { readonly generation: number; readonly envelope: Bytes },
): AccountKey {
  const context = [idToBytes(account), generation, idToBytes(device.device)];
  const key = openEnvelope(suite, device.kemSeed, 'device-account-key', context, envelope);
  return { generation, key };
}

export function sealAccountSecrets(
  suite: WholeSuite,
  account: AccountId,
  accountKey: AccountKey,
  secrets: AccountSecrets,
): Uint8Array<ArrayBuffer> {
  const aad = secretsAad(account, accountKey, accountPublicKeys(suite, secrets));
  const plaintext = encodeCbor([secrets.identitySeed, secrets.kemSeeds]);
  return seal(suite, accountKey.key, 'account-secrets', aad, plaintext);
}

/**
 * The secrets of the account whose public keys are `expected`: they are computed again from the
 * seeds and compared. IntegrityError `open-failed` or `malformed`.
 */
export function openAccountSecrets(
  suite: WholeSuite,
  account: AccountId,
  accountKey: AccountKey,
  expected: AccountPublicKeys,
  sealed: Bytes,
): AccountSecrets {
  const aad = secretsAad(account, accountKey, expected);
  const secrets = decodeSecrets(open(suite, accountKey.key, 'account-secrets', aad, sealed));
  const { identity, kem } = accountPublicKeys(suite, secrets);
  const isSame =
    suite.equalConstantTime(identity, expected.identity) &&
    suite.equalConstantTime(kem, expected.kem);
  if (!isSame) throw new IntegrityError('malformed', 'account secrets: other public keys');
  return secrets;
}

export function accountPublicKeys(suite: WholeSuite, secrets: AccountSecrets): AccountPublicKeys {
  return {
    identity: suite.ed25519PublicKey(secrets.identitySeed),
    kem: suite.kemPublicKey(secrets.kemSeeds[0]),
  };
}

function secretsAad(
  account: AccountId,
  { generation }: AccountKey,
  { identity, kem }: AccountPublicKeys,
): readonly [Bytes, number, Bytes, Bytes] {
  return [idToBytes(account), generation, identity, kem];
}

function decodeSecrets(plaintext: Bytes): AccountSecrets {
  const [identitySeed, [newest, ...older]] = decodeOpened(
    'account secrets',
    plaintext,
    secretsShape,
    SECRETS_SIZE_BYTES_MAX,
  );
  if (newest === undefined) throw new IntegrityError('malformed', 'account secrets: no KEM seed');
  return { identitySeed, kemSeeds: [newest, ...older] };
}
