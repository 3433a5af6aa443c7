/** Where the daemon of a profile answers, and the token that proves who may ask: one file, 0600. */
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import type { Profile } from './profile-folder.ts';

export interface DaemonPlace {
  readonly pid: number;
  readonly port: number;
  readonly token: string;
  /** Of the program that runs. */
  readonly version: string;
  /** False while nobody is signed in: the page answers, commands run by themselves. */
  readonly takesCommands: boolean;
}

/** Whole at once. */
export function writeDaemonFile({ daemonFile }: Profile, place: DaemonPlace): void {
  rmSync(`${daemonFile}.new`, { force: true });
  writeFileSync(`${daemonFile}.new`, JSON.stringify(place), { mode: 0o600, flag: 'wx' });
  renameSync(`${daemonFile}.new`, daemonFile);
}

/** Takes away what this process wrote; another one's stays. */
export function removeDaemonFile(profile: Profile): void {
  if (readDaemonFile(profile)?.pid === process.pid) rmSync(profile.daemonFile, { force: true });
}

export function readDaemonFile({ daemonFile }: Profile): DaemonPlace | undefined {
  try {
    const place: unknown = JSON.parse(readFileSync(daemonFile, 'utf8'));
    if (typeof place !== 'object' || place === null) return undefined;
    const { pid, port, token, version, takesCommands } = place as Partial<
      Record<keyof DaemonPlace, unknown>
    >;
    if (typeof pid !== 'number' || typeof port !== 'number') return undefined;
    if (typeof token !== 'string' || typeof version !== 'string') return undefined;
    return { pid, port, token, version, takesCommands: takesCommands !== false };
  } catch {
    return undefined; // None, or from a version that wrote another one.
  }
}
