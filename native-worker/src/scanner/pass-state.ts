/** What one pass knows (`PassState`), and what the scanner remembers between passes (`Memory`). */
import type { Digest } from '@coffer/protocol/core';
import type { ChildTrait } from '../planner/folder-traits.ts';
import type { StallReason } from '../planner/operations.ts';
import type { LocalId } from '../planner/types.ts';
import { LOCAL_RETRY_MS_MIN, RETRY_MS_MAX, SLOT_GAP_MS } from '../limits.ts';
import type { EntryStat } from '../ports/index.ts';
import type { LookEntry } from './folder-look.ts';
import type { IgnoreRules } from './ignore.ts';
import { ListedTimes } from './look-behind.ts';
import type { LocalRow, ScanStall } from './local-tree-writer.ts';
import { isForgettable, isSameStamp, type SettleState } from './settle.ts';
import type { ScannerOptions } from './types.ts';

/** An entry at a slot that is new, or that another entry had. */
export interface Newcomer {
  readonly folder: LocalId;
  readonly entry: LookEntry;
  /** The row that had the slot. */
  readonly displaced: LocalRow | undefined;
  /** Not before: new and renamed entries wait, so that a move is seen from both ends. */
  readonly ripeAtMs: number;
  /** Content, once read. */
  taken: { readonly sha256: Digest; readonly stat: EntryStat } | undefined;
  /** Reading was tried in this pass. */
  isTried: boolean;
  isResolved: boolean;
}

/** A row whose entry is not at its slot. */
export interface Missing {
  readonly row: LocalRow;
  /** Another entry is at the slot. */
  readonly isTaken: boolean;
  /** That entry, where no other row had the slot too. */
  readonly taker?: Newcomer;
}

/** A local fault of one entry, tried again after a growing delay. */
export interface Retry {
  readonly stat: EntryStat;
  readonly reason: StallReason;
  readonly delayMs: number;
  readonly atMs: number;
}

/** Settling states that nothing asked for in this long belong to files that are gone. */
const SETTLE_FORGOTTEN_MS = 5 * 60_000;
const RECENT_MS = 1000;

/** What the scanner keeps between passes: in memory only, and nothing of it is needed to be right. */
export class Memory {
  readonly due = new Map<LocalId, number>();
  readonly settling = new Map<string, SettleState>();
  /** When a slot that was emptied may be judged. */
  readonly slotWaits = new Map<LocalId, number>();
  readonly missingSince = new Map<LocalId, number>();
  readonly firstSeen = new Map<string, number>();
  readonly retries = new Map<string, Retry>();
  readonly ignoredFolders = new Set<string>();
  /** Folders that were gone and are back, since when: their gone children are looked for at their slots. */
  readonly returned = new Map<LocalId, number>();
  /** See [Note: Moved behind the scan]. */
  readonly listedTimes = new ListedTimes();
  readonly #ruleStamps = new Map<string, EntryStat>();
  /** Due folders below which everything is looked at. */
  readonly dueDeep = new Set<LocalId>();
  /**
   * Folders in which an operation met something else than it expected. What is missing there may have
   * moved to where nobody looks yet: it is gone only when a full pass says so.
   */
  readonly doubted = new Set<LocalId>();
  /** Folders that could not be read the first time, and when they are looked at again. */
  readonly rechecks = new Map<LocalId, number>();
  /** Entries to be seen again, files by their content, although nothing of them changed. */
  readonly unproven = new Set<LocalId>();
  isFullDue = true;

  /** Due folders in which something was refused twice and nothing else happened: nobody waits for these. */
  readonly refused = new Set<LocalId>();

  dueAt(folder: LocalId, atMs: number): void {
    this.refused.delete(folder);
    this.#dueAt(folder, atMs);
  }

  /** Looked at again, but not waited for. */
  tryAgainAt(folder: LocalId, atMs: number): void {
    if (!this.due.has(folder)) this.refused.add(folder);
    this.#dueAt(folder, atMs);
  }

