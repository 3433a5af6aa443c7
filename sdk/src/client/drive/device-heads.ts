/** What devices tell each other about the heads that they saw (protocol §4, Freshness). */
import type { CommitId, ItemId, SpaceId } from '@coffer/protocol/core';
import { IntegrityError } from '@coffer/protocol/core';
import type { DeviceItem, Item } from '@coffer/protocol/model/open';

export interface SeenHead {
  readonly space: SpaceId;
  readonly seq: number;
  readonly commit: CommitId;
}

/**
 * Holds our head against what other devices saw. Ours was fetched after their words, so it may not be
 * behind them: IntegrityError `head-rolled-back` or `head-forked` says that the server hides commits.
 */
export function checkAgainstDevices(items: readonly Item[], ours: SeenHead): void {
  for (const item of items) {
    if (item.type !== 'device') continue;
    for (const seen of item.heads) {
      if (seen.space !== ours.space) continue;
      if (seen.seq > ours.seq) {
        throw new IntegrityError(
          'head-rolled-back',
          `device ${item.device} saw seq ${seen.seq}, the server shows ${ours.seq}`,
        );
      }
      if (seen.seq === ours.seq && seen.commit !== ours.commit) {
        throw new IntegrityError('head-forked', `device ${item.device} saw another commit`);
      }
    }
  }
}

/** The device's item with `head` in it; undefined when it says so already, or is not there. */
export function withHead(
  find: (id: ItemId) => Item | undefined,
  device: ItemId,
  head: SeenHead,
): DeviceItem | undefined {
  const item = find(device);
  if (item?.type !== 'device') return undefined;
  const before = item.heads.find(({ space }) => space === head.space);
  if (before?.commit === head.commit) return undefined;
  const others = item.heads.filter(({ space }) => space !== head.space);
  return { ...item, heads: [...others, head] };
}
