/**
 * Goal: no commit that is accepted, however odd, breaks what is true of every state. Random edits, many
 * of them wrong, go several at a time into commits; whatever the judge lets through is applied and the
 * whole state is checked.
 */
import assert from 'node:assert/strict';
import test from 'node:test';
import * as fc from 'fast-check';
import type { NodeId } from '../../core/index.ts';
import { createNodeOpenSuite } from '../../suites/node-open.ts';
import { createNodeVerifySuite } from '../../suites/node-verify.ts';
import { createSeededRandom } from '../../suites/seeded-random.ts';
import type { RecordChange } from '../commit.ts';
import type { NodeRecord, TreeKey } from '../records.ts';
import { brokenInvariant } from '../testing/space-invariants.ts';
import { put, remove, TestSpace } from '../testing/test-space.ts';
import { planTreeUpdate } from '../tree.ts';

const suite = await createNodeOpenSuite(
  createSeededRandom(createNodeVerifySuite().sha256, 'invariants'),
);

const EDITS = [
  'folder',
  'file',
  'folder',
  'file',
  'rename',
  'write',
  'move',
  'trash',
  'restore',
  'purge',
  'rotate',
  'wild',
  'copy',
] as const;

interface Edit {
  readonly kind: (typeof EDITS)[number] | 'epoch';
  readonly a: number;
  readonly b: number;
}

const edit: fc.Arbitrary<Edit> = fc.record({
  kind: fc.oneof(
    { weight: 20, arbitrary: fc.constantFrom(...EDITS) },
    { weight: 1, arbitrary: fc.constant('epoch' as const) },
  ),
  a: fc.nat(1000),
  b: fc.nat(1000),
});
const history = fc.array(fc.array(edit, { minLength: 1, maxLength: 2 }), {
  minLength: 10,
  maxLength: 40,
});

const WILD: readonly ((node: NodeRecord, b: number) => Partial<NodeRecord>)[] = [
  (node) => ({ rev: node.rev + 1 }),
  (_, b) => ({ kr: b % 12 }),
  (_, b) => ({ pk: b % 12 }),
  (_, b) => ({ cut: b % 12 }),
  (_, b) => ({ keepUntil: b % 2 === 0 ? b : null }),
  () => ({ tag: null }),
  () => ({ wrappedKey: null }),
  (_, b) => ({ kind: b % 2 === 0 ? 'folder' : 'mount', content: null }),
];

/** The changes of one commit, a later edit over an earlier one. */
class Edits {
  readonly changes = new Map<TreeKey, RecordChange>();
  readonly #space: TestSpace;
  readonly #ids: readonly NodeId[];

  constructor(space: TestSpace, ids: readonly NodeId[]) {
    this.#space = space;
    this.#ids = ids;
  }

  add({ kind, a, b }: Edit, made: NodeId[]): void {
    const s = this.#space;
    const node = s.node(this.#pick(a, this.#ids.slice(2)));
    const target = this.#pick(b, this.#folders());
    switch (kind) {
      case 'folder':
      case 'file': {
        const name = `n${b % 16}`;
        const created = s.newNode({ kind, parent: this.#pick(a, this.#folders()), name });
        made.push(created.id);
        return this.#put(created);
      }
      case 'rename':
        return this.#put(s.revised(node, { tag: s.tag(`n${b % 16}`) }));
      case 'write':
        if (node.kind === 'file' && b % 2 === 0) this.#row(put(s.version(node)));
        return this.#put(s.revised(node, node.content === null ? {} : { content: s.content() }));
      case 'move':
        return this.#move(node, s.moved(node, target));
      case 'trash':
        return this.#move(node, s.trashed(node));
      case 'restore':
        return this.#move(node, s.revised(s.moved(node, target, { keepUntil: null })));
      case 'purge':
        return this.#row(remove(node));
      case 'rotate': {
        const wrappedKey = s.sealed(105);
        const pk = s.view.findNode(node.parent) === undefined ? 0 : s.node(node.parent).kr;
        const cut = b % 3 === 0 ? s.seq : node.cut;
        return this.#put(
          s.revised(node, { kr: b % 3 === 0 ? s.seq : s.head.seq, cut, pk, wrappedKey }),
        );
      }
      case 'epoch': {
        const root = s.revised(s.node(s.root), { kr: s.seq });
        for (const row of s.newEpoch()) this.#row(row);
        return this.#put(root);
      }
      case 'wild':
        return this.#put({ ...s.revised(node), ...WILD[b % WILD.length]?.(node, a) });
      case 'copy':
        return this.#put(s.moved(node, target));
    }
  }

  /** One of `likely`; of all in one case of eight. */
  #pick(n: number, likely: readonly NodeId[]): NodeId {
    const from = n % 8 === 0 || likely.length === 0 ? this.#ids : likely;
    return from[n % from.length] ?? this.#space.root;
  }

  /** Folders outside of the trash itself. */
  #folders(): readonly NodeId[] {
    const { trash } = this.#space;
    return this.#ids.filter((id) => id !== trash && this.#space.node(id).kind === 'folder');
  }

