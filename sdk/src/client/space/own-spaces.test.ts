import assert from 'node:assert/strict';
import test from 'node:test';
import { IntegrityError, type AccountId, type ItemId, type SpaceId } from '@coffer/protocol/core';
import type { ItemRecord, SpaceRecord } from '@coffer/protocol/model';
import { itemIdOf, sealItem, type Item } from '@coffer/protocol/model/open';
import { createNodeOpenSuite } from '@coffer/protocol/suites/node-open';
import { driveIn, firstOwn, openItems } from './own-spaces.ts';
import { MemorySpace } from './testing/memory-space.ts';

const suite = await createNodeOpenSuite();
const memory = new MemorySpace(suite);
const OWN = '11'.repeat(16) as AccountId;
const STRANGER = '22'.repeat(16) as AccountId;
const [first, second] = ['aa'.repeat(16) as SpaceId, 'bb'.repeat(16) as SpaceId] as const;

test('a listed space counts only when this account made it, as what it is listed for', async () => {
  const open = async (id: SpaceId) => {
    const record = { kind: 'drive', creator: id === second ? OWN : STRANGER } as SpaceRecord;
    return { id, records: () => ({ space: record }) };
  };
  assert.equal((await firstOwn([first, second], 'drive', OWN, open)).id, second);
  for (const [spaces, kind] of [
    [[first], 'drive'],
    [[second], 'account'],
    [[], 'drive'],
  ] as const) {
    await assert.rejects(firstOwn(spaces, kind, OWN, open), IntegrityError);
  }
});

test('an item that does not open hides no other, and the one of the drive tells where it is', () => {
  const { keys } = memory.genesis;
  const shared: Item = { type: 'space', space: first, kind: 'shared', mount: null, name: 'x' };
  const drive: Item = { type: 'space', space: second, kind: 'drive', mount: null, name: '' };
  const recordOf = (item: Item): ItemRecord => {
    const place = { space: first, id: itemIdOf(item), rev: 1, epoch: 1 };
    return { type: 'item', ...place, sealed: sealItem(suite, keys, place, item) };
  };
  const torn = { ...recordOf(drive), id: 'cc'.repeat(16) as ItemId };
  const items = openItems(suite, () => keys, [torn, recordOf(shared), recordOf(drive)]);
  assert.deepEqual(items, [shared, drive]);
  assert.equal(driveIn(items), second);
  assert.equal(driveIn([shared]), undefined);
});
