/**
 * A source of hints that is known to be alive (engine §9). A file touched in the own folder must be hinted;
 * a source that does not hint it is started anew, and so is one whose root went away and came back.
 */
import fs from 'node:fs';
import type { HintListener, HintSource } from '../engine-options.ts';
import { ROOT_RETRY_MS } from '../limits.ts';
import type { Clock } from '../ports/index.ts';
import { OWN_FOLDER } from '../scanner/temporaries.ts';

export const HEARTBEAT_FILE = 'heartbeat';
export const HEARTBEAT_MS = 5 * 60_000;
/** A source that is alive hints the touch well within this. */
export const HEARTBEAT_ANSWER_MS = 10_000;

/** Reasons given to `lost`, for the stall `WatcherDead` and for diagnosis. */
export const WATCHER_DEAD = 'the watcher stopped telling';
export const ROOT_GONE = 'the root is gone';
export const ROOT_BACK = 'the root is back';

export function withHeartbeat(source: HintSource, clock: Clock): HintSource {
  return {
    watch: (root, listener) => {
      const beating = new Beating(source, clock, root, listener);
      void beating.run();
      return () => beating.stop();
    },
  };
}

class Beating {
  readonly #source: HintSource;
  readonly #clock: Clock;
  readonly #root: string;
  readonly #listener: HintListener;
  readonly #stopped = new AbortController();
  #stopSource: () => void;
  #rootIno: bigint | undefined;
  #isHinted = false;

  constructor(source: HintSource, clock: Clock, root: string, listener: HintListener) {
    this.#source = source;
    this.#clock = clock;
    this.#root = root;
    this.#listener = listener;
    this.#rootIno = inoOf(root);
    this.#stopSource = this.#start();
  }

  stop(): void {
    this.#stopped.abort();
    this.#stopSource();
  }

  /** Settles when stopped. */
  async run(): Promise<void> {
    while (await this.#sleep(HEARTBEAT_MS)) {
      if (!(await this.#rootIsThere())) return;
      this.#isHinted = false;
      // Without the own folder there is no pair here yet, or no more.
      if (!touch(`${this.#root}/${OWN_FOLDER}/${HEARTBEAT_FILE}`, this.#clock.now())) continue;
      if (!(await this.#sleep(HEARTBEAT_ANSWER_MS))) return;
      if (!this.#isHinted) this.#restart(WATCHER_DEAD);
    }
  }

  /** Waits for a root that went away. False when stopped. */
  async #rootIsThere(): Promise<boolean> {
    if (inoOf(this.#root) === this.#rootIno && this.#rootIno !== undefined) return true;
    if (inoOf(this.#root) === undefined) this.#listener.lost(ROOT_GONE);
    while (inoOf(this.#root) === undefined) {
      if (!(await this.#sleep(ROOT_RETRY_MS))) return false;
    }
    this.#restart(ROOT_BACK);
    return true;
  }

  #start(): () => void {
    return this.#source.watch(this.#root, {
      folder: (path) => {
        if (path === OWN_FOLDER) this.#isHinted = true;
        else this.#listener.folder(path);
      },
      lost: (reason) => this.#listener.lost(reason),
    });
  }

  #restart(reason: string): void {
    this.#stopSource();
    this.#rootIno = inoOf(this.#root);
    this.#stopSource = this.#start();
    this.#listener.lost(reason);
  }

  /** False when stopped meanwhile. */
  async #sleep(ms: number): Promise<boolean> {
    try {
      await this.#clock.sleep(ms, this.#stopped.signal);
    } catch {
      // A sleep ends early for one reason alone.
      return false;
    }
    return !this.#stopped.signal.aborted;
  }
}

function inoOf(path: string): bigint | undefined {
  try {
    return fs.lstatSync(path, { bigint: true, throwIfNoEntry: false })?.ino;
  } catch {
    return undefined;
  }
}

/** False where the folder is not there or cannot be written. Follows no link. */
function touch(path: string, nowMs: number): boolean {
  const flags = fs.constants.O_WRONLY | fs.constants.O_CREAT | fs.constants.O_TRUNC;
  const noFollow: number | undefined = fs.constants.O_NOFOLLOW;
  try {
    const handle = fs.openSync(path, flags | (noFollow ?? 0), 0o600);
    try {
      fs.writeSync(handle, String(nowMs));
    } finally {
      fs.closeSync(handle);
    }
    return true;
  } catch {
    return false;
  }
}
