/** Everything that the database holds of one pair, behind one object. */
import { nameKey as nameKeyOf } from '../planner/name-key.ts';
import type { Trees } from '../planner/types.ts';
import { BaseTree } from './base-tree.ts';
import { DirtySet } from './dirty-set.ts';
import type { EngineDatabase } from './engine-database.ts';
import { ExclusionTable } from './exclusion-table.ts';
import { HoldTable } from './hold-table.ts';
import { IntentTable } from './intent-table.ts';
import { LocalTree } from './local-tree.ts';
import type { Pair } from './pair-table.ts';
import { RecycledTable } from './recycled-table.ts';
import { RemoteTree } from './remote-tree.ts';
import { SentChangeTable } from './sent-change-table.ts';
import { StallTable } from './stall-table.ts';

export interface PairTrees {
  readonly db: EngineDatabase;
  readonly remote: RemoteTree;
  readonly local: LocalTree;
  readonly base: BaseTree;
  readonly dirty: DirtySet;
  readonly holds: HoldTable;
  readonly stalls: StallTable;
  readonly intents: IntentTable;
  readonly sent: SentChangeTable;
  readonly recycled: RecycledTable;
  readonly exclusions: ExclusionTable;
  /** The planner's view. Consistent inside `db.reading`. */
  readonly view: Trees;
}

/** `now`: Unix ms. */
export function openPairTrees(db: EngineDatabase, pair: Pair, now: () => number): PairTrees {
  const nameKey = (name: string): string => nameKeyOf(name, pair.caps);
  const dirty = new DirtySet(db, pair.id);
  const stalls = new StallTable(db, pair.id, now);
  const remote = new RemoteTree(db, pair.id, nameKey);
  const base = new BaseTree(db, pair.id, nameKey);
  const local = new LocalTree({
    db,
    pair: pair.id,
    root: pair.rootLocalId,
    nameKey,
    dirty,
    stalls,
  });
  return {
    db,
    remote,
    local,
    base,
    dirty,
    stalls,
    holds: new HoldTable(db, pair.id),
    intents: new IntentTable(db, pair.id),
    sent: new SentChangeTable(db, pair.id),
    recycled: new RecycledTable(db, pair.id),
    exclusions: new ExclusionTable(db, pair.id),
    view: viewOf(pair, { remote, local, base }),
  };
}

function viewOf(
  pair: Pair,
  trees: { readonly remote: RemoteTree; readonly local: LocalTree; readonly base: BaseTree },
): Trees {
  const { remote, local, base } = trees;
  return {
    remoteRoot: pair.remoteRoot,
    localRoot: pair.rootLocalId,
    remote: {
      byId: (id) => remote.byId(id),
      bySlot: (parent, key) => remote.bySlot(parent, key),
      children: (parent) => remote.children(parent),
      copiesOf: (node) => remote.copiesOf(node),
      trashedFiles: (sha256, size) => remote.trashedFiles(sha256, size),
    },
    local: {
      byId: local.byId,
      bySlot: local.bySlot,
      children: local.children,
      byContent: local.byContent,
      copyOf: (id) => local.copyOf(id),
    },
    base: {
      byId: (id) => base.byId(id),
      byLocalId: (id) => base.byLocalId(id),
      bySlot: (parent, key) => base.bySlot(parent, key),
      children: (parent) => base.children(parent),
    },
  };
}
