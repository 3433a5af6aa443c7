import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Bytes } from '@coffer/protocol/core';
import type { TreeKey } from '@coffer/protocol/model';
import type { MetadataStore } from '../stores/metadata-store.ts';
import type { Contract } from './store-contract.ts';
import {
  accountId,
  deviceId,
  digest,
  headAt,
  keyOf,
  nameTagOf,
  newAccount,
  nodeId,
  proposalTo,
  spaceId,
  text,
} from './store-rows.ts';
import { collectionStoreContract } from './collection-store-contract.ts';
import { accountLifeContract } from './account-life-contract.ts';
import { contentStoreContract } from './content-store-contract.ts';

export type OpenStore = () => Promise<MetadataStore>;

const asText = (bytes: Bytes | undefined): string => new TextDecoder().decode(bytes);

/** What every store of metadata promises. `open` makes an empty one. */
export function metadataStoreContract(name: string, open: OpenStore): void {
  const contract: Contract = (title, check) =>
    void test(`${name}: ${title}`, async () => {
      const store = await open();
      try {
        await check(store);
      } finally {
        await store.close();
      }
    });
  accountContract(contract);
  accountLifeContract(contract);
  sessionContract(contract);
  spaceContract(contract);
  stateContract(contract);
  contentStoreContract(contract);
  collectionStoreContract(contract);
}

function accountContract(contract: Contract): void {
  contract('an account is found by id and name, with its chain and device', async (store) => {
    assert.equal(await store.countAccounts(), 0);
    assert.equal(await store.createAccount(newAccount('ann'), digest('bundle')), 'created');
    assert.equal(await store.countAccounts(), 1);
    const found = await store.findAccountByName('ann');
    assert.equal(found?.id, accountId('ann'));
    assert.deepEqual(found, await store.getAccount(accountId('ann')));
    assert.equal(await store.findAccountByName('Ann'), undefined);
    const chain = await store.getChain(accountId('ann'), 0);
    assert.deepEqual(chain.map(asText), ['genesis', 'device']);
    assert.equal((await store.getChain(accountId('ann'), 1)).length, 1);
    assert.deepEqual(await store.getChain(accountId('nobody'), 0), []);
    assert.deepEqual(await store.listDevices(accountId('ann')), [
      { id: deviceId('ann'), createdAt: 1000, lastSeenAt: null },
    ]);
  });

  contract('a taken name or id creates nothing', async (store) => {
    await store.createAccount(newAccount('ann'), digest('bundle'));
    const sameName = newAccount('ben', { name: 'ann' });
    assert.equal(await store.createAccount(sameName, digest('b')), 'name-taken');
    assert.equal(await store.getHead(spaceId('ben')), undefined);
    assert.equal(await store.createAccount(newAccount('ann'), digest('b')), 'account-exists');
    const both = [1, 2, 3].map(() => store.createAccount(newAccount('cat'), digest('c')));
    const outcomes = (await Promise.all(both)).sort();
    assert.deepEqual(outcomes, ['account-exists', 'account-exists', 'created']);
  });

  contract('chain and bundle grow together or not at all', async (store) => {
    await store.createAccount(newAccount('ann'), digest('first'));
    const device = {
      account: accountId('ann'),
      device: deviceId('two'),
      chainSeq: 2,
      entry: text('entry'),
      previous: digest('first'),
      bundle: text('second bundle'),
      bundleDigest: digest('second'),
      now: 5,
    };
    const behind = { ...device, previous: digest('older') };
    assert.equal(await store.addDevice(behind), 'bundle-moved');
    assert.equal(await store.addDevice({ ...device, chainSeq: 1 }), 'chain-moved');
    assert.equal(await store.addDevice({ ...device, chainSeq: 3 }), 'chain-moved');
    assert.equal((await store.getChain(accountId('ann'), 0)).length, 2);
    assert.equal(await store.addDevice(device), 'added');
    assert.equal((await store.getChain(accountId('ann'), 0)).length, 3);
    const account = await store.getAccount(accountId('ann'));
    assert.equal(asText(account?.bundle), 'second bundle');
    assert.equal((await store.listDevices(accountId('ann'))).length, 2);
    assert.equal(await store.addDevice(device), 'chain-moved');
  });
}

