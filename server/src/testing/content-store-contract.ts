import assert from 'node:assert/strict';
import type { MetadataStore, PackOutcome } from '../stores/metadata-store.ts';
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
const ACCOUNT = accountId('ann');

/** Commits one after the other in ann's drive. */
async function createWriter(store: MetadataStore, totalBytes: number | null = null) {
  await store.createAccount(newAccount('ann', { totalBytes }), digest('b'));
  let seq = 1;
  return async (
    gained: readonly ContentReference[],
    lost: readonly ContentReference[] = [],
    now = 0,
  ) => {
    const outcome = await store.commit(proposalTo(SPACE, headAt(seq + 1), { gained, lost, now }));
    if (outcome.kind === 'accepted') seq++;
    return outcome;
  };
}

const usedAt = async (store: MetadataStore, now: number) =>
  (await store.usage(ACCOUNT, now)).usedBytes;

export function contentStoreContract(contract: Contract): void {
  const [a, b, c] = [chunkId('a'), chunkId('b'), chunkId('c')];
  const page = pageIdOf('page');
  const stored = (count: number): PackOutcome => ({
    kind: 'stored',
    stored: count,
    storedBytes: 100 * count,
  });

  contract('bodies are found where they were put first', async (store) => {
    await createWriter(store);
    const bodies = [newBody(a, 10), newBody(b, 110)];
    assert.deepEqual(await store.registerPack(newPack(SPACE, 'one', { bodies })), stored(2));
    const more = [newBody(b, 0), newBody(c, 100)];
    assert.deepEqual(await store.registerPack(newPack(SPACE, 'two', { bodies: more })), stored(1));
    assert.deepEqual(await store.findBodies(SPACE, [c, chunkId('none'), b]), [
      { pack: 'two', offset: 100, lengthBytes: 100 },
      undefined,
      { pack: 'one', offset: 110, lengthBytes: 100 },
    ]);
    assert.equal(await usedAt(store, 0), 300);
  });

  contract('a lease counts until it ends; asking for a body renews it', async (store) => {
    await createWriter(store);
    await store.registerPack(newPack(SPACE, 'one', { bodies: [newBody(a), newBody(b)] }));
    const hour = 60 * 60 * 1000;
    const lease = { leaseUntil: 100 + 2 * hour, now: 50 };
    assert.deepEqual(await store.leaseBodies(SPACE, [a, c], lease), [false, true]);
    assert.equal(await usedAt(store, 99), 200);
    assert.equal(await usedAt(store, 100), 100);
    assert.equal(await usedAt(store, 100 + 2 * hour), 0);
    assert.deepEqual(await store.leaseBodies(SPACE, [b], { leaseUntil: 9 * hour, now: 5 * hour }), [
      false,
    ]);
    assert.equal(await usedAt(store, 5 * hour), 100);
    const known = newPack(SPACE, 'two', { known: [a, c], leaseUntil: 9 * hour, now: 5 * hour });
    assert.deepEqual(await store.registerPack(known), stored(0));
    assert.equal(await usedAt(store, 5 * hour), 200);
  });

  contract('the bytes of a small pack come with its row and go with it', async (store) => {
    const write = await createWriter(store);
    const bytes = Uint8Array.from({ length: 400 }, (_, i) => i % 251);
    const small = { bodies: [newBody(a), newBody(b)], bytes, isAllOrNone: true };
    assert.deepEqual(await store.registerPack(newPack(SPACE, 'small', small)), stored(2));
    const read = async (pack: string) => store.readSmallPack(SPACE, pack);
    assert.deepEqual(Uint8Array.from((await read('small')) ?? []), bytes);
    assert.equal(await store.readSmallPack(spaceId('bob'), 'small'), undefined);
    await write([referenceTo([a])]);
    const collected = { unneededSince: 500, now: 500, limit: 10 };
    assert.equal((await store.collectBodies(collected)).bodies, 1);
    await store.forgetPack('small');
    assert.equal((await read('small'))?.length, 400, 'a body lives in it');
    await write([], [referenceTo([a])], 600);
    await store.collectBodies({ unneededSince: 700, now: 700, limit: 10 });
    await store.forgetPack('small');
    assert.equal(await read('small'), undefined);
  });

  contract(
    'of a pack that is to be new as a whole nothing is stored if it is not',
    async (store) => {
      await createWriter(store);
      await store.registerPack(newPack(SPACE, 'one', { bodies: [newBody(a)] }));
      const mixed = {
        bodies: [newBody(a), newBody(b)],
        bytes: new Uint8Array(9),
        isAllOrNone: true,
      };
      assert.deepEqual(await store.registerPack(newPack(SPACE, 'two', mixed)), {
        kind: 'partly-known',
      });
      assert.deepEqual(await store.findBodies(SPACE, [b]), [undefined]);
      assert.equal(await store.readSmallPack(SPACE, 'two'), undefined);
      const known = { bodies: [newBody(a)], isAllOrNone: true, leaseUntil: 9000, now: 5000 };
      assert.deepEqual(await store.registerPack(newPack(SPACE, 'three', known)), stored(0));
      assert.equal(await usedAt(store, 6000), 100, 'what is known is leased again');
    },
  );

  contract('references keep a body for as long as there is one', async (store) => {
    const write = await createWriter(store);
    await store.registerPack(newPack(SPACE, 'one', { bodies: [newBody(a), newBody(b)] }));
    await write([referenceTo([a, b]), referenceTo([a])]);
    assert.equal(await usedAt(store, 1000), 200);
    await write([], [referenceTo([a, b])], 1000);
    assert.equal(await usedAt(store, 1000), 100);
    await write([], [referenceTo([a])], 1000);
    assert.equal(await usedAt(store, 1000), 0);
    assert.deepEqual(await write([referenceTo([a])], [], 1000), { kind: 'accepted' });
    assert.equal(await usedAt(store, 1000), 100);
  });

  contract('a page references its chunks once, however often it is referenced', async (store) => {
    const write = await createWriter(store);
    const bodies = [newBody(a), newBody(b), newPage(page, [a, b, a])];
    await store.registerPack(newPack(SPACE, 'one', { bodies }));
    const paged = referenceTo([], [page]);
    await write([paged, paged]);
    assert.equal(await usedAt(store, 1000), 300);
    await write([referenceTo([b])], [paged], 1000);
    assert.equal(await usedAt(store, 1000), 300);
    await write([], [paged], 1000);
    assert.equal(await usedAt(store, 1000), 100, 'b has a reference of its own');
    await write([paged], [referenceTo([b])], 1000);
    assert.equal(await usedAt(store, 1000), 300);
  });

  contract('content that moves between records in one commit stays', async (store) => {
    const write = await createWriter(store);
    await store.registerPack(newPack(SPACE, 'one', { bodies: [newBody(a)] }));
    await write([referenceTo([a])]);
    assert.deepEqual(await write([referenceTo([a])], [referenceTo([a])], 1000), {
      kind: 'accepted',
    });
    assert.equal(await usedAt(store, 1000), 100);
  });

  contract('what is missing is named, and then nothing of the commit is there', async (store) => {
    const write = await createWriter(store);
    const bodies = [newBody(a), newPage(page, [a, b])];
    await store.registerPack(newPack(SPACE, 'one', { bodies }));
    const gained = [referenceTo([a, c]), referenceTo([], [page, pageIdOf('none')])];
    const outcome = await write(gained);
    assert.equal(outcome.kind, 'content-missing');
    const ids = outcome.kind === 'content-missing' ? [...outcome.ids].sort() : [];
    assert.deepEqual(ids, [b, c, pageIdOf('none')].sort());
    assert.deepEqual((await store.getHead(SPACE))?.state, headAt(1));
    assert.equal(await usedAt(store, 1000), 0, 'no reference stayed behind');
    const asPage = await write([referenceTo([], [a as string as typeof page])]);
    assert.deepEqual(asPage, { kind: 'content-missing', ids: [a] });
  });

  contract('a reference says the length of a chunk truly', async (store) => {
    const write = await createWriter(store);
    await store.registerPack(newPack(SPACE, 'one', { bodies: [newBody(a)] }));
    assert.deepEqual(await write([referenceTo([a], [], 99)]), { kind: 'length-wrong', id: a });
    assert.equal(await usedAt(store, 1000), 0);
  });

  contract('many uploads at once stay within the quota, to the byte', async (store) => {
    await createWriter(store, 500);
    const uploads = Array.from({ length: 100 }, (_, i) => {
      const bodies = [newBody(chunkId(`up ${i}`))];
      return store.registerPack(newPack(SPACE, `pack ${i}`, { bodies }));
    });
    const outcomes = await Promise.all(uploads);
    assert.equal(outcomes.filter(({ kind }) => kind === 'stored').length, 5);
    assert.deepEqual(await store.usage(ACCOUNT, 0), {
      usedBytes: 500,
      totalBytes: 500,
      transferUsedBytes: 0,
    });
  });

  contract('a full quota revives nothing, and ended leases make room', async (store) => {
    const write = await createWriter(store, 200);
    await store.registerPack(newPack(SPACE, 'one', { bodies: [newBody(a), newBody(b)] }));
    const late = { leaseUntil: 10 ** 9, now: 1000 };
    const room = newPack(SPACE, 'two', { bodies: [newBody(c), newBody(chunkId('d'))], ...late });
    assert.deepEqual(await store.registerPack(room), stored(2));
    assert.deepEqual(await store.leaseBodies(SPACE, [a], late), [true]);
    assert.deepEqual(await write([referenceTo([a])], [], 1000), { kind: 'quota-exceeded' });
    assert.equal(await usedAt(store, 1000), 200);
  });

  contract('transfer is added up', async (store) => {
    await createWriter(store);
    await Promise.all([store.addTransfer(SPACE, 5), store.addTransfer(SPACE, 7)]);
    assert.equal((await store.usage(ACCOUNT, 0)).transferUsedBytes, 12);
  });
}
