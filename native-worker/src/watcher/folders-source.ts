/**
 * Hints by one `fs.watch` a folder (engine §9): on Linux nothing is cheaper, and nothing is missed when
 * each folder is watched before it is read. Two limits of the system are silent or near: the queue of
 * events (its overflow raises no error through `fs.watch`) and the number of watches.
 */
import fs, { type FSWatcher } from 'node:fs';
import type { HintListener, HintSource } from '../engine-options.ts';
import type { Clock } from '../ports/index.ts';
import { OWN_FOLDER } from '../scanner/temporaries.ts';
import { HEARTBEAT_FILE } from './heartbeat.ts';
import { EventDrain } from './event-drain.ts';
import { WatchRecency } from './watch-recency.ts';
import { WatchedFolders } from './watched-folders.ts';

/** Work before the event loop has its turn. */
const WALK_STEP_FOLDERS = 200;
/** A tree that is watched whole within this many folders is, before `watch` returns. */
const WALK_AT_ONCE_FOLDERS = 500;
/** Folders without a watch are looked at this often; in-place edits in them are found by full scans. */
export const SWEEP_MS = 60_000;
export const SWEEP_FULL_EVERY = 60;

/** Reason given to `lost`, for the stall `WatchLimit`. */
export const WATCH_LIMIT_REACHED = 'the limit of watches is reached';
/** And for its end: every folder is watched again. */
export const WATCH_LIMIT_OVER = 'every folder is watched again';
/** Folders without a watch that one round of the sweep tries to watch again. */
const WATCH_AGAIN_MAX = 1000;

export type WatchFolder = (
  path: string,
  onEvent: (event: string, name: string | null) => void,
) => FSWatcher;

export interface FoldersSourceOptions {
  readonly clock: Clock;
  /** Folders that need no watch; relative path. */
  readonly isIgnored?: (path: string) => boolean;
  /** `fs.watch`, unless a test limits it. */
  readonly watchFolder?: WatchFolder;
  /** Events that the system queues before it drops them; asked of the system when left out. */
  readonly queueEventsMax?: number;
}

export function createFoldersSource(options: FoldersSourceOptions): HintSource {
  return {
    watch: (root, listener) => {
      const watch = new FoldersWatch(root, listener, options);
      watch.start();
      return () => watch.stop();
    },
  };
}

class FoldersWatch {
  readonly #root: string;
  readonly #listener: HintListener;
  readonly #options: FoldersSourceOptions;
  readonly #watchFolder: WatchFolder;
  readonly #drain: EventDrain;
  readonly #folders = new WatchedFolders();
  readonly #recency = new WatchRecency();
  /** Folders that could not be watched, with the mtime last seen. */
  readonly #swept = new Map<string, bigint>();
  readonly #stopped = new AbortController();
  #toWalk: { path: string; isHinted: boolean }[] = [];
  #isSweeping = false;
  #isLimited = false;
  #isWalking = false;

