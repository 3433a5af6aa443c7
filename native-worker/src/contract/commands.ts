/**
 * Commands and queries of the engine: one table of input and output schemas, from which the types,
 * the control transports and the in-process calls are made. A pair is named by its id or its
 * absolute local path.
 */
import { z } from 'zod';
import {
  ActivityListing,
  ConflictListing,
  DryRun,
  EngineStatus,
  FileState,
  HeldListing,
  IgnoreAnswer,
  IgnoreRuleListing,
  PairListing,
  PairModeShape,
  StallListing,
  SyncSummary,
  VerifyReport,
} from './shapes.ts';

const PairNames = z.array(z.string()).optional();
const Done = z.object({});

export const commands = {
  /** LOCAL is made if absent; REMOTE too. Errors: `exists` (nested or same root), `invalid`. */
  addPair: {
    input: z.object({
      local: z.string(),
      remote: z.string(),
      mode: PairModeShape.default('two-way'),
      /** Ignore patterns of this pair alone, gitignore syntax. */
      ignore: z.array(z.string()).default([]),
      /** Remote paths that stay on the server only. */
      exclude: z.array(z.string()).default([]),
    }),
    output: PairListing,
  },
  /** Leaves both sides' files. */
  removePair: { input: z.object({ pair: z.string() }), output: Done },
  listPairs: { input: z.object({}), output: z.array(PairListing) },
  exclude: { input: z.object({ pair: z.string(), remote: z.array(z.string()) }), output: Done },
  include: { input: z.object({ pair: z.string(), remote: z.array(z.string()) }), output: Done },
  /** Full scan, plan and execute until both sides agree. */
  syncNow: {
    input: z.object({ pairs: PairNames, timeoutMs: z.number().positive().optional() }),
    output: SyncSummary,
  },
  /** What `syncNow` would do first, doing nothing. */
  dryRun: { input: z.object({ pairs: PairNames }), output: DryRun },
  pause: {
    input: z.object({ pairs: PairNames, forMs: z.number().positive().optional() }),
    output: Done,
  },
  resume: { input: z.object({ pairs: PairNames }), output: Done },
  /** Everything is looked at again: after sleep, or when the network came back. */
  wake: { input: z.object({}), output: Done },
  status: { input: z.object({ pairs: PairNames }), output: EngineStatus },
  /**
   * `pause`: stopped until `resume` or the next start of the engine. `cancel`: stopped, and tried again
   * in an hour. Errors: `not-found`.
   */
  steerTransfer: {
    input: z.object({ id: z.string(), verb: z.enum(['pause', 'resume', 'cancel']) }),
    output: Done,
  },
  /** State of local paths, absolute. */
  fileStates: { input: z.object({ paths: z.array(z.string()) }), output: z.array(FileState) },
  /** Which rule decides on local paths, absolute. Errors: `unsuitable` for what cannot be read. */
  checkIgnored: { input: z.object({ paths: z.array(z.string()) }), output: z.array(IgnoreAnswer) },
  /** Rules of the pairs that these local paths name or lie in; of all when left out. */
  ignoreRules: { input: z.object({ paths: PairNames }), output: z.array(IgnoreRuleListing) },
  /** Reads every file of a pair again. Errors: `not-found`, `unsuitable` for a root that is away. */
  verifyLocal: { input: z.object({ pair: z.string() }), output: VerifyReport },
  conflicts: { input: z.object({}), output: z.array(ConflictListing) },
  /** `path`: remote path of the original or of the copy. `mine` is the conflict copy's side. */
  resolveConflict: {
    input: z.object({ path: z.string(), keep: z.enum(['mine', 'theirs', 'both']) }),
    output: Done,
  },
  stalls: { input: z.object({}), output: z.array(StallListing) },
  /** All, or those at or below a path. */
  retryStalls: { input: z.object({ path: z.string().optional() }), output: Done },
  /** One of the `actions` of a stall. */
  actOnStall: {
    input: z.object({ action: z.string(), path: z.string().optional() }),
    output: Done,
  },
  held: { input: z.object({}), output: z.array(HeldListing) },
  /** `id`: of a batch or a pair; all when left out. */
  approveHeld: { input: z.object({ id: z.string().optional() }), output: Done },
  undoHeld: { input: z.object({ id: z.string().optional() }), output: Done },
  /** Newest first. */
  activity: {
    input: z.object({ limit: z.int().positive().max(10_000).default(100) }),
    output: z.array(ActivityListing),
  },
} as const;

export type CommandName = keyof typeof commands;
export type CommandInput<K extends CommandName> = z.input<(typeof commands)[K]['input']>;
export type CommandOutput<K extends CommandName> = z.output<(typeof commands)[K]['output']>;

export interface CallOptions {
  readonly signal?: AbortSignal;
  /** Of `verifyLocal`, what it has read so far; heard by callers in the engine's own thread alone. */
  readonly onRead?: (soFar: { readonly files: number; readonly bytes: number }) => void;
}

/** Every command as a method. Failures are EngineFault, IntegrityError or the SDK's faults. */
export type EngineCommands = {
  readonly [K in CommandName]: (
    input: CommandInput<K>,
    options?: CallOptions,
  ) => Promise<CommandOutput<K>>;
};
