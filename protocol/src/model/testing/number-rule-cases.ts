/** Rules about numbers, rotation and versions: see `rule-cases.ts`. */
import type { NodeId } from '../../core/index.ts';
import { committed, freshEpoch } from './node-builders.ts';
import type { RuleCase } from './rule-cases.ts';
import { put, remove, replace, type TestSpace } from './test-space.ts';

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

export const NUMBER_CASES: readonly RuleCase[] = [...numberCases, ...versionCases];

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
