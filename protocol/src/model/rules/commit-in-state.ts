/**
 * A commit between its old state and its end state: every changed record decoded on both sides, nodes
 * matched by id. Rules read this and nothing else.
 */
import {
  FormatError,
  NO_PARENT,
  type AccountId,
  type Bytes,
  type CommitId,
  type NodeId,
  type SpaceId,
} from '../../core/index.ts';
import type { VerifySuite } from '../../crypto/index.ts';
import type { CommitHeader, RecordChange } from '../commit.ts';
import type { KeyChain } from '../key-chain.ts';
import { decodeRecord } from '../record-codec.ts';
import type {
  ItemRecord,
  MemberRecord,
  NameTag,
  NodeRecord,
  SpaceRecord,
  SpaceStateRecord,
  TreeKey,
  VersionRecord,
} from '../records.ts';
import { rootFolderId, trashId } from '../space-id.ts';
import type { StateView } from '../state-view.ts';
import { memberKey, SPACE_KEY } from '../tree-keys.ts';
import { Lineages } from './lineage.ts';

/** A record on both sides of a commit; undefined where it is absent. */
export interface Change<R extends SpaceStateRecord> {
  readonly old: R | undefined;
  readonly next: R | undefined;
}

/** A changed row: its key, and the bytes on both sides. */
export interface RowChange {
  readonly key: TreeKey;
  readonly oldBytes: Bytes | undefined;
  readonly nextBytes: Bytes | null;
}

export interface NodeChange extends Change<NodeRecord> {
  readonly id: NodeId;
}

export interface CommitInState {
  readonly suite: VerifySuite;
  readonly view: StateView;
  readonly header: CommitHeader;
  readonly id: CommitId;
  readonly space: SpaceId;
  readonly rootFolder: NodeId;
  readonly trash: NodeId;
  readonly chains: (account: AccountId) => KeyChain | undefined;

  readonly rows: readonly RowChange[];
  /** All changed records in key order. */
  readonly changes: readonly Change<SpaceStateRecord>[];
  /** Changed nodes: one entry per id, whatever keys it stood and stands under. */
  readonly nodes: readonly NodeChange[];
  readonly nodeById: ReadonlyMap<NodeId, NodeChange>;
  /** Ids that more than one new record claims. */
  readonly claimedTwice: readonly NodeId[];
  readonly versions: readonly Change<VersionRecord>[];
  readonly members: readonly Change<MemberRecord>[];
  readonly items: readonly Change<ItemRecord>[];
  readonly spaceChange: Change<SpaceRecord> | undefined;

  readonly oldSpace: SpaceRecord | undefined;
  /** The space record in the end state; the old one where a commit (wrongly) removes it. */
  readonly endSpace: SpaceRecord;
  /** This commit makes an epoch, or sets the cut of a node. */
  readonly setsEpoch: boolean;
  readonly setsCut: boolean;
  /** The signer's member record in the old state. */
  readonly signer: MemberRecord | undefined;

  readonly isRemoved: (key: TreeKey) => boolean;
  readonly endNode: (id: NodeId) => NodeRecord | undefined;
  /** Children of `parent` that carry `tag` in the end state, among new records and one old one. */
  readonly endTagHolders: (parent: NodeId, tag: NameTag) => readonly NodeId[];
  readonly oldLineages: Lineages;
  readonly endLineages: Lineages;
}

export interface CommitParts {
  readonly suite: VerifySuite;
  readonly view: StateView;
  readonly header: CommitHeader;
  readonly id: CommitId;
  readonly space: SpaceId;
  readonly chains: (account: AccountId) => KeyChain | undefined;
  readonly records: readonly RecordChange[];
}

/** Decodes all that `parts` change; throws FormatError when a record does not decode. */
export function placeCommit(parts: CommitParts): CommitInState {
  const { suite, view, header, space, records } = parts;
  const rows = records.map(([key, nextBytes]): RowChange => {
    return { key, oldBytes: view.getRecord(key), nextBytes };
  });
  const changes = rows.map(decodeChange);
  const sorted = sortChanges(changes);
  const oldSpace = sorted.space?.old ?? readSpace(view);
  const endSpace = sorted.space?.next ?? oldSpace;
  if (endSpace === undefined) throw new FormatError('there is no space record');
  const { nodeById, claimedTwice } = matchNodes(sorted.nodes);
  const nodes = [...nodeById.values()];
  const trash = trashId(suite, space);
  const oldNode = createOldNodeLookup(view, nodeById);
  const ends = createEndState(view, records, nodeById, oldNode);
  return {
    suite,
    view,
    header,
    space,
    id: parts.id,
    chains: parts.chains,
    rows,
    rootFolder: rootFolderId(space),
    trash,
    changes,
    nodes,
    nodeById,
    claimedTwice,
    versions: sorted.versions,
    members: sorted.members,
    items: sorted.items,
    spaceChange: sorted.space,
    oldSpace,
    endSpace,
    setsEpoch: oldSpace === undefined || oldSpace.epoch !== endSpace.epoch,
    setsCut: nodes.some(({ old, next }) => next !== undefined && (old?.cut ?? 0) !== next.cut),
    signer: readMember(view, header.account),
    ...ends,
    oldLineages: new Lineages(oldNode, { trash, epoch: oldSpace?.epoch ?? 0 }),
    endLineages: new Lineages(ends.endNode, { trash, epoch: endSpace.epoch }),
  };
}

