import assert from 'node:assert/strict';
import type { BodyId } from '@coffer/protocol/api';
import type { CollectedBodies } from '../stores/collection-store.ts';
import type { MetadataStore } from '../stores/metadata-store.ts';
import type { ContentReference } from '../stores/proposal.ts';
import type { Contract } from './store-contract.ts';
import {
  accountId,
  chunkId,
  digest,
  headAt,
  newAccount,
  newBody,
  newPack,
  newPage,
  pageIdOf,
  proposalTo,
  referenceTo,
  spaceId,
} from './store-rows.ts';

const SPACE = spaceId('ann');
const LENGTH = 100;
const [a, b, c, d] = [chunkId('a'), chunkId('b'), chunkId('c'), chunkId('d')];
const page = pageIdOf('page');

async function createWriter(store: MetadataStore) {
  await store.createAccount(newAccount('ann'), digest('b'));
  let seq = 1;
  return async (
    gained: readonly ContentReference[],
    lost: readonly ContentReference[],
    now = 0,
  ) => {
    const outcome = await store.commit(proposalTo(SPACE, headAt(seq + 1), { gained, lost, now }));
    if (outcome.kind === 'accepted') seq++;
    return outcome;
  };
}

const collect = (store: MetadataStore, unneededSince: number, now: number, limit = 1000) =>
  store.collectBodies({ unneededSince, now, limit });

const bodies = (count: number): CollectedBodies => ({ bodies: count, bytes: count * LENGTH });

async function isThere(store: MetadataStore, ids: readonly BodyId[]): Promise<boolean[]> {
  return (await store.findBodies(SPACE, ids)).map((place) => place !== undefined);
}

export function collectionStoreContract(contract: Contract): void {
  collectContract(contract);
  moveContract(contract);
  damageContract(contract);
  runContract(contract);
}

