/** Every cell of the tables of content, place and metadata (engine §5.1-§5.3) in download mode. */
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
  copy,
  runRow,
  type Row,
} from './testing/table-rows.ts';

const ROWS: readonly Row[] = [
  { cell: 'download.content.same-same', claim: 'nothing is done', act: touchR, ends: BEFORE },
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
    ends: sides(BEFORE, holding('local')),
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
    ends: sides(BEFORE, WITHOUT),
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
    ends: sides(BEFORE, at('e/l')),
    kinds: [],
  },
  {
    cell: 'download.place.same-moved',
    claim: 'a remote move comes down',
    act: moveR,
    ends: at('e/r'),
    kinds: ['local-place'],
  },
  { cell: 'download.place.same-same', claim: 'a touch moves nothing', act: touchR, ends: BEFORE },
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
    ends: BEFORE,
    kinds: [],
  },
  {
    cell: 'download.meta.same-changed',
    claim: 'a remote touch comes down',
    act: touchR,
    ends: BEFORE,
    kinds: ['local-set-meta'],
  },
  {
    cell: 'download.meta.changed-changed',
    claim: 'of two touches the remote one wins',
    act: both(touchL, touchR),
    ends: BEFORE,
    kinds: ['local-set-meta'],
  },
];

describe('planner tables in download mode', () => {
  for (const row of ROWS) {
    test(`${row.cell}: ${row.claim}`, () => {
      const { is, should } = runRow(row, 'download');
      assert.deepEqual(is, should);
    });
  }
});
