/**
 * What every SpaceStore must do, as claims that a test runner checks one by one. Free of any runner:
 * a claim throws when the store breaks it.
 */
import {
  Defect,
  type AccountId,
  type Bytes,
  type NodeId,
  type SpaceId,
} from '@coffer/protocol/core';
import type { StateChange, TreeKey } from '@coffer/protocol/model';
import type { SpaceStore, StoredHead } from '../ports/index.ts';

/** One thing that every SpaceStore does, and a check that throws when it does not. */
export interface SpaceStoreClaim {
  readonly title: string;
  readonly check: (store: SpaceStore) => void;
}

const SPACE = 'a1'.repeat(16) as SpaceId;
const OTHER = 'b2'.repeat(16) as SpaceId;
const ACCOUNT = 'c3'.repeat(16) as AccountId;
const NODE = 'd4'.repeat(16) as NodeId;

/** What every SpaceStore passes, each claim on an empty store. */
export const SPACE_STORE_CONTRACT: readonly SpaceStoreClaim[] = [
  {
    title: 'an unknown space has no head and no records',
    check: (store) => {
      expectSame(store.head(SPACE), undefined);
      expectSame(listAll(store, SPACE), []);
    },
  },
  {
    title: 'a space that is forgotten is unknown again, others and key chains are not',
    check: (store) => {
      for (const space of [SPACE, OTHER]) {
        store.apply(space, headAt(1), change([[itemKey(1), bytes(1)]], [['05aa', bytes(9)]]));
        store.saveNodeKey(space, NODE, 1, bytes(3));
      }
      store.saveChain(ACCOUNT, [bytes(4)]);
      store.forget(SPACE);
      expectSame([store.head(SPACE), store.nodeKey(SPACE, NODE, 1)], [undefined, undefined]);
      expectSame(listAll(store, SPACE), []);
      expectSame(store.view(SPACE).getTreeNode('05aa'), undefined);
      expectSame([store.head(OTHER), store.nodeKey(OTHER, NODE, 1)], [headAt(1), bytes(3)]);
      expectSame(store.chain(ACCOUNT), [bytes(4)]);
      try {
        store.transaction(() => {
          store.forget(OTHER);
          throw new Defect('rolled back');
        });
      } catch (error) {
        if (!(error instanceof Defect)) throw error;
      }
      expectSame([store.head(OTHER), listAll(store, OTHER).length], [headAt(1), 1]);
    },
  },
  {
    title: 'an applied commit is read back: head, records, tree nodes',
    check: (store) => {
      store.apply(SPACE, headAt(1), change([[itemKey(1), bytes(1)]], [['05aa', bytes(9)]]));
      expectSame(store.head(SPACE), headAt(1));
      expectSame(store.view(SPACE).getRecord(itemKey(1)), bytes(1));
      expectSame(store.view(SPACE).getTreeNode('05aa'), bytes(9));
    },
  },
  {
    title: 'records come in the order of their keys and only from the range',
    check: (store) => {
      const rows = [5, 1, 3, 9].map((n) => [itemKey(n), bytes(n)] as const);
      store.apply(SPACE, headAt(1), change(rows));
      const found = [...store.view(SPACE).listRecords(itemKey(1), itemKey(5))];
      expectSame(
        found.map(([key]) => key),
        [itemKey(1), itemKey(3), itemKey(5)],
      );
    },
  },
  {
    title: 'null removes a record and a tree node, and replaces are whole',
    check: (store) => {
      store.apply(SPACE, headAt(1), change([[itemKey(1), bytes(1)]], [['05aa', bytes(9)]]));
      store.apply(SPACE, headAt(2), change([[itemKey(1), bytes(2)]], [['05aa', null]]));
      expectSame(store.view(SPACE).getRecord(itemKey(1)), bytes(2));
      expectSame(store.view(SPACE).getTreeNode('05aa'), undefined);
      store.apply(SPACE, headAt(3), change([[itemKey(1), null]]));
      expectSame(store.view(SPACE).getRecord(itemKey(1)), undefined);
    },
  },
  {
    title: 'spaces do not see each other',
    check: (store) => {
      store.apply(SPACE, headAt(1), change([[itemKey(1), bytes(1)]], [['05aa', bytes(9)]]));
      expectSame(store.head(OTHER), undefined);
      expectSame(listAll(store, OTHER), []);
      expectSame(store.view(OTHER).getTreeNode('05aa'), undefined);
    },
  },
  {
    title: 'a transaction that throws leaves nothing behind',
    check: (store) => {
      store.apply(SPACE, headAt(1), change([[itemKey(1), bytes(1)]]));
      expectThrow(() => {
        store.transaction(() => {
          store.apply(SPACE, headAt(2), change([[itemKey(2), bytes(2)]], [['05aa', bytes(9)]]));
          store.saveChain(ACCOUNT, [bytes(7)]);
          store.saveNodeKey(SPACE, NODE, 1, bytes(8));
          throw new RangeError('as the test wants');
        });
      });
      expectSame(store.head(SPACE), headAt(1));
      expectSame(listAll(store, SPACE), [[itemKey(1), bytes(1)]]);
      expectSame(store.view(SPACE).getTreeNode('05aa'), undefined);
      expectSame(store.chain(ACCOUNT), []);
      expectSame(store.nodeKey(SPACE, NODE, 1), undefined);
    },
  },
  {
    title: 'a transaction sees its own writes and returns the value of its action',
    check: (store) => {
      const seen = store.transaction(() => {
        store.apply(SPACE, headAt(1), change([[itemKey(1), bytes(1)]]));
        return store.view(SPACE).getRecord(itemKey(1));
      });
      expectSame(seen, bytes(1));
    },
  },
  {
    title: 'a view taken earlier shows what was applied since',
    check: (store) => {
      const view = store.view(SPACE);
      store.apply(SPACE, headAt(1), change([[itemKey(4), bytes(4)]]));
      expectSame(view.getRecord(itemKey(4)), bytes(4));
    },
  },
  {
    title: 'key chains and sealed keys are read back and replaced',
    check: (store) => {
      store.saveChain(ACCOUNT, [bytes(1), bytes(2)]);
      store.saveChain(ACCOUNT, [bytes(1), bytes(2), bytes(3)]);
      expectSame(store.chain(ACCOUNT), [bytes(1), bytes(2), bytes(3)]);
      store.saveNodeKey(SPACE, NODE, 3, bytes(5));
      expectSame(store.nodeKey(SPACE, NODE, 3), bytes(5));
      expectSame(store.nodeKey(SPACE, NODE, 2), undefined);
      expectSame(store.nodeKey(OTHER, NODE, 3), undefined);
    },
  },
];

