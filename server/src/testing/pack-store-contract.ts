import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SpaceId } from '@coffer/protocol/core';
import { PackDamagedError, type PackStore } from '../packs/pack-store.ts';

const SPACE = '11'.repeat(16) as SpaceId;
const OTHER = '22'.repeat(16) as SpaceId;

/** What every store of packs promises. `open` makes an empty one. */
export function packStoreContract(name: string, open: () => Promise<PackStore>): void {
  const bytes = (length: number) => Uint8Array.from({ length }, (_, i) => (i * 7) % 251);

  test(`${name}: ranges of a pack are read as they were put, in the order asked`, async () => {
    const store = await open();
    const pack = bytes(100_000);
    await store.put(SPACE, 'a1', pack);
    const ranges = [
      { offset: 99_000, lengthBytes: 1000 },
      { offset: 0, lengthBytes: 1 },
      { offset: 5, lengthBytes: 70_000 },
    ];
    const parts = await store.read(SPACE, 'a1', ranges);
    for (const [i, { offset, lengthBytes }] of ranges.entries()) {
      const expected = pack.subarray(offset, offset + lengthBytes);
      assert.deepEqual(Buffer.from(parts[i] ?? []), Buffer.from(expected));
    }
    assert.deepEqual(await store.read(SPACE, 'a1', []), []);
  });

  test(`${name}: a pack keeps its bytes whatever becomes of the buffer`, async () => {
    const store = await open();
    const pack = bytes(10);
    await store.put(SPACE, 'a1', pack);
    pack.fill(0);
    const [part] = await store.read(SPACE, 'a1', [{ offset: 0, lengthBytes: 10 }]);
    assert.deepEqual(Buffer.from(part ?? []), Buffer.from(bytes(10)));
  });

  test(`${name}: what is not there, here or so far, is a damaged pack`, async () => {
    const store = await open();
    await store.put(SPACE, 'a1', bytes(10));
    const attempts: [SpaceId, string, number, number][] = [
      [OTHER, 'a1', 0, 1],
      [SPACE, 'a2', 0, 1],
      [SPACE, 'a1', 9, 2],
      [SPACE, 'a1', 10, 1],
    ];
    for (const [space, uid, offset, lengthBytes] of attempts) {
      await assert.rejects(store.read(space, uid, [{ offset, lengthBytes }]), PackDamagedError);
    }
  });

  test(`${name}: a removed pack is gone, and removing twice is fine`, async () => {
    const store = await open();
    await store.put(SPACE, 'a1', bytes(10));
    await store.put(SPACE, 'a2', bytes(10));
    await store.remove(SPACE, 'a1');
    await store.remove(SPACE, 'a1');
    await assert.rejects(
      store.read(SPACE, 'a1', [{ offset: 0, lengthBytes: 1 }]),
      PackDamagedError,
    );
    await store.read(SPACE, 'a2', [{ offset: 0, lengthBytes: 10 }]);
  });

  test(`${name}: packs are listed with their sizes until they are removed`, async () => {
    const store = await open();
    const all = async () => {
      const found: string[] = [];
      for await (const { space, pack } of store.list()) {
        found.push(`${space}/${pack} ${await store.sizeOf(space, pack)}`);
      }
      return found.sort();
    };
    assert.deepEqual(await all(), []);
    await store.put(SPACE, 'a1', bytes(10));
    await store.put(OTHER, 'a2', bytes(20));
    assert.deepEqual(await all(), [`${SPACE}/a1 10`, `${OTHER}/a2 20`]);
    await store.remove(SPACE, 'a1');
    assert.deepEqual(await all(), [`${OTHER}/a2 20`]);
    assert.equal(await store.sizeOf(SPACE, 'a1'), undefined);
    assert.equal(await store.sizeOf(SPACE, 'a2'), undefined);
  });

  test(`${name}: many packs put at once are all there`, async () => {
    const store = await open();
    const uids = Array.from({ length: 40 }, (_, i) => `u${i}`);
    const spaceOf = (i: number) => (i % 2 === 0 ? SPACE : OTHER);
    await Promise.all(uids.map((uid, i) => store.put(spaceOf(i), uid, bytes(i + 1))));
    for (const [i, uid] of uids.entries()) {
      const [part] = await store.read(spaceOf(i), uid, [{ offset: i, lengthBytes: 1 }]);
      assert.equal(part?.[0], (i * 7) % 251);
    }
  });
}