function sessionContract(contract: Contract): void {
  contract('sessions are found by digest until they are deleted or swept', async (store) => {
    await store.createAccount(newAccount('ann'), digest('b'));
    const session = {
      tokenDigest: digest('token'),
      account: accountId('ann'),
      device: deviceId('ann'),
      expiresAt: 50,
    };
    await store.createSession(session, 7);
    assert.deepEqual(await store.getSession(digest('token')), session);
    assert.equal((await store.listDevices(accountId('ann')))[0]?.lastSeenAt, 7);
    const enrol = { ...session, tokenDigest: digest('enrol'), device: null, expiresAt: 90 };
    await store.createSession(enrol, 50);
    assert.equal(await store.getSession(digest('token')), undefined);
    assert.deepEqual(await store.getSession(digest('enrol')), enrol);
    await store.deleteSession(digest('enrol'));
    await store.deleteSession(digest('enrol'));
    assert.equal(await store.getSession(digest('enrol')), undefined);
  });
}

function spaceContract(contract: Contract): void {
  contract('a head moves from one commit to the next, and only from there', async (store) => {
    await store.createAccount(newAccount('ann'), digest('b'));
    const space = spaceId('ann');
    assert.deepEqual((await store.getHead(space))?.state, headAt(1));
    const second = proposalTo(space, headAt(2));
    assert.deepEqual(await store.commit(second), { kind: 'accepted' });
    assert.deepEqual(await store.commit(second), { kind: 'known' });
    const rival = proposalTo(space, headAt(2, 'rival'));
    assert.deepEqual(await store.commit(rival), { kind: 'head-moved', seq: 2 });
    assert.deepEqual(await store.commit(proposalTo(space, headAt(3))), { kind: 'accepted' });
    assert.deepEqual(await store.commit(second), { kind: 'known' });
    const head = await store.getHead(space);
    assert.deepEqual(head?.state, headAt(3));
    assert.equal(head?.era, 0);
    assert.equal(await store.getCommitId(space, 2), headAt(2).id);
    assert.equal(await store.getCommitId(space, 4), undefined);
    const ids = [headAt(2).id, headAt(3).id];
    assert.deepEqual(await store.listCommitIds(space, 2, 9), ids);
    assert.deepEqual(await store.listCommitIds(space, 2, 1), [headAt(2).id]);
    assert.deepEqual(await store.listCommitIds(spaceId('nowhere'), 1, 9), []);
    assert.equal(asText(await store.getCommitHeader(space, 2)), `header ${headAt(2).id}`);
    assert.equal(await store.getCommitHeader(space, 4), undefined);
  });

  contract('of many writers at once one wins each seq, without a gap', async (store) => {
    await store.createAccount(newAccount('ann'), digest('b'));
    const space = spaceId('ann');
    for (let seq = 2; seq <= 6; seq++) {
      const writers = Array.from({ length: 32 }, (_, i) => {
        const head = { ...headAt(seq, i === 0 ? '' : `writer ${i} `) };
        return store.commit(proposalTo(space, head));
      });
      const accepted = (await Promise.all(writers)).filter(({ kind }) => kind === 'accepted');
      assert.equal(accepted.length, 1);
    }
    const page = await store.readCommits(space, 1, 1_000_000);
    assert.deepEqual([page?.commits.length, page?.headSeq], [6, 6]);
  });

  contract('membership follows the commits', async (store) => {
    await store.createAccount(newAccount('ann'), digest('b'));
    await store.createAccount(newAccount('ben'), digest('b'));
    const space = spaceId('ann');
    assert.equal(await store.getRole(space, accountId('ann')), 'owner');
    assert.equal(await store.getRole(space, accountId('ben')), undefined);
    assert.equal(await store.getRole(spaceId('nowhere'), accountId('ben')), undefined);
    const add = proposalTo(space, headAt(2), { members: [[accountId('ben'), 'viewer']] });
    await store.commit(add);
    assert.equal(await store.getRole(space, accountId('ben')), 'viewer');
    assert.deepEqual(
      (await store.listSpaces(accountId('ben'))).map((one) => one.space).sort(),
      [space, spaceId('ben')].sort(),
    );
    assert.equal((await store.listMembers(space)).length, 2);
    await store.commit(proposalTo(space, headAt(3), { members: [[accountId('ben'), null]] }));
    assert.equal(await store.getRole(space, accountId('ben')), undefined);
    assert.deepEqual(await store.listMembers(space), [accountId('ann')]);
  });

  contract(
    'cursors name the heads that moved since, each space once, newest state',
    async (store) => {
      await store.createAccount(newAccount('ann'), digest('b'));
      await store.createAccount(newAccount('ben'), digest('b'));
      const start = await store.newestCursor();
      assert.deepEqual(await store.movedSince(accountId('ann'), start), []);
      await store.commit(proposalTo(spaceId('ann'), headAt(2)));
      await store.commit(proposalTo(spaceId('ben'), headAt(2)));
      await store.commit(proposalTo(spaceId('ann'), headAt(3)));
      const [moved, ...others] = await store.movedSince(accountId('ann'), start);
      assert.deepEqual(others, []);
      assert.deepEqual([moved?.space, moved?.seq, moved?.era], [spaceId('ann'), 3, 0]);
      assert.equal(moved?.cursor, await store.newestCursor());
      assert.deepEqual(await store.movedSince(accountId('ann'), moved?.cursor ?? 0), []);
    },
  );
}

