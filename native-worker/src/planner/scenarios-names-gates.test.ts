/** The catalogue's scenarios E (names), F (ignored and left out) and G (gates). */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { NodeId } from '@coffer/protocol/core';
import type { Operation } from './operations.ts';
import { MACOS, WINDOWS } from './testing/pretend-pair.ts';
import { CONFLICT, Scenario } from './testing/scenario.ts';
import type { HeldBatch, LocalId, LocalNode } from './types.ts';

const kindsOf = (operations: readonly Operation[]): readonly string[] =>
  operations.map(({ kind }) => kind).sort();

function setState(s: Scenario, id: LocalId, state: LocalNode['state']): void {
  const row = s.pair.local.get(id);
  assert.ok(row);
  s.pair.putLocal({ ...row, state });
}

describe('planner scenarios E: names', () => {
  test('E1★ names that differ in case are both here under distinct names, and edits reach the right node', () => {
    const s = new Scenario({ 'A.txt': 'upper', 'a.txt': 'lower' }, { caps: MACOS });
    assert.deepEqual(s.local.tree(), { 'A.txt': 'upper', 'a (2).txt': 'lower' });
    s.local.edit('a (2).txt', 'edited').edit('A.txt', 'too');
    const { remote, cells } = s.settle();
    assert.deepEqual(remote, { 'A.txt': 'too', 'a.txt': 'edited' });
    s.remote.edit('a.txt', 'back');
    assert.deepEqual(s.settle().local, { 'A.txt': 'too', 'a (2).txt': 'back' });
    assert.ok(cells.has('content.edited-same'));
  });

  test('E1★ the freed name is not taken over, and a rename of the numbered one is its name then', () => {
    const s = new Scenario({ 'A.txt': 'upper', 'a.txt': 'lower' }, { caps: MACOS });
    s.remote.remove('A.txt');
    assert.deepEqual(s.settle().local, { 'a (2).txt': 'lower' });
    s.local.move('a (2).txt', 'b.txt');
    assert.deepEqual(s.settle().tree, { 'b.txt': 'lower' });
  });

  test('E3★ a root that gives names back in another form has the same node', () => {
    const s = new Scenario({ '\u00e9': '1' }, { caps: MACOS });
    const id = s.local.id('\u00e9');
    assert.equal(s.pair.local.get(id)?.name, '\u00e9');
    s.local.touch('e\u0301');
    assert.equal(s.pair.local.get(id)?.name, 'e\u0301');
    assert.deepEqual(s.settle().kinds, ['remote-set-meta']);
    s.local.create('e\u0301 2', '2');
    s.remote.create('\u00e9 2', '2');
    assert.deepEqual(s.settle().remote, { '\u00e9': '1', '\u00e9 2': '2' });
  });

  test('E3★ K10 the second form of a name stays here, with a stall', () => {
    const s = new Scenario({ '\u00e9': '1' });
    const id = s.pair.addLocal(s.local.id(''), 'e\u0301', { kind: 'file', content: '2' as never });
    const { operations, stalls } = s.plan();
    assert.deepEqual(operations, []);
    assert.deepEqual(stalls, [{ reason: 'NormalisationClash', node: null, local: id }]);
  });

  test('E4 names that Windows cannot hold are escaped and round-trip', () => {
    const names = ['a:b', 'CON', 'x.', 'x ', 'q?', 'com1.txt', 'line\nbreak', 'back\\slash'];
    const s = new Scenario(Object.fromEntries(names.map((name) => [name, `of ${name}`])), {
      caps: WINDOWS,
    });
    const local = Object.keys(s.local.tree());
    for (const name of local) {
      assert.doesNotMatch(name, /[<>:"/\\|?*\p{Cc}]|[. ]$|^(?:con|com1)(?:\.|$)/iu);
    }
    for (const name of local) s.local.edit(name, `edited ${name}`);
    const { remote } = s.settle();
    assert.deepEqual(new Set(Object.keys(remote)), new Set(names));
    assert.ok(Object.values(remote).every((content) => content.startsWith('edited')));
  });

  test('E4 a look-alike that a person typed is that letter, and a renamed escape is read back', () => {
    const s = new Scenario({ 'a:b': '1' }, { caps: WINDOWS });
    s.local.move('a：b', 'a：c').create('typed：', '2');
    assert.deepEqual(s.settle().remote, { 'a:c': '1', 'typed：': '2' });
  });

  test('E5 a name too long for the root is cut here and stays whole there', () => {
    const long = `${'\u00e9'.repeat(200)}.txt`;
    const s = new Scenario({ [long]: '1' });
    const [name = ''] = Object.keys(s.local.tree());
    assert.ok(new TextEncoder().encode(name).length <= 255 && name.endsWith('.txt'));
    s.local.edit(name, '2');
    assert.deepEqual(s.settle().remote, { [long]: '2' });
  });

  test('E5 two cut names that meet are numbered', () => {
    const stem = 'x'.repeat(300);
    const s = new Scenario({ [`${stem}1`]: '1', [`${stem}2`]: '2' });
    assert.equal(Object.keys(s.local.tree()).length, 2);
  });

  test('E9 a rename there to a name that only here is taken', () => {
    const s = new Scenario({ B: '1', c: '2' }, { caps: MACOS });
    s.remote.move('c', 'b');
    const { local, remote } = s.settle();
    assert.deepEqual(remote, { B: '1', b: '2' });
    assert.deepEqual(local, { B: '1', 'b (2)': '2' });
  });
});

describe('planner scenarios F: ignored and left out', () => {
  test('F1 F7 what is newly ignored is kept on both sides and counts as no deletion', () => {
    const files = Object.fromEntries(Array.from({ length: 20 }, (_, n) => [`d/${n}`, `${n}`]));
    const s = new Scenario({ 'd/': '', ...files });
    const before = s.remote.tree();
    for (const row of s.pair.local.below(s.local.id('d'))) setState(s, row.id, 'detached');
    const { holds, operations } = s.plan({ baseCount: 21 });
    assert.deepEqual(holds, []);
    assert.ok(operations.every(({ kind }) => kind === 'forget') && operations.length === 21);
    for (const each of operations) if (each.kind === 'forget') s.pair.removeBase(each.node);
    assert.deepEqual(s.settle().remote, before);
  });

  test('F2 what is no longer ignored is compared like two trees without a base', () => {
    const s = new Scenario({ f: '1', g: '1' });
    for (const name of ['f', 'g']) setState(s, s.local.id(name), 'detached');
    for (const each of s.plan().operations)
      if (each.kind === 'forget') s.pair.removeBase(each.node);
    const ids = [...s.pair.local.rows.values()].filter(({ state }) => state === 'detached');
    for (const { id } of ids) setState(s, id, 'seen');
    s.local.edit('g', '2');
    assert.deepEqual(s.settle().tree, { f: '1', g: '1', [`g ${CONFLICT}`]: '2' });
  });

  test('F3 a file moved into an ignored folder: both sides keep theirs', () => {
    const s = new Scenario({ f: '1', 'd/': '' });
    const id = s.local.id('f');
    s.local.move('f', 'd/f');
    setState(s, id, 'detached');
    assert.deepEqual(s.settle().remote, { 'd/': '', f: '1' });
    assert.equal(s.pair.local.get(id)?.state, 'detached');
  });

  test('F4 a file moved out of an ignored folder goes up', () => {
    const s = new Scenario({ 'd/': '' });
    s.local.create('d/f', '1');
    const id = s.local.id('d/f');
    setState(s, id, 'detached');
    assert.deepEqual(s.settle().remote, { 'd/': '' });
    setState(s, id, 'seen');
    s.local.move('d/f', 'f');
    assert.deepEqual(s.settle().remote, { 'd/': '', f: '1' });
  });

  test('C9 a hollow folder is adopted by a new remote folder at its slot, and holds what that one holds', () => {
    const s = new Scenario({ 'd/': '', 'd/e/': '', 'd/e/f': '1', 'd/g': '2' });
    for (const path of ['d/e/my.log', 'd/your.log']) {
      s.local.create(path, 'log');
      setState(s, s.local.id(path), 'detached');
    }
    const [d, e] = [s.local.id('d'), s.local.id('d/e')];
    s.remote.remove('d');
    assert.deepEqual(s.settle().remote, {});
    assert.deepEqual(
      [d, e].map((id) => s.pair.local.get(id)?.state),
      ['hollow', 'hollow'],
    );
    s.remote.create('d/').create('d/e/').create('d/e/new', '3');
    const { local, remote, cells } = s.settle();
    assert.deepEqual(remote, { 'd/': '', 'd/e/': '', 'd/e/new': '3' });
    assert.deepEqual(local, remote);
    assert.deepEqual([s.local.id('d'), s.local.id('d/e')], [d, e]);
    assert.ok(cells.has('slot.folders-pair'));
  });

  test('a remote file at the slot of a hollow folder waits', () => {
    const s = new Scenario({ 'd/': '' });
    s.local.create('d/my.log', 'log');
    setState(s, s.local.id('d/my.log'), 'detached');
    s.remote.remove('d');
    s.settle();
    s.remote.create('d', '1');
    assert.deepEqual(s.plan().waiting.remote, [s.remote.id('d')]);
  });

  test('a remote file whose slot an ignored entry has waits, and so does what is in such a folder', () => {
    const s = new Scenario({});
    s.local.create('f', 'mine').create('d/');
    setState(s, s.local.id('f'), 'detached');
    setState(s, s.pair.trees().local.bySlot(s.local.id(''), 'd')?.id ?? (0 as LocalId), 'detached');
    s.remote.create('f', 'theirs').create('d/').create('d/g', '1');
    const cells = new Set<string>();
    assert.deepEqual(s.plan({}, (cell) => cells.add(cell)).operations, []);
    assert.ok(cells.has('slot.taken') && cells.has('frozen.parent'));
  });

  const excluding = (node: NodeId) => ({ excluded: new Set([node]) });

  test('what selective sync leaves out is recycled here and stays there', () => {
    const s = new Scenario({ 'd/': '', 'd/f': '1', g: 'g' });
    const node = s.remote.id('d');
    s.pair.dirtyRemote.add(node);
    const { local, remote, cells } = s.settle(excluding(node));
    assert.deepEqual([local, remote], [{ g: 'g' }, { 'd/': '', 'd/f': '1', g: 'g' }]);
    assert.ok(cells.has('exclusion.recycle'));
  });

  test('F10 what differs from base goes up before it is left out', () => {
    const s = new Scenario({ 'd/': '', 'd/f': '1', 'd/h': 'h', g: 'g' });
    const node = s.remote.id('d');
    s.local.edit('d/f', '2').create('d/new', '3').move('d/h', 'd/i');
    s.pair.dirtyRemote.add(node);
    const { local, remote } = s.settle(excluding(node));
    assert.deepEqual(local, { g: 'g' });
    assert.deepEqual(remote, { 'd/': '', 'd/f': '2', 'd/i': 'h', 'd/new': '3', g: 'g' });
  });

  test('what is moved out of a folder that is left out stays here', () => {
    const s = new Scenario({ 'd/': '', 'd/f': '1' });
    const node = s.remote.id('d');
    s.local.move('d/f', 'f');
    s.pair.dirtyRemote.add(node);
    const { local, remote, cells } = s.settle(excluding(node));
    assert.deepEqual([local, remote], [{ f: '1' }, { 'd/': '', f: '1' }]);
    assert.ok(cells.has('exclusion.moved-out'));
  });

  test('a local deletion of what is left out is no deletion there', () => {
    const s = new Scenario({ 'd/': '', 'd/f': '1', g: 'g' });
    const node = s.remote.id('d');
    s.local.remove('d');
    const { remote, cells } = s.settle(excluding(node));
    assert.deepEqual(remote, { 'd/': '', 'd/f': '1', g: 'g' });
    assert.ok(cells.has('exclusion.forget'));
  });

  test('F8 a left-out folder that is renamed there stays left out, and comes back whole later', () => {
    const s = new Scenario({ 'd/': '', 'd/f': '1' });
    const node = s.remote.id('d');
    s.pair.dirtyRemote.add(node);
    s.settle({ ...excluding(node), held: approved('local', [node, s.remote.id('d/f')]) });
    s.remote.move('d', 'e').edit('e/f', '2');
    assert.deepEqual(s.settle(excluding(node)).local, {});
    s.pair.dirtyRemote.add(node);
    assert.deepEqual(s.settle().local, { 'e/': '', 'e/f': '2' });
  });

  test('F9 a new local entry at a left-out slot gets a conflict name', () => {
    const s = new Scenario({ 'd/': '', 'd/f': '1', g: 'g' });
    const node = s.remote.id('d');
    s.pair.dirtyRemote.add(node);
    s.settle(excluding(node));
    s.local.create('d/').create('d/mine', '2');
    const { local, remote, cells } = s.settle(excluding(node));
    assert.deepEqual(local, { [`d ${CONFLICT}/`]: '', [`d ${CONFLICT}/mine`]: '2', g: 'g' });
    assert.equal(remote[`d ${CONFLICT}/mine`], '2');
    assert.equal(remote['d/f'], '1');
    assert.ok(cells.has('slot.excluded-keeps-name'));
  });
});

function approved(side: HeldBatch['side'], nodes: readonly NodeId[]): readonly HeldBatch[] {
  return [{ batch: '1', decision: 'approved', side, nodes: new Set(nodes) }];
}

describe('planner scenarios G: gates', () => {
  const many = (count: number): Record<string, string> =>
    Object.fromEntries(Array.from({ length: count }, (_, n) => [`f${1000 + n}`, `${n}`]));
  const all = (s: Scenario): readonly NodeId[] => [...s.pair.base.rows.keys()].sort();

  for (const side of ['local', 'remote'] as const) {
    const at = side === 'local' ? 'remote' : 'local';

    test(`G4 everything deleted on the ${side} side is held; other work goes on`, () => {
      const s = new Scenario(many(30));
      const nodes = all(s);
      for (const path of Object.keys(many(30))) s.actor(side).remove(path);
      s.actor(side).create('new', 'new');
      const { holds, operations } = s.plan({ baseCount: 30 });
      assert.deepEqual(
        holds.map((hold) => ({ ...hold, nodes: [...hold.nodes].sort() })),
        [{ side: at, nodes, of: 30 }],
      );
      assert.equal(operations.length, 1);
    });

    test(`G4 what is held stays held and quiet; approved, it is done; undone, it comes back`, () => {
      for (const decision of ['none', 'approved', 'undone'] as const) {
        const s = new Scenario(many(30));
        const nodes = new Set(all(s));
        for (const path of Object.keys(many(30))) s.actor(side).remove(path);
        const held = [{ batch: '1', decision, side: at, nodes }] as const;
        const settled = s.settle({ baseCount: 30, held });
        const gone = decision === 'undone' ? many(30) : {};
        assert.deepEqual(settled[side], gone);
        assert.deepEqual(settled[at], decision === 'approved' ? {} : many(30));
        assert.deepEqual(
          settled.plans.flatMap(({ holds }) => holds),
          [],
        );
      }
    });
  }

  test('G4 a held file that is edited meanwhile comes back by itself', () => {
    const s = new Scenario(many(30));
    const nodes = new Set(all(s));
    for (const path of Object.keys(many(30))) s.local.remove(path);
    const held: readonly HeldBatch[] = [{ batch: '1', decision: 'none', side: 'remote', nodes }];
    s.remote.edit('f1003', 'edited');
    assert.deepEqual(s.settle({ baseCount: 30, held }).local, { f1003: 'edited' });
  });

  test('what is held in a folder that is restored stays in the trash, and is decided on later', () => {
    const TREE = { 'd/': '', 'd/e/': '', 'd/e/f': '1', 'd/g': '2', h: '3' };
    for (const decision of ['none', 'approved', 'undone'] as const) {
      const s = new Scenario(TREE);
      const nodes = new Set(['d', 'd/e', 'd/e/f', 'd/g'].map((path) => s.remote.id(path)));
      s.remote.remove('d');
      const held: readonly HeldBatch[] = [{ batch: '1', decision: 'none', side: 'local', nodes }];
      s.local.create('d/new', 'new');
      const waiting = s.settle({ held });
      assert.deepEqual(waiting.remote, { 'd/': '', 'd/new': 'new', h: '3' });
      assert.deepEqual(waiting.local, { ...TREE, 'd/new': 'new' });
      for (const node of nodes) s.pair.dirtyRemote.add(node);
      const { local, remote } = s.settle({
        held: [{ batch: '1', decision, side: 'local', nodes }],
      });
      const kept = { 'd/': '', 'd/new': 'new', h: '3' };
      assert.deepEqual(local, decision === 'approved' ? kept : { ...TREE, 'd/new': 'new' });
      assert.deepEqual(remote, decision === 'undone' ? { ...TREE, 'd/new': 'new' } : kept);
    }
  });

  test('a new local file at the slot of a held one waits', () => {
    const s = new Scenario({ f: '1', g: 'g' });
    const held: readonly HeldBatch[] = [
      { batch: '1', decision: 'none', side: 'remote', nodes: new Set([s.remote.id('f')]) },
    ];
    s.local.remove('f').create('f', '2');
    assert.deepEqual(s.plan({ held }).operations, []);
  });

  test('ten or more and more than half are held, nine or just half are not', () => {
    for (const [deleted, of, isHeld] of [
      [9, 10, false],
      [10, 20, false],
      [11, 20, true],
      [10, 19, true],
    ] as const) {
      const s = new Scenario(many(of));
      for (const path of Object.keys(many(deleted))) s.local.remove(path);
      assert.equal(s.plan({ baseCount: of }).holds.length === 1, isHeld, `${deleted} of ${of}`);
    }
  });

  test('more than 500 are held however many there are, and a run is judged whole', () => {
    const s = new Scenario(many(40));
    for (const path of Object.keys(many(40))) s.local.remove(path);
    const run = (remote: number) => ({ baseCount: 1e6, deletionsInRun: { local: 0, remote } });
    const cells = new Set<string>();
    const dirty = s.pair.takeDirty();
    for (const remote of [460, 461]) {
      for (const id of dirty.local) s.pair.dirtyLocal.add(id);
      const { holds } = s.plan(run(remote), (cell) => cells.add(cell));
      assert.equal(holds.length, remote === 461 ? 1 : 0);
    }
    assert.ok(cells.has('hold.count'));
  });

  test('the last file of a root is not deleted without a question', () => {
    const s = new Scenario({ f: '1' });
    s.local.remove('f');
    const cells = new Set<string>();
    assert.equal(s.plan({ baseCount: 1 }, (cell) => cells.add(cell)).holds.length, 1);
    assert.ok(cells.has('hold.root'));
  });

  test('a deleted folder counts with everything in it', () => {
    const inside = Object.fromEntries(Array.from({ length: 11 }, (_, n) => [`d/${n}`, `${n}`]));
    const s = new Scenario({ 'd/': '', ...inside, ...many(8) });
    s.remote.remove('d');
    assert.equal(s.plan({ baseCount: 20 }).holds[0]?.nodes.length, 12);
  });

  test('G5 a rename of everything is no deletion', () => {
    const s = new Scenario(many(40));
    for (const path of Object.keys(many(40))) s.local.move(path, `new ${path}`);
    assert.deepEqual(s.plan({ baseCount: 40 }).holds, []);
  });

  test('G6 new times on everything send no content', () => {
    const s = new Scenario(many(20));
    for (const path of Object.keys(many(20))) s.local.touch(path);
    assert.deepEqual(new Set(kindsOf(s.plan().operations)), new Set(['remote-set-meta']));
  });

  test('G8★ an unreadable node freezes what is below it and nothing else', () => {
    const s = new Scenario({ 'd/': '', 'd/f': '1', 'd/g': '2', 'o/': '', 'o/h': '3' });
    const row = s.pair.remote.get(s.remote.id('d'));
    assert.ok(row);
    s.pair.putRemote({ ...row, state: 'unreadable' });
    s.local.remove('d/f').edit('d/g', 'x').create('d/new', 'n').edit('o/h', 'y');
    const { operations, stalls } = s.plan();
    assert.deepEqual(kindsOf(operations), ['remote-upload']);
    assert.deepEqual(
      stalls.map(({ reason, node }) => [reason, node]),
      [['Undecryptable', row.id]],
    );
  });

  test('G8★ a folder around an unreadable node is not deleted from here, nor made again', () => {
    const s = new Scenario({ 'd/': '', 'd/f': '1', 'd/g': '2' });
    const row = s.pair.remote.get(s.remote.id('d/f'));
    assert.ok(row);
    s.pair.putRemote({ ...row, state: 'unreadable' });
    s.local.remove('d');
    const { operations } = s.plan();
    assert.deepEqual(
      operations.map((each) => [each.kind, 'node' in each && each.node]),
      [['remote-trash', s.remote.id('d/g')]],
    );
  });

  test('G10 an unreadable local folder is unknown, not deleted, and takes nothing in', () => {
    const s = new Scenario({ 'd/': '', 'd/f': '1' });
    setState(s, s.local.id('d'), 'unknown');
    s.remote.edit('d/f', '2').create('d/g', '3');
    assert.deepEqual(s.plan().operations, []);
    const id = [...s.pair.local.rows.values()].find(({ name }) => name === 'd')?.id;
    setState(s, id ?? (0 as LocalId), 'seen');
    for (const node of s.pair.remote.rows.keys()) s.pair.dirtyRemote.add(node);
    assert.deepEqual(s.settle().local, { 'd/': '', 'd/f': '2', 'd/g': '3' });
  });
});
