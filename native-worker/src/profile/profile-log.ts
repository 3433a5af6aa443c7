/**
 * The log of who keeps a profile syncing: one JSON object a line, in files that are turned over. It says what happened to
 * which id and never holds names, paths, keys or tokens (docs/daemon.md).
 */
import { appendFileSync, existsSync, mkdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { LogEntry } from '../thread/thread-messages.ts';

const FILE_BYTES_MAX = 4 * 1024 * 1024;
/** `daemon.log` and this many older ones. */
const OLD_FILES_MAX = 3;

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export interface ProfileLogOptions {
  readonly folder: string;
  readonly level: () => LogLevel;
  readonly now: () => number;
  readonly fileBytesMax?: number;
}

export function logFile(folder: string): string {
  return join(folder, 'daemon.log');
}

export class ProfileLog {
  readonly #options: ProfileLogOptions;
  readonly #file: string;

  constructor(options: ProfileLogOptions) {
    this.#options = options;
    mkdirSync(options.folder, { recursive: true, mode: 0o700 });
    this.#file = logFile(options.folder);
  }

  /** A disk that is full or gone stops no daemon: the line is lost. */
  readonly write = ({ level, what, fields }: LogEntry): void => {
    const { now, level: least } = this.#options;
    if (LOG_LEVELS.indexOf(level) < LOG_LEVELS.indexOf(least())) return;
    const line = JSON.stringify({ at: new Date(now()).toISOString(), level, what, ...fields });
    try {
      this.#turnOver();
      appendFileSync(this.#file, `${line}\n`, { mode: 0o600 });
    } catch {
      // There is nowhere to say it.
    }
  };

  #turnOver(): void {
    const size = statSync(this.#file, { throwIfNoEntry: false })?.size ?? 0;
    if (size < (this.#options.fileBytesMax ?? FILE_BYTES_MAX)) return;
    rmSync(`${this.#file}.${OLD_FILES_MAX}`, { force: true });
    for (let old = OLD_FILES_MAX - 1; old > 0; old--) {
      const name = `${this.#file}.${old}`;
      if (existsSync(name)) renameSync(name, `${this.#file}.${old + 1}`);
    }
    renameSync(this.#file, `${this.#file}.1`);
  }
}
