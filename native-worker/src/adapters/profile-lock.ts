/**
 * One program at a time works on a profile. The lock names process, start of the process and boot, so
 * that one that outlived its owner (killed, power cut, another process with the same id) is taken over.
 */
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { isAlive, nodeHost, processStart } from './node-host.ts';
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

/** Commands wait for each other, at most `waitMs`; then ControlFailure `locked` says who holds it. */
export async function lockProfile(
  profile: Profile,
  who: {
    readonly what: string;
    readonly isDaemon: boolean;
    readonly waitMs?: number;
    /** Ends the waiting with its reason. */
    readonly signal?: AbortSignal;
  },
): Promise<Disposable> {
  ensureHome(profile);
  const until = Date.now() + (who.waitMs ?? LOCK_WAIT_MS_MAX);
  for (;;) {
    if (tryLock(profile, who)) break;
    const holder = lockHolder(profile);
    if (holder !== undefined && (Date.now() >= until || (holder.isDaemon && who.isDaemon))) {
      throw new ControlFailure(lockedBy(holder, who.isDaemon));
    }
    who.signal?.throwIfAborted();
    await sleep(LOCK_RETRY_MS);
  }
  return { [Symbol.dispose]: () => rmSync(profile.lockFile, { force: true }) };
}

function lockedBy(holder: LockHolder, isForDaemon: boolean): FailureShape {
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

/** Who holds the profile now; a lock that nobody holds any more is removed. */
export function lockHolder(profile: Profile): LockHolder | undefined {
  const holder = readHolder(profile.lockFile);
  if (holder === undefined || isHeld(holder)) return holder;
  takeAway(profile, holder);
  return undefined;
}

/** Complete before it has its name: nobody ever reads half of it. */
function tryLock(profile: Profile, who: { what: string; isDaemon: boolean }): boolean {
  const { pid, bootId } = nodeHost();
  const start = processStart(pid);
  const own = `${profile.lockFile}.${pid}`;
  const holder: LockHolder = {
    pid,
    what: who.what,
    boot: bootId,
    ...(start === undefined ? {} : { start }),
    isDaemon: who.isDaemon,
  };
  writeFileSync(own, JSON.stringify(holder), { mode: 0o600 });
  try {
    linkSync(own, profile.lockFile);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  } finally {
    rmSync(own, { force: true });
  }
}

function isHeld({ pid, boot, start }: LockHolder): boolean {
  if (boot !== nodeHost().bootId || !isAlive(pid)) return false;
  const now = processStart(pid);
  return start === undefined || now === undefined || start === now;
}

/** Of several that find the same stale lock one takes it away; a new one that came meanwhile goes back. */
function takeAway({ lockFile }: Profile, stale: LockHolder): void {
  const aside = `${lockFile}.stale.${process.pid}`;
  try {
    renameSync(lockFile, aside);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return;
    throw error;
  }
  const taken = readHolder(aside);
  if (taken !== undefined && (taken.pid !== stale.pid || taken.start !== stale.start)) {
    try {
      linkSync(aside, lockFile);
    } catch {
      // A third one has the lock by now: it found none, and that was so.
    }
  }
  rmSync(aside, { force: true });
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
