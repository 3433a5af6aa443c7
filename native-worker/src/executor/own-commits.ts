/**
 * Commits of this device whose answer never came (lost, or a lie). When such a commit shows in the log,
 * its changes are this device's own: both sides agreed on what was sent, and only what was done since
 * is new. Without that a person would be in conflict with what they wrote themselves.
 */
import type { PairTrees, RemoteEntry, SentChange } from '../trees/index.ts';
import { agreeOnRemote } from './agreement.ts';
import type { PreparedChange } from './remote-effects.ts';

/** What to recognise the changes of a commit by. */
export function sentChangesOf(
  trees: PairTrees,
  prepared: readonly PreparedChange[],
): readonly SentChange[] {
  return prepared.flatMap((one) => sentChangeOf(trees, one) ?? []);
}

function sentChangeOf(
  trees: PairTrees,
  { operation, changes, row, content, isStaging }: PreparedChange,
): SentChange | undefined {
  const [change] = changes;
  if (change === undefined || isStaging) return undefined;
  if (operation.kind === 'remote-place') {
    const base = trees.base.byId(operation.node);
    const local = base === undefined ? undefined : trees.local.byId(base.localId);
    if (change.op !== 'move' || !operation.settles || local === undefined) return undefined;
    const { id: node, parent, name } = change;
    return { kind: 'place', node, parent, name, localName: local.name };
  }
  if (row === null) return undefined;
  if (operation.kind !== 'remote-make-folder' && operation.kind !== 'remote-upload') {
    return undefined;
  }
  return {
    kind: 'content',
    node: change.id,
    local: row.id,
    localName: row.name,
    localMtimeNs: row.mtimeNs.toString(),
    baseRev: 'rev' in change ? change.rev : null,
    sha256: content?.sha256 ?? null,
    target: row.kind === 'symlink' ? row.target : null,
  };
}

/** Recognises what was sent without an answer. */
export function recogniseOwn(trees: PairTrees): void {
  for (const change of trees.sent.unanswered().values()) agreeOnSent(trees, change);
}

/** Writes the base row that the answer would have brought, if the remote side is what was sent. */
export function agreeOnSent(trees: PairTrees, change: SentChange): void {
  const remote = trees.remote.byId(change.node);
  if (remote?.state !== 'live') return;
  if (change.kind === 'place') agreeOnPlace(trees, change, remote);
  else agreeOnEntry(trees, change, remote);
}

function agreeOnPlace(
  trees: PairTrees,
  { parent, name, localName }: SentChange & { readonly kind: 'place' },
  remote: RemoteEntry,
): void {
  const base = trees.base.byId(remote.id);
  if (base === undefined || remote.parent !== parent || remote.name !== name) return;
  if (base.parent === parent && base.name === name) return;
  trees.base.put({ ...base, parent, name, localName });
  trees.dirty.markLocal(base.localId, 'recognised');
}

function agreeOnEntry(
  trees: PairTrees,
  change: SentChange & { readonly kind: 'content' },
  remote: RemoteEntry,
): void {
  const { local, localName, baseRev } = change;
  if (remote.sha256 !== change.sha256 || remote.target !== change.target) return;
  const base = trees.base.byId(remote.id);
  const now = trees.local.byId(local);
  if (now === undefined) return;
  const row = { ...now, name: localName, mtimeNs: BigInt(change.localMtimeNs) };
  if (baseRev === null) {
    if (base !== undefined || trees.base.byLocalId(local) !== undefined) return;
    trees.base.put(agreeOnRemote(remote, row));
    trees.local.setCopyOf(local, null);
  } else {
    const isNext = base?.localId === local && base.rev === baseRev && remote.rev === baseRev + 1;
    if (!isNext) return;
    const { parent, name } = base;
    const agreed = agreeOnRemote(remote, row);
    trees.base.put({ ...agreed, parent, name, localName: base.localName });
  }
  trees.dirty.markLocal(local, 'recognised');
}
