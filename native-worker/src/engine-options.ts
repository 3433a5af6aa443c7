/** What an engine needs of the world outside. Simulations give their own; the CLI gives the real ones. */
import type { SpaceId } from '@coffer/protocol/core';
import type { AcceptedSpaces, SpaceClient } from '@coffer/sdk';
import type { ContentPool } from './content/index.ts';
import type { AskUsage } from './executor/index.ts';
import type { Trace } from './planner/index.ts';
import type { Caps } from './planner/types.ts';
import type { Clock, FileSystem, Random } from './ports/index.ts';
import type { EngineDatabase } from './trees/index.ts';

/** The process that runs the engine, for the lock on each root (engine §7). */
export interface EngineHost {
  readonly pid: number;
  /** Differs between boots: a process id of an earlier one is nobody's. */
  readonly bootId: string;
  /** When it began: a later process with the same id is another one. Absent where the system does not say. */
  readonly start?: string;
  /** With a start: of the process that began then. */
  readonly isAlive: (pid: number, start?: string) => boolean;
}

export interface HintListener {
  /** "Look at this folder": relative path, '' for the root. */
  readonly folder: (path: string) => void;
  /** Hints may have been missed: the pair is scanned in full. */
  readonly lost: (reason: string) => void;
}

/** Tells of changes below a root. Gives hints, never facts (engine §9). */
export interface HintSource {
  /** Starts watching; the returned function stops. Never throws for what a sweep can make good. */
  readonly watch: (root: string, listener: HintListener) => () => void;
}

/** What people can set; the defaults are in `limits.ts`. */
export interface EngineSettings {
  readonly holdCountMax: number;
  readonly holdShareMax: number;
  /** How long, and up to how many bytes a pair, replaced local files are kept. */
  readonly recycleKeepMs: number;
  readonly recycleBytesMax: number;
}

export interface EngineOptions {
  readonly database: EngineDatabase;
  readonly space: SpaceId;
  readonly spaceClient: SpaceClient;
  readonly fileSystem: FileSystem;
  readonly clock: Clock;
  readonly random: Random;
  /** For conflict names, as the person gave it. */
  readonly deviceName: string;
  readonly host: EngineHost;
  readonly settings?: Partial<EngineSettings>;
  /** Worker threads for large files, owned by the caller; only with the real file system. */
  readonly contentPool?: ContentPool;
  /** What a root's file system can hold; probed on the disk when left out. */
  readonly probe?: (root: string) => Caps;
  /** Dirty nodes that one plan starts from; for tests. */
  readonly planNodesMax?: number;
  /** Told of each decision cell that a plan uses; for simulations. */
  readonly trace?: Trace;
  /** What the account takes at the server; without it a large file is sent whether it has room or not. */
  readonly usage?: AskUsage;
  /** Takes the state of a server over that says that it was restored: `Drive.acceptRestored`. */
  readonly acceptRestored?: (signal: AbortSignal, onDrive: () => void) => Promise<AcceptedSpaces>;
  /** Without one, `run` finds local changes by scanning every minute. */
  readonly hints?: HintSource;
  /** Calls `onChange` whenever the space may have a new head, until aborted. Without it: polling. */
  readonly watchRemote?: (onChange: () => void, signal: AbortSignal) => Promise<void>;
}
