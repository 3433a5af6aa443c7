/** Requests and answers of docs/api.md that are JSON. Strict: an unknown field is refused. */
import { z } from 'zod';
import type { AccountId, CommitId, DeviceId, Digest, PairingId, SpaceId } from '../core/index.ts';
import { ACCOUNT_DEVICES_MAX, IDS_PER_REQUEST_MAX, KEY_CHAIN_ENTRIES_MAX } from '../core/index.ts';
import { ACCOUNT_BUNDLE_SIZE_BYTES_MAX } from '../model/index.ts';
import { accountName, bytes, count, digest, id, opaqueMessage, token } from './fields.ts';
import { form, type DecodedOf } from './form.ts';

/** One key chain entry is some 1.5 KiB. */
const CHAIN_ENTRY_SIZE_BYTES_MAX = 8 * 1024;
/** Genesis commits hold four records at most. */
const GENESIS_SIZE_BYTES_MAX = 64 * 1024;

const account = id<AccountId>();
const device = id<DeviceId>();
const bundle = bytes(1, ACCOUNT_BUNDLE_SIZE_BYTES_MAX);
const chainEntry = bytes(1, CHAIN_ENTRY_SIZE_BYTES_MAX);
const chain = z.array(chainEntry).max(KEY_CHAIN_ENTRIES_MAX);

export const emptyAnswer = form(() => z.strictObject({}));
export const healthAnswer = form(() => z.strictObject({ status: z.literal('ok') }));

export const signUpStartRequest = form(() =>
  z.strictObject({
    name: accountName,
    account,
    request: opaqueMessage(32),
  }),
);
export const signUpStartAnswer = form(() => z.strictObject({ response: opaqueMessage(64) }));
export const signUpFinishRequest = form(() =>
  z.strictObject({
    name: accountName,
    account,
    record: opaqueMessage(192),
    bundle,
    chain: z.array(chainEntry).length(2),
    commits: z.array(bytes(1, GENESIS_SIZE_BYTES_MAX)).length(2),
  }),
);
/** `active`: false while the name waits to be confirmed by mail. */
export const signUpFinishAnswer = form(() => z.strictObject({ active: z.boolean() }));

/** The code is what the server mailed. */
export const signUpConfirmRequest = form(() =>
  z.strictObject({
    name: accountName,
    code: z.string().regex(/^[0-9A-Za-z-]{1,64}$/),
  }),
);
export const signUpConfirmAnswer = form(() => z.strictObject({ active: z.boolean() }));

/** Six digits of the authenticator, or a backup code: ten letters and digits of base32. */
const secondFactorCode = z.string().regex(/^([0-9]{6}|[a-z2-7]{10})$/);

export const signInStartRequest = form(() =>
  z.strictObject({ name: accountName, request: opaqueMessage(96) }),
);
export const signInStartAnswer = form(() =>
  z.strictObject({
    account,
    answer: opaqueMessage(320),
    handle: token,
  }),
);
export const signInFinishRequest = form(() =>
  z.strictObject({
    handle: token,
    finish: opaqueMessage(64),
    code: secondFactorCode.optional(),
  }),
);
export const signInFinishAnswer = form(() =>
  z.strictObject({ enrolToken: token, expiresAt: count }),
);

export const recoveryBundleRequest = form(() =>
  z.strictObject({ name: accountName, recoveryAuth: bytes(32) }),
);
/** The token reads the keys and replaces them (`replaceKeys`), nothing else. */
export const recoveryBundleAnswer = form(() =>
  z.strictObject({
    account,
    bundle,
    chain,
    enrolToken: token,
    expiresAt: count,
  }),
);
export const accountBundleAnswer = form(() => z.strictObject({ bundle, chain }));

/** `previous` = SHA-256 of the stored bytes of the bundle that is replaced. */
export const addDeviceRequest = form(() =>
  z.strictObject({
    entry: chainEntry,
    bundle,
    previous: digest<Digest>(),
  }),
);
/** A new password of an account that is there. */
export const registerPasswordRequest = form(() => z.strictObject({ request: opaqueMessage(32) }));
export const registerPasswordAnswer = form(() => z.strictObject({ response: opaqueMessage(64) }));

/**
 * Another bundle: under a new password (no entries, a record), or of the next generation (the entries
 * that revoke and add devices, then the new KEM key; a record where the password changes too).
 */
