/** Every cell of the tables of content, place and metadata (engine §5.1-§5.3) in two-way mode. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  BEFORE,
  WITHOUT,
  holding,
  at,
  L,
  R,
  both,
  editL,
  editR,
  removeL,
  removeR,
  moveL,
  moveR,
  touchL,
  touchR,
  copy,
  runRow,
  type Row,
} from './testing/table-rows.ts';

const ROWS: readonly Row[] = [
  { cell: 'content.same-same', claim: 'nothing is done', act: touchL, ends: BEFORE },
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
  { cell: 'place.same-same', claim: 'a touch moves nothing', act: touchR, ends: BEFORE },
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
    cell: 'content.same-deleted',
    claim: 'what both moved alike is deleted by the deletion there',
    act: both(
      moveL,
      R((r) => {
        r.move('d/f', 'e/l');
        r.remove('e/l');
      }),
    ),
    ends: WITHOUT,
    kinds: ['local-recycle'],
  },
  {
    cell: 'content.deleted-same',
    claim: 'what both moved alike is deleted by the deletion here',
    act: both(
      R((r) => r.move('d/f', 'e/l')),
      L((l) => {
        l.move('d/f', 'e/l');
        l.remove('e/l');
      }),
    ),
    ends: WITHOUT,
    kinds: ['remote-trash'],
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
    ends: BEFORE,
    kinds: ['remote-set-meta'],
  },
  {
    cell: 'meta.same-changed',
    claim: 'a remote touch comes down without content',
    act: touchR,
    ends: BEFORE,
    kinds: ['local-set-meta'],
  },
  {
    cell: 'meta.changed-changed',
    claim: 'of two touches the remote one wins',
    act: both(touchL, touchR),
    ends: BEFORE,
    kinds: ['local-set-meta'],
  },
];

describe('planner tables in two-way mode', () => {
  for (const row of ROWS) {
    test(`${row.cell}: ${row.claim}`, () => {
      const { is, should } = runRow(row, 'two-way');
      assert.deepEqual(is, should);
    });
  }
});
