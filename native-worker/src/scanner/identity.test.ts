import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Digest } from '@coffer/protocol/core';
import type { LocalId } from '../planner/types.ts';
import { isSimilarFolder } from '../planner/folder-traits.ts';
import {
  decideFile,
  judgeInode,
  type Candidate,
  type FileFacts,
  type InodeVerdict,
} from './identity.ts';
import type { LocalRow, Sighting } from './local-tree-writer.ts';

const hashOf = (digit: string): Digest => digit.repeat(64) as Digest;

function aRow(change: Partial<LocalRow> = {}): LocalRow {
  return {
    id: 5 as LocalId,
    parent: 1 as LocalId,
    name: 'f',
    kind: 'file',
    ino: 70n,
    birthNs: 100n,
    size: 3,
    mtimeNs: 1000n,
    ctimeNs: 1000n,
    mode: 0o644,
    executable: false,
    sha256: hashOf('a'),
    target: null,
    state: 'seen',
    ...change,
  };
}

function aSighting(change: Partial<Sighting> = {}): Sighting {
  const { kind, ino, birthNs, size, mtimeNs, ctimeNs, mode } = aRow();
  return { kind, ino, birthNs, size, mtimeNs, ctimeNs, mode, ...change };
}

describe('identity by inode', () => {
  const CASES: readonly [string, Partial<Sighting>, Partial<LocalRow>, boolean, InodeVerdict][] = [
    ['rule 1: equal birth time, any content', { size: 9, mtimeNs: 9n }, {}, true, 'same'],
    ['rule 1: another birth time is a reused inode', { birthNs: 101n }, {}, true, 'different'],
    ['K11: another kind is never the same', { kind: 'folder' }, {}, true, 'different'],
    ['another inode is never the same', { ino: 71n }, {}, true, 'different'],
    ['rule 2: equal size and time', { birthNs: 0n }, {}, false, 'same'],
    ['rule 2: an empty file at the same time of writing', { size: 0 }, {}, false, 'same'],
    ['rule 2: an empty file at another time', { size: 0, mtimeNs: 9n }, {}, false, 'different'],
    ['rule 2: another time asks the content', { mtimeNs: 9n }, {}, false, 'ask'],
    ['rule 2: another size is different', { size: 9, mtimeNs: 9n }, {}, false, 'different'],
    [
      'rule 2: a row without hash cannot be asked',
      { mtimeNs: 9n },
      { sha256: null },
      false,
      'different',
    ],
    ['K11: a birth time of 0 in the row is not real', {}, { birthNs: 0n }, true, 'same'],
    [
      'rule 2: a folder is asked for what it holds',
      { kind: 'folder' },
      { kind: 'folder' },
      false,
      'ask',
    ],
    ['rule 2: a link of equal time', { kind: 'symlink' }, { kind: 'symlink' }, false, 'same'],
    [
      'rule 2: a link of another time',
      { kind: 'symlink', mtimeNs: 9n },
      { kind: 'symlink' },
      false,
      'different',
    ],
  ];
  for (const [claim, seen, row, birthtime, verdict] of CASES) {
    test(claim, () => {
      assert.equal(judgeInode(aRow(row), aSighting(seen), birthtime), verdict);
    });
  }
});

describe('identity of folders by what they hold', () => {
  const traits = (...names: readonly string[]) =>
    names.map((name) => ({ name, size: name.length }));
  const CASES: readonly [string, readonly string[], readonly string[], boolean][] = [
    ['all agree', ['a', 'b'], ['a', 'b'], true],
    ['half agree', ['a', 'b'], ['a', 'c'], true],
    ['less than half agree', ['a', 'b', 'c'], ['a', 'd', 'e'], false],
    ['half of the larger one counts', ['a'], ['a', 'b', 'c'], false],
    ['empty folders are alike to none', [], [], false],
  ];
  for (const [claim, a, b, expected] of CASES) {
    test(claim, () => assert.equal(isSimilarFolder(traits(...a), traits(...b)), expected));
  }
  test('a name of another size does not agree', () => {
    assert.equal(isSimilarFolder([{ name: 'a', size: 1 }], [{ name: 'a', size: 2 }]), false);
  });
});