  #dueAt(folder: LocalId, atMs: number): void {
    const before = this.due.get(folder);
    if (before === undefined || atMs < before) this.due.set(folder, atMs);
  }

  ruleFileChanged(folder: string, stat: EntryStat | undefined): boolean {
    const before = this.#ruleStamps.get(folder);
    if (stat === undefined) return this.#ruleStamps.delete(folder);
    this.#ruleStamps.set(folder, stat);
    return before === undefined || !isSameStamp(before, stat);
  }

  /** The path names another folder now. */
  forgetBelow(path: string): void {
    for (const paths of [this.#ruleStamps, this.ignoredFolders]) {
      for (const folder of paths.keys()) {
        if (folder === path || folder.startsWith(`${path}/`)) paths.delete(folder);
      }
    }
  }

  retryOf(key: string, stat: EntryStat, nowMs: number): Retry | undefined {
    const retry = this.retries.get(key);
    return retry !== undefined && retry.atMs > nowMs && isSameStamp(retry.stat, stat)
      ? retry
      : undefined;
  }

  retryLater(key: string, stat: EntryStat, reason: StallReason, nowMs: number): Retry {
    const before = this.retries.get(key)?.delayMs;
    const delayMs = before === undefined ? LOCAL_RETRY_MS_MIN : Math.min(RETRY_MS_MAX, before * 2);
    const retry = { stat, reason, delayMs, atMs: nowMs + delayMs };
    this.retries.set(key, retry);
    return retry;
  }

  /** Drops what no later look can need. */
  prune(nowMs: number): void {
    for (const [key, state] of this.settling) {
      const isOld = nowMs - state.lastAtMs > SETTLE_FORGOTTEN_MS + state.waitMs;
      if (isForgettable(state, nowMs) || isOld) this.settling.delete(key);
    }
    for (const [key, { atMs }] of this.retries) {
      if (nowMs - atMs > RETRY_MS_MAX) this.retries.delete(key);
    }
    for (const waits of [
      this.slotWaits,
      this.missingSince,
      this.firstSeen,
      this.returned,
      this.rechecks,
    ]) {
      for (const [key, atMs] of waits as Map<unknown, number>) {
        if (nowMs - atMs > SETTLE_FORGOTTEN_MS) waits.delete(key as never);
      }
    }
  }
}

export class PassState {
  readonly options: ScannerOptions;
  readonly memory: Memory;
  readonly rules: IgnoreRules;
  readonly isFull: boolean;
  readonly nowMs: number;
  readonly rootDev: bigint;
  readonly block: Uint8Array;
  /** Folders that were read whole. */
  readonly listed = new Set<LocalId>();
  /** Folders that were looked at, with whatever result. */
  readonly visited = new Set<LocalId>();
  readonly missing = new Map<LocalId, Missing>();
  readonly newcomers = new Map<string, Newcomer>();
  readonly claimed = new Set<LocalId>();
  /** Folders that moved in this pass. */
  readonly adopted = new Set<LocalId>();
  readonly traits = new Map<string | LocalId, readonly ChildTrait[]>();
  readonly stalls = new Map<LocalId, ScanStall[]>();
  /** Entries that a rule file ignores: what moved there is detached, not deleted. */
  readonly ignoredInodes = new Map<bigint, EntryStat>();
  readonly counts = { folders: 0, entries: 0, hashedFiles: 0, hashedBytes: 0, written: 0 };
  rootLost = false;
  /** How often all folders were asked for changes behind the scan. */
  looksBehind = 0;
  /** The folders that changed were asked for before a file was taken for replaced. */
  hasLookedForReplaced = false;
  readonly #byInode = new Map<bigint, Newcomer[]>();
  readonly #stack: { id: LocalId; deep: boolean }[] = [];
  readonly #deep = new Set<LocalId>();
  readonly #paths = new Map<LocalId, string>();

  constructor(options: {
    readonly scanner: ScannerOptions;
    readonly memory: Memory;
    readonly rules: IgnoreRules;
    readonly isFull: boolean;
    readonly rootDev: bigint;
    readonly block: Uint8Array;
  }) {
    this.options = options.scanner;
    this.memory = options.memory;
    this.rules = options.rules;
    this.isFull = options.isFull;
    this.rootDev = options.rootDev;
    this.block = options.block;
    this.nowMs = options.scanner.clock.now();
  }

  get isPlannable(): boolean {
    return this.missing.size === 0 && this.newcomers.size === 0;
  }

  get hasQueue(): boolean {
    return this.#stack.length > 0;
  }

