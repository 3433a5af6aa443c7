/** The scanner: keeps what is due, runs passes over it (engine §3). */
import { LocalFault, type EntryStat, type FileSystem } from '../ports/index.ts';
import type { LocalId } from '../planner/types.ts';
import { READ_BLOCK_BYTES } from '../limits.ts';
import { finishMissing, isAnyLost } from './finish-missing.ts';
import { sightingOf } from './folder-look.ts';
import {
  createIgnoreRules,
  IGNORE_FILE,
  IGNORE_FILE_BYTES_MAX,
  type IgnoreRules,
} from './ignore.ts';
import { lookThroughMoved, takeHint } from './hints.ts';
import { judgeInode } from './identity.ts';
import type { ScanStall } from './local-tree-writer.ts';
import { lookBehind, lookForReplaced } from './look-behind.ts';
import { Memory, PassState } from './pass-state.ts';
import { resolveFiles } from './resolve-files.ts';
import { resolveFolders } from './resolve-folders.ts';
import type { ScanPass, ScanProgress, Scanner, ScannerOptions } from './types.ts';
import { visitAll, type Steps } from './visit.ts';

const NOTHING_DONE = { folders: 0, entries: 0, hashedFiles: 0, hashedBytes: 0, written: 0 };

/** A scanner of one pair. Its first pass is a full one. */
export function createScanner(options: ScannerOptions): Scanner {
  const memory = new Memory();
  const block = new Uint8Array(READ_BLOCK_BYTES);
  const freshRules = (): IgnoreRules =>
    createIgnoreRules({
      read: (folder) => readRuleFile(options.fileSystem, options.rootPath, folder),
      caseSensitive: options.caps.caseSensitive,
      ofPair: options.ignores ?? [],
    });
  const rules = freshRules();
  const hintFolder = (folder: LocalId): void => {
    memory.doubted.add(folder);
    memory.dueAt(folder, options.clock.now());
  };
  return {
    hint: (path) => takeHint(options, memory, rules, path),
    hintFolder,
    hintAll: () => {
      memory.isFullDue = true;
    },
    prove: (entries) => {
      for (const id of entries) memory.unproven.add(id);
      memory.isFullDue = true;
    },
    unproven: () => {
      for (const id of memory.unproven) {
        const state = options.tree.byId(id)?.state;
        if (state !== 'seen' && state !== 'unknown') memory.unproven.delete(id);
      }
      return memory.unproven;
    },
    dueAt: () => {
      if (memory.isFullDue) return options.clock.now();
      let due: number | undefined;
      for (const atMs of memory.due.values()) if (due === undefined || atMs < due) due = atMs;
      return due;
    },
    restAt: () => {
      if (memory.isFullDue) return options.clock.now();
      let due: number | undefined;
      for (const [id, atMs] of memory.due)
        if (!memory.refused.has(id) && (due === undefined || atMs < due)) due = atMs;
      return due;
    },
    pass: () => runPass(options, memory, rules, block),
    checkIgnored: rules.check,
    freshRules,
    pathOf: (id) => {
      const segments: string[] = [];
      for (let at = id; at !== options.tree.root;) {
        const row = options.tree.byId(at);
        if (row === undefined || row.state === 'gone') return undefined;
        segments.unshift(row.name);
        at = row.parent;
      }
      return segments.join('/');
    },
  };
}

