/** What a server, alone or with a member who signs for it, can do to the history of a space. */
import assert from 'node:assert/strict';
import test from 'node:test';
import {
  CALLS,
  decodeCommitsAnswer,
  decodeJson,
  encodeCommitsAnswer,
  encodeJson,
  type CommitsAnswer,
} from '@coffer/protocol/api';
import type { Bytes, NodeId } from '@coffer/protocol/core';
import type { NodeRecord } from '@coffer/protocol/model';
import { HeadRefused } from '@coffer/sdk';
import { EvilPeer } from './evil-peer.ts';
import { flip, HONEST, type Mutate } from './evil-server.ts';
import { assertNothingLeaked, keysOf, textsOf } from './leaks.ts';
import { codeOf, EvilWorld, refuses, signal, type Victim } from './evil-world.ts';

const TEXT = 'what is on the disk stays on the disk';

interface Scene {
  readonly world: EvilWorld;
  readonly laptop: Victim;
  readonly desk: Victim;
  readonly peer: EvilPeer;
}

/** Two devices that agree, and a peer with the keys of the first one. */
async function scene(): Promise<Scene> {
  const world = await EvilWorld.create('laptop', 'desk', 'phone');
  const laptop = await world.start('laptop');
  const desk = await world.start('desk');
  laptop.write('letters/first', TEXT);
  laptop.write('second', `${TEXT}, twice`);
  await laptop.sync();
  await desk.sync();
  const peer = await EvilPeer.of(world, laptop.secrets, laptop.drive.space.id);
  return { world, laptop, desk, peer };
}

/** After all lies the desk is what the laptop is, and nothing was ever told. */
async function endsWell({ world, laptop, desk, peer }: Scene): Promise<void> {
  world.evil.tell(HONEST);
  laptop.write('last', 'last');
  await laptop.sync();
  await desk.sync();
  assert.deepEqual(Object.keys(desk.tree()).sort(), Object.keys(laptop.tree()).sort());
  assert.equal(desk.read('letters/first'), TEXT);
  const needles = [
    keysOf(laptop.secrets, peer.keys),
    keysOf(desk.secrets),
    textsOf(TEXT, 'letters'),
  ];
  assertNothingLeaked(world.evil.sent, ...needles);
}

function onCommits(peer: EvilPeer, change: (answer: CommitsAnswer) => CommitsAnswer): Mutate {
  return ({ call, space, status, body }) => {
    if (call !== 'commits' || space !== peer.space || status !== 200) return undefined;
    const answer = decodeCommitsAnswer(body);
    return answer.commits.length === 0 ? undefined : encodeCommitsAnswer(change(answer));
  };
}

test('T6 a commit without the signature of a device that the chain certifies is refused', async () => {
  const here = await scene();
  await using _ = here.world;
  const { world, desk, peer } = here;
  const record = peer.newNode({ kind: 'folder', name: 'planted' }).record;
  const ghost = { ...peer.author, deviceSeed: world.suite.randomBytes(32) };
  const unknown = { ...ghost, device: `aa${ghost.device.slice(2)}` as typeof ghost.device };
  for (const [claim, author] of [
    ['with another key', ghost],
    ['by an unknown device', unknown],
  ] as const) {
    peer.show(peer.sign([record], { author }));
    await refuses(world, desk, peer.colluding, ['signature-invalid'], claim);
    await peer.catchUp();
  }
  const made = peer.sign([record]);
  const signatures: readonly (readonly [string, Bytes])[] = [
    ['zeros', new Uint8Array(64)],
    ['flipped', flip(made.commit.signature)],
  ];
  for (const [claim, signature] of signatures) {
    peer.show({ ...made, commit: { ...made.commit, signature } });
    await refuses(world, desk, peer.colluding, ['signature-invalid'], claim);
    await peer.catchUp();
  }
  await endsWell(here);
});