export const replaceKeysRequest = form(() =>
  z.strictObject({
    entries: z.array(chainEntry).max(2 * ACCOUNT_DEVICES_MAX),
    bundle,
    previous: digest<Digest>(),
    record: opaqueMessage(192).optional(),
  }),
);

export const accountAnswer = form(() =>
  z.strictObject({
    name: accountName,
    secondFactor: z.boolean(),
    backupCodesLeft: count,
  }),
);

/** How many backup codes come with a second factor. */
export const BACKUP_CODES = 10;
const SECOND_FACTOR_SECRET_SIZE_BYTES = 20;
export const startSecondFactorAnswer = form(() =>
  z.strictObject({
    secret: bytes(SECOND_FACTOR_SECRET_SIZE_BYTES),
  }),
);
/** `backupCodes`: SHA-256 of each code's ten letters. The server never sees one before it is used. */
export const confirmSecondFactorRequest = form(() =>
  z.strictObject({
    code: z.string().regex(/^[0-9]{6}$/),
    backupCodes: z.array(digest<Digest>()).length(BACKUP_CODES),
  }),
);

/** A message of a pairing, sealed: 2,048 bytes opened at most. */
const pairingMessage = bytes(1, 2048 + 128);
export const openPairingRequest = form(() => z.strictObject({ pairing: id<PairingId>() }));
export const openPairingAnswer = form(() => z.strictObject({ expiresAt: count }));
export const pairingOfferRequest = form(() => z.strictObject({ offer: pairingMessage }));
export const pairingOfferAnswer = form(() => z.strictObject({ offer: pairingMessage.nullable() }));
export const pairingAnswerRequest = form(() => z.strictObject({ answer: pairingMessage }));
export const pairingAnswerAnswer = form(() =>
  z.strictObject({ answer: pairingMessage.nullable() }),
);

export const devicesAnswer = form(() =>
  z.strictObject({
    devices: z.array(
      z.strictObject({ id: device, createdAt: count, lastSeenAt: count.nullable() }),
    ),
  }),
);

export const sessionChallengeRequest = form(() => z.strictObject({ account, device }));
export const sessionChallengeAnswer = form(() => z.strictObject({ challenge: bytes(32) }));
export const sessionRequest = form(() =>
  z.strictObject({
    account,
    device,
    challenge: bytes(32),
    signature: bytes(64),
  }),
);
export const sessionAnswer = form(() => z.strictObject({ token, expiresAt: count }));

export const chainAnswer = form(() => z.strictObject({ entries: chain }));

export const spacesAnswer = form(() =>
  z.strictObject({
    spaces: z.array(
      z.strictObject({ space: id<SpaceId>(), kind: z.enum(['drive', 'shared', 'account']) }),
    ),
  }),
);
export const headAnswer = form(() =>
  z.strictObject({
    era: count,
    seq: count.min(1),
    id: digest<CommitId>(),
    header: bytes(1, 8 * 1024),
    signature: bytes(64),
    serverTime: count,
  }),
);
export const proposeAnswer = form(() =>
  z.strictObject({ seq: count.min(1), id: digest<CommitId>() }),
);
export const storePackAnswer = form(() => z.strictObject({ stored: count, storedBytes: count }));

/** The data of one line of the event stream. */
export const headMovedEvent = form(() =>
  z.strictObject({
    cursor: count,
    space: id<SpaceId>(),
    seq: count.min(1),
    era: count,
  }),
);
export const quotaAnswer = form(() =>
  z.strictObject({
    usedBytes: count,
    totalBytes: count.nullable(),
    transferUsedBytes: count,
    transferTotalBytes: count.nullable(),
  }),
);

/**
 * Every answer that is not 2xx. `seq`: where the head is (`head-moved`). `ids`: what to send
 * (`content-missing`). `rule`: which one (`rule-broken`). `retryAfterMs`: `rate-limited`. A client
 * takes a code that it does not know as `internal`.
 */
export const errorAnswer = form(() =>
  z.strictObject({
    error: z.strictObject({
      code: z.string().max(64),
      message: z.string().max(1024),
      seq: count.optional(),
      ids: z.array(digest()).max(IDS_PER_REQUEST_MAX).optional(),
      rule: z.string().max(64).optional(),
      retryAfterMs: count.optional(),
    }),
  }),
);
export type ErrorAnswer = DecodedOf<typeof errorAnswer>;
