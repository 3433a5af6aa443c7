/**
 * One program at a time works on a profile. What keeps others out is SQLite's lock on an empty file,
 * which the system lifts when the process ends, however it ends. The file `lock` beside it says who has
 * it: process, start of the process and boot, so that one that its owner left behind names nobody.
 */
import type Sqlite from 'better-sqlite3';
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { isAlive, nodeHost } from './node-host.ts';
import { ControlFailure, type FailureShape } from '../contract/faults.ts';
import { ensureHome, type Profile } from '../profile/profile-folder.ts';

export const LOCK_WAIT_MS_MAX = 30_000;
const LOCK_RETRY_MS = 50;

export interface LockHolder {
  readonly pid: number;
  /** The command line's words, or the daemon's. */
  readonly what: string;
  readonly boot: string;
  /** When the process began; absent where the system does not say. */
  readonly start?: string;
  readonly isDaemon: boolean;
}

/** A daemon took the profile: what waits for it there runs in the daemon. */
export class DaemonHasProfile extends ControlFailure {}

/** Commands wait for each other, at most `waitMs`; then ControlFailure `locked` says who holds it. */
export async function lockProfile(
  profile: Profile,
  who: {
    readonly what: string;
    readonly isDaemon: boolean;
    readonly waitMs?: number;
    /** A daemon is not waited for: DaemonHasProfile at once. */
    readonly leavesToDaemon?: boolean;
    /** Ends the waiting with its reason. */
    readonly signal?: AbortSignal;
  },
): Promise<Disposable> {
  ensureHome(profile);
  // Asking who has a profile loads no database: only taking it does.
  const { default: database } = await import('better-sqlite3');
  const until = Date.now() + (who.waitMs ?? LOCK_WAIT_MS_MAX);
  for (;;) {
    const lock = tryLock(database, profile, who);
    if (lock !== undefined) return lock;
    const holder = lockHolder(profile);
    const isOfDaemon = holder?.isDaemon === true;
    if (isOfDaemon && who.leavesToDaemon === true)
      throw new DaemonHasProfile(lockedBy(holder, false));
    if ((isOfDaemon && who.isDaemon) || Date.now() >= until)
      throw new ControlFailure(lockedBy(holder, who.isDaemon));
    who.signal?.throwIfAborted();
    await sleep(LOCK_RETRY_MS);
  }
}

/** Without a holder: somebody who has not said a name yet, or whose name was removed. */
function lockedBy(holder: LockHolder | undefined, isForDaemon: boolean): FailureShape {
  if (holder === undefined) {
    return {
      code: 'locked',
      message: 'this profile is in use by another program',
      hint: 'Wait for it or end it, then try again.',
    };
  }
  const { pid, what, isDaemon } = holder;
  return {
    code: 'locked',
    message:
      isDaemon && isForDaemon
        ? `'${what}' runs for this profile already (process ${pid})`
        : `this profile is in use by '${what}' (process ${pid})`,
    hint: isDaemon
      ? "'coffer daemon status' shows it, 'coffer daemon stop' ends it."
      : 'Wait for it or end it, then try again.',
  };
}

/** Who says that it holds the profile now, and lives. */
export function lockHolder(profile: Profile): LockHolder | undefined {
  const holder = readHolder(profile.lockFile);
  return holder !== undefined && isHeld(holder) ? holder : undefined;
}

/** Undefined while another one has it, in this process too. */
function tryLock(
  open: typeof Sqlite,
  { lockFile }: Profile,
  who: { readonly what: string; readonly isDaemon: boolean },
): Disposable | undefined {
  const lock = new open(`${lockFile}.db`, { timeout: 0 });
  try {
    lock.pragma('journal_mode = MEMORY');
    lock.exec('BEGIN EXCLUSIVE');
    sayHolder(lockFile, who);
  } catch (error) {
    lock.close();
    if (error instanceof Error && 'code' in error && error.code === 'SQLITE_BUSY') return undefined;
    throw error;
  }
  return {
    [Symbol.dispose]: () => {
      // The name goes while it is still ours: the next one's would go else.
      rmSync(lockFile, { force: true });
      lock.close();
    },
  };
}

/** Complete before it has its name: nobody ever reads half of it. */
function sayHolder(lockFile: string, who: { what: string; isDaemon: boolean }): void {
  const { pid, bootId, start } = nodeHost();
  const own = `${lockFile}.${pid}`;
  const holder: LockHolder = {
    pid,
    what: who.what,
    boot: bootId,
    ...(start === undefined ? {} : { start }),
    isDaemon: who.isDaemon,
  };
  writeFileSync(own, JSON.stringify(holder), { mode: 0o600 });
  renameSync(own, lockFile);
}

function isHeld({ pid, boot, start }: LockHolder): boolean {
  return boot === nodeHost().bootId && isAlive(pid, start);
}

function readHolder(file: string): LockHolder | undefined {
  try {
    const holder: unknown = JSON.parse(readFileSync(file, 'utf8'));
    if (typeof holder !== 'object' || holder === null || !('pid' in holder)) return undefined;
    return {
      pid: Number(holder.pid),
      what: 'what' in holder ? String(holder.what) : 'coffer',
      boot: 'boot' in holder ? String(holder.boot) : '',
      ...('start' in holder ? { start: String(holder.start) } : {}),
      isDaemon: 'isDaemon' in holder && holder.isDaemon === true,
    };
  } catch {
    return undefined; // Gone at this moment: look again.
  }
}
