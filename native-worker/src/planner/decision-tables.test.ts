/** Every cell of the tables of content, place and metadata (engine §5.1-§5.3), in each mode. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Cell } from './cells.ts';
import { CONFLICT, Scenario, type Settled, type TreeOf } from './testing/scenario.ts';
import type { PairMode } from './types.ts';

interface Row {
  readonly cell: Cell;
  readonly claim: string;
  readonly act: (scenario: Scenario) => void;
  /** Remote and local tree in the end; one tree where both are equal. */
  readonly ends: TreeOf | { readonly remote: TreeOf; readonly local: TreeOf };
  readonly kinds?: Settled['kinds'];
}

const BEFORE: TreeOf = { 'd/': '', 'd/f': 'v1', 'e/': '' };
const IDLE: TreeOf = BEFORE;
const WITHOUT: TreeOf = { 'd/': '', 'e/': '' };
const holding = (content: string): TreeOf => ({ ...BEFORE, 'd/f': content });
const at = (path: string, content = 'v1'): TreeOf => sorted({ ...WITHOUT, [path]: content });
const sides = (remote: TreeOf, local: TreeOf) => ({ remote, local });

function sorted(tree: TreeOf): TreeOf {
  return Object.fromEntries(Object.entries(tree).sort(([a], [b]) => (a < b ? -1 : 1)));
}

const L = (act: (actor: Scenario['local']) => void) => (scenario: Scenario) => {
  act(scenario.local);
};
const R = (act: (actor: Scenario['remote']) => void) => (scenario: Scenario) => {
  act(scenario.remote);
};
const both =
  (one: (scenario: Scenario) => void, other: (scenario: Scenario) => void) =>
  (scenario: Scenario) => {
    one(scenario);
    other(scenario);
  };

const editL = L((l) => l.edit('d/f', 'local'));
const editR = R((r) => r.edit('d/f', 'remote'));
const removeL = L((l) => l.remove('d/f'));
const removeR = R((r) => r.remove('d/f'));
const moveL = L((l) => l.move('d/f', 'e/l'));
const moveR = R((r) => r.move('d/f', 'e/r'));
const touchL = L((l) => l.touch('d/f'));
const touchR = R((r) => r.touch('d/f'));
const copy = `d/f ${CONFLICT}`;

