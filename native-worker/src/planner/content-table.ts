/**
 * What becomes of a node's content and existence (engine §5.1 and its modes): data. The row of a
 * cell says whether the node is in the planned tree and which side's content it has there.
 */
import type { ContentCell } from './cells.ts';
import type { PairMode } from './types.ts';

export type ContentVerdict =
  /** In the planned tree with the content that it has on both sides, or that stays as it is. */
  | 'keep'
  /** With the local content, which goes up: a revision, or restored with it. */
  | 'local'
  /** With the remote content, which comes down. */
  | 'remote'
  /** Both have it already: the base row follows. */
  | 'agreed'
  /** With the remote content; the local one becomes a conflict copy. */
  | 'conflict'
  /** Not in the planned tree. */
  | 'gone';

export const CONTENT_TABLE: Readonly<
  Record<PairMode, Readonly<Record<ContentCell, ContentVerdict>>>
> = {
  'two-way': {
    'same-same': 'keep',
    'same-edited': 'remote',
    'same-deleted': 'gone',
    'edited-same': 'local',
    'edited-edited-equal': 'agreed',
    'edited-edited-different': 'conflict',
    'edited-deleted': 'local',
    'deleted-same': 'gone',
    'deleted-edited': 'remote',
    'deleted-deleted': 'gone',
  },
  // The planned tree is the remote one: what is kept in it is not made here.
  upload: {
    'same-same': 'keep',
    'same-edited': 'keep',
    'same-deleted': 'gone',
    'edited-same': 'local',
    'edited-edited-equal': 'agreed',
    'edited-edited-different': 'local',
    'edited-deleted': 'local',
    'deleted-same': 'keep',
    'deleted-edited': 'keep',
    'deleted-deleted': 'gone',
  },
  // The planned tree is the local one.
  download: {
    'same-same': 'keep',
    'same-edited': 'remote',
    'same-deleted': 'gone',
    'edited-same': 'keep',
    'edited-edited-equal': 'agreed',
    'edited-edited-different': 'conflict',
    'edited-deleted': 'keep',
    'deleted-same': 'gone',
    'deleted-edited': 'remote',
    'deleted-deleted': 'gone',
  },
};