test('T22 T43 a node is not moved, renamed or set back by anything but a commit that says so', async () => {
  const here = await scene();
  await using _ = here.world;
  const { world, desk, peer } = here;
  const [folder, file] = ['folder', 'file'].map((kind) =>
    peer.children(peer.root).find((node) => node.kind === kind),
  );
  assert.ok(folder !== undefined && file !== undefined);
  const moved = { ...file, parent: folder.id };
  const honest = peer.sign([peer.newNode({ kind: 'folder', name: 'real' }).record]);
  const other = peer.sign([moved]);
  const cases: readonly (readonly [string, typeof honest, readonly string[]])[] = [
    [
      'another body',
      { ...honest, commit: { ...honest.commit, body: other.commit.body } },
      ['digest-mismatch'],
    ],
    [
      'another root',
      peer.sign([peer.newNode({ kind: 'folder', name: 'real' }).record], {
        header: (header) => ({ ...header, root: other.header.root }),
      }),
      ['root-mismatch'],
    ],
    ['a move under the old wrapped key', other, ['rule-broken']],
    [
      'an older revision',
      peer.sign([{ ...file, rev: file.rev - 1, meta: flip(file.meta) }]),
      ['rule-broken', 'malformed'],
    ],
    [
      'a revision that is no next one',
      peer.sign([{ ...file, rev: file.rev + 2, meta: flip(file.meta) }]),
      ['rule-broken'],
    ],
    ['a record that stays as it is', peer.sign([file]), ['rule-broken']],
  ];
  for (const [claim, made, codes] of cases) {
    peer.show(made);
    await refuses(world, desk, peer.colluding, codes, claim);
    await peer.catchUp();
  }
  await endsWell(here);
});

test('T21 T23 cycles, orphans, second roots, doubled ids and endless depth are refused', async () => {
  const here = await scene();
  await using _ = here.world;
  const { world, desk, peer } = here;
  const folder = (parent: NodeId, name: string, key?: Bytes) =>
    peer.newNode({ kind: 'folder', name, parent }, key);
  const a = folder(peer.root, 'a');
  const b = folder(a.record.id, 'b', a.key);
  const one = a.record.kr;
  const within = (record: NodeRecord, parent: NodeId): NodeRecord => ({
    ...record,
    parent,
    pk: one,
  });
  const deep: NodeRecord[] = [];
  for (let [parent, key, n] = [peer.root, undefined as Bytes | undefined, 0]; n < 200; n++) {
    const made = folder(parent, `level ${n}`, key);
    deep.push(made.record);
    [parent, key] = [made.record.id, made.key];
  }
  const file = peer.children(peer.root).find(({ kind }) => kind === 'file');
  assert.ok(file !== undefined);
  const cases: readonly (readonly [string, readonly NodeRecord[]])[] = [
    ['two folders in each other', [within(a.record, b.record.id), within(b.record, a.record.id)]],
    ['a folder in itself', [within(a.record, a.record.id)]],
    ['no parent', [within(b.record, 'cd'.repeat(16) as NodeId)]],
    ['a file as parent', [within(a.record, file.id)]],
    [
      'a second root',
      [{ ...a.record, parent: '0'.repeat(32) as NodeId, tag: null, wrappedKey: null, pk: 0 }],
    ],
    ['one id in two places', [a.record, b.record, { ...within(a.record, b.record.id) }]],
    ['the id of another node', [{ ...b.record, id: file.id, parent: peer.root }, a.record]],
    ['200 levels', deep],
    ['two nodes with one tag', [a.record, { ...folder(peer.root, 'a').record }]],
    ['a node without a tag', [{ ...a.record, tag: null }]],
    ['two swapped wrapped keys', [{ ...a.record, kr: 0 }]],
  ];
  for (const [claim, records] of cases) {
    peer.show(peer.sign(records));
    await refuses(world, desk, peer.colluding, ['rule-broken', 'malformed'], claim);
    await peer.catchUp();
  }
  await endsWell(here);
});

