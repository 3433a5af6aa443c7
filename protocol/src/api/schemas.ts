/** Requests and answers of docs/api.md that are JSON. Strict: an unknown field is refused. */
import { z } from 'zod';
import type { AccountId, CommitId, DeviceId, Digest, SpaceId } from '../core/index.ts';
import { IDS_PER_REQUEST_MAX, KEY_CHAIN_ENTRIES_MAX } from '../core/index.ts';
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

export const signInStartRequest = z.strictObject({ name: accountName, request: opaqueMessage(96) });
export const signInStartAnswer = z.strictObject({
  account,
  answer: opaqueMessage(320),
  handle: token,
});
export const signInFinishRequest = z.strictObject({
  handle: token,
  finish: opaqueMessage(64),
  code: z
    .string()
    .regex(/^[0-9]{6}$/)
    .optional(),
});
export const signInFinishAnswer = z.strictObject({ enrolToken: token, expiresAt: count });

export const recoveryBundleRequest = z.strictObject({ name: accountName, recoveryAuth: bytes(32) });
export const recoveryBundleAnswer = z.strictObject({ account, bundle, chain });
export const accountBundleAnswer = z.strictObject({ bundle, chain });

/** `previous` = SHA-256 of the stored bytes of the bundle that is replaced. */
export const addDeviceRequest = z.strictObject({
  entry: chainEntry,
  bundle,
  previous: digest<Digest>(),
});
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
