/** Rules about nodes, versions and items: see `rule-cases.ts`. */
import { concatBytes, NO_PARENT, TREE_DEPTH_MAX, u32be, type NodeId } from '../../core/index.ts';
import { encodeCbor } from '../../codec/index.ts';
import type { Content, ItemRecord, NodeRecord } from '../records.ts';
import { SETTINGS_ITEM } from '../tree-keys.ts';
import type { RuleCase } from './rule-cases.ts';
import { put, remove, replace, type TestSpace } from './test-space.ts';

const kindCases: readonly RuleCase[] = [
  {
    rule: 'kind',
    about: 'makes a symlink of a folder',
    run: (s) => {
      const node = committed(s, s.newNode());
      return {
        valid: s.seal([put(s.revised(node))]),
        broken: s.seal([put(s.revised(node, { kind: 'symlink' }))]),
      };
    },
  },
  {
    rule: 'kind',
    about: 'puts a mount into a shared space',
    kind: 'shared',
    run: (s) => ({
      valid: s.seal([put(s.newNode())]),
      broken: s.seal([put(s.newNode({ kind: 'mount' }))]),
    }),
  },
  {
    rule: 'kind',
    about: 'puts an item into a drive',
    run: (s) => ({ valid: s.seal([put(s.newNode())]), broken: s.seal([put(item(s))]) }),
  },
  {
    rule: 'kind',
    about: 'puts a node into an account space',
    kind: 'account',
    run: (s) => ({ valid: s.seal([put(item(s))]), broken: s.seal([put(s.newNode({ pk: 1 }))]) }),
  },
  {
    rule: 'item',
    about: 'seals an item under an old epoch',
    kind: 'account',
    run: (s) => {
      s.commit(s.newEpoch());
      return { valid: s.seal([put(item(s))]), broken: s.seal([put({ ...item(s), epoch: 1 })]) };
    },
  },
  {
    rule: 'rev',
    about: 'replaces an item under its old revision',
    kind: 'account',
    run: (s) => {
      s.commit([put(item(s))]);
      const next = { ...item(s), rev: 2 };
      return { valid: s.seal([put(next)]), broken: s.seal([put({ ...next, rev: 1 })]) };
    },
  },
];

