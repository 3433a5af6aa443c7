import assert from 'node:assert/strict';
import test from 'node:test';
import {
  FormatError,
  IntegrityError,
  NO_PARENT,
  type CommitId,
  type DeviceId,
  type Digest,
  type FileRequestId,
  type LinkId,
  type NodeId,
} from '../../core/index.ts';
import { createNodeOpenSuite } from '../../suites/node-open.ts';
import type { ItemRecord, MemberRecord, NodeKind, SpaceRecord } from '../records.ts';
import type { TestAccount } from '../testing/test-account.ts';
import { put, TestSpace } from '../testing/test-space.ts';
import { SETTINGS_ITEM } from '../tree-keys.ts';
import { openNotes, sealNotes } from './commit-note.ts';
import { itemIdOf, openItem, sealItem, type Item } from './items.ts';
import { nameTag, unwrapNodeKey, wrapNodeKey } from './node-keys.ts';
import { openNodeMeta, sealNodeMeta, type MetaPlace, type NodeMeta } from './node-meta.ts';
import { newKeyFor } from './rotation.ts';
import {
  addEpoch,
  contentKey,
  newestEpochKey,
  openSpaceKeys,
  rootKey,
  sealMemberEnvelope,
  sealOldEpochs,
  trashKey,
  type SpaceKeys,
} from './space-keys.ts';

const suite = await createNodeOpenSuite();

const isIntegrityError = (error: unknown): boolean => error instanceof IntegrityError;

test('the owner opens a new space and its two roots', () => {
  const s = new TestSpace(suite);
  const keys = openSpaceKeys(suite, s.spaceRecord(), s.member(s.owner), [s.owner.kemSeed]);
  assert.deepEqual(keys, s.created.keys);
  const epochKey = newestEpochKey(keys);
  for (const [id, key] of [
    [s.root, rootKey(suite, epochKey)],
    [s.trash, trashKey(suite, epochKey)],
  ] as const) {
    const record = s.node(id);
    const meta = openNodeMeta(suite, key, record, record.meta);
    assert.equal(meta.name, '');
    assert.deepEqual(meta.changed, { time: 1000, device: s.owner.device.device });
  }
  assert.notDeepEqual(contentKey(suite, epochKey), rootKey(suite, epochKey));
});

test('seeds are tried in order, and a stranger opens nothing', () => {
  const s = new TestSpace(suite);
  const other = suite.randomBytes(32);
  const member = s.member(s.owner);
  openSpaceKeys(suite, s.spaceRecord(), member, [other, s.owner.kemSeed]);
  assert.throws(() => openSpaceKeys(suite, s.spaceRecord(), member, [other]), isIntegrityError);
  const raised: MemberRecord = { ...member, role: 'manager' };
  assert.throws(
    () => openSpaceKeys(suite, s.spaceRecord(), raised, [s.owner.kemSeed]),
    isIntegrityError,
  );
});

/** The space and member records of a new epoch with real envelopes for all of `members`. */
function epochWith(
  s: TestSpace,
  keys: SpaceKeys,
  members: readonly TestAccount[],
): { readonly space: SpaceRecord; readonly members: readonly MemberRecord[] } {
  const old = s.spaceRecord();
  const space = {
    ...old,
    rev: old.rev + 1,
    epoch: keys.epoch,
    oldEpochs: sealOldEpochs(suite, old.space, keys),
  };
  return {
    space,
    members: members.map((account) => {
      const { role } = s.member(account);
      const place = { space: old.space, epoch: keys.epoch, account: account.account, role };
      const envelope = sealMemberEnvelope(suite, account.kem, place, keys);
      return s.changedMember(account, { epoch: keys.epoch, envelope });
    }),
  };
}

test('all members of a new epoch open it and every older one; a removed one opens only those', () => {
  const s = new TestSpace(suite);
  const bob = s.join('editor');
  const carol = s.join('viewer');
  const first = s.created.keys;
  const second = addEpoch(suite, first, s.seq);
  const made = epochWith(s, second, [s.owner, bob, carol]);
  s.commit([put(made.space), ...made.members.map(put)]);
  const third = addEpoch(suite, second, s.seq);
  const later = epochWith(s, third, [s.owner, bob]);
  const [carolKey] = put(s.member(carol));
  s.commit([put(later.space), ...later.members.map(put), [carolKey, null]]);

  for (const account of [s.owner, bob]) {
    const keys = openSpaceKeys(suite, s.spaceRecord(), s.member(account), [account.kemSeed]);
    assert.deepEqual(keys, third);
    assert.deepEqual([...keys.epochKeys.keys()], [1, second.epoch, third.epoch]);
  }
  const carolThen = made.members[2];
  assert.ok(carolThen !== undefined);
  assert.deepEqual(openSpaceKeys(suite, made.space, carolThen, [carol.kemSeed]), second);
  assert.throws(
    () => openSpaceKeys(suite, later.space, carolThen, [carol.kemSeed]),
    isIntegrityError,
  );
});

