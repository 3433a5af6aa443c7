/** Whose place a node takes (engine §5.2 and its modes), and whose metadata (§5.3): data. */
import type { MetaCell, PlaceCell } from './cells.ts';
import type { PairMode } from './types.ts';

export type Side = 'local' | 'remote';

type BothThere = Exclude<
  PlaceCell,
  'moved-deleted' | 'deleted-moved' | 'moved-edited' | 'edited-moved'
>;

export const PLACE_TABLE: Readonly<Record<PairMode, Readonly<Record<BothThere, Side>>>> = {
  'two-way': {
    'same-same': 'remote',
    'moved-same': 'local',
    'same-moved': 'remote',
    'moved-moved-equal': 'remote',
    'moved-moved-different': 'remote',
  },
  upload: {
    'same-same': 'remote',
    'moved-same': 'local',
    'same-moved': 'remote',
    'moved-moved-equal': 'remote',
    'moved-moved-different': 'local',
  },
  download: {
    'same-same': 'remote',
    'moved-same': 'local',
    'same-moved': 'remote',
    'moved-moved-equal': 'remote',
    'moved-moved-different': 'remote',
  },
};

export const META_TABLE: Readonly<Record<PairMode, Readonly<Record<MetaCell, Side | 'none'>>>> = {
  'two-way': {
    'same-same': 'none',
    'changed-same': 'local',
    'same-changed': 'remote',
    'changed-changed': 'remote',
  },
  upload: {
    'same-same': 'none',
    'changed-same': 'local',
    'same-changed': 'none',
    'changed-changed': 'local',
  },
  download: {
    'same-same': 'none',
    'changed-same': 'none',
    'same-changed': 'remote',
    'changed-changed': 'remote',
  },
};