const shapeCases: readonly RuleCase[] = [
  {
    rule: 'root-folders',
    about: 'adds a third root',
    run: (s) => {
      const root = { tag: null, wrappedKey: null, pk: 0, kr: 1, parent: NO_PARENT };
      return { valid: s.seal([put(s.newNode())]), broken: s.seal([put(s.newNode(root))]) };
    },
  },
  {
    rule: 'root-folders',
    about: 'moves the trash into the root folder',
    run: (s) => {
      const node = committed(s, s.newNode());
      const folder = committed(s, s.newNode());
      const trash = s.node(s.trash);
      return {
        valid: s.seal(replace(node, s.moved(node, folder.id))),
        broken: s.seal(replace(trash, s.moved(trash, s.root))),
      };
    },
  },
  {
    rule: 'root-folders',
    about: 'removes the trash',
    run: (s) => {
      const node = committed(s, s.trashed(committed(s, s.newNode())));
      return { valid: s.seal([remove(node)]), broken: s.seal([remove(s.node(s.trash))]) };
    },
  },
  {
    rule: 'id-unique',
    about: 'leaves a node under its old key too',
    run: (s) => {
      const folder = committed(s, s.newNode());
      const node = committed(s, s.newNode());
      const moved = s.moved(node, folder.id);
      return { valid: s.seal(replace(node, moved)), broken: s.seal([put(moved)]) };
    },
  },
  {
    rule: 'id-unique',
    about: 'makes one id stand in two places',
    run: (s) => {
      const folder = committed(s, s.newNode());
      const node = s.newNode();
      const again = { ...s.newNode({ id: node.id }), parent: folder.id };
      return { valid: s.seal([put(node)]), broken: s.seal([put(node), put(again)]) };
    },
  },
  {
    rule: 'parent',
    about: 'puts a node below nothing',
    run: (s) => {
      const parent = s.newNode();
      const child = s.newNode({ parent: parent.id });
      return { valid: s.seal([put(parent), put(child)]), broken: s.seal([put(child)]) };
    },
  },
  {
    rule: 'parent',
    about: 'puts a node below a file',
    run: (s) => {
      const folder = committed(s, s.newNode());
      const file = committed(s, s.newNode({ kind: 'file' }));
      return {
        valid: s.seal([put(s.newNode({ parent: folder.id }))]),
        broken: s.seal([put(s.newNode({ parent: file.id }))]),
      };
    },
  },
  {
    rule: 'parent',
    about: 'makes a version of a folder',
    run: (s) => {
      const file = committed(s, s.newNode({ kind: 'file' }));
      const folder = committed(s, s.newNode());
      return {
        valid: s.seal([put(s.revised(file)), put(s.version(file))]),
        broken: s.seal([put(s.revised(folder)), put(s.version(folder))]),
      };
    },
  },
  {
    rule: 'left-behind',
    about: 'purges a folder without its child',
    run: (s) => {
      const folder = committed(s, s.newNode());
      const child = committed(s, s.newNode({ parent: folder.id }));
      const gone = committed(s, s.trashed(folder));
      return {
        valid: s.seal([remove(gone), remove(child)]),
        broken: s.seal([remove(gone)]),
      };
    },
  },
  {
    rule: 'left-behind',
    about: 'purges a file without its version',
    run: (s) => {
      const file = committed(s, s.newNode({ kind: 'file' }));
      const next = s.revised(file, { content: s.content() });
      s.commit([put(next), put(s.version(file))]);
      const gone = committed(s, s.trashed(next));
      return {
        valid: s.seal([remove(gone), remove(s.version(file))]),
        broken: s.seal([remove(gone)]),
      };
    },
  },
  {
    rule: 'cycle',
    about: 'moves a folder below itself',
    run: (s) => {
      const upper = committed(s, s.newNode());
      const lower = committed(s, s.newNode({ parent: upper.id }));
      const other = committed(s, s.newNode());
      return {
        valid: s.seal(replace(upper, s.moved(upper, other.id))),
        broken: s.seal(replace(upper, s.moved(upper, lower.id))),
      };
    },
  },
  {
    rule: 'cycle',
    about: 'moves two folders below each other',
    run: (s) => {
      const a = committed(s, s.newNode());
      const b = committed(s, s.newNode());
      const down = replace(a, s.moved(a, b.id));
      return {
        valid: s.seal(down),
        broken: s.seal([...down, ...replace(b, s.moved(b, a.id))]),
      };
    },
  },
  {
    rule: 'depth',
    about: 'puts a node 129 deep',
    run: (s) => {
      let parent = s.root;
      const chain = Array.from({ length: TREE_DEPTH_MAX }, () => {
        const node = s.newNode({ parent });
        parent = node.id;
        return put(node);
      });
      const deepest = put(s.newNode({ parent }));
      return { valid: s.seal(chain), broken: s.seal([...chain, deepest]) };
    },
  },
  {
    rule: 'tag',
    about: 'writes a node without a tag',
    run: (s) => {
      const node = s.newNode();
      return { valid: s.seal([put(node)]), broken: s.seal([put({ ...node, tag: null })]) };
    },
  },
  {
    rule: 'tag',
    about: 'keeps the tag of a deleted node',
    run: (s) => {
      const node = committed(s, s.newNode());
      const gone = s.trashed(node);
      return {
        valid: s.seal(replace(node, gone)),
        broken: s.seal(replace(node, { ...gone, tag: node.tag })),
      };
    },
  },
  {
    rule: 'tag-unique',
    about: 'takes the name of another node',
    run: (s) => {
      committed(s, s.newNode({ name: 'taken' }));
      return {
        valid: s.seal([put(s.newNode({ name: 'free' }))]),
        broken: s.seal([put(s.newNode({ name: 'taken' }))]),
      };
    },
  },
  {
    rule: 'tag-unique',
    about: 'makes two nodes of one name',
    run: (s) => {
      const pair = (name: string) => [put(s.newNode({ name })), put(s.newNode({ name: 'b' }))];
      return { valid: s.seal(pair('a')), broken: s.seal(pair('b')) };
    },
  },
  {
    rule: 'tag-unique',
    about: 'takes a name that only its old holder could have given up',
    run: (s) => {
      const a = committed(s, s.newNode({ name: 'a' }));
      const b = committed(s, s.newNode({ name: 'b' }));
      const asB = put(s.revised(a, { tag: b.tag }));
      const asA = put(s.revised(b, { tag: a.tag }));
      return { valid: s.seal([asA, asB]), broken: s.seal([asB]) };
    },
  },
  {
    rule: 'keep-until',
    about: 'deletes without saying how long it is kept',
    run: (s) => {
      const node = committed(s, s.newNode());
      const gone = s.trashed(node);
      return {
        valid: s.seal(replace(node, gone)),
        broken: s.seal(replace(node, { ...gone, keepUntil: null })),
      };
    },
  },
  {
    rule: 'keep-until',
    about: 'dates a node outside the trash',
    run: (s) => {
      const node = s.newNode();
      return { valid: s.seal([put(node)]), broken: s.seal([put({ ...node, keepUntil: 1 })]) };
    },
  },
  ...(['chunkCount', 'storedBytes'] as const).map((field): RuleCase => ({
    rule: 'content',
    about: `has a page that does not fit its ${field}`,
    run: (s) => {
      const content = inlineContent(s);
      const wrong = { ...content, [field]: content[field] + 1 };
      return {
        valid: s.seal([put(s.newNode({ kind: 'file', content }))]),
        broken: s.seal([put(s.newNode({ kind: 'file', content: wrong }))]),
      };
    },
  })),
  {
    rule: 'content',
    about: 'has more pages than chunks',
    run: (s) => {
      const content = s.content();
      const pages = [...content.pages, ...content.pages];
      const file = s.newNode({ kind: 'file', content });
      const broken = { ...file, content: { ...content, chunkCount: 1, pages } };
      return { valid: s.seal([put(file)]), broken: s.seal([put(broken)]) };
    },
  },
  {
    rule: 'purge',
    about: 'removes a node that was not in the trash',
    run: (s) => {
      const gone = committed(s, s.trashed(committed(s, s.newNode())));
      const node = committed(s, s.newNode());
      return { valid: s.seal([remove(gone)]), broken: s.seal([remove(node)]) };
    },
  },
];

