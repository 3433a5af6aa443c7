/** Which of the spaces that a server lists are the account's own, and what an account space says. */
import { IntegrityError, type AccountId, type SpaceId } from '@coffer/protocol/core';
import type { OpenSuite } from '@coffer/protocol/crypto';
import type { SpaceRecord, SpaceStateRecord } from '@coffer/protocol/model';
import { openItem, type Item, type SpaceItem, type SpaceKeys } from '@coffer/protocol/model/open';

/** The first space that this account made itself: others that the server lists prove nothing. */
export async function firstOwn<T extends { records(): { readonly space: SpaceRecord } }>(
  spaces: readonly SpaceId[],
  kind: 'account' | 'drive',
  account: AccountId,
  open: (space: SpaceId) => Promise<T>,
): Promise<T> {
  for (const space of spaces) {
    const opened = await open(space);
    const record = opened.records().space;
    if (record.kind === kind && record.creator === account) return opened;
  }
  throw new IntegrityError('data-missing', `the server shows no ${kind} space of this account`);
}

/** All items among `records` that open; one that does not hides no other. */
export function openItems(
  suite: OpenSuite,
  keys: () => SpaceKeys,
  records: Iterable<SpaceStateRecord>,
): readonly Item[] {
  const items: Item[] = [];
  for (const record of records) {
    if (record.type !== 'item') continue;
    try {
      items.push(openItem(suite, keys(), record));
    } catch (error) {
      if (!(error instanceof IntegrityError)) throw error;
    }
  }
  return items;
}

/** The account's drive, as one of its devices wrote it down. */
export function driveIn(items: readonly Item[]): SpaceId | undefined {
  const isDrive = (item: Item): item is SpaceItem => item.type === 'space' && item.kind === 'drive';
  return items.find(isDrive)?.space;
}
