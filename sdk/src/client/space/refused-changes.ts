/** What becomes of the changes of a commit that the server did not take (protocol §4). */
import { RemoteFault } from '../../ports/index.ts';
import type { ChangeOutcome, SpaceChange } from '../space-changes.ts';
import type { CommitJob } from './commit-job.ts';
import type { PageSender } from './page-sender.ts';

function contentOf(change: SpaceChange) {
  return change.op === 'make-file' || change.op === 'write' ? change.content : undefined;
}

/** Pages are sent once more; changes whose chunks are gone go back to the caller. */
export function settleMissing(
  made: readonly number[],
  job: CommitJob,
  pages: PageSender,
  ids: readonly string[],
): void {
  const missing = new Set(ids);
  const isPageForgotten = pages.forget(missing);
  const outcome: ChangeOutcome = { kind: 'stale', why: 'content-missing' };
  const lost = made.filter((index) =>
    contentOf(job.changeAt(index))?.chunks.some(({ id }) => missing.has(id)),
  );
  for (const index of lost) job.settle(index, outcome);
  if (lost.length > 0 || isPageForgotten) return;
  throw new RemoteFault('content-missing', 'the server misses content that no change brings', {
    retry: { kind: 'never' },
  });
}

/** Changes that bring content have no room; without any, none of them has. */
export function settleOverQuota(made: readonly number[], job: CommitJob): void {
  const bringing = made.filter((index) => contentOf(job.changeAt(index)) !== undefined);
  const refused = bringing.length > 0 ? bringing : made;
  for (const index of refused) job.settle(index, { kind: 'quota-exceeded' });
}

/** One change of the commit breaks a rule: halves are tried until it stands alone. */
export function settleRefused(
  made: readonly number[],
  job: CommitJob,
  attempt: { changesMax: number },
  rule: string,
): void {
  if (made.length > 1) {
    attempt.changesMax = Math.ceil(made.length / 2);
    return;
  }
  const outcome: ChangeOutcome = rule.includes('depth')
    ? { kind: 'stale', why: 'too-deep' }
    : { kind: 'not-allowed' };
  const [only] = made;
  if (only === undefined) {
    throw new RemoteFault('rule-broken', `the server refuses a commit by its rule ${rule}`, {
      retry: { kind: 'never' },
    });
  }
  job.settle(only, outcome);
}