const numberCases: readonly RuleCase[] = [
  {
    rule: 'rev',
    about: 'starts a node at revision 2',
    run: (s) => ({
      valid: s.seal([put(s.newNode())]),
      broken: s.seal([put(s.newNode({ rev: 2 }))]),
    }),
  },
  {
    rule: 'rev',
    about: 'revises a node under its old number',
    run: (s) => {
      const node = committed(s, s.newNode());
      const next = s.revised(node);
      return { valid: s.seal([put(next)]), broken: s.seal([put({ ...next, rev: node.rev })]) };
    },
  },
  {
    rule: 'rev',
    about: 'counts a move as a revision',
    run: (s) => {
      const node = committed(s, s.newNode());
      const folder = committed(s, s.newNode());
      const moved = s.moved(node, folder.id);
      return {
        valid: s.seal(replace(node, moved)),
        broken: s.seal(replace(node, { ...moved, rev: node.rev + 1 })),
      };
    },
  },
  {
    rule: 'kr',
    about: 'numbers a key by a commit that is not there yet',
    run: (s) => ({
      valid: s.seal([put(s.newNode())]),
      broken: s.seal([put(s.newNode({ kr: s.seq }))]),
    }),
  },
  {
    rule: 'kr',
    about: 'numbers a new key below the epoch',
    run: (s) => {
      freshEpoch(s);
      return {
        valid: s.seal([put(s.newNode())]),
        broken: s.seal([put(s.newNode({ kr: 1 }))]),
      };
    },
  },
  {
    rule: 'kr',
    about: 'lets the number of a key fall',
    run: (s) => {
      const node = committed(s, s.newNode());
      const next = s.revised(node, { wrappedKey: s.sealed(105) });
      return {
        valid: s.seal([put({ ...next, kr: node.kr + 1 })]),
        broken: s.seal([put({ ...next, kr: node.kr - 1 })]),
      };
    },
  },
  {
    rule: 'kr',
    about: 'changes the number of a key under the same meta',
    run: (s) => {
      const node = committed(s, s.newNode());
      const rekeyed = { ...node, kr: node.kr + 1, wrappedKey: s.sealed(105) };
      return { valid: s.seal([put(s.revised(rekeyed))]), broken: s.seal([put(rekeyed)]) };
    },
  },
  {
    rule: 'kr',
    about: 'gives the root folder a number that is no epoch',
    run: (s) => {
      s.commit(s.newEpoch());
      const root = s.revised(s.node(s.root));
      const { epoch } = s.spaceRecord();
      return {
        valid: s.seal([put({ ...root, kr: epoch })]),
        broken: s.seal([put({ ...root, kr: epoch + 1 })]),
      };
    },
  },
  {
    rule: 'cut',
    about: 'cuts a node at another commit',
    run: (s) => {
      const node = committed(s, s.newNode());
      const next = s.revised(node, { wrappedKey: s.sealed(105) });
      return {
        valid: s.seal([put({ ...next, kr: s.seq, cut: s.seq })]),
        broken: s.seal([put({ ...next, kr: s.head.seq, cut: s.head.seq })]),
      };
    },
  },
  {
    rule: 'cut',
    about: 'cuts a node without giving it a key',
    run: (s) => {
      const node = committed(s, s.newNode());
      const next = s.revised(node, { cut: s.seq, wrappedKey: s.sealed(105) });
      return { valid: s.seal([put({ ...next, kr: s.seq })]), broken: s.seal([put(next)]) };
    },
  },
  {
    rule: 'pk',
    about: 'wraps a new node under another key than its folder has',
    run: (s) => {
      const folder = committed(s, s.newNode());
      return {
        valid: s.seal([put(s.newNode({ parent: folder.id }))]),
        broken: s.seal([put(s.newNode({ parent: folder.id, pk: folder.kr + 1 }))]),
      };
    },
  },
  {
    rule: 'pk',
    about: 'deletes under an old epoch',
    run: (s) => {
      const node = committed(s, s.newNode());
      s.commit(s.newEpoch());
      const gone = s.trashed(node);
      return {
        valid: s.seal(replace(node, gone)),
        broken: s.seal(replace(node, { ...gone, pk: 1 })),
      };
    },
  },
  {
    rule: 'pk',
    about: 'revises a child that its rotated folder left behind',
    run: (s) => {
      const folder = committed(s, s.newNode());
      const child = committed(s, s.newNode({ parent: folder.id }));
      const rotated = s.revised(folder, { kr: s.head.seq, wrappedKey: s.sealed(105) });
      s.commit([put(rotated)]);
      const next = s.revised(child, { pk: rotated.kr, wrappedKey: s.sealed(105) });
      return { valid: s.seal([put(next)]), broken: s.seal([put(s.revised(child))]) };
    },
  },
  {
    rule: 'wrapped-key',
    about: 'moves a node under its old wrap',
    run: (s) => {
      const node = committed(s, s.newNode());
      const folder = committed(s, s.newNode());
      const moved = s.moved(node, folder.id);
      return {
        valid: s.seal(replace(node, moved)),
        broken: s.seal(replace(node, { ...moved, wrappedKey: node.wrappedKey })),
      };
    },
  },
  {
    rule: 'wrapped-key',
    about: 'writes a node without a key',
    run: (s) => {
      const node = s.newNode();
      return { valid: s.seal([put(node)]), broken: s.seal([put({ ...node, wrappedKey: null })]) };
    },
  },
  {
    rule: 'wrapped-key',
    about: 'gives the root folder a wrapped key',
    run: (s) => {
      const root = s.revised(s.node(s.root));
      const wrappedKey = s.sealed(105);
      return { valid: s.seal([put(root)]), broken: s.seal([put({ ...root, wrappedKey })]) };
    },
  },
  {
    rule: 'rotation',
    about: 'writes content under a dead key',
    run: (s) => {
      const file = committed(s, s.newNode({ kind: 'file' }));
      freshEpoch(s);
      const pk = s.spaceRecord().epoch;
      const next = s.revised(file, { content: s.content(), wrappedKey: s.sealed(105), pk });
      return { valid: s.seal([put({ ...next, kr: s.head.seq })]), broken: s.seal([put(next)]) };
    },
  },
  {
    rule: 'rotation',
    about: 'puts a node into a folder with a dead key',
    run: (s) => {
      const folder = committed(s, s.newNode());
      freshEpoch(s);
      const kr = s.head.seq;
      const pk = s.spaceRecord().epoch;
      const rotated = s.revised(folder, { kr, pk, wrappedKey: s.sealed(105) });
      const child = s.newNode({ parent: folder.id });
      return {
        valid: s.seal([put(rotated), put({ ...child, pk: kr })]),
        broken: s.seal([put(child)]),
      };
    },
  },
  {
    rule: 'rotation',
    about: 'restores a node below a cut that its folder has not followed',
    run: (s) => {
      const upper = committed(s, s.newNode());
      const lower = committed(s, s.newNode({ parent: upper.id }));
      const gone = committed(s, s.trashed(committed(s, s.newNode())));
      const kr = s.seq;
      s.commit([put(s.revised(upper, { kr, cut: kr, wrappedKey: s.sealed(105) }))]);
      const fresh = { kr: s.head.seq, keepUntil: null };
      const back = (parent: NodeId) => s.revised(s.moved(gone, parent, fresh));
      return {
        valid: s.seal(replace(gone, back(upper.id))),
        broken: s.seal(replace(gone, back(lower.id))),
      };
    },
  },
];