describe('identity of a file at a new slot', () => {
  const row = aRow();
  const candidate = (change: Partial<Candidate> = {}): Candidate => ({
    row,
    place: 'empty',
    verdict: 'same',
    isPaired: true,
    hasWaited: false,
    isTorn: false,
    ...change,
  });
  const facts = (change: Partial<FileFacts> = {}): FileFacts => ({
    name: 'g',
    kind: 'file',
    size: 3,
    sha256: null,
    displaced: undefined,
    displacedMoved: false,
    byInode: [],
    byContent: [],
    ...change,
  });
  const displaced = aRow({ id: 8 as LocalId, name: 'g', ino: 71n });
  const temporary = candidate({ row: aRow({ name: 'g.tmp' }) });
  const content = { sha256: hashOf('a') };

  const CASES: readonly [string, FileFacts, string][] = [
    ['an unknown inode is read first', facts(), 'read'],
    ['unknown inode and content are new', facts(content), 'new'],
    ['an inode whose slot is empty moved', facts({ byInode: [candidate()] }), 'moved 5'],
    [
      'an inode whose slot another has moved',
      facts({ byInode: [candidate({ place: 'taken' })] }),
      'moved 5',
    ],
    [
      'B36 an inode still at its place is a hard link',
      facts({ ...content, byInode: [candidate({ place: 'present' })] }),
      'new link',
    ],
    [
      'of two names the absent one moved',
      facts({
        byInode: [candidate({ place: 'present' }), candidate({ row: aRow({ id: 6 as LocalId }) })],
      }),
      'moved 6',
    ],
    [
      'rule 2 reads where times differ',
      facts({ byInode: [candidate({ verdict: 'ask' })] }),
      'read',
    ],
    [
      'rule 2 with equal content moved',
      facts({ ...content, byInode: [candidate({ verdict: 'ask' })] }),
      'moved 5',
    ],
    [
      'rule 2 with other content is new',
      facts({ sha256: hashOf('b'), byInode: [candidate({ verdict: 'ask' })] }),
      'new',
    ],
    [
      'rule 3: one absent row of this content',
      facts({ ...content, byContent: [candidate()] }),
      'moved 5',
    ],
    [
      'rule 3: two absent rows decide nothing',
      facts({
        ...content,
        byContent: [candidate(), candidate({ row: aRow({ id: 6 as LocalId }) })],
      }),
      'new',
    ],
    [
      'rule 3: never for empty files',
      facts({ ...content, size: 0, byContent: [candidate()] }),
      'new',
    ],
    [
      'rule 3: never for rows that were not synced',
      facts({ ...content, byContent: [candidate({ isPaired: false })] }),
      'new',
    ],
    [
      'S2 another inode at a slot whose own is nowhere is an edit',
      facts({ displaced }),
      'edited 8',
    ],
    [
      'B23 the slot of a file that moved holds a new one',
      facts({ ...content, displaced, displacedMoved: true }),
      'new',
    ],
    [
      'B29 a synced file renamed over another stays itself',
      facts({ displaced, byInode: [candidate()] }),
      'moved 5',
    ],
    [
      'S4 a temporary renamed over a file is an edit of it',
      facts({ displaced, byInode: [temporary] }),
      'edited 8',
    ],
    [
      'a torn temporary that was synced, renamed over a file, stays itself',
      facts({ displaced, byInode: [{ ...temporary, isTorn: true }] }),
      'moved 5',
    ],
    [
      'a torn file that was never synced over another is an edit of it',
      facts({ displaced, byInode: [candidate({ isPaired: false, isTorn: true })] }),
      'edited 8',
    ],
    [
      'a file that was never synced over another is an edit of it',
      facts({ displaced, byInode: [candidate({ isPaired: false })] }),
      'edited 8',
    ],
    [
      'S5 old bytes at a backup name are new when the slot is filled',
      facts({ ...content, name: 'f.bak', byInode: [candidate({ place: 'taken' })] }),
      'new',
    ],
    [
      'S4 old bytes at a backup name wait while the slot is empty',
      facts({ name: 'f.bak', byInode: [candidate()] }),
      'wait',
    ],
    [
      'a backup name whose slot stayed empty moved',
      facts({ name: 'f.bak', byInode: [candidate({ hasWaited: true })] }),
      'moved 5',
    ],
    [
      'a copy at a backup name waits as well',
      facts({ ...content, name: 'f~', byContent: [candidate()] }),
      'wait',
    ],
    [
      'another kind at the slot is no edit',
      facts({ ...content, displaced: aRow({ kind: 'symlink' }) }),
      'new',
    ],
  ];
  for (const [claim, given, expected] of CASES) {
    test(claim, () => {
      const decision = decideFile(given);
      const detail =
        'row' in decision
          ? ` ${decision.row.id}`
          : decision.kind === 'new' && decision.isHardLink
            ? ' link'
            : '';
      assert.equal(decision.kind + detail, expected);
    });
  }
});