/** The member record of `account` in a verified state. */
export function readMember(view: StateView, account: AccountId): MemberRecord | undefined {
  const record = readRecord(view, memberKey(account));
  return record?.type === 'member' ? record : undefined;
}

function readSpace(view: StateView): SpaceRecord | undefined {
  const record = readRecord(view, SPACE_KEY);
  return record?.type === 'space' ? record : undefined;
}

function readRecord(view: StateView, key: TreeKey): SpaceStateRecord | undefined {
  const bytes = view.getRecord(key);
  return bytes === undefined ? undefined : decodeRecord(key, bytes);
}

function decodeChange({ key, oldBytes, nextBytes }: RowChange): Change<SpaceStateRecord> {
  return {
    old: oldBytes === undefined ? undefined : decodeRecord(key, oldBytes),
    next: nextBytes === null ? undefined : decodeRecord(key, nextBytes),
  };
}

interface SortedChanges {
  space: Change<SpaceRecord> | undefined;
  readonly nodes: Change<NodeRecord>[];
  readonly versions: Change<VersionRecord>[];
  readonly members: Change<MemberRecord>[];
  readonly items: Change<ItemRecord>[];
}

/** A key decides the type of its record, so that both sides of a change have the same one. */
function sortChanges(changes: readonly Change<SpaceStateRecord>[]): SortedChanges {
  const sorted: SortedChanges = {
    space: undefined,
    nodes: [],
    versions: [],
    members: [],
    items: [],
  };
  for (const change of changes) {
    const type = (change.next ?? change.old)?.type;
    if (type === 'space') sorted.space = change as Change<SpaceRecord>;
    else if (type === 'node') sorted.nodes.push(change as Change<NodeRecord>);
    else if (type === 'version') sorted.versions.push(change as Change<VersionRecord>);
    else if (type === 'member') sorted.members.push(change as Change<MemberRecord>);
    else if (type === 'item') sorted.items.push(change as Change<ItemRecord>);
  }
  return sorted;
}

function matchNodes(changes: readonly Change<NodeRecord>[]): {
  readonly nodeById: ReadonlyMap<NodeId, NodeChange>;
  readonly claimedTwice: readonly NodeId[];
} {
  const nodeById = new Map<NodeId, NodeChange>();
  const claimedTwice: NodeId[] = [];
  for (const { old, next } of changes) {
    const id = (next ?? old)?.id;
    if (id === undefined) continue;
    const known = nodeById.get(id);
    if (known?.next !== undefined && next !== undefined) claimedTwice.push(id);
    nodeById.set(id, { id, old: old ?? known?.old, next: next ?? known?.next });
  }
  return { nodeById, claimedTwice };
}

/** Nodes of the old state. Each is read once: siblings ask for one parent again and again. */
function createOldNodeLookup(
  view: StateView,
  nodeById: ReadonlyMap<NodeId, NodeChange>,
): (id: NodeId) => NodeRecord | undefined {
  const known = new Map<NodeId, NodeRecord | undefined>();
  return (id) => {
    const changed = nodeById.get(id)?.old;
    if (changed !== undefined) return changed;
    if (known.has(id)) return known.get(id);
    const key = view.findNode(id);
    const record = key === undefined ? undefined : readRecord(view, key);
    const node = record?.type === 'node' ? record : undefined;
    known.set(id, node);
    return node;
  };
}

function createEndState(
  view: StateView,
  records: readonly RecordChange[],
  nodeById: ReadonlyMap<NodeId, NodeChange>,
  oldNode: (id: NodeId) => NodeRecord | undefined,
): Pick<CommitInState, 'isRemoved' | 'endNode' | 'endTagHolders'> {
  const recordByKey = new Map(records);
  const holdersBySlot = new Map<string, NodeId[]>();
  for (const { next } of nodeById.values()) {
    if (next === undefined || next.tag === null) continue;
    const slot = next.parent + next.tag;
    const holders = holdersBySlot.get(slot);
    if (holders === undefined) holdersBySlot.set(slot, [next.id]);
    else holders.push(next.id);
  }
  return {
    isRemoved: (key) => recordByKey.get(key) === null,
    endNode: (id) => {
      const change = nodeById.get(id);
      return change === undefined ? oldNode(id) : change.next;
    },
    endTagHolders: (parent, tag) => {
      const changed = holdersBySlot.get(parent + tag) ?? [];
      const old = parent === NO_PARENT ? undefined : view.findTag(parent, tag);
      return old === undefined || nodeById.has(old) ? changed : [...changed, old];
    },
  };
}