const versionCases: readonly RuleCase[] = [
  versionCase('keeps other content than was replaced', (s) => ({ content: s.content() })),
  versionCase('keeps other meta than was replaced', (s) => ({ meta: s.sealed() })),
  versionCase('names another key than was replaced', () => ({ kr: 0 })),
  versionCase('names another author than was replaced', (s) => ({ by: s.join('editor').account })),
  versionCase('dates a version otherwise than its commit', () => ({ time: 4999 })),
  {
    rule: 'version',
    about: 'makes a version of what stays',
    run: (s) => {
      const file = committed(s, s.newNode({ kind: 'file' }));
      const version = put(s.version(file));
      return { valid: s.seal([put(s.revised(file)), version]), broken: s.seal([version]) };
    },
  },
  {
    rule: 'version',
    about: 'changes a version',
    run: (s) => {
      const file = committed(s, s.newNode({ kind: 'file' }));
      const version = s.version(file);
      s.commit([put(s.revised(file)), put(version)]);
      return {
        valid: s.seal([remove(version)]),
        broken: s.seal([put({ ...version, keepUntil: 1 })]),
      };
    },
  },
];

export const NODE_CASES: readonly RuleCase[] = [
  ...kindCases,
  ...shapeCases,
  ...numberCases,
  ...versionCases,
];