  /** `deep`: all folders below are looked at too. */
  enqueue(id: LocalId, deep: boolean): void {
    if (this.visited.has(id) && (!deep || this.#deep.has(id))) return;
    if (deep) this.visited.delete(id);
    this.#stack.push({ id, deep });
  }

  /** As if the folder had not been looked at: what is found in it is all decided anew. */
  visitAgain(id: LocalId): void {
    this.visited.delete(id);
    this.listed.delete(id);
    this.stalls.delete(id);
    for (const newcomer of this.newcomers.values())
      if (newcomer.folder === id) this.resolve(newcomer);
    for (const { row } of this.missing.values()) if (row.parent === id) this.missing.delete(row.id);
    // What came here in this pass may have gone on.
    for (const { id: child } of this.options.tree.children(id)) this.claimed.delete(child);
    this.enqueue(id, false);
  }

  next(): { id: LocalId; deep: boolean } | undefined {
    for (let item = this.#stack.pop(); item !== undefined; item = this.#stack.pop()) {
      if (this.visited.has(item.id)) continue;
      this.visited.add(item.id);
      if (item.deep) this.#deep.add(item.id);
      return item;
    }
    return undefined;
  }

  /** Relative path of a row by its parents. */
  pathOf(id: LocalId): string | undefined {
    const { tree } = this.options;
    if (id === tree.root) return '';
    const known = this.#paths.get(id);
    if (known !== undefined) return known;
    const row = tree.byId(id);
    const above = row === undefined ? undefined : this.pathOf(row.parent);
    if (row === undefined || above === undefined) return undefined;
    const path = above === '' ? row.name : `${above}/${row.name}`;
    if (row.kind === 'folder') this.#paths.set(id, path);
    return path;
  }

  absolute(path: string): string {
    const { rootPath } = this.options;
    return path === '' ? rootPath : `${rootPath}/${path}`;
  }

  /** A folder has another path now. */
  moved(...paths: readonly (string | undefined)[]): void {
    this.#paths.clear();
    for (const path of paths) {
      if (path === undefined) continue;
      this.rules.forgetBelow(path);
      this.memory.forgetBelow(path);
    }
  }

  addNewcomer(newcomer: Newcomer): void {
    this.newcomers.set(slotKey(newcomer.folder, newcomer.entry.name), newcomer);
    const same = this.#byInode.get(newcomer.entry.stat.ino);
    if (same === undefined) this.#byInode.set(newcomer.entry.stat.ino, [newcomer]);
    else same.push(newcomer);
  }

  newcomersWithInode(ino: bigint): readonly Newcomer[] {
    return this.#byInode.get(ino) ?? [];
  }

  resolve(newcomer: Newcomer): void {
    newcomer.isResolved = true;
    this.newcomers.delete(slotKey(newcomer.folder, newcomer.entry.name));
  }

  /** A missing row has an entry again. */
  found(id: LocalId): void {
    this.missing.delete(id);
    this.seenAgain(id);
  }

  /** Its slot may be emptied anew. True when it had been missing. */
  seenAgain(id: LocalId): boolean {
    if (this.memory.missingSince.size === 0) return false;
    this.memory.slotWaits.delete(id);
    return this.memory.missingSince.delete(id);
  }

  write(row: LocalRow): void {
    this.counts.written++;
    this.options.tree.upsert(row);
  }

  mark(id: LocalId, state: 'gone' | 'unknown' | 'detached'): void {
    this.counts.written++;
    this.options.tree.mark(id, state);
  }

  stall(folder: LocalId, stall: ScanStall): void {
    const stalls = this.stalls.get(folder);
    if (stalls === undefined) this.stalls.set(folder, [stall]);
    else if (!stalls.some((s) => s.reason === stall.reason && s.name === stall.name)) {
      stalls.push(stall);
    }
  }

  /** A file's slot is empty: does it wait, because an editor may be at work in its folder? */
  slotEmptied(row: LocalRow, isFolderRecent: boolean): void {
    const { missingSince, slotWaits } = this.memory;
    if (missingSince.has(row.id)) return;
    missingSince.set(row.id, this.nowMs);
    if (row.kind === 'file' && isFolderRecent) slotWaits.set(row.id, this.nowMs + SLOT_GAP_MS);
  }

  hasWaited(id: LocalId): boolean {
    return (this.memory.slotWaits.get(id) ?? 0) <= this.nowMs;
  }
}

export function slotKey(folder: LocalId, name: string): string {
  return `${folder}/${name}`;
}

/** When an entry last changed, by its ctime; `nowMs` where that lies in the future. */
export function changedAtMs(stat: EntryStat, nowMs: number): number {
  const ctimeMs = Number(stat.ctimeNs / 1_000_000n);
  return ctimeMs > nowMs ? nowMs : ctimeMs;
}

/** True when something was created, renamed or written less than a second ago. */
export function isRecent(stat: EntryStat, nowMs: number): boolean {
  return nowMs - changedAtMs(stat, nowMs) < RECENT_MS;
}