function stateContract(contract: Contract): void {
  const [p, q, a, b] = ['p', 'q', 'a', 'b'].map(nodeId) as [
    ReturnType<typeof nodeId>,
    ReturnType<typeof nodeId>,
    ReturnType<typeof nodeId>,
    ReturnType<typeof nodeId>,
  ];
  const indexOf = (node: typeof a, tag: string) => ({ node, tag: nameTagOf(tag) });

  contract('the state is what the commits wrote, in the order of its keys', async (store) => {
    await store.createAccount(newAccount('ann'), digest('b'));
    const space = spaceId('ann');
    const records: [TreeKey, Bytes | null][] = [];
    for (let i = 0; i < 200; i++) records.push([keyOf(p, nodeId(`${i}`)), text(`record ${i}`)]);
    const treeNodes = [
      ['00aa', text('node')],
      ['01', text('other')],
    ] as const;
    await store.commit(proposalTo(space, headAt(2), { change: { records, treeNodes } }));
    const change = {
      records: [[keyOf(p, nodeId('7')), null]] as const,
      treeNodes: [
        ['01', null],
        ['00aa', text('newer')],
      ] as const,
    };
    await store.commit(proposalTo(space, headAt(3), { change }));
    await store.readState(space, (head, view) => {
      assert.deepEqual(head, headAt(3));
      const from = keyOf(p, '0'.repeat(32) as typeof a);
      const listed = [...view.listRecords(from, keyOf(p, 'f'.repeat(32) as typeof a))];
      const keys = listed.map(([key]) => key);
      assert.deepEqual(keys, [...keys].sort());
      assert.equal(keys.length, 199);
      assert.equal(asText(listed[0]?.[1]), asText(view.getRecord(keys[0] ?? from)));
      const one = keys[100] ?? from;
      assert.equal([...view.listRecords(one, one)].length, 1);
      assert.equal(view.getRecord(keyOf(p, nodeId('7'))), undefined);
      assert.equal(asText(view.getTreeNode('00aa')), 'newer');
      assert.equal(view.getTreeNode('01'), undefined);
    });
    assert.equal(await store.readState(spaceId('nowhere'), () => 1), undefined);
  });

  contract('names and places may change hands within one commit', async (store) => {
    await store.createAccount(newAccount('ann'), digest('b'));
    const space = spaceId('ann');
    const first = {
      change: {
        records: [
          [keyOf(p, a), text('a')],
          [keyOf(q, b), text('b')],
        ] as const,
        treeNodes: [],
      },
      indexes: new Map([
        [keyOf(p, a), indexOf(a, 'x')],
        [keyOf(q, b), indexOf(b, 'y')],
      ]),
    };
    await store.commit(proposalTo(space, headAt(2), first));
    const swapped = {
      change: {
        records: [
          [keyOf(p, a), null],
          [keyOf(p, b), text('b2')],
          [keyOf(q, a), text('a2')],
          [keyOf(q, b), null],
        ] as const,
        treeNodes: [],
      },
      indexes: new Map([
        [keyOf(p, b), indexOf(b, 'x')],
        [keyOf(q, a), indexOf(a, 'y')],
      ]),
    };
    assert.deepEqual(await store.commit(proposalTo(space, headAt(3), swapped)), {
      kind: 'accepted',
    });
    await store.readState(space, (_, view) => {
      assert.equal(view.findNode(a), keyOf(q, a));
      assert.equal(view.findNode(b), keyOf(p, b));
      assert.equal(view.findTag(p, nameTagOf('x')), b);
      assert.equal(view.findTag(q, nameTagOf('y')), a);
      assert.equal(view.findTag(p, nameTagOf('y')), undefined);
      assert.equal(view.findNode(nodeId('nobody')), undefined);
    });
  });
}
