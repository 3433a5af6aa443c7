import type { ErrorCode } from '@coffer/protocol/api';
import { err } from '@coffer/protocol/core';
import type { ChangeOutcome, NodeView } from '../space-changes.ts';

/** Why an operation on a path was not done: nothing, or only what came before it, changed. */
export interface DriveRefusal {
  readonly code: ErrorCode;
  /** The path that is to blame, as it was given. */
  readonly path: string;
  /** Of a copy that was refused half way: what was made of it by then, in the trash unless that was refused too. */
  readonly part?: NodeView;
}

export function refuse(
  code: ErrorCode,
  path: string,
): { readonly ok: false; readonly error: DriveRefusal } {
  return err({ code, path });
}

/** The refusal that an outcome means at a path; undefined when the change was made. */
export function refusalCode(outcome: ChangeOutcome | undefined): ErrorCode | undefined {
  if (outcome === undefined) return 'failed';
  if (outcome.kind === 'done') return undefined;
  if (outcome.kind === 'stale') return CODE_BY_REASON[outcome.why];
  return outcome.kind === 'quota-exceeded' ? 'quota-exceeded' : 'refused';
}

const CODE_BY_REASON = {
  'node-changed': 'conflict',
  'node-gone': 'not-found',
  'parent-gone': 'not-found',
  'name-taken': 'exists',
  cycle: 'refused',
  'too-deep': 'limit-reached',
  'content-missing': 'content-missing',
} as const satisfies Record<Extract<ChangeOutcome, { kind: 'stale' }>['why'], ErrorCode>;