  constructor(root: string, listener: HintListener, options: FoldersSourceOptions) {
    this.#root = root;
    this.#listener = listener;
    this.#options = options;
    this.#watchFolder = options.watchFolder ?? watchByFs;
    this.#drain = new EventDrain(
      () => listener.lost('too many events at once'),
      options.queueEventsMax,
    );
  }

  start(): void {
    this.#toWalk.push({ path: '', isHinted: false });
    this.#walk(WALK_AT_ONCE_FOLDERS);
    if (this.#toWalk.length > 0) this.#walkOn('watching started');
  }

  stop(): void {
    this.#stopped.abort();
    this.#toWalk = [];
    this.#swept.clear();
    this.#folders.remove('');
  }

  get #isStopped(): boolean {
    return this.#stopped.signal.aborted;
  }

  /** Goes on in steps; what changed before its folder was watched is found by a scan after. */
  #walkOn(reason: string): void {
    if (this.#isWalking) return;
    this.#isWalking = true;
    const step = (): void => {
      if (this.#isStopped) return;
      this.#walk(WALK_STEP_FOLDERS);
      if (this.#toWalk.length > 0) setImmediate(step);
      else {
        this.#isWalking = false;
        this.#listener.lost(reason);
      }
    };
    setImmediate(step);
  }

  #walk(foldersMax: number): void {
    for (let count = 0; count < foldersMax; count++) {
      const next = this.#toWalk.pop();
      if (next === undefined) return;
      this.#enter(next.path, next.isHinted);
    }
  }

  /** Of the own folder only the heartbeat counts. */
  #watchOwn(): void {
    if (!this.#folders.has(OWN_FOLDER)) this.#watch(OWN_FOLDER);
  }

  /** Watched first, then read: what comes between is hinted, what was there before is read. */
  #enter(path: string, isHinted: boolean): void {
    this.#watch(path);
    for (const entry of entriesOf(this.#absolute(path))) {
      if (!entry.isDirectory()) continue;
      const below = path === '' ? entry.name : `${path}/${entry.name}`;
      if (below === OWN_FOLDER) this.#watchOwn();
      if (this.#isOutside(below)) continue;
      this.#toWalk.push({ path: below, isHinted });
    }
    if (isHinted) this.#listener.folder(path);
  }

  #watch(path: string): void {
    if (this.#folders.has(path) || this.#swept.has(path)) return;
    const failed = this.#tryWatch(path);
    if (failed === undefined || isGone(failed)) return;
    if (!isLimit(failed)) this.#sweep(path, 'a watch failed');
    else if (!this.#watchInPlaceOfAnother(path)) this.#atLimit(path);
  }

  /** What kept the folder from being watched. */
  #tryWatch(path: string): unknown {
    try {
      const watcher = this.#watchFolder(this.#absolute(path), (event, name) =>
        this.#changed(path, event, name),
      );
      watcher.on('error', () => {
        this.#folders.remove(path);
        if (!this.#isStopped) this.#listener.lost('a watch failed');
      });
      this.#folders.set(path, watcher);
      if (isGivenAway(path)) this.#recency.note(path, mtimeOf(this.#absolute(path)));
      return undefined;
    } catch (error) {
      return error;
    }
  }

  /** True when a folder that has been quiet for longer gave its watch away. */
  #watchInPlaceOfAnother(path: string): boolean {
    const changedNs = mtimeOf(this.#absolute(path));
    let quiet = this.#recency.takeQuieterThan(changedNs);
    // Folders that are gone are in the list still.
    while (quiet !== undefined && !this.#folders.has(quiet)) {
      quiet = this.#recency.takeQuieterThan(changedNs);
    }
    if (quiet === undefined) return false;
    this.#folders.removeOne(quiet);
    this.#atLimit(quiet);
    return this.#tryWatch(path) === undefined;
  }

  #atLimit(path: string): void {
    const isNew = !this.#isLimited;
    this.#isLimited = true;
    this.#sweep(path, isNew ? WATCH_LIMIT_REACHED : undefined);
  }

  #changed(path: string, event: string, name: string | null): void {
    if (this.#isStopped) return;
    this.#drain.add();
    if (isGivenAway(path)) {
      this.#recency.note(path, BigInt(this.#options.clock.now()) * 1_000_000n);
    }
    if (path === OWN_FOLDER) {
      if (name === HEARTBEAT_FILE) this.#listener.folder(OWN_FOLDER);
      return;
    }
    this.#listener.folder(path);
    if (event !== 'rename') return;
    if (name === null) {
      this.#listener.lost('an event without a name');
      return;
    }
    const below = path === '' ? name : `${path}/${name}`;
    if (below === OWN_FOLDER) {
      this.#folders.remove(OWN_FOLDER);
      if (isFolder(this.#absolute(OWN_FOLDER))) this.#watchOwn();
    }
    if (this.#isOutside(below)) return;
    if (!isFolder(this.#absolute(below))) {
      this.#folders.remove(below);
      return;
    }
    // Another folder may have this name now: its watches are set anew, and all of it is looked at.
    this.#folders.remove(below);
    this.#toWalk.push({ path: below, isHinted: true });
    if (this.#isWalking) return;
    this.#walk(WALK_STEP_FOLDERS);
    if (this.#toWalk.length > 0) this.#walkOn('a large folder appeared');
  }

  #sweep(path: string, reason: string | undefined): void {
    this.#swept.set(path, mtimeOf(this.#absolute(path)));
    if (reason !== undefined) this.#listener.lost(reason);
    if (this.#isSweeping) return;
    this.#isSweeping = true;
    void this.#sweepOn();
  }

  /** The limit may have been raised, or other programs may have let watches go. */
  #watchAgain(): void {
    for (const path of [...this.#swept.keys()].slice(0, WATCH_AGAIN_MAX)) {
      const failed = this.#tryWatch(path);
      if (failed !== undefined && !isGone(failed)) return;
      this.#swept.delete(path);
    }
    if (this.#swept.size > 0 || !this.#isLimited) return;
    this.#isLimited = false;
    this.#listener.lost(WATCH_LIMIT_OVER);
  }

  async #sweepOn(): Promise<void> {
    for (let round = 1; !this.#isStopped; round++) {
      try {
        await this.#options.clock.sleep(SWEEP_MS, this.#stopped.signal);
      } catch {
        // Stopped: the only reason for which a sleep ends early.
        return;
      }
      if (this.#isStopped) return;
      for (const [path, before] of this.#swept) {
        if (mtimeOf(this.#absolute(path)) === before) continue;
        // What changed most recently is watched from now on, where that is possible again.
        this.#swept.delete(path);
        this.#toWalk.push({ path, isHinted: true });
      }
      this.#walk(this.#toWalk.length);
      this.#watchAgain();
      if (round % SWEEP_FULL_EVERY === 0) this.#listener.lost('folders without a watch');
    }
  }

  #absolute(path: string): string {
    return path === '' ? this.#root : `${this.#root}/${path}`;
  }

  #isOutside(path: string): boolean {
    return path === OWN_FOLDER || this.#options.isIgnored?.(path) === true;
  }
}

const watchByFs: WatchFolder = (path, onEvent) =>
  fs.watch(path, { persistent: false }, (event, name) => onEvent(event, name));

function entriesOf(path: string): readonly fs.Dirent[] {
  try {
    return fs.readdirSync(path, { withFileTypes: true });
  } catch {
    // Gone or unreadable: a scan says which.
    return [];
  }
}

/** The root and the heartbeat are always watched. */
function isGivenAway(path: string): boolean {
  return path !== '' && path !== OWN_FOLDER;
}

function isFolder(path: string): boolean {
  try {
    return fs.lstatSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
  } catch {
    return false;
  }
}

function mtimeOf(path: string): bigint {
  try {
    return fs.lstatSync(path, { bigint: true, throwIfNoEntry: false })?.mtimeNs ?? -1n;
  } catch {
    return -1n;
  }
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}

function isGone(error: unknown): boolean {
  return codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR';
}

function isLimit(error: unknown): boolean {
  return codeOf(error) === 'ENOSPC' || codeOf(error) === 'EMFILE';
}