test('a node key opens in its place and in no other', () => {
  const s = new TestSpace(suite);
  const place = { space: s.created.space, id: s.newId(), parent: s.root, kr: 3, pk: 1 };
  const parentKey = suite.randomBytes(32);
  const key = suite.randomBytes(32);
  const wrapped = wrapNodeKey(suite, parentKey, place, key);
  assert.deepEqual(unwrapNodeKey(suite, parentKey, place, wrapped), key);
  const others = [{ id: s.newId() }, { parent: s.newId() }, { kr: 4 }, { pk: 2 }];
  for (const other of others) {
    assert.throws(
      () => unwrapNodeKey(suite, parentKey, { ...place, ...other }, wrapped),
      isIntegrityError,
    );
  }
});

test('names that look alike in NFC have one tag within a folder, and another in the next', () => {
  const key = suite.randomBytes(32);
  assert.equal(nameTag(suite, key, 'é'), nameTag(suite, key, 'e\u0301'));
  assert.notEqual(nameTag(suite, key, 'a'), nameTag(suite, key, 'A'));
  assert.notEqual(nameTag(suite, key, 'a'), nameTag(suite, suite.randomBytes(32), 'a'));
});

const device = 'dd'.repeat(16) as DeviceId;
const folderMeta: NodeMeta = {
  name: 'a',
  mtimeMs: null,
  executable: false,
  size: null,
  sha256: null,
  target: null,
  exposed: false,
  from: null,
  olds: [],
  written: null,
  changed: { time: 5, device },
  copyOf: null,
};
const metaByKind: Readonly<Record<NodeKind, NodeMeta>> = {
  folder: {
    ...folderMeta,
    exposed: true,
    olds: [
      { kr: 4, key: new Uint8Array(32).fill(4) },
      { kr: 2, key: new Uint8Array(32).fill(2) },
    ],
  },
  file: {
    ...folderMeta,
    mtimeMs: -5,
    executable: true,
    size: 9,
    sha256: 'ab'.repeat(32) as Digest,
    from: { parent: 'cd'.repeat(16) as NodeId, name: 'ancien nom' },
    written: { number: 1, time: 4, device },
    copyOf: 'ef'.repeat(16) as NodeId,
  },
  symlink: { ...folderMeta, mtimeMs: 7, target: '../elsewhere' },
  mount: folderMeta,
};

function placeOf(kind: NodeKind): MetaPlace {
  const s = { space: '7a'.repeat(16), id: '7b'.repeat(16), parent: '7c'.repeat(16) };
  return { ...s, kind, rev: 1, kr: 5 } as MetaPlace;
}

for (const kind of ['folder', 'file', 'symlink', 'mount'] as const) {
  test(`the meta of a ${kind} opens to what was sealed, in its place alone`, () => {
    const key = suite.randomBytes(32);
    const place = placeOf(kind);
    const sealed = sealNodeMeta(suite, key, place, metaByKind[kind]);
    assert.equal((sealed.length - 73) % 256, 0);
    assert.deepEqual(openNodeMeta(suite, key, place, sealed), metaByKind[kind]);
    const others: readonly Partial<MetaPlace>[] = [
      { rev: 2 },
      { kr: 6 },
      { id: '99'.repeat(16) as NodeId },
      { kind: kind === 'mount' ? 'folder' : 'mount' },
    ];
    for (const other of others) {
      assert.throws(
        () => openNodeMeta(suite, key, { ...place, ...other }, sealed),
        isIntegrityError,
      );
    }
  });
}

test('meta that does not fit its node is neither sealed nor opened', () => {
  const key = suite.randomBytes(32);
  const odd: readonly (readonly [NodeKind, Partial<NodeMeta>])[] = [
    ['folder', { mtimeMs: 1 }],
    ['folder', { size: 1 }],
    ['folder', { executable: true }],
    ['folder', { name: '' }],
    ['folder', { name: 'a/b' }],
    ['folder', { name: '..' }],
    ['folder', { name: 'é'.repeat(513) }],
    ['folder', { olds: [1, 2, 3, 4].map((kr) => ({ kr, key })) }],
    ['folder', { olds: [{ kr: 5, key }] }],
    ['folder', { olds: [4, 3, 2, 1, 0].map((kr) => ({ kr, key })) }],
    ['folder', { copyOf: '11'.repeat(16) as NodeId }],
    ['file', { size: null }],
    ['file', { sha256: null }],
    ['file', { written: null }],
    ['file', { target: 'x' }],
    ['file', { from: { parent: '11'.repeat(16) as NodeId, name: '.' } }],
    ['symlink', { target: null }],
    ['symlink', { target: '' }],
    ['symlink', { target: 'é'.repeat(2049) }],
  ];
  for (const [kind, change] of odd) {
    const meta = { ...metaByKind[kind], ...change };
    assert.throws(() => sealNodeMeta(suite, key, placeOf(kind), meta), FormatError);
  }
  const root = { ...placeOf('folder'), parent: NO_PARENT };
  assert.throws(() => sealNodeMeta(suite, key, root, folderMeta), FormatError);
  const asRoot = sealNodeMeta(suite, key, root, { ...folderMeta, name: '' });
  assert.throws(
    () => openNodeMeta(suite, key, placeOf('folder'), asRoot),
    (error) => error instanceof IntegrityError && error.code === 'malformed',
  );
});

