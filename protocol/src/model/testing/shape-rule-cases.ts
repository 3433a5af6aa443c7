/** Rules about the shape of the tree of nodes: see `rule-cases.ts`. */
import { NO_PARENT, TREE_DEPTH_MAX } from '../../core/index.ts';
import { committed, inlineContent, inlinePageOf, item } from './node-builders.ts';
import type { RuleCase } from './rule-cases.ts';
import { put, remove, replace } from './test-space.ts';

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
  // What its readers could not open is refused by all who judge (§5).
  ...(
    [
      ['names a chunk of a length that none is stored with', [309, 356], 145],
      ['has a sealed half of another length', [308, 356], 146],
      ['names more chunks than a page in a record may', Array<number>(33).fill(308), 33 * 36 + 73],
    ] as const
  ).map(([about, lengths, sealedBytes]): RuleCase => ({
    rule: 'content',
    about: `has a page that ${about}`,
    run: (s) => {
      const storedBytes = lengths.reduce((sum, length) => sum + length, 0);
      const inlinePage = inlinePageOf(s, lengths, sealedBytes);
      const wrong = { storedBytes, chunkCount: lengths.length, inlinePage, pages: [] };
      return {
        valid: s.seal([put(s.newNode({ kind: 'file', content: inlineContent(s) }))]),
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

export const SHAPE_CASES: readonly RuleCase[] = [...kindCases, ...shapeCases];