function itemKey(n: number): TreeKey {
  return `${'03'.padStart(32, '0')}${String(n).padStart(2, '0').repeat(16)}` as TreeKey;
}

function bytes(n: number): Bytes {
  return Uint8Array.of(n, n, n);
}

function headAt(seq: number): StoredHead {
  const digest = String(seq).padStart(2, '0').repeat(32);
  return {
    seq,
    id: digest as StoredHead['id'],
    auth: digest as StoredHead['auth'],
    root: digest as StoredHead['root'],
    edge: [digest as StoredHead['root']],
    era: 0,
    header: bytes(seq),
    signature: bytes(seq + 1),
  };
}

function change(
  records: StateChange['records'],
  treeNodes: StateChange['treeNodes'] = [],
): StateChange {
  return { records, treeNodes };
}

function listAll(store: SpaceStore, space: SpaceId): readonly (readonly [TreeKey, Bytes])[] {
  const last = 'f'.repeat(64) as TreeKey;
  return [...store.view(space).listRecords('0'.repeat(64) as TreeKey, last)];
}

function expectSame(found: unknown, expected: unknown): void {
  if (shown(found) !== shown(expected)) {
    throw new Defect(`the store gives ${shown(found)} where ${shown(expected)} belongs`);
  }
}

function expectThrow(action: () => void): void {
  try {
    action();
  } catch (error) {
    if (error instanceof RangeError) return;
    throw error;
  }
  throw new Defect('the error did not leave the transaction');
}

function shown(value: unknown): string {
  return (
    JSON.stringify(value, (_, part: unknown) =>
      part instanceof Uint8Array ? { bytes: [...part] } : part,
    ) ?? 'undefined'
  );
}
