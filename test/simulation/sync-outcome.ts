import type { Engine } from '@coffer/native-worker';

export type SyncOutcome = Awaited<ReturnType<Engine['syncNow']>>;

/** Zero when the cycle did nothing: folders and times show in what was sent alone. */
export function changesOf(summary: SyncOutcome): number {
  const { uploaded, downloaded, moved, trashed } = summary;
  return uploaded.files + uploaded.bytesSent + downloaded.files + moved + trashed;
}
