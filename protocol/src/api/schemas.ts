/** Requests and answers of docs/api.md that are JSON. Strict: an unknown field is refused. */
import { z } from 'zod';
import type { AccountId, CommitId, DeviceId, Digest, PairingId, SpaceId } from '../core/index.ts';
import { ACCOUNT_DEVICES_MAX, IDS_PER_REQUEST_MAX, KEY_CHAIN_ENTRIES_MAX } from '../core/index.ts';
import { ACCOUNT_BUNDLE_SIZE_BYTES_MAX } from '../model/index.ts';
import { accountName, bytes, count, digest, id, opaqueMessage, token } from './fields.ts';

/** One key chain entry is some 1.5 KiB. */
const CHAIN_ENTRY_SIZE_BYTES_MAX = 8 * 1024;
/** Genesis commits hold four records at most. */
const GENESIS_SIZE_BYTES_MAX = 64 * 1024;

const account = id<AccountId>();
const device = id<DeviceId>();
const bundle = bytes(1, ACCOUNT_BUNDLE_SIZE_BYTES_MAX);
const chainEntry = bytes(1, CHAIN_ENTRY_SIZE_BYTES_MAX);
const chain = z.array(chainEntry).max(KEY_CHAIN_ENTRIES_MAX);

export const emptyAnswer = z.strictObject({});
export const healthAnswer = z.strictObject({ status: z.literal('ok') });

export const signUpStartRequest = z.strictObject({
  name: accountName,
  account,
  request: opaqueMessage(32),
});
export const signUpStartAnswer = z.strictObject({ response: opaqueMessage(64) });
export const signUpFinishRequest = z.strictObject({
  name: accountName,
  account,
  record: opaqueMessage(192),
  bundle,
  chain: z.array(chainEntry).length(2),
  commits: z.array(bytes(1, GENESIS_SIZE_BYTES_MAX)).length(2),
});
/** `active`: false while the name waits to be confirmed by mail. */
export const signUpFinishAnswer = z.strictObject({ active: z.boolean() });

/** The code is what the server mailed. */
export const signUpConfirmRequest = z.strictObject({
  name: accountName,
  code: z.string().regex(/^[0-9A-Za-z-]{1,64}$/),
});
export const signUpConfirmAnswer = z.strictObject({ active: z.boolean() });

/** Six digits of the authenticator, or a backup code: ten letters and digits of base32. */
const secondFactorCode = z.string().regex(/^([0-9]{6}|[a-z2-7]{10})$/);

export const signInStartRequest = z.strictObject({ name: accountName, request: opaqueMessage(96) });
export const signInStartAnswer = z.strictObject({
  account,
  answer: opaqueMessage(320),
  handle: token,
});
export const signInFinishRequest = z.strictObject({
  handle: token,
  finish: opaqueMessage(64),
  code: secondFactorCode.optional(),
});
export const signInFinishAnswer = z.strictObject({ enrolToken: token, expiresAt: count });

export const recoveryBundleRequest = z.strictObject({ name: accountName, recoveryAuth: bytes(32) });
/** The token reads the keys and replaces them (`replaceKeys`), nothing else. */
export const recoveryBundleAnswer = z.strictObject({
  account,
  bundle,
  chain,
  enrolToken: token,
  expiresAt: count,
});
export const accountBundleAnswer = z.strictObject({ bundle, chain });

/** `previous` = SHA-256 of the stored bytes of the bundle that is replaced. */
export const addDeviceRequest = z.strictObject({
  entry: chainEntry,
  bundle,
  previous: digest<Digest>(),
});
/** A new password of an account that is there. */
export const registerPasswordRequest = z.strictObject({ request: opaqueMessage(32) });
export const registerPasswordAnswer = z.strictObject({ response: opaqueMessage(64) });

/**
 * Another bundle: under a new password (no entries, a record), or of the next generation (the entries
 * that revoke and add devices, then the new KEM key; a record where the password changes too).
 */