test('a rotated node keeps the keys in use, and says when there are too many', () => {
  const old = (kr: number) => ({ kr, key: suite.randomBytes(32) });
  const olds = [4, 3, 2].map(old);
  const rotated = newKeyFor(suite, { kind: 'folder', current: old(5), olds, kr: 9 });
  assert.ok(rotated.ok);
  assert.deepEqual(
    rotated.value.olds.map(({ kr }) => kr),
    [5, 4, 3, 2],
  );
  const full = { kind: 'folder', current: old(9), olds: rotated.value.olds, kr: 12 } as const;
  assert.deepEqual(newKeyFor(suite, full), { ok: false, error: 'olds-full' });
  const freed = newKeyFor(suite, { ...full, isUsed: (kr) => kr >= 5 });
  assert.deepEqual(freed.ok && freed.value.olds.map(({ kr }) => kr), [9, 5]);
  assert.ok(newKeyFor(suite, { ...full, kind: 'file' }).ok);
});

const items: readonly Item[] = [
  {
    type: 'device',
    device,
    name: 'Laptop',
    platform: 'linux',
    created: 1,
    heads: [{ space: '7a'.repeat(16) as never, seq: 4, commit: 'aa'.repeat(32) as CommitId }],
  },
  {
    type: 'space',
    space: '7a'.repeat(16) as never,
    kind: 'shared',
    mount: '7b'.repeat(16) as NodeId,
    name: 'Family',
  },
  {
    type: 'contact',
    account: '7c'.repeat(16) as never,
    identity: new Uint8Array(32),
    chainSeq: 2,
    chainHead: 'bb'.repeat(32) as Digest,
    state: 'verified',
  },
  {
    type: 'settings',
    values: new Map([
      ['a', '1'],
      ['b', '2'],
    ]),
  },
  {
    type: 'link',
    link: '7d'.repeat(16) as LinkId,
    space: '7a'.repeat(16) as never,
    node: '7b'.repeat(16) as NodeId,
    secret: new Uint8Array(32),
    passwordedSecret: new Uint8Array(32),
    rev: 1,
    created: 2,
  },
  {
    type: 'file-request',
    request: '7e'.repeat(16) as FileRequestId,
    space: '7a'.repeat(16) as never,
    folder: '7b'.repeat(16) as NodeId,
    kemSeed: new Uint8Array(32),
    title: 'Photos',
    created: 2,
  },
];

for (const item of items) {
  test(`a ${item.type} item opens to what was sealed, in its place alone`, () => {
    const s = new TestSpace(suite, 'account');
    const { keys, space } = s.created;
    const place = { space, id: itemIdOf(item), rev: 1, epoch: 1 };
    const record: ItemRecord = {
      type: 'item',
      ...place,
      sealed: sealItem(suite, keys, place, item),
    };
    s.commit([put(record)]);
    assert.deepEqual(openItem(suite, keys, record), item);
    assert.throws(() => openItem(suite, keys, { ...record, rev: 2 }), isIntegrityError);
    const elsewhere = {
      ...place,
      id: item.type === 'settings' ? (device as never) : SETTINGS_ITEM,
    };
    assert.throws(() => sealItem(suite, keys, elsewhere, item), FormatError);
  });
}

test('a note opens for members, under the newest epoch that is not after its commit', () => {
  const s = new TestSpace(suite);
  const keys = addEpoch(suite, s.created.keys, 5);
  const place = { space: s.created.space, account: s.owner.account, device, seq: 4 };
  const notes = [{ kind: 'approved-hold', batch: 'ab'.repeat(16), nodes: 700 }] as const;
  const sealed = sealNotes(suite, keys, place, notes);
  assert.deepEqual(openNotes(suite, s.created.keys, place, sealed), notes);
  const later = sealNotes(suite, keys, { ...place, seq: 5 }, notes);
  assert.throws(
    () => openNotes(suite, s.created.keys, { ...place, seq: 5 }, later),
    isIntegrityError,
  );
  const committed = s.commit([put(s.newNode())], { note: sealed });
  assert.deepEqual(committed.header.note, sealed);
});
