/** The profile folder: keys, database and settings of one signed-in device. */
import { closeSync, mkdirSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { homedir, platform } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { CliFailure } from './failure.ts';
import { isAlive } from '@coffer/native-worker/host';

const LOCK_WAIT_MS_MAX = 30_000;
const LOCK_RETRY_MS = 50;

export interface Profile {
  readonly home: string;
  readonly keysFile: string;
  readonly databaseFile: string;
  readonly lockFile: string;
}

/** `--home`, else COFFER_HOME, else what the system has for application data. */
export function profileAt(home: string | undefined, env: NodeJS.ProcessEnv): Profile {
  const folder = home ?? env['COFFER_HOME'] ?? defaultHome(env);
  return {
    home: folder,
    keysFile: join(folder, 'device.json'),
    databaseFile: join(folder, 'engine.db'),
    lockFile: join(folder, 'lock'),
  };
}

function defaultHome(env: NodeJS.ProcessEnv): string {
  switch (platform()) {
    case 'darwin':
      return join(homedir(), 'Library', 'Application Support', 'Coffer');
    case 'win32':
      return join(env['APPDATA'] ?? join(homedir(), 'AppData', 'Roaming'), 'Coffer');
    default:
      return join(env['XDG_DATA_HOME'] ?? join(homedir(), '.local', 'share'), 'coffer');
  }
}

export function ensureHome(profile: Profile): void {
  mkdirSync(profile.home, { recursive: true, mode: 0o700 });
}

/**
 * Takes the profile for this process: commands on one profile wait for each other, at most 30 s. A
 * lock whose process is gone is taken over.
 */
export async function lockProfile(profile: Profile, what: string): Promise<Disposable> {
  ensureHome(profile);
  const until = Date.now() + LOCK_WAIT_MS_MAX;
  while (!tryLock(profile, what)) {
    const holder = readHolder(profile);
    if (holder !== undefined && !isAlive(holder.pid)) {
      rmSync(profile.lockFile, { force: true });
      continue;
    }
    if (Date.now() >= until) {
      const who =
        holder === undefined ? 'another command' : `'${holder.what}' (process ${holder.pid})`;
      throw new CliFailure(
        'locked',
        `this profile is in use by ${who}`,
        'Wait for it or end it, then try again.',
      );
    }
    await sleep(LOCK_RETRY_MS);
  }
  return { [Symbol.dispose]: () => rmSync(profile.lockFile, { force: true }) };
}

function tryLock(profile: Profile, what: string): boolean {
  try {
    const fd = openSync(profile.lockFile, 'wx', 0o600);
    writeSync(fd, JSON.stringify({ pid: process.pid, what }));
    closeSync(fd);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  }
}

function readHolder(profile: Profile): { pid: number; what: string } | undefined {
  try {
    const holder: unknown = JSON.parse(readFileSync(profile.lockFile, 'utf8'));
    if (typeof holder !== 'object' || holder === null || !('pid' in holder)) return undefined;
    return { pid: Number(holder.pid), what: 'what' in holder ? String(holder.what) : 'coffer' };
  } catch {
    return undefined; // Being written or gone at this moment: look again.
  }
}