const TABLES: Readonly<Record<PairMode, readonly Row[]>> = {
  'two-way': [
    { cell: 'content.same-same', claim: 'nothing is done', act: touchL, ends: IDLE },
    {
      cell: 'content.same-edited',
      claim: 'a remote edit comes down',
      act: editR,
      ends: holding('remote'),
      kinds: ['local-download'],
    },
    {
      cell: 'content.same-deleted',
      claim: 'a remote deletion recycles the local file',
      act: removeR,
      ends: WITHOUT,
      kinds: ['local-recycle'],
    },
    {
      cell: 'content.edited-same',
      claim: 'a local edit goes up',
      act: editL,
      ends: holding('local'),
      kinds: ['remote-upload'],
    },
    {
      cell: 'content.edited-edited-equal',
      claim: 'equal edits are bound',
      act: both(
        editL,
        R((r) => r.edit('d/f', 'local')),
      ),
      ends: holding('local'),
    },
    {
      cell: 'content.edited-edited-different',
      claim: 'the remote content keeps the node and the local one becomes a conflict copy',
      act: both(editL, editR),
      ends: { 'd/': '', 'd/f': 'remote', [copy]: 'local', 'e/': '' },
      kinds: ['local-download', 'local-set-aside'],
    },
    {
      cell: 'content.edited-deleted',
      claim: 'the node is restored with the local content',
      act: both(editL, removeR),
      ends: holding('local'),
      kinds: ['remote-restore'],
    },
    {
      cell: 'content.deleted-same',
      claim: 'a local deletion trashes the remote file',
      act: removeL,
      ends: WITHOUT,
      kinds: ['remote-trash'],
    },
    {
      cell: 'content.deleted-edited',
      claim: 'the remote edit is downloaded again',
      act: both(removeL, editR),
      ends: holding('remote'),
      kinds: ['local-download'],
    },
    {
      cell: 'content.deleted-deleted',
      claim: 'the base row is forgotten',
      act: both(removeL, removeR),
      ends: WITHOUT,
      kinds: ['forget'],
    },
    {
      cell: 'place.moved-same',
      claim: 'the remote node follows the local move',
      act: moveL,
      ends: at('e/l'),
      kinds: ['remote-place'],
    },
    {
      cell: 'place.same-moved',
      claim: 'the local file follows the remote move',
      act: moveR,
      ends: at('e/r'),
      kinds: ['local-place'],
    },
    { cell: 'place.same-same', claim: 'a touch moves nothing', act: touchR, ends: IDLE },
    {
      cell: 'place.moved-moved-equal',
      claim: 'equal moves are bound',
      act: both(
        moveL,
        R((r) => r.move('d/f', 'e/l')),
      ),
      ends: at('e/l'),
      kinds: ['bind'],
    },
    {
      cell: 'place.moved-moved-different',
      claim: 'the remote place wins and the local file is renamed there',
      act: both(moveL, moveR),
      ends: at('e/r'),
      kinds: ['local-place'],
    },
    {
      cell: 'place.moved-deleted',
      claim: 'the node lives at its new local place',
      act: both(moveL, removeR),
      ends: at('e/l'),
      kinds: ['remote-restore'],
    },
    {
      cell: 'place.deleted-moved',
      claim: 'the node lives at its new remote place',
      act: both(removeL, moveR),
      ends: at('e/r'),
      kinds: ['local-download'],
    },
    {
      cell: 'place.moved-edited',
      claim: 'a local move and a remote edit compose',
      act: both(moveL, editR),
      ends: at('e/l', 'remote'),
    },
    {
      cell: 'place.edited-moved',
      claim: 'a local edit and a remote move compose',
      act: both(editL, moveR),
      ends: at('e/r', 'local'),
    },
    { cell: 'meta.same-same', claim: 'equal times need nothing', act: moveL, ends: at('e/l') },
    {
      cell: 'meta.changed-same',
      claim: 'a local touch goes up without content',
      act: touchL,
      ends: IDLE,
      kinds: ['remote-set-meta'],
    },
    {
      cell: 'meta.same-changed',
      claim: 'a remote touch comes down without content',
      act: touchR,
      ends: IDLE,
      kinds: ['local-set-meta'],
    },
    {
      cell: 'meta.changed-changed',
      claim: 'of two touches the remote one wins',
      act: both(touchL, touchR),
      ends: IDLE,
      kinds: ['local-set-meta'],
    },
  ],
  upload: [
    { cell: 'upload.content.same-same', claim: 'nothing is done', act: touchL, ends: IDLE },
    {
      cell: 'upload.content.same-edited',
      claim: 'a remote edit never comes down',
      act: editR,
      ends: sides(holding('remote'), IDLE),
      kinds: [],
    },
    {
      cell: 'upload.content.same-deleted',
      claim: 'what was trashed remotely stays so',
      act: removeR,
      ends: sides(WITHOUT, IDLE),
      kinds: [],
    },
    {
      cell: 'upload.content.edited-same',
      claim: 'a local edit goes up',
      act: editL,
      ends: holding('local'),
      kinds: ['remote-upload'],
    },
    {
      cell: 'upload.content.edited-edited-equal',
      claim: 'equal edits are bound',
      act: both(
        editL,
        R((r) => r.edit('d/f', 'local')),
      ),
      ends: holding('local'),
    },
    {
      cell: 'upload.content.edited-edited-different',
      claim: 'the local content becomes the head, the remote one a version',
      act: both(editL, editR),
      ends: holding('local'),
      kinds: ['remote-upload'],
    },
    {
      cell: 'upload.content.edited-deleted',
      claim: 'a local edit brings back what was trashed',
      act: both(editL, removeR),
      ends: holding('local'),
      kinds: ['remote-restore'],
    },
    {
      cell: 'upload.content.deleted-same',
      claim: 'a local deletion never goes up',
      act: removeL,
      ends: sides(IDLE, WITHOUT),
      kinds: [],
    },
    {
      cell: 'upload.content.deleted-edited',
      claim: 'a remote edit of what was deleted here stays there',
      act: both(removeL, editR),
      ends: sides(holding('remote'), WITHOUT),
      kinds: [],
    },
    {
      cell: 'upload.content.deleted-deleted',
      claim: 'the base row is forgotten',
      act: both(removeL, removeR),
      ends: WITHOUT,
      kinds: ['forget'],
    },
    {
      cell: 'upload.place.moved-same',
      claim: 'a local move goes up',
      act: moveL,
      ends: at('e/l'),
      kinds: ['remote-place'],
    },
    {
      cell: 'upload.place.same-moved',
      claim: 'a remote move never comes down',
      act: moveR,
      ends: sides(at('e/r'), IDLE),
      kinds: [],
    },
    { cell: 'upload.place.same-same', claim: 'a touch moves nothing', act: touchL, ends: IDLE },
    {
      cell: 'upload.place.moved-moved-equal',
      claim: 'equal moves are bound',
      act: both(
        moveL,
        R((r) => r.move('d/f', 'e/l')),
      ),
      ends: at('e/l'),
      kinds: ['bind'],
    },
    {
      cell: 'upload.place.moved-moved-different',
      claim: 'the local place wins',
      act: both(moveL, moveR),
      ends: at('e/l'),
      kinds: ['remote-place'],
    },
    {
      cell: 'upload.place.moved-deleted',
      claim: 'a local move brings back what was trashed',
      act: both(moveL, removeR),
      ends: at('e/l'),
      kinds: ['remote-restore'],
    },
    {
      cell: 'upload.place.moved-edited',
      claim: 'a local move leaves the remote edit there',
      act: both(moveL, editR),
      ends: sides(at('e/l', 'remote'), at('e/l')),
    },
    {
      cell: 'upload.place.edited-moved',
      claim: 'a local edit goes up to where the node is',
      act: both(editL, moveR),
      ends: sides(at('e/r', 'local'), holding('local')),
    },
    {
      cell: 'upload.meta.same-same',
      claim: 'equal times need nothing',
      act: moveL,
      ends: at('e/l'),
    },
    {
      cell: 'upload.meta.changed-same',
      claim: 'a local touch goes up',
      act: touchL,
      ends: IDLE,
      kinds: ['remote-set-meta'],
    },
    {
      cell: 'upload.meta.same-changed',
      claim: 'a remote touch never comes down',
      act: touchR,
      ends: IDLE,
      kinds: [],
    },
    {
      cell: 'upload.meta.changed-changed',
      claim: 'of two touches the local one wins',
      act: both(touchL, touchR),
      ends: IDLE,
      kinds: ['remote-set-meta'],
    },
  ],
  download: [
    { cell: 'download.content.same-same', claim: 'nothing is done', act: touchR, ends: IDLE },
    {
      cell: 'download.content.same-edited',
      claim: 'a remote edit comes down',
      act: editR,
      ends: holding('remote'),
      kinds: ['local-download'],
    },
    {
      cell: 'download.content.same-deleted',
      claim: 'a remote deletion comes down',
      act: removeR,
      ends: WITHOUT,
      kinds: ['local-recycle'],
    },
    {
      cell: 'download.content.edited-same',
      claim: 'a local edit is left alone',
      act: editL,
      ends: sides(IDLE, holding('local')),
      kinds: [],
    },
    {
      cell: 'download.content.edited-edited-equal',
      claim: 'equal edits are bound',
      act: both(
        editL,
        R((r) => r.edit('d/f', 'local')),
      ),
      ends: holding('local'),
    },
    {
      cell: 'download.content.edited-edited-different',
      claim: 'the local edit becomes a conflict copy that stays here',
      act: both(editL, editR),
      ends: sides(holding('remote'), {
        'd/': '',
        'd/f': 'remote',
        [copy]: 'local',
        'e/': '',
      }),
      kinds: ['local-download', 'local-set-aside'],
    },
    {
      cell: 'download.content.edited-deleted',
      claim: 'a local edit of what was trashed is left alone',
      act: both(editL, removeR),
      ends: sides(WITHOUT, holding('local')),
      kinds: [],
    },
    {
      cell: 'download.content.deleted-same',
      claim: 'what was deleted here stays so',
      act: removeL,
      ends: sides(IDLE, WITHOUT),
      kinds: [],
    },
    {
      cell: 'download.content.deleted-edited',
      claim: 'until the remote side changes it',
      act: both(removeL, editR),
      ends: holding('remote'),
      kinds: ['local-download'],
    },
    {
      cell: 'download.content.deleted-deleted',
      claim: 'the base row is forgotten',
      act: both(removeL, removeR),
      ends: WITHOUT,
      kinds: ['forget'],
    },
    {
      cell: 'download.place.moved-same',
      claim: 'a local move is left alone',
      act: moveL,
      ends: sides(IDLE, at('e/l')),
      kinds: [],
    },
    {
      cell: 'download.place.same-moved',
      claim: 'a remote move comes down',
      act: moveR,
      ends: at('e/r'),
      kinds: ['local-place'],
    },
    { cell: 'download.place.same-same', claim: 'a touch moves nothing', act: touchR, ends: IDLE },
    {
      cell: 'download.place.moved-moved-equal',
      claim: 'equal moves are bound',
      act: both(
        moveL,
        R((r) => r.move('d/f', 'e/l')),
      ),
      ends: at('e/l'),
      kinds: ['bind'],
    },
    {
      cell: 'download.place.moved-moved-different',
      claim: 'the remote place wins',
      act: both(moveL, moveR),
      ends: at('e/r'),
      kinds: ['local-place'],
    },
    {
      cell: 'download.place.moved-deleted',
      claim: 'what was moved here is left alone',
      act: both(moveL, removeR),
      ends: sides(WITHOUT, at('e/l')),
      kinds: [],
    },
    {
      cell: 'download.place.deleted-moved',
      claim: 'a remote move brings back what was deleted here',
      act: both(removeL, moveR),
      ends: at('e/r'),
      kinds: ['local-download'],
    },
    {
      cell: 'download.place.moved-edited',
      claim: 'a remote edit reaches the file where it was moved',
      act: both(moveL, editR),
      ends: sides(holding('remote'), at('e/l', 'remote')),
    },
    {
      cell: 'download.place.edited-moved',
      claim: 'an edited file follows the remote move with its content',
      act: both(editL, moveR),
      ends: sides(at('e/r'), at('e/r', 'local')),
    },
    {
      cell: 'download.meta.same-same',
      claim: 'equal times need nothing',
      act: moveR,
      ends: at('e/r'),
    },
    {
      cell: 'download.meta.changed-same',
      claim: 'a local touch is left alone',
      act: touchL,
      ends: IDLE,
      kinds: [],
    },
    {
      cell: 'download.meta.same-changed',
      claim: 'a remote touch comes down',
      act: touchR,
      ends: IDLE,
      kinds: ['local-set-meta'],
    },
    {
      cell: 'download.meta.changed-changed',
      claim: 'of two touches the remote one wins',
      act: both(touchL, touchR),
      ends: IDLE,
      kinds: ['local-set-meta'],
    },
  ],
};