test('T16 T21 nodes that do not open are set aside, and their siblings sync', async () => {
  const here = await scene();
  await using _ = here.world;
  const { desk, peer } = here;
  const first = peer.newNode({ kind: 'folder', name: 'first of two' });
  const second = peer.newNode({ kind: 'folder', name: 'second of two' });
  const flipped = peer.newNode({ kind: 'folder', name: 'flipped' }).record;
  const good = peer.newNode({ kind: 'folder', name: 'good' }).record;
  await peer.publishAll([
    { ...first.record, meta: second.record.meta },
    { ...second.record, meta: first.record.meta },
    { ...flipped, meta: flip(flipped.meta) },
    good,
  ]);
  const before = desk.tree();
  await desk.sync();
  assert.deepEqual(desk.tree(), { ...before, good: 'folder' });
  const stalls = await desk.engine.stalls({});
  assert.deepEqual(
    stalls.map(({ reason }) => reason),
    Array(3).fill('Undecryptable'),
  );
  await endsWell(here);
});

test('T29 an old batch, a skipped, a doubled and a swapped commit are refused by the engine too', async () => {
  const here = await scene();
  await using _ = here.world;
  const { world, laptop, desk, peer } = here;
  let old: Bytes | undefined;
  world.evil.tell(onCommits(peer, (answer) => {
    old = encodeCommitsAnswer(answer);
    return answer;
  })); // prettier-ignore
  laptop.write('one', '1');
  await laptop.sync();
  await desk.sync();
  laptop.write('two', '2');
  await laptop.sync();
  laptop.write('three', '3');
  await laptop.sync();
  const stale = old;
  assert.ok(stale !== undefined);
  const lists: readonly (readonly [string, Mutate])[] = [
    ['an old batch', onCommits(peer, () => decodeCommitsAnswer(stale))],
    ['one skipped', onCommits(peer, (a) => ({ ...a, commits: a.commits.slice(1) }))],
    ['swapped', onCommits(peer, (a) => ({ ...a, commits: a.commits.toReversed() }))],
    ['none', onCommits(peer, (a) => ({ ...a, commits: [] }))],
  ];
  for (const [claim, lie] of lists) {
    await refuses(world, desk, lie, ['malformed', 'head-forked'], claim);
  }
  await endsWell(here);
});

test('T38 devices that were shown different branches find out at their first exchange', async () => {
  const here = await scene();
  await using _ = here.world;
  const { world, laptop, desk, peer } = here;
  const before = desk.tree();
  // The desk alone is shown a branch that a device of the account signed.
  world.evil.tell(peer.showing([peer.newNode({ kind: 'folder', name: 'branch' }).record]));
  await desk.drive.refresh(signal);
  await desk.drive.noteHead(signal);
  world.evil.tell(HONEST);
  laptop.write('other', 'branch');
  const first = await laptop.engine.syncNow({});
  const seen = await laptop.drive.refresh(signal).then(
    () => undefined,
    (error: unknown) => codeOf(error, 'the laptop'),
  );
  assert.ok(first.settled || first.cause === 'integrity');
  assert.ok(seen === 'head-forked' || seen === 'head-rolled-back', `the laptop saw ${seen}`);
  const joined = await desk.drive.refresh(signal).catch((error: unknown) => error);
  assert.ok(joined instanceof HeadRefused, 'the honest branch is a fork for the desk');
  const told = await desk.engine.syncNow({});
  assert.deepEqual([told.settled, told.cause], [false, 'integrity']);
  assert.equal(desk.read('letters/first'), TEXT);
  for (const [path, content] of Object.entries(before)) assert.equal(desk.tree()[path], content);
});