function collectContract(contract: Contract): void {
  contract(
    'what is referenced or leased is never collected, and what is neither is',
    async (store) => {
      const write = await createWriter(store);
      const pack = { bodies: [newBody(a), newBody(b), newBody(c)] };
      await store.registerPack(newPack(SPACE, 'one', { ...pack, leaseUntil: 100 }));
      await write([referenceTo([a])], []);
      await store.leaseBodies(SPACE, [b], { leaseUntil: 10 ** 9, now: 50 });
      assert.deepEqual(await collect(store, 99, 500), bodies(0), 'the lease of c ended at 100');
      assert.deepEqual(await collect(store, 100, 500), bodies(1));
      assert.deepEqual(await collect(store, 100, 500), bodies(0), 'a second time finds nothing');
      assert.deepEqual(await isThere(store, [a, b, c]), [true, true, false]);
      assert.equal((await store.usage(accountId('ann'), 500)).usedBytes, 2 * LENGTH);
    },
  );

  contract('the grace begins when the last reference goes', async (store) => {
    const write = await createWriter(store);
    await store.registerPack(newPack(SPACE, 'one', { bodies: [newBody(a), newBody(b)] }));
    await write([referenceTo([a, b])], []);
    await write([], [referenceTo([a])], 1000);
    assert.deepEqual(await collect(store, 999, 5000), bodies(0));
    const outlook = { sparsePacks: 1, deadPacks: 0, deadBytes: 0 };
    assert.deepEqual(await store.collectionOutlook(999, 5000), { ...bodies(0), ...outlook });
    assert.deepEqual(await store.collectionOutlook(1000, 5000), { ...bodies(1), ...outlook });
    await write([referenceTo([a])], [], 2000);
    assert.deepEqual(await collect(store, 4000, 5000), bodies(0), 'a commit has revived it');
    await write([], [referenceTo([a])], 3000);
    assert.deepEqual(await collect(store, 3000, 5000), bodies(1));
    assert.deepEqual(await write([referenceTo([a])], [], 6000), {
      kind: 'content-missing',
      ids: [a],
    });
    assert.deepEqual(await store.leaseBodies(SPACE, [a], { leaseUntil: 9000, now: 6000 }), [true]);
  });

  contract('a page goes with its entries, its chunks when they are unneeded too', async (store) => {
    const write = await createWriter(store);
    const pack = { bodies: [newBody(a), newBody(b, 100), newPage(page, [a, b])] };
    await store.registerPack(newPack(SPACE, 'one', pack));
    const paged = referenceTo([], [page]);
    await write([paged, referenceTo([b])], []);
    assert.deepEqual(await collect(store, 10 ** 6, 10 ** 6), bodies(0));
    await write([], [paged], 1000);
    assert.deepEqual(await collect(store, 1000, 5000), bodies(2));
    assert.deepEqual(await isThere(store, [a, b, page]), [false, true, false]);
    await store.registerPack(newPack(SPACE, 'two', { ...pack, leaseUntil: 9000, now: 5000 }));
    assert.deepEqual(await write([paged], [], 6000), { kind: 'accepted' });
  });

  contract('collection goes in steps, and a pack without bodies is dead', async (store) => {
    const write = await createWriter(store);
    const five = Array.from({ length: 5 }, (_, i) => newBody(chunkId(`x ${i}`), i * LENGTH));
    await store.registerPack(newPack(SPACE, 'one', { bodies: five, sizeBytes: 700 }));
    await store.registerPack(newPack(SPACE, 'two', { bodies: [newBody(a)] }));
    await write([referenceTo([a])], []);
    assert.deepEqual(await collect(store, 100, 500, 2), bodies(2));
    assert.deepEqual(await store.listDeadPacks(10 ** 9, 10), []);
    assert.deepEqual(await collect(store, 100, 501, 2), bodies(2));
    const [sparse, ...others] = await store.listSparsePacks(0, 10);
    assert.deepEqual([sparse?.pack, sparse?.liveBytes, sparse?.sizeBytes], ['one', 100, 700]);
    assert.equal(sparse?.space, SPACE);
    assert.deepEqual(
      others.map(({ pack }) => pack),
      ['two'],
      'of 1000 bytes one body lives',
    );
    assert.deepEqual(await collect(store, 100, 502, 2), bodies(1));
    assert.deepEqual(await store.listDeadPacks(501, 10), []);
    assert.deepEqual(
      (await store.listDeadPacks(502, 10)).map(({ pack }) => pack),
      ['one'],
    );
    assert.deepEqual(
      (await store.listSparsePacks(0, 10)).map(({ pack }) => pack),
      ['two'],
    );
    await store.forgetPack('two');
    await store.forgetPack('one');
    await store.forgetPack('one');
    assert.deepEqual(await store.listDeadPacks(10 ** 9, 10), []);
    assert.deepEqual(await isThere(store, [a]), [true], 'a living pack is not forgotten');
  });
}

function moveContract(contract: Contract): void {
  contract('moved bodies are found in the new pack, and the old one is dead', async (store) => {
    await createWriter(store);
    const both = [newBody(a, 10), newPage(page, [a])];
    await store.registerPack(newPack(SPACE, 'old', { bodies: both }));
    const listed = await store.listBodiesIn('old');
    assert.deepEqual(
      listed.map(({ id, isPage }) => [id, isPage]),
      [
        [page, true],
        [a, false],
      ],
    );
    const moved = {
      bodies: [
        { id: a, offset: 1 },
        { id: page, offset: 2 },
      ],
      sizeBytes: 300,
      now: 7,
    };
    assert.equal(await store.moveBodies({ from: 'old', to: 'new', ...moved }), 2);
    assert.equal(await store.moveBodies({ from: 'old', to: 'newer', ...moved }), 0);
    assert.deepEqual(
      await store.findStrays([
        { space: SPACE, pack: 'new' },
        { space: SPACE, pack: 'newer' },
      ]),
      [{ space: SPACE, pack: 'newer' }],
    );
    assert.deepEqual(
      (await store.findBodies(SPACE, [a, page])).map((place) => place?.offset),
      [1, 2],
    );
    assert.deepEqual(
      (await store.listDeadPacks(7, 10)).map(({ pack }) => pack),
      ['old'],
    );
    assert.equal(await store.moveBodies({ from: 'nowhere', to: 'x', ...moved }), 0);
  });

  contract('what was collected or stored elsewhere meanwhile does not move', async (store) => {
    const write = await createWriter(store);
    const pack = { bodies: [newBody(a), newBody(b, 100), newBody(c, 200)] };
    await store.registerPack(newPack(SPACE, 'old', pack));
    await write([referenceTo([a])], []);
    await collect(store, 100, 500);
    await store.registerPack(
      newPack(SPACE, 'again', { bodies: [newBody(b, 5)], leaseUntil: 9000, now: 600 }),
    );
    const all = [a, b, c, d].map((id, i) => ({ id, offset: 10 + i }));
    const move = { from: 'old', to: 'new', sizeBytes: 300, bodies: all, now: 7 };
    assert.equal(await store.moveBodies(move), 1);
    const places = await store.findBodies(SPACE, [a, b, c]);
    assert.deepEqual(
      places.map((place) => place?.pack),
      ['new', 'again', undefined],
    );
  });
}

