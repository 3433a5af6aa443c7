/** What became of one operation, and how faults are told apart. */
import { isRefusal, RemoteFault } from '@coffer/sdk';
import type { StallReason } from '../planner/operations.ts';
import { LocalFault } from '../ports/index.ts';

export type OperationOutcome =
  | { readonly kind: 'done' }
  /** What the operation saw is no longer so: look again and plan anew. */
  | { readonly kind: 'lost' }
  /** It failed and is tried again later. */
  | { readonly kind: 'stalled'; readonly reason: StallReason; readonly detail: string }
  /** Not started: not due yet, or what it waits for did not happen. */
  | { readonly kind: 'skipped' };

export const DONE: OperationOutcome = { kind: 'done' };
export const LOST: OperationOutcome = { kind: 'lost' };
export const SKIPPED: OperationOutcome = { kind: 'skipped' };

/** A fault of the disk as an outcome; everything else is thrown on. */
export function outcomeOfLocalFault(error: unknown, doing: 'read' | 'write'): OperationOutcome {
  if (!(error instanceof LocalFault)) throw error;
  const denied: StallReason = doing === 'read' ? 'ReadDenied' : 'WriteDenied';
  switch (error.code) {
    case 'not-found':
    case 'exists':
    case 'not-empty':
    case 'not-a-folder':
    case 'is-a-folder':
      return LOST;
    case 'busy':
    case 'too-many-open':
      return stalled('FileBusy', error.code);
    case 'disk-full':
      return stalled('DiskFull', '');
    case 'name-too-long':
      return stalled('NameTooLong', '');
    case 'name-illegal':
      return stalled('NameIllegalHere', '');
    case 'other-device':
      return stalled('NestedMount', '');
    case 'denied':
    case 'read-only':
    case 'unsupported':
    case 'io':
      return stalled(denied, error.code);
  }
}

/** For what follows an effect: that it happened is true whatever fails by then. */
export function unlessFault<T>(action: () => T): T | undefined {
  try {
    return action();
  } catch (error) {
    if (!(error instanceof LocalFault)) throw error;
    return undefined;
  }
}

export function stalled(reason: StallReason, detail: string): OperationOutcome {
  return { kind: 'stalled', reason, detail };
}

/** The server cannot be reached or is not well: everything remote waits, no item is to blame. */
export function isRemoteOutage(error: unknown): error is RemoteFault {
  return error instanceof RemoteFault && error.retry.kind === 'after';
}

export function isOverQuota(error: unknown): boolean {
  return isRefusal(error, 'quota-exceeded');
}
