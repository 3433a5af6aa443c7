/**
 * The names of the decision cells (engine §5). Tables and rules report the cell that they used, so
 * that tests and the simulation can count which ones were reached; the list is closed.
 */
const CONTENT = [
  'same-same',
  'same-edited',
  'same-deleted',
  'edited-same',
  'edited-edited-equal',
  'edited-edited-different',
  'edited-deleted',
  'deleted-same',
  'deleted-edited',
  'deleted-deleted',
] as const;
const PLACE = [
  'same-same',
  'moved-same',
  'same-moved',
  'moved-moved-equal',
  'moved-moved-different',
  'moved-deleted',
  'deleted-moved',
  'moved-edited',
  'edited-moved',
] as const;
const META = ['same-same', 'changed-same', 'same-changed', 'changed-changed'] as const;
const SLOT = [
  'folders-pair',
  'folders-merge',
  'equal-pair',
  'equal-absorb',
  'local-renamed',
  'folder-keeps-name',
  'excluded-keeps-name',
  'numbered-name',
  'escaped-name',
  'cut-name',
  'normalisation-clash',
  'taken',
  'unhashed',
] as const;
const COPY = ['equal', 'version'] as const;
const FOLDER = [
  'recycled-whole',
  'trashed-whole',
  'kept-restored',
  'kept-remade',
  'kept-frozen',
  'moves-with-children-local',
  'moves-with-children-remote',
  'cycle-undone',
] as const;
const NEW = ['local', 'remote', 'purged', 'restored'] as const;
const FROZEN = ['unknown', 'unreadable', 'detached', 'parent'] as const;
const EXCLUSION = ['recycle', 'up-first', 'forget', 'moved-out', 'follows'] as const;
const HOLD = ['count', 'share', 'root', 'pending', 'approved', 'undone'] as const;
const ORDER = [
  'parent-first',
  'delete-before-fill',
  'move-away-before-fill',
  'move-out-before-delete',
  'trash-before-restore',
  'local-before-remote',
  'staged-local',
  'staged-remote',
] as const;

export type ContentCell = (typeof CONTENT)[number];
export type PlaceCell = (typeof PLACE)[number];
export type MetaCell = (typeof META)[number];

export type Cell =
  | `content.${ContentCell}`
  | `upload.content.${ContentCell}`
  | `download.content.${ContentCell}`
  | `place.${PlaceCell}`
  | `upload.place.${PlaceCell}`
  | `download.place.${PlaceCell}`
  | `meta.${MetaCell}`
  | `upload.meta.${MetaCell}`
  | `download.meta.${MetaCell}`
  | `slot.${(typeof SLOT)[number]}`
  | `copy.${(typeof COPY)[number]}`
  | `folder.${(typeof FOLDER)[number]}`
  | `new.${(typeof NEW)[number]}`
  | `frozen.${(typeof FROZEN)[number]}`
  | `exclusion.${(typeof EXCLUSION)[number]}`
  | `hold.${(typeof HOLD)[number]}`
  | `order.${(typeof ORDER)[number]}`;

/** Told each cell that a plan used, as often as it was used. */
export type Trace = (cell: Cell) => void;

const named = <P extends string, N extends string>(prefix: P, names: readonly N[]) =>
  names.map((name): `${P}.${N}` => `${prefix}.${name}`);

/** Every cell there is. */
export const CELLS: readonly Cell[] = [
  ...named('content', CONTENT),
  ...named('upload.content', CONTENT),
  ...named('download.content', CONTENT),
  ...named('place', PLACE),
  ...named('upload.place', PLACE),
  ...named('download.place', PLACE),
  ...named('meta', META),
  ...named('upload.meta', META),
  ...named('download.meta', META),
  ...named('slot', SLOT),
  ...named('copy', COPY),
  ...named('folder', FOLDER),
  ...named('new', NEW),
  ...named('frozen', FROZEN),
  ...named('exclusion', EXCLUSION),
  ...named('hold', HOLD),
  ...named('order', ORDER),
];