function damageContract(contract: Contract): void {
  contract('a damaged body is missing until somebody sends it again', async (store) => {
    const write = await createWriter(store);
    const pack = { bodies: [newBody(a), newBody(b, 100)], sizeBytes: 250 };
    await store.registerPack(newPack(SPACE, 'one', pack));
    await write([referenceTo([a, b])], []);
    assert.deepEqual(
      (await store.listUnscrubbed(50, 10)).map((one) => one.pack),
      ['one'],
    );
    await store.noteScrub('one', { damaged: [a], at: 50 });
    assert.deepEqual(await store.listUnscrubbed(50, 10), []);
    assert.deepEqual(await isThere(store, [a, b]), [false, true]);
    const lease = { leaseUntil: 9000, now: 200 };
    assert.deepEqual(await store.leaseBodies(SPACE, [a, b], lease), [true, false]);
    assert.deepEqual(await write([referenceTo([a, b])], []), { kind: 'content-missing', ids: [a] });
    const again = newPack(SPACE, 'two', { bodies: [newBody(a, 7)], leaseUntil: 9000, now: 200 });
    assert.deepEqual(await store.registerPack(again), {
      kind: 'stored',
      stored: 1,
      storedBytes: 100,
    });
    assert.equal((await store.findBodies(SPACE, [a]))[0]?.pack, 'two');
    assert.equal((await store.usage(accountId('ann'), 10 ** 6)).usedBytes, 2 * LENGTH);
    await store.noteScrub('two', { damaged: [a, b], at: 60 });
    assert.deepEqual(await isThere(store, [a, b]), [false, true], 'b is in another pack');
    await store.noteScrub('two', { damaged: [], at: 70 });
    assert.deepEqual(await isThere(store, [a, b]), [true, true], 'it can be read again');
  });

  contract('packs are scrubbed in turn', async (store) => {
    await createWriter(store);
    for (const [i, id] of [a, b, c].entries()) {
      await store.registerPack(newPack(SPACE, `p${i}`, { bodies: [newBody(id)] }));
    }
    const turn = async (before: number) =>
      (await store.listUnscrubbed(before, 2)).map(({ pack }) => pack);
    assert.deepEqual(await turn(10), ['p0', 'p1']);
    await store.noteScrub('p0', { damaged: [], at: 10 });
    assert.deepEqual(await turn(10), ['p1', 'p2']);
    assert.deepEqual(await turn(11), ['p1', 'p2']);
    await store.noteScrub('p1', { damaged: [], at: 11 });
    assert.deepEqual(await turn(12), ['p2', 'p0']);
  });
}

