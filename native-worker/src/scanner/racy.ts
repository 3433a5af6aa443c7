/**
 * [Note: Racy times] What was changed within the granularity of a file system's times may be changed
 * again without any difference that an lstat shows. The row of such an entry has a ctime of 0: the next
 * look finds a difference and reads the entry once more.
 */
import type { EntryStat } from '../ports/index.ts';

const NS_PER_MS = 1_000_000n;

/** The ctime of a row for an entry that was read, or put there, at `nowMs` or shortly after. */
export function provenCtimeNs(
  { ctimeNs }: Pick<EntryStat, 'ctimeNs'>,
  nowMs: number,
  mtimeGranNs: bigint,
): bigint {
  const granMs = Number(mtimeGranNs / NS_PER_MS);
  const ageMs = nowMs - Number(ctimeNs / NS_PER_MS);
  return granMs > 0 && Math.abs(ageMs) <= granMs ? 0n : ctimeNs;
}
