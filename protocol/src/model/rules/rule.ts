/** What a rule of a space is, and what breaking one is called (protocol §3, §4). */
import type { CommitInState } from './commit-in-state.ts';

/** Every rule that a commit is judged by. `judge.ts` lists what each one says. */
export type RuleName =
  | 'format'
  | 'space'
  | 'seq'
  | 'prev'
  | 'past'
  | 'auth'
  | 'changes'
  | 'genesis'
  | 'signer'
  | 'signature'
  | 'root'
  | 'no-effect'
  | 'record-space'
  | 'role'
  | 'by'
  | 'space-record'
  | 'epoch'
  | 'member-identity'
  | 'member-pin'
  | 'member-epoch'
  | 'one-owner'
  | 'removal-epoch'
  | 'item'
  | 'kind'
  | 'root-folders'
  | 'id-unique'
  | 'parent'
  | 'left-behind'
  | 'cycle'
  | 'depth'
  | 'tag'
  | 'tag-unique'
  | 'keep-until'
  | 'content'
  | 'purge'
  | 'rev'
  | 'kr'
  | 'cut'
  | 'pk'
  | 'wrapped-key'
  | 'rotation'
  | 'version'
  | 'limits';

export interface RuleBreak {
  readonly rule: RuleName;
  /** For logs: names records by id, holds no secret. */
  readonly detail: string;
}

export interface Rule {
  readonly name: RuleName;
  /** What breaks the rule, or undefined. */
  readonly judge: (commit: CommitInState) => string | undefined;
}

/** The first complaint of `judge` about one of `rows`. */
export function firstBreak<T>(
  rows: Iterable<T>,
  judge: (row: T) => string | undefined,
): string | undefined {
  for (const row of rows) {
    const detail = judge(row);
    if (detail !== undefined) return detail;
  }
  return undefined;
}
