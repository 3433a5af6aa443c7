/**
 * The disk as the engine uses it: synchronous calls, absolute local paths, faults as LocalFault. The
 * simulated disk implements the same port and passes the same contract suite.
 */
import type { Bytes } from '@coffer/protocol/core';

export type EntryType = 'file' | 'folder' | 'symlink' | 'special';

export interface EntryStat {
  readonly type: EntryType;
  readonly dev: bigint;
  readonly ino: bigint;
  /** 0 where the file system has no birth time. */
  readonly birthNs: bigint;
  readonly size: number;
  readonly mtimeNs: bigint;
  readonly ctimeNs: bigint;
  /** Permission bits. */
  readonly mode: number;
  readonly links: number;
}

export type LocalFaultCode =
  | 'not-found'
  | 'exists'
  | 'denied'
  | 'busy'
  | 'disk-full'
  | 'name-too-long'
  | 'not-empty'
  | 'not-a-folder'
  | 'is-a-folder'
  | 'read-only'
  | 'too-many-open'
  | 'other-device'
  | 'unsupported'
  | 'name-illegal'
  | 'io';

/** A file-system call failed. Says what was attempted, never a path. */
export class LocalFault extends Error {
  override readonly name = 'LocalFault';
  readonly code: LocalFaultCode;
  constructor(code: LocalFaultCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** An open file: `close` exactly once. */
export interface OpenFile {
  /** As it is now; the first answer may be as it was when `openRead` opened it. */
  readonly stat: () => EntryStat;
  /** Bytes read into `into` from `position`; 0 at the end of the file. */
  readonly read: (into: Uint8Array, position: number) => number;
  readonly write: (bytes: Bytes) => void;
  readonly setTimes: (mtimeMs: number) => void;
  readonly setMode: (mode: number) => void;
  /** Durable when the promise settles. */
  readonly sync: () => Promise<void>;
  readonly close: () => void;
}

export interface FileSystem {
  /** Never follows a symbolic link; undefined when nothing is there. */
  readonly lstat: (path: string) => EntryStat | undefined;
  /** Names in any order; one that is not UTF-8 comes as bytes. */
  readonly readFolder: (path: string) => readonly (string | Bytes)[];
  readonly readLink: (path: string) => string;
  /** Opens a regular file without following links and without blocking. */
  readonly openRead: (path: string) => OpenFile;
  /** Makes a file that must not exist, mode 0600. */
  readonly createFile: (path: string) => OpenFile;
  readonly makeFolder: (path: string) => void;
  readonly makeSymlink: (target: string, path: string) => void;
  /** A second name for a file; fails with `exists` instead of replacing. `unsupported` where there are no hard links. */
  readonly link: (from: string, to: string) => void;
  /** Renames within one file system. Replaces what rename(2) replaces: callers check the slot first. */
  readonly rename: (from: string, to: string) => void;
  readonly unlink: (path: string) => void;
  readonly removeFolder: (path: string) => void;
  readonly setTimes: (path: string, mtimeMs: number) => void;
  readonly setMode: (path: string, mode: number) => void;
  /** Makes the names in a folder durable. */
  readonly syncFolder: (path: string) => Promise<void>;
  readonly freeBytes: (path: string) => { readonly free: number; readonly total: number };
}
