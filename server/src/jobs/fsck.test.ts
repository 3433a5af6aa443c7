import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { encodeSealedCommit } from '@coffer/protocol/model';
import { createNodeVerifySuite } from '@coffer/protocol/suites/node-verify';
import { createMemoryPackStore } from '../packs/memory-packs.ts';
import type { PackStore } from '../packs/pack-store.ts';
import { openDatabase } from '../stores/sqlite/open-database.ts';
import { createSqliteMetadataStore } from '../stores/sqlite/sqlite-metadata-store.ts';
import { createFixture } from '../testing/fixture.ts';
import { packOf } from '../testing/space-writer.ts';
import { makeCall } from '../testing/test-client.ts';
import { fsck } from './fsck.ts';
import type { FindingKind, FsckOptions } from './fsck-finding.ts';

const never = new AbortController().signal;
const LOOK: FsckOptions = { isRepair: false, isDataRead: true };
const REPAIR: FsckOptions = { isRepair: true, isDataRead: true };

const fixture = await createFixture({
  seed: 'fsck',
  // Files can be damaged one by one.
  policy: { smallPackSizeBytesMax: 0 },
});
const { server, clock } = fixture;
after(() => server.close());
const suite = createNodeVerifySuite();
const text = (value: string) => new TextEncoder().encode(value);

/** A drive with small and paged files, a version, something in the trash, and a lease. */
async function playOn(): Promise<void> {
  const ann = await fixture.person('ann@example.org');
  const { drive, token } = ann;
  const params = { space: drive.space };
  const send = async (bodies: Parameters<typeof packOf>[0]) => {
    const reply = await makeCall(server.handle, 'storePack', {
      token,
      params,
      bytes: packOf(bodies),
    });
    assert.equal(reply.status, 200);
  };
  const propose = async (changes: Parameters<typeof drive.commit>[0]) => {
    const commit = drive.commit(changes);
    const bytes = encodeSealedCommit(commit.commit);
    const reply = await makeCall(server.handle, 'propose', { token, params, bytes });
    assert.equal(reply.status, 200, reply.code);
    drive.accept(commit);
  };
  const small = drive.file('small', [text('one'), text('two')]);
  const large = drive.file(
    'large',
    Array.from({ length: 40 }, (_, i) => text(`part ${i}`)),
  );
  const gone = drive.file('gone', [text('trashed')]);
  for (const { bodies } of [small, large, gone]) await send(bodies);
  await propose([small, large, gone].map(({ change }) => change));
  const keepUntil = clock.now() + 90 * 24 * 60 * 60 * 1000;
  const again = drive.rewrite(small, [text('three')], { keepUntil, time: 0 });
  await send(again.bodies);
  await propose(again.changes);
  await propose(drive.trash(gone, keepUntil));
  await send(drive.file('leased', [text('not yet')]).bodies);
  for (let i = 0; i < 3; i++) {
    const many = Array.from({ length: 20 }, (_, n) => drive.file(`f ${i} ${n}`, []));
    await propose(many.map(({ change }) => change));
  }
}
await playOn();
const { database: image } = await server.snapshot();

/** A copy of all that is stored, which a test may damage. */
async function copyOf() {
  const database = openDatabase(image);
  const store = createSqliteMetadataStore(database, queueMicrotask);
  const files = new Map<string, Uint8Array>();
  for await (const { space, pack } of server.packs.list()) {
    const lengthBytes = (await server.packs.sizeOf(space, pack)) ?? 0;
    const [bytes] = await server.packs.read(space, pack, [{ offset: 0, lengthBytes }]);
    files.set(`${space}/${pack}`, bytes ?? new Uint8Array(0));
  }
  const packs: PackStore = createMemoryPackStore();
  const names = [...files.keys()].map((path) => path.split('/') as [never, string]);
  for (const [space, pack] of names) {
    await packs.put(space, pack, files.get(`${String(space)}/${pack}`) ?? new Uint8Array(0));
  }
  const context = { store, packs, suite, clock };
  const check = (options: FsckOptions) => fsck(context, options, never);
  const kinds = async (options: FsckOptions) =>
    (await check(options)).findings.map(({ kind }) => kind);
  return { database, store, packs, names, check, kinds };
}

test('what a server has written itself is sound, all of it looked at', async () => {
  const { check } = await copyOf();
  const { findings, checked } = await check(LOOK);
  assert.deepEqual(findings, []);
  assert.deepEqual(checked, {
    accounts: 1,
    spaces: 2,
    commits: 8,
    records: 2 + 4 + 64,
    bodies: 2 + 41 + 1 + 1 + 1,
    packs: 5,
  });
});

