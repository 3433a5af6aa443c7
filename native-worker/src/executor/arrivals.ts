/**
 * Entries that are about to get their names, or just did, written down with the rows that they will
 * have. After a power cut, or the end of the process, between the name and its rows nobody would know
 * them: a scan would take them for new, and where their nodes moved meanwhile they would go up once more
 * (engine §2, §6).
 */
import type { BaseNode, LocalId, OperationId } from '../planner/types.ts';
import type { EntryStat } from '../ports/index.ts';
import { judgeInode } from '../scanner/identity.ts';
import type { LocalRow } from '../scanner/local-tree-writer.ts';
import type { Intent, PairTrees } from '../trees/index.ts';
import { agreeOnFolder } from './agreement.ts';
import { folderOf } from './local-paths.ts';

/** One entry, and where it goes. */
export interface Arrival {
  readonly parent: LocalId;
  /** Relative to the root. */
  readonly path: string;
  /** The staged file, or the folder that was made; null for a link, which is made in its place. */
  readonly stat: Pick<EntryStat, 'ino' | 'birthNs'> | null;
  /** True when it takes the place of an entry that both sides agreed on. */
  readonly replaces: boolean;
  /** True for a folder that was deleted here and comes back with what was in it. */
  readonly whole: boolean;
  /** What both sides agree on once it is there. */
  readonly agreed: BaseNode;
}

type WrittenNode = Omit<BaseNode, 'localMtimeNs'> & { readonly localMtimeNs: string };

/** As it stands in the intent: numbers that JSON cannot hold in decimal. */
interface WrittenArrival {
  readonly parent: LocalId;
  readonly path: string;
  readonly ino: string | null;
  readonly birthNs: string | null;
  readonly replaces: boolean;
  readonly whole: boolean;
  readonly agreed: WrittenNode;
}

/** One intent for all of a barrier: a row of its own for each would cost as much as the base rows. */
export function arrivalsIntent(
  id: OperationId,
  arrivals: readonly Arrival[],
  atMs: number,
): Intent {
  const detail = JSON.stringify(arrivals.map(writtenOf));
  const nobody = { node: null, local: null, from: '', to: '', staged: null };
  return { id, kind: 'arrive', ...nobody, detail, atMs };
}

function writtenOf({ parent, path, stat, replaces, whole, agreed }: Arrival): WrittenArrival {
  return {
    parent,
    path,
    ino: stat === null ? null : stat.ino.toString(),
    birthNs: stat === null ? null : stat.birthNs.toString(),
    replaces,
    whole,
    agreed: { ...agreed, localMtimeNs: agreed.localMtimeNs.toString() },
  };
}

function arrivalsOf({ detail }: Intent): readonly Arrival[] {
  return (JSON.parse(detail) as readonly WrittenArrival[]).map(({ ino, birthNs, ...rest }) => ({
    ...rest,
    stat: ino === null ? null : { ino: BigInt(ino), birthNs: BigInt(birthNs ?? 0) },
    agreed: { ...rest.agreed, localMtimeNs: BigInt(rest.agreed.localMtimeNs) },
  }));
}

/** Folders whose names must be durable before the rows tell of them; relative to the root. */
export function foldersOfArrivals(intent: Intent): readonly string[] {
  return arrivalsOf(intent).map(({ path }) => (path.includes('/') ? folderOf(path) : ''));
}

/** What is in a slot of the pair's disk now; paths are relative to the root. */
export interface Slots {
  readonly stat: (path: string) => EntryStat | undefined;
  /** The text of a symbolic link. */
  readonly target: (path: string) => string;
  /** True where the disk keeps birth times. */
  readonly birthtime: boolean;
}

/**
 * Writes the rows of what is in its slot; what is not there is fetched again. Each is read at the next
 * look: somebody may have written to it since. To be called in a transaction.
 */
export function settleArrivals(trees: PairTrees, intent: Intent, slots: Slots): void {
  for (const arrival of arrivalsOf(intent)) {
    const stat = slots.stat(arrival.path);
    const row = stat === undefined ? undefined : rowOf(arrival, stat);
    if (stat !== undefined && row !== undefined && isThere(arrival, row, stat, slots)) {
      writeRows(trees, arrival, { ...row, ino: stat.ino, birthNs: stat.birthNs });
    }
    trees.dirty.markRemote(arrival.agreed.id);
  }
}

/** The entry as it was in staging, which somebody may have changed since. */
function rowOf({ parent, stat: staged, agreed }: Arrival, stat: EntryStat): LocalRow {
  return {
    id: agreed.localId,
    parent,
    name: agreed.localName,
    kind: agreed.kind,
    ino: (staged ?? stat).ino,
    birthNs: (staged ?? stat).birthNs,
    size: agreed.size,
    mtimeNs: agreed.kind === 'file' ? agreed.localMtimeNs : stat.mtimeNs,
    ctimeNs: 0n,
    mode: stat.mode,
    executable: agreed.executable,
    sha256: agreed.sha256,
    target: agreed.target,
    state: 'seen',
  };
}

/** A link has no inode before it is there: its text says that it is the one. */
function isThere(
  { stat: staged, path, agreed }: Arrival,
  row: LocalRow,
  stat: EntryStat,
  slots: Slots,
): boolean {
  const { type } = stat;
  if (type === 'special' || type !== agreed.kind) return false;
  if (staged === null) return type === 'symlink' && slots.target(path) === agreed.target;
  const verdict = judgeInode(row, { ...stat, kind: type }, slots.birthtime);
  return verdict === 'same' || (verdict === 'ask' && type === 'folder');
}

function writeRows(trees: PairTrees, arrival: Arrival, row: LocalRow): void {
  const { agreed, replaces, whole } = arrival;
  const base = trees.base.byId(agreed.id);
  trees.local.upsert(row);
  const now = { ...agreed, localMtimeNs: row.mtimeNs };
  if (agreed.kind === 'folder') {
    agreeOnFolder(trees, now, whole);
  } else if (!replaces) {
    trees.base.put(now);
  } else if (base?.localId === row.id) {
    const { parent, name, localName } = base;
    trees.base.put({ ...now, parent, name, localName });
  }
}
