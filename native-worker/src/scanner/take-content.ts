/** Getting the content of one entry: when it has come to rest, in one piece, or later. */
import type { Digest } from '@coffer/protocol/core';
import { LINK_TARGET_SIZE_BYTES_MAX, utf8ToBytes } from '@coffer/protocol/core';
import { LOCAL_RETRY_MS_MIN } from '../limits.ts';
import type { StallReason } from '../planner/operations.ts';
import type { LocalId } from '../planner/types.ts';
import { LocalFault, type EntryStat, type LocalFaultCode } from '../ports/index.ts';
import type { LookEntry } from './folder-look.ts';
import { changedAtMs, slotKey, type PassState, type Retry } from './pass-state.ts';
import { provenCtimeNs } from './racy.ts';
import { isSameStamp, settle, settleFailed, settleMsMin, settleTaken } from './settle.ts';
import { hashStable } from './stable-read.ts';

export type ContentOutcome =
  | { readonly kind: 'taken'; readonly sha256: Digest; readonly stat: EntryStat }
  /** Looked for again when its folder is due. */
  | { readonly kind: 'later' }
  /** It is there and cannot be read: a stall was reported. */
  | { readonly kind: 'unreadable' };

const LATER: ContentOutcome = { kind: 'later' };
const STALL_BY_FAULT: Partial<Record<LocalFaultCode, StallReason>> = {
  denied: 'ReadDenied',
  io: 'ReadDenied',
  busy: 'FileBusy',
  'too-many-open': 'FileBusy',
  'name-too-long': 'PathTooLong',
};

/** Content of a file. Yields bytes done. Makes the folder due where it has to be looked at again. */
export function* takeContent(
  pass: PassState,
  folder: LocalId,
  entry: LookEntry,
): Generator<number, ContentOutcome, undefined> {
  const { memory, nowMs, options } = pass;
  const key = slotKey(folder, entry.name);
  const retry = memory.retryOf(key, entry.stat, nowMs);
  if (retry !== undefined) return unreadable(pass, folder, entry, retry);
  const { state, verdict } = settle(memory.settling.get(key), {
    stamp: entry.stat,
    nowMs,
    changedAtMs: changedAtMs(entry.stat, nowMs),
    waitMsMin: settleMsMin(options.caps.mtimeGranNs),
  });
  // Content that came to rest long ago needs no memory.
  const isAtRest = verdict.kind === 'ready' && !memory.settling.has(key);
  if (!isAtRest || nowMs - state.lastAtMs < state.waitMs * 2) memory.settling.set(key, state);
  if (verdict.kind === 'wait') {
    if (state.stalled) tooFast(pass, folder, entry);
    memory.dueAt(folder, verdict.untilMs);
    return LATER;
  }
  try {
    const { fileSystem } = options;
    const absolute = pass.absolute(entry.path);
    const result = yield* hashStable(fileSystem, absolute, entry.stat, pass.block);
    if (result.kind === 'stable') {
      pass.counts.hashedFiles++;
      pass.counts.hashedBytes += result.stat.size;
      if (memory.settling.has(key)) memory.settling.set(key, settleTaken(state));
      memory.retries.delete(key);
      return { kind: 'taken', sha256: result.sha256, stat: result.stat };
    }
    const failed = settleFailed(state, options.clock.now(), verdict.kind === 'force');
    memory.settling.set(key, failed);
    if (failed.stalled) tooFast(pass, folder, entry);
    memory.dueAt(folder, failed.lastAtMs + failed.waitMs);
    return LATER;
  } catch (error) {
    return faulted(pass, folder, entry, error);
  }
}

function faulted(
  pass: PassState,
  folder: LocalId,
  entry: LookEntry,
  error: unknown,
): ContentOutcome {
  if (!(error instanceof LocalFault)) throw error;
  const { memory, nowMs } = pass;
  const reason = STALL_BY_FAULT[error.code];
  if (reason === undefined) {
    // It is no file any more, or nothing: the folder is looked at again.
    memory.dueAt(folder, nowMs + settleMsMin(1n));
    return LATER;
  }
  const key = slotKey(folder, entry.name);
  const retry = memory.retryLater(key, entry.stat, reason, nowMs);
  return unreadable(pass, folder, entry, retry);
}

function unreadable(
  pass: PassState,
  folder: LocalId,
  entry: LookEntry,
  { reason, delayMs, atMs }: Retry,
): ContentOutcome {
  pass.stall(folder, { reason, name: entry.name, local: null, detail: '' });
  if (reason === 'ReadDenied' && delayMs > LOCAL_RETRY_MS_MIN) pass.memory.tryAgainAt(folder, atMs);
  else pass.memory.dueAt(folder, atMs);
  return { kind: 'unreadable' };
}

function tooFast(pass: PassState, folder: LocalId, entry: LookEntry): void {
  const { name } = entry;
  pass.stall(folder, { reason: 'FileChangingTooFast', name, local: null, detail: '' });
}

/**
 * The text of a link; undefined when it is gone or another by now, cannot be read, is longer than a record
 * holds, or was made within one tick of the root's times: then its folder is due when that is over.
 */
export function takeTarget(pass: PassState, folder: LocalId, entry: LookEntry): string | undefined {
  const { fileSystem, caps } = pass.options;
  if (provenCtimeNs(entry.stat, pass.nowMs, caps.mtimeGranNs) !== entry.stat.ctimeNs) {
    pass.memory.dueAt(folder, pass.nowMs + settleMsMin(caps.mtimeGranNs));
    return undefined;
  }
  try {
    const path = pass.absolute(entry.path);
    const target = fileSystem.readLink(path);
    const now = fileSystem.lstat(path);
    // The text of a link that came to this place since: a power cut may bring the other one back.
    if (now?.type !== 'symlink' || !isSameStamp(now, entry.stat)) {
      pass.memory.dueAt(folder, pass.nowMs + settleMsMin(1n));
      return undefined;
    }
    const isHoldable =
      target.isWellFormed() &&
      !target.includes('\uFFFD') &&
      utf8ToBytes(target).length <= LINK_TARGET_SIZE_BYTES_MAX;
    if (isHoldable) {
      noteOutside(pass, folder, entry, target);
      return target;
    }
    const { name } = entry;
    pass.stall(folder, { reason: 'BeyondLimits', name, local: null, detail: 'link target' });
    return undefined;
  } catch (error) {
    if (!(error instanceof LocalFault)) throw error;
    pass.memory.dueAt(folder, pass.nowMs + settleMsMin(1n));
    return undefined;
  }
}

/** Tells of a link that leads out of the root; it syncs all the same. */
export function noteOutside(
  pass: PassState,
  folder: LocalId,
  { name, path }: LookEntry,
  target: string | null,
): void {
  if (target === null || !leadsOutside(path, target)) return;
  pass.stall(folder, { reason: 'SymlinkOutside', name, local: null, detail: target });
}

/** True for a link whose text leads out of the root. */
function leadsOutside(path: string, target: string): boolean {
  if (target.startsWith('/') || /^[A-Za-z]:/.test(target)) return true;
  let depth = path.split('/').length - 1;
  for (const segment of target.split('/')) {
    if (segment === '..') depth--;
    else if (segment !== '' && segment !== '.') depth++;
    if (depth < 0) return true;
  }
  return false;
}