test('T39 a server that goes back to yesterday is refused, says so, and no file is touched', async () => {
  for (const raiseEra of [false, true]) {
    const here = await scene();
    await using _ = here.world;
    const { world, laptop, desk } = here;
    const yesterday = await world.evil.honest.snapshot();
    laptop.write('today', 'written today');
    await laptop.sync();
    await desk.sync();
    await world.evil.honest.restore(yesterday, { raiseEra });
    for (const victim of [laptop, desk]) {
      const before = victim.tree();
      const refused = await victim.drive.refresh(signal).catch((error: unknown) => error);
      assert.ok(refused instanceof HeadRefused, String(refused));
      assert.equal(refused.code, 'head-rolled-back');
      assert.equal(refused.isDeclaredRestore, raiseEra);
      assert.ok(refused.offered.seq < refused.pinned.seq);
      const summary = await victim.engine.syncNow({});
      const cause = raiseEra ? 'attention' : 'integrity';
      assert.deepEqual([summary.settled, summary.cause], [false, cause]);
      assert.deepEqual(victim.tree(), before);
      assert.equal(victim.read('today'), 'written today');
    }
  }
});

test('T39 a commit that the server says it took and then forgets is missed', async () => {
  const here = await scene();
  await using _ = here.world;
  const { world, desk, peer } = here;
  const before = await world.evil.honest.snapshot();
  desk.write('mine', 'mine alone');
  await desk.sync();
  await world.evil.honest.restore(before, { raiseEra: false });
  const summary = await desk.engine.syncNow({});
  assert.deepEqual([summary.settled, summary.cause], [false, 'integrity']);
  assert.equal(desk.read('mine'), 'mine alone');
  assertNothingLeaked(world.evil.sent, keysOf(desk.secrets, peer.keys), textsOf('mine alone'));
});

test('T38 a list of commits that ends in another branch than the head that was offered is refused', async () => {
  const here = await scene();
  await using _ = here.world;
  const { world, desk, peer } = here;
  // Two commits that a device of the account signed, of one number: each could stand alone.
  const offered = peer.sign([peer.newNode({ kind: 'folder', name: 'offered' }).record]);
  const listing = peer.showing([peer.newNode({ kind: 'folder', name: 'listed' }).record]);
  const lie: Mutate = (exchange) => {
    if (exchange.call !== 'head' || exchange.space !== peer.space) return listing(exchange);
    const { header, signature } = offered.commit;
    const honest = decodeHead(exchange.body);
    const told = { ...honest, seq: offered.head.seq, id: offered.id, header, signature };
    return encodeJson(CALLS.head.answer, told);
  };
  await refuses(world, desk, lie, ['head-forked'], 'another branch than the offered head');
  await endsWell(here);
});

test('T38 a head that was never a commit, and one of another space, are refused', async () => {
  const here = await scene();
  await using _ = here.world;
  const { world, desk, peer } = here;
  const made = peer.sign([peer.newNode({ kind: 'folder', name: 'x' }).record]);
  const onHead =
    (change: Partial<ReturnType<typeof decodeHead>>): Mutate =>
    ({ call, space, body }) =>
      call === 'head' && space === peer.space
        ? encodeJson(CALLS.head.answer, { ...decodeHead(body), ...change })
        : undefined;
  const { header, signature } = made.commit;
  const ahead = onHead({ seq: made.head.seq, id: made.id, header, signature });
  await refuses(world, desk, ahead, ['malformed'], 'a head whose commit is held back');
  await refuses(world, desk, onHead({ seq: 2 ** 40 }), ['malformed'], 'a seq that is not its own');
  await refuses(world, desk, onHead({ id: made.id }), ['malformed'], 'an id that is not its own');
  let account: Bytes | undefined;
  const other: Mutate = ({ call, space, body }) => {
    if (call !== 'head') return undefined;
    if (space !== peer.space) account = body;
    return space === peer.space ? account : undefined;
  };
  await refuses(world, desk, other, ['malformed', 'head-rolled-back'], 'the head of another space');
  await endsWell(here);
});

function decodeHead(body: Bytes) {
  return decodeJson(CALLS.head.answer, body);
}