function runContract(contract: Contract): void {
  contract(
    'a stray is known by the time of its first sight, until a row names it',
    async (store) => {
      await createWriter(store);
      const [x, y] = [
        { space: SPACE, pack: 'x' },
        { space: SPACE, pack: 'y' },
      ];
      assert.deepEqual(await store.findStrays([x, y]), [x, y]);
      await store.noteStrays([x], 10);
      await store.noteStrays([x, y], 20);
      assert.deepEqual(await store.listStrays(10), [x]);
      assert.deepEqual(await store.listStrays(20), [x, y]);
      await store.registerPack(newPack(SPACE, 'x', { bodies: [newBody(a)] }));
      assert.deepEqual(await store.listStrays(20), [y]);
      await store.forgetStray('y');
      assert.deepEqual(await store.listStrays(20), []);
    },
  );

  contract('a hold lasts until it ends, and one that has ended is not renewed', async (store) => {
    assert.equal(await store.isHeld(0), false);
    await store.startHold('backup', 10);
    await store.startHold('other', 5);
    assert.deepEqual([await store.isHeld(9), await store.isHeld(10)], [true, false]);
    assert.equal(await store.renewHold('backup', 20, 9), true);
    assert.equal(await store.isHeld(19), true);
    assert.equal(await store.renewHold('backup', 99, 20), false);
    assert.equal(await store.renewHold('unknown', 99, 0), false);
    assert.equal(await store.isHeld(20), false);
    await store.endHold('backup');
    await store.endHold('backup');
  });

  contract('when a job is due is remembered', async (store) => {
    assert.equal(await store.getJobRun('scrub'), undefined);
    await store.putJobRun('scrub', { nextAt: 5, finishedAt: null });
    await store.putJobRun('scrub', { nextAt: 9, finishedAt: 6 });
    assert.deepEqual(await store.getJobRun('scrub'), { nextAt: 9, finishedAt: 6 });
  });

  contract('of an account that has ended packs are left, and then nothing', async (store) => {
    const write = await createWriter(store);
    await store.registerPack(newPack(SPACE, 'one', { bodies: [newBody(a), newBody(b)] }));
    await write([referenceTo([a])], []);
    assert.equal((await store.listAllSpaces()).length, 1);
    await store.deleteAccount(accountId('ann'), 1000);
    assert.deepEqual(await store.listAllSpaces(), []);
    assert.deepEqual(await collect(store, 999, 2000), bodies(0));
    assert.deepEqual(await collect(store, 1000, 2000), bodies(2));
    await store.forgetPack('one');
    const { packs, spaces, accounts } = await store.stats();
    assert.deepEqual([packs, spaces, accounts], [0, 0, 0]);
  });

  contract('a recount sets everything that follows from references', async (store) => {
    const write = await createWriter(store);
    await store.registerPack(newPack(SPACE, 'one', { bodies: [newBody(a), newBody(b)] }));
    await store.registerPack(newPack(SPACE, 'two', { bodies: [newBody(c)] }));
    await write([referenceTo([a, b, c])], []);
    await store.recount(SPACE, new Map([[a, 2]]), 5000);
    const counted = await store.listBodies(SPACE, undefined, 10);
    assert.deepEqual(
      counted.map(({ id, refs, leaseUntil, isCounted }) => [id, refs, leaseUntil, isCounted]),
      [
        [a, 2, 100, true],
        [b, 0, 5000, false],
        [c, 0, 5000, false],
      ],
    );
    assert.equal((await store.usage(accountId('ann'), 5000)).usedBytes, LENGTH);
    assert.deepEqual(await store.listBodies(SPACE, b, 10), counted.slice(2));
  });

  contract('accounts, packs and sums are listed for who runs the server', async (store) => {
    await createWriter(store);
    await store.createAccount(newAccount('ben', { totalBytes: 500 }), digest('b'));
    await store.registerPack(newPack(SPACE, 'one', { bodies: [newBody(a)], sizeBytes: 150 }));
    const [ann] = await store.listAccounts(undefined, 1);
    assert.deepEqual(ann, {
      id: accountId('ann'),
      name: 'ann',
      createdAt: 1000,
      lastSeenAt: null,
      devices: 1,
      usedBytes: LENGTH,
      totalBytes: null,
    });
    const others = await store.listAccounts(ann.id, 10);
    assert.deepEqual(
      others.map(({ name, totalBytes }) => [name, totalBytes]),
      [['ben', 500]],
    );
    const [pack] = await store.listPacks(0, 10);
    assert.deepEqual([pack?.pack, pack?.isDead, pack?.liveBytes], ['one', false, LENGTH]);
    assert.deepEqual(await store.listPacks(pack?.no ?? 0, 10), []);
    const { accounts, spaces, commits, packBytes, usedBytes, era } = await store.stats();
    assert.deepEqual(
      [accounts, spaces, commits, packBytes, usedBytes, era],
      [2, 2, 2, 150, 100, 0],
    );
    assert.deepEqual(await store.checkFiles(), []);
  });
}
