/** Every cell of the tables of content, place and metadata (engine §5.1-§5.3) in upload mode. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  BEFORE,
  WITHOUT,
  holding,
  at,
  sides,
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
  runRow,
  type Row,
} from './testing/table-rows.ts';

const ROWS: readonly Row[] = [
  { cell: 'upload.content.same-same', claim: 'nothing is done', act: touchL, ends: BEFORE },
  {
    cell: 'upload.content.same-edited',
    claim: 'a remote edit never comes down',
    act: editR,
    ends: sides(holding('remote'), BEFORE),
    kinds: [],
  },
  {
    cell: 'upload.content.same-deleted',
    claim: 'what was trashed remotely stays so',
    act: removeR,
    ends: sides(WITHOUT, BEFORE),
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
    ends: sides(BEFORE, WITHOUT),
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
    ends: sides(at('e/r'), BEFORE),
    kinds: [],
  },
  { cell: 'upload.place.same-same', claim: 'a touch moves nothing', act: touchL, ends: BEFORE },
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
    cell: 'upload.place.deleted-moved',
    claim: 'what was deleted here stays there, where it was moved',
    act: both(removeL, moveR),
    ends: sides(at('e/r'), WITHOUT),
    kinds: [],
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
    ends: BEFORE,
    kinds: ['remote-set-meta'],
  },
  {
    cell: 'upload.meta.same-changed',
    claim: 'a remote touch never comes down',
    act: touchR,
    ends: BEFORE,
    kinds: [],
  },
  {
    cell: 'upload.meta.changed-changed',
    claim: 'of two touches the local one wins',
    act: both(touchL, touchR),
    ends: BEFORE,
    kinds: ['remote-set-meta'],
  },
];

describe('planner tables in upload mode', () => {
  for (const row of ROWS) {
    test(`${row.cell}: ${row.claim}`, () => {
      const { is, should } = runRow(row, 'upload');
      assert.deepEqual(is, should);
    });
  }
});