  #move(old: NodeRecord, next: NodeRecord): void {
    this.#row(remove(old));
    this.#put(next);
  }

  #put(node: NodeRecord): void {
    const isFile = node.kind === 'file';
    const content = isFile ? (node.content ?? this.#space.content()) : null;
    this.#row(put({ ...node, content }));
  }

  #row(row: RecordChange): void {
    this.changes.set(row[0], row);
  }
}

test('whatever is accepted keeps what is true of every state', () => {
  let accepted = 0;
  let refused = 0;
  fc.assert(
    fc.property(history, (commits) => {
      const space = new TestSpace(suite);
      let ids: readonly NodeId[] = [space.root, space.trash];
      for (const edits of commits) {
        const made: NodeId[] = [];
        const changes = new Edits(space, ids);
        for (const one of edits) changes.add(one, made);
        const judged = space.judge(space.seal([...changes.changes.values()]));
        if (!judged.ok) {
          refused++;
          continue;
        }
        accepted++;
        space.view.apply(judged.value.change);
        space.head = judged.value.head;
        assert.equal(brokenInvariant(space), undefined);
        ids = [...ids, ...made].filter((id) => space.view.findNode(id) !== undefined);
      }
    }),
    { numRuns: 60 },
  );
  assert.ok(accepted > 300, `${accepted} accepted`);
  assert.ok(refused > 300, `${refused} refused`);
});

test('the check of the whole state sees what no rule would let through', () => {
  const planted: readonly ((space: TestSpace, node: NodeRecord) => RecordChange)[] = [
    (_, node) => put({ ...node, tag: null }),
    (_, node) => put({ ...node, wrappedKey: null }),
    (_, node) => put({ ...node, keepUntil: 1 }),
    (_, node) => put({ ...node, kr: 99 }),
    (space, node) => put(space.newNode({ name: 'n', tag: node.tag })),
    (space) => put(space.newNode({ parent: space.newId() })),
    (space) => put(space.newNode({ kind: 'file', parent: space.root, pk: 9 })),
    (space, node) => put({ ...node, parent: space.trash }),
    (space, node) => put(space.version(node)),
    (space) => remove(space.node(space.trash)),
    (space) => put({ ...space.member(space.owner), role: 'manager' }),
    (space) => put({ ...space.member(space.owner), epoch: 7 }),
  ];
  for (const plant of planted) {
    const space = new TestSpace(suite);
    const node = space.newNode({ name: 'n' });
    space.commit([put(node)]);
    assert.equal(brokenInvariant(space), undefined);
    const records = [plant(space, node)];
    const { root, treeNodes } = planTreeUpdate(suite, space.view, records);
    space.view.apply({ records, treeNodes });
    space.head = { ...space.head, root };
    assert.notEqual(brokenInvariant(space), undefined, plant.toString());
  }
});