const DAMAGES: readonly {
  readonly title: string;
  readonly sql: string;
  readonly kinds: readonly FindingKind[];
  readonly isRepairable: boolean;
}[] = [
  {
    title: 'a wrong count of references',
    sql: 'UPDATE bodies SET refs = refs + 1 WHERE length > 0',
    kinds: ['references'],
    isRepairable: true,
  },
  {
    title: 'a body that was taken for unneeded',
    sql: 'UPDATE bodies SET refs = 0, counted = 0 WHERE refs > 0',
    kinds: ['references', 'usage'],
    isRepairable: true,
  },
  {
    title: 'a wrong usage',
    sql: 'UPDATE spaces SET used_bytes = used_bytes + 1 WHERE used_bytes > 0',
    kinds: ['usage'],
    isRepairable: true,
  },
  {
    title: 'a body that is not known any more',
    sql: 'DELETE FROM bodies WHERE id = (SELECT id FROM bodies WHERE refs = 1 LIMIT 1)',
    kinds: ['body-missing', 'usage'],
    isRepairable: false,
  },
  {
    title: 'a lost commit',
    sql: 'DELETE FROM commits WHERE seq = 2',
    kinds: ['commits'],
    isRepairable: false,
  },
  {
    title: 'a commit that cannot be read',
    sql: "UPDATE commits SET header = x'00' WHERE seq = 2",
    kinds: ['commits'],
    isRepairable: false,
  },
  {
    title: 'a commit with the body of another',
    sql: "UPDATE commits SET body = x'00' WHERE seq = 2",
    kinds: ['commits'],
    isRepairable: false,
  },
  {
    title: 'a head of another time',
    sql: 'UPDATE spaces SET head_seq = head_seq - 1 WHERE head_seq > 1',
    kinds: ['commits'],
    isRepairable: false,
  },
  {
    title: 'a record that nobody signed',
    sql: 'UPDATE records SET record = zeroblob(9) WHERE key = (SELECT max(key) FROM records)',
    kinds: ['state'],
    isRepairable: false,
  },
  {
    title: 'a row of the state tree that was changed',
    sql: 'UPDATE tree_nodes SET node = zeroblob(40)',
    kinds: ['state'],
    isRepairable: false,
  },
  {
    title: 'a member that no record names',
    sql: "UPDATE members SET role = 'viewer'",
    kinds: ['state'],
    isRepairable: false,
  },
  {
    title: 'a key chain without its beginning',
    sql: 'DELETE FROM chain_entries WHERE seq = 0',
    kinds: ['key-chain'],
    isRepairable: false,
  },
];

for (const { title, sql, kinds: expected, isRepairable } of DAMAGES) {
  test(`${title} is found${isRepairable ? ' and repaired' : ', and left as it is'}`, async () => {
    const { database, check, kinds } = await copyOf();
    database.exec(sql);
    const found = new Set(await kinds(LOOK));
    for (const kind of expected) assert.ok(found.has(kind), `${[...found].join()} for ${kind}`);
    const repair = await check(REPAIR);
    assert.equal(
      repair.findings.every(({ isRepaired }) => isRepaired),
      isRepairable,
    );
    if (isRepairable) assert.deepEqual(await kinds(LOOK), []);
    else assert.ok((await kinds(LOOK)).length > 0);
  });
}

test('a pack that nobody names is found, and only removed when asked', async () => {
  const { packs, kinds, names } = await copyOf();
  const [space] = names[0] ?? [];
  assert.ok(space);
  await packs.put(space, 'stray', new Uint8Array(9));
  assert.deepEqual(await kinds(LOOK), ['pack-stray']);
  assert.equal(await packs.sizeOf(space, 'stray'), 9);
  assert.deepEqual(await kinds(REPAIR), ['pack-stray']);
  assert.equal(await packs.sizeOf(space, 'stray'), undefined);
  assert.deepEqual(await kinds(LOOK), []);
});

test('packs that are gone, cut or flipped are found; repair makes their bodies missing', async () => {
  const { packs, store, check, names } = await copyOf();
  const largest = async () => {
    const sized = await Promise.all(
      names.map(async ([space, pack]) => ({ space, pack, size: await packs.sizeOf(space, pack) })),
    );
    return sized.sort((a, b) => (b.size ?? 0) - (a.size ?? 0));
  };
  const [cut, flipped, gone] = await largest();
  assert.ok(cut && flipped && gone);
  const whole = async ({ space, pack, size = 0 }: typeof cut) =>
    (await packs.read(space, pack, [{ offset: 0, lengthBytes: size }]))[0] ?? new Uint8Array(0);
  const bytes = await whole(flipped);
  await packs.put(cut.space, cut.pack, (await whole(cut)).subarray(0, (cut.size ?? 0) - 10));
  await packs.put(
    flipped.space,
    flipped.pack,
    bytes.with(bytes.length - 1, (bytes.at(-1) ?? 0) ^ 1),
  );
  await packs.remove(gone.space, gone.pack);
  const { findings } = await check(REPAIR);
  assert.deepEqual(findings.map(({ kind }) => kind).sort(), [
    'body-damaged',
    'pack-cut',
    'pack-missing',
  ]);
  assert.ok(findings.every(({ isLoss }) => isLoss));
  const ofGone = await store.listBodiesIn(gone.pack);
  assert.equal((await store.stats()).damagedBodies, 1 + 1 + ofGone.length);
});

test('a record that is gone shows in the root, also where the tree has no rows', async () => {
  const { database, check } = await copyOf();
  database.exec(
    `DELETE FROM records WHERE space_no = (SELECT space_no FROM spaces WHERE kind = 'account')
       AND key = (SELECT max(key) FROM records WHERE space_no =
         (SELECT space_no FROM spaces WHERE kind = 'account'))`,
  );
  const { findings } = await check(LOOK);
  assert.ok(findings.some(({ detail }) => detail.includes('root that the head signs')));
});

test('no reference is taken away because a record cannot be read', async () => {
  const { database, store, check } = await copyOf();
  const refs = async () => {
    const spaces = await store.listAllSpaces();
    const bodies = spaces.map(({ space }) => store.listBodies(space, undefined, 1000));
    return (await Promise.all(bodies)).flat().map(({ id, refs }) => [id, refs]);
  };
  const before = await refs();
  database.exec(
    `UPDATE records SET record = zeroblob(9)
     WHERE key IN (SELECT key FROM records ORDER BY length(record) DESC LIMIT 4)`,
  );
  const { findings } = await check(REPAIR);
  assert.ok(findings.some(({ kind, isRepaired }) => kind === 'references' && !isRepaired));
  assert.deepEqual(await refs(), before);
});