function* runPass(
  scanner: ScannerOptions,
  memory: Memory,
  rules: IgnoreRules,
  block: Uint8Array,
): ScanPass {
  const nowMs = scanner.clock.now();
  const isFull = memory.isFullDue;
  const root = rootStat(scanner);
  if (root === undefined) return { full: isFull, ...NOTHING_DONE, rootLost: true };
  const due = [...memory.due].filter(([, atMs]) => isFull || atMs <= nowMs).map(([id]) => id);
  const pass = new PassState({ scanner, memory, rules, isFull, rootDev: root.dev, block });
  memory.isFullDue = false;
  for (const id of due) {
    memory.due.delete(id);
    memory.refused.delete(id);
  }
  if (isFull) memory.listedTimes.forget();
  if (isFull) pass.enqueue(scanner.tree.root, true);
  else for (const id of due) pass.enqueue(id, memory.dueDeep.delete(id));

  let isDone = false;
  try {
    for (const steps = passSteps(pass); steps.next().done !== true;) yield progressOf(pass);
    isDone = !pass.rootLost;
  } finally {
    // A pass that was cut off may have left new folders that nothing would look into.
    if (!isDone) memory.isFullDue = true;
  }
  if (isDone) {
    lookThroughMoved(pass);
    forgetDoubts(pass, due);
  }
  memory.prune(nowMs);
  return { full: isFull, ...pass.counts, rootLost: pass.rootLost };
}

function forgetDoubts({ memory, isFull }: PassState, looked: readonly LocalId[]): void {
  if (isFull) memory.doubted.clear();
  else if (!memory.isFullDue) for (const id of looked) memory.doubted.delete(id);
}

function progressOf({ isPlannable, counts }: PassState): ScanProgress {
  const { entries, hashedBytes } = counts;
  return { plannable: isPlannable, entries, hashedBytes };
}

function* passSteps(pass: PassState): Steps<void> {
  const isRootThere = (): boolean => rootStat(pass.options) !== undefined;
  do {
    do {
      yield* visitAll(pass);
      if (pass.rootLost) return;
      yield 0;
    } while (resolveFolders(pass) || lookForReplaced(pass) || (yield* resolveFiles(pass)));
    pass.rootLost = !isRootThere();
    if (pass.rootLost) return;
  } while (isAnyLost(pass) && (yield* lookBehind(pass)));
  // Before: what stalls in a folder that is gone at the end goes with its row.
  reportStalls(pass);
  yield* finishMissing(pass, isRootThere);
}

function reportStalls(pass: PassState): void {
  const { tree } = pass.options;
  for (const [folder, found] of pass.stalls) {
    // Found ignored after it was listed: nothing looks into it any more.
    const isLeft =
      found.length > 0 && pass.listed.has(folder) && tree.byId(folder)?.state === 'detached';
    const stalls = isLeft ? [] : found;
    const named: ScanStall[] = [];
    for (const stall of stalls) {
      const local = stall.local ?? tree.bySlot(folder, stall.name)?.id ?? null;
      named.push({ ...stall, local });
    }
    tree.setStalls(folder, named);
  }
}

/** The root, if it is the folder of its row. */
function rootStat({ fileSystem, rootPath, tree, caps }: ScannerOptions): EntryStat | undefined {
  const row = tree.byId(tree.root);
  try {
    const stat = fileSystem.lstat(rootPath);
    if (stat?.type !== 'folder' || row === undefined) return undefined;
    const verdict = judgeInode(row, sightingOf('folder', stat), caps.birthtime);
    return verdict === 'different' ? undefined : stat;
  } catch (error) {
    if (error instanceof LocalFault) return undefined;
    throw error;
  }
}

/** Nothing where there is no regular file of that name. */
function readRuleFile(
  fileSystem: FileSystem,
  rootPath: string,
  folder: string,
): Uint8Array | undefined {
  const path = folder === '' ? IGNORE_FILE : `${folder}/${IGNORE_FILE}`;
  const stat = fileSystem.lstat(`${rootPath}/${path}`);
  if (stat?.type !== 'file') return undefined;
  const file = fileSystem.openRead(`${rootPath}/${path}`);
  try {
    // One byte more than is allowed tells that there are too many.
    const bytes = new Uint8Array(Math.min(file.stat().size, IGNORE_FILE_BYTES_MAX) + 1);
    let length = 0;
    while (length < bytes.length) {
      const read = file.read(bytes.subarray(length), length);
      if (read === 0) break;
      length += read;
    }
    return bytes.subarray(0, length);
  } finally {
    file.close();
  }
}