function versionCase(
  about: string,
  change: (space: TestSpace) => Partial<ReturnType<TestSpace['version']>>,
): RuleCase {
  return {
    rule: 'version',
    about,
    run: (s) => {
      const file = committed(s, s.newNode({ kind: 'file' }));
      const difference = change(s);
      const next = put(s.revised(file, { content: s.content() }));
      return {
        valid: s.seal([next, put(s.version(file))]),
        broken: s.seal([next, put(s.version(file, difference))]),
      };
    },
  };
}

function committed(space: TestSpace, node: NodeRecord): NodeRecord {
  const before = space.view.findNode(node.id);
  space.commit(before === undefined ? [put(node)] : replace(space.node(node.id), node));
  return node;
}

/** A new epoch, and the root folder with its key. */
function freshEpoch(space: TestSpace): void {
  const root = space.revised(space.node(space.root), { kr: space.seq });
  space.commit([...space.newEpoch(), put(root)]);
}

function item(space: TestSpace): ItemRecord {
  const { epoch, space: id } = space.spaceRecord();
  return { type: 'item', space: id, id: SETTINGS_ITEM, rev: 1, sealed: space.sealed(), epoch };
}

/** Content of two chunks, whose page stands in the record. */
function inlineContent(space: TestSpace): Content {
  const entries = [300, 400].map((length) =>
    concatBytes(space.suite.randomBytes(32), u32be(length)),
  );
  const inlinePage = encodeCbor([1, 1, concatBytes(...entries), space.sealed(145)]);
  return { storedBytes: 700, chunkCount: 2, inlinePage, pages: [] };
}