export const replaceKeysRequest = z.strictObject({
  entries: z.array(chainEntry).max(2 * ACCOUNT_DEVICES_MAX),
  bundle,
  previous: digest<Digest>(),
  record: opaqueMessage(192).optional(),
});

export const accountAnswer = z.strictObject({
  name: accountName,
  secondFactor: z.boolean(),
  backupCodesLeft: count,
});

/** How many backup codes come with a second factor. */
export const BACKUP_CODES = 10;
const SECOND_FACTOR_SECRET_SIZE_BYTES = 20;
export const startSecondFactorAnswer = z.strictObject({
  secret: bytes(SECOND_FACTOR_SECRET_SIZE_BYTES),
});
/** `backupCodes`: SHA-256 of each code's ten letters. The server never sees one before it is used. */
export const confirmSecondFactorRequest = z.strictObject({
  code: z.string().regex(/^[0-9]{6}$/),
  backupCodes: z.array(digest<Digest>()).length(BACKUP_CODES),
});

/** A message of a pairing, sealed: 2,048 bytes opened at most. */
const pairingMessage = bytes(1, 2048 + 128);
export const openPairingRequest = z.strictObject({ pairing: id<PairingId>() });
export const openPairingAnswer = z.strictObject({ expiresAt: count });
export const pairingOfferRequest = z.strictObject({ offer: pairingMessage });
export const pairingOfferAnswer = z.strictObject({ offer: pairingMessage.nullable() });
export const pairingAnswerRequest = z.strictObject({ answer: pairingMessage });
export const pairingAnswerAnswer = z.strictObject({ answer: pairingMessage.nullable() });

export const devicesAnswer = z.strictObject({
  devices: z.array(z.strictObject({ id: device, createdAt: count, lastSeenAt: count.nullable() })),
});

export const sessionChallengeRequest = z.strictObject({ account, device });
export const sessionChallengeAnswer = z.strictObject({ challenge: bytes(32) });
export const sessionRequest = z.strictObject({
  account,
  device,
  challenge: bytes(32),
  signature: bytes(64),
});
export const sessionAnswer = z.strictObject({ token, expiresAt: count });

export const chainAnswer = z.strictObject({ entries: chain });

export const spacesAnswer = z.strictObject({
  spaces: z.array(
    z.strictObject({ space: id<SpaceId>(), kind: z.enum(['drive', 'shared', 'account']) }),
  ),
});
export const headAnswer = z.strictObject({
  era: count,
  seq: count.min(1),
  id: digest<CommitId>(),
  header: bytes(1, 8 * 1024),
  signature: bytes(64),
  serverTime: count,
});
export const proposeAnswer = z.strictObject({ seq: count.min(1), id: digest<CommitId>() });
export const storePackAnswer = z.strictObject({ stored: count, storedBytes: count });

/** The data of one line of the event stream. */
export const headMovedEvent = z.strictObject({
  cursor: count,
  space: id<SpaceId>(),
  seq: count.min(1),
  era: count,
});
export const quotaAnswer = z.strictObject({
  usedBytes: count,
  totalBytes: count.nullable(),
  transferUsedBytes: count,
  transferTotalBytes: count.nullable(),
});

/**
 * Every answer that is not 2xx. `seq`: where the head is (`head-moved`). `ids`: what to send
 * (`content-missing`). `rule`: which one (`rule-broken`). `retryAfterMs`: `rate-limited`. A client
 * takes a code that it does not know as `internal`.
 */
export const errorAnswer = z.strictObject({
  error: z.strictObject({
    code: z.string().max(64),
    message: z.string().max(1024),
    seq: count.optional(),
    ids: z.array(digest()).max(IDS_PER_REQUEST_MAX).optional(),
    rule: z.string().max(64).optional(),
    retryAfterMs: count.optional(),
  }),
});
export type ErrorAnswer = z.output<typeof errorAnswer>;
