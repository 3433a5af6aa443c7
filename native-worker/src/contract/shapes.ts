/**
 * Shapes of what the engine tells: the JSON fields of `status`, `sync now`, `conflicts`, `stalls`,
 * `held`, `activity` are promises to scripts; fields are added, never renamed.
 */
import { z } from 'zod';

/** RFC 3339 in UTC. */
const Time = z.string();
const Count = z.int().nonnegative();

export const PairModeShape = z.enum(['two-way', 'upload', 'download']);

export const PairState = z.enum([
  'idle',
  'scanning',
  'syncing',
  'paused',
  'attention',
  'offline',
  'error',
]);
export type PairState = z.infer<typeof PairState>;

export const PairStatus = z.object({
  id: z.string(),
  /** Absolute local path of the root. */
  local: z.string(),
  /** Absolute remote path of the root, `/` for the whole drive. */
  remote: z.string(),
  mode: PairModeShape,
  state: PairState,
  pending: z.object({
    uploads: Count,
    downloads: Count,
    uploadBytes: Count,
    downloadBytes: Count,
    other: Count,
  }),
  conflicts: Count,
  /** Stalls that need a person. */
  stalls: Count,
  /** Nodes in held deletions. */
  held: Count,
  lastSyncedAt: Time.nullable(),
  reason: z.string().optional(),
  pausedUntil: Time.optional(),
});
export type PairStatus = z.infer<typeof PairStatus>;

export const TransferStatus = z.object({
  id: z.string(),
  path: z.string(),
  direction: z.enum(['up', 'down']),
  bytesDone: Count,
  bytesTotal: Count,
  bytesPerSecond: Count,
  etaSeconds: z.number().nullable(),
  /** Held back by a person. */
  paused: z.boolean().optional(),
});
export type TransferStatus = z.infer<typeof TransferStatus>;

export const EngineStatus = z.object({
  pairs: z.array(PairStatus),
  transfers: z.array(TransferStatus),
});
export type EngineStatus = z.infer<typeof EngineStatus>;

export const PairListing = z.object({
  id: z.string(),
  local: z.string(),
  remote: z.string(),
  mode: PairModeShape,
  state: PairState,
  /** Remote paths that selective sync leaves out. */
  excluded: z.array(z.string()),
});
export type PairListing = z.infer<typeof PairListing>;

/** Why a pair did not settle, in the words of the error table. */
export const UnsettledCause = z.enum([
  'integrity',
  'refused',
  'quota-exceeded',
  'network',
  'timeout',
  'failed',
  /** A pair was stopped: its stall says why. */
  'attention',
]);
export type UnsettledCause = z.infer<typeof UnsettledCause>;

export const SyncSummary = z.object({
  settled: z.boolean(),
  uploaded: z.object({ files: Count, bytes: Count, bytesSent: Count }),
  downloaded: z.object({ files: Count, bytes: Count, bytesReceived: Count }),
  /** Nodes renamed or moved, on either side. */
  moved: Count,
  /** Deletions performed, on either side; a folder deleted whole counts once. */
  trashed: Count,
  conflicts: Count,
  stalls: Count,
  held: Count,
  seconds: z.number(),
  /** Only when not settled. */
  cause: UnsettledCause.optional(),
  message: z.string().optional(),
});
export type SyncSummary = z.infer<typeof SyncSummary>;

export const DryRun = z.object({
  operations: z.array(
    z.object({
      op: z.string(),
      path: z.string(),
      to: z.string().optional(),
      bytes: Count.optional(),
    }),
  ),
  holds: z.array(z.object({ side: z.enum(['local', 'remote']), count: Count, of: Count })),
  stalls: z.array(z.object({ path: z.string(), reason: z.string() })),
});
export type DryRun = z.infer<typeof DryRun>;

export const ConflictListing = z.object({
  /** Remote path of the file that kept its name. */
  path: z.string(),
  /** Remote path of the conflict copy. */
  copy: z.string(),
  /** Node id of the conflict copy. */
  id: z.string(),
  /** Id of the device that wrote the copy. */
  device: z.string(),
  at: Time,
  sizes: z.object({ mine: Count, theirs: Count }),
});
export type ConflictListing = z.infer<typeof ConflictListing>;

export const StallListing = z.object({
  path: z.string(),
  reason: z.string(),
  since: Time,
  needsPerson: z.boolean(),
  message: z.string(),
  hint: z.string(),
  actions: z.array(z.string()),
});
export type StallListing = z.infer<typeof StallListing>;

export const HeldListing = z.object({
  id: z.string(),
  local: z.string(),
  /** Where the deletion would be performed. */
  side: z.enum(['local', 'remote']),
  count: Count,
  of: Count,
  createdAt: Time,
  /** Remote paths, the first 100. */
  paths: z.array(z.string()),
});
export type HeldListing = z.infer<typeof HeldListing>;

export const ActivityListing = z.object({
  at: Time,
  op: z.string(),
  path: z.string(),
  to: z.string().optional(),
  device: z.string(),
  bytes: Count.optional(),
});
export type ActivityListing = z.infer<typeof ActivityListing>;

export const IgnoreRuleListing = z.object({
  /** Root of the pair. */
  local: z.string(),
  source: z.enum(['file', 'pair', 'built-in']),
  /** Absolute path of the rule file. */
  file: z.string().nullable(),
  /** From 1: in the file, or among the pair's patterns. Null where the file as a whole is meant. */
  line: z.int().positive().nullable(),
  pattern: z.string(),
  /** Malformed: it has no effect. */
  skipped: z.boolean(),
});
export type IgnoreRuleListing = z.infer<typeof IgnoreRuleListing>;

export const IgnoreAnswer = z.object({
  path: z.string(),
  /** `outside`: in no pair. */
  state: z.enum(['ignored', 'not-ignored', 'outside']),
  /** The rule that decides; of a path in an ignored folder, that of the folder. */
  rule: IgnoreRuleListing.optional(),
});
export type IgnoreAnswer = z.infer<typeof IgnoreAnswer>;

export const VerifyReport = z.object({
  /** Files and links that were held against the signed records. */
  checked: Count,
  /** Read from the disk. */
  bytes: Count,
  /** Those that changed on either side since the last sync: not checked. */
  pending: Count,
  /** `path`: absolute local path. */
  mismatches: z.array(
    z.object({ path: z.string(), kind: z.enum(['content', 'unreadable']), detail: z.string() }),
  ),
});
export type VerifyReport = z.infer<typeof VerifyReport>;

export const FileState = z.object({
  path: z.string(),
  state: z.enum([
    'synced',
    'syncing',
    'pending',
    'ignored',
    'excluded',
    'stalled',
    'conflict',
    'outside',
  ]),
});
export type FileState = z.infer<typeof FileState>;