for (const [mode, rows] of Object.entries(TABLES) as [PairMode, readonly Row[]][]) {
  describe(`planner tables in ${mode} mode`, () => {
    for (const { cell, claim, act, ends, kinds } of rows) {
      test(`${cell}: ${claim}`, () => {
        const scenario = new Scenario(BEFORE);
        act(scenario);
        const settled = scenario.settle({ mode });
        assert.ok(settled.cells.has(cell), [...settled.cells].join(' '));
        if (kinds !== undefined) assert.deepEqual(settled.kinds, kinds);
        const { remote, local } =
          'remote' in ends && 'local' in ends ? ends : sides(ends as TreeOf, ends as TreeOf);
        assert.deepEqual(settled.remote, remote);
        assert.deepEqual(settled.local, local);
      });
    }
  });
}

test('planning what is in sync gives nothing, whatever is said to be dirty', () => {
  const scenario = new Scenario(BEFORE);
  const { remote, local } = scenario.pair.allDirty();
  for (const id of remote) scenario.pair.dirtyRemote.add(id);
  for (const id of local) scenario.pair.dirtyLocal.add(id);
  const waiting = { remote: [], local: [] };
  const nothing = { operations: [], holds: [], stalls: [], hashes: [], waiting };
  assert.deepEqual(scenario.plan(), nothing);
});
