/** What a plan has still to do, as people are told of it. */
import type { Operation } from './planner/operations.ts';
import type { PairTrees } from './trees/index.ts';

export interface PendingWork {
  uploads: number;
  downloads: number;
  uploadBytes: number;
  downloadBytes: number;
  other: number;
}

export function noWork(): PendingWork {
  return { uploads: 0, downloads: 0, uploadBytes: 0, downloadBytes: 0, other: 0 };
}

export function workOf(
  operations: readonly Operation[],
  { remote }: Pick<PairTrees, 'remote'>,
): PendingWork {
  const work = noWork();
  for (const operation of operations) {
    if (operation.kind === 'remote-upload') {
      work.uploads += 1;
      work.uploadBytes += operation.saw.local?.size ?? 0;
    } else if (operation.kind === 'local-download') {
      work.downloads += 1;
      work.downloadBytes += remote.byId(operation.node)?.size ?? 0;
    } else {
      work.other += 1;
    }
  }
  return work;
}
