/** Operations on the space as the changes that a commit takes, and what follows from their outcomes. */
import type { NodeId } from '@coffer/protocol/core';
import type { ChangeOutcome, FileMeta, NodeView, SpaceChange, UploadedContent } from '@coffer/sdk';
import type {
  Operation,
  RemoteMakeFolder,
  RemotePlace,
  RemoteRestore,
  RemoteSetMeta,
  RemoteTrash,
  RemoteUpload,
} from '../planner/operations.ts';
import type { LocalRow } from '../scanner/local-tree-writer.ts';
import { roundToMs } from '../planner/index.ts';
import { agreeOnFolder, agreeOnNewContent, agreeOnRemote, agreeOnRestored } from './agreement.ts';
import { DONE, LOST, stalled, type OperationOutcome } from './outcome.ts';
import type { ExecutionRun } from './run.ts';

export type RemoteOperation =
  RemoteMakeFolder | RemoteUpload | RemotePlace | RemoteSetMeta | RemoteTrash | RemoteRestore;

export function isRemoteOperation(operation: Operation): operation is RemoteOperation {
  return operation.kind.startsWith('remote-');
}

/** True when the content of a file has to be sent first. */
export function needsContent(
  operation: RemoteOperation,
): operation is RemoteUpload | RemoteRestore {
  if (operation.kind === 'remote-upload') return operation.entry === 'file';
  return operation.kind === 'remote-restore' && operation.upload && operation.entry === 'file';
}

/** Changes of one operation; the last one's view is what both sides agree on. */
export interface PreparedChange {
  readonly operation: RemoteOperation;
  readonly changes: readonly SpaceChange[];
  /** The entry as it was read; null where nothing local is needed. */
  readonly row: LocalRow | null;
  readonly content: UploadedContent | null;
  /** The node only leaves its slot: the operation itself comes later. */
  readonly isStaging: boolean;
}

/** A node that breaks a cycle goes to a name that nothing else has, in the same commit. */
export function prepareStaging(
  run: ExecutionRun,
  operation: RemotePlace,
): PreparedChange | undefined {
  const parent = run.options.trees.remote.byId(operation.node)?.parent;
  if (parent === undefined || !run.sawHolds(operation)) return undefined;
  const name = `.coffer-${operation.id}`;
  const change: SpaceChange = { op: 'move', id: operation.node, parent, name };
  return { operation, changes: [change], row: null, content: null, isStaging: true };
}

/** Undefined: the precondition is lost. Call right before the change is queued. */
export function prepareChange(
  run: ExecutionRun,
  operation: RemoteOperation,
  sent: { readonly content: UploadedContent; readonly row: LocalRow } | null,
): PreparedChange | undefined {
  if (!run.sawHolds(operation)) return undefined;
  const needsRow = operation.kind !== 'remote-place' && operation.kind !== 'remote-trash';
  const row = needsRow ? run.entry(operation.local) : null;
  if (row === undefined) return undefined;
  const changes = changesOf(run, operation, row, sent?.content ?? null);
  if (changes === undefined) return undefined;
  return {
    operation,
    changes,
    row: sent?.row ?? row,
    content: sent?.content ?? null,
    isStaging: false,
  };
}

function changesOf(
  run: ExecutionRun,
  operation: RemoteOperation,
  row: LocalRow | null,
  content: UploadedContent | null,
): readonly SpaceChange[] | undefined {
  const { space } = run.options;
  switch (operation.kind) {
    case 'remote-make-folder': {
      const parent = run.remoteParent(operation.parent);
      if (parent === undefined) return undefined;
      const id = space.newNodeId();
      run.madeNode(operation.local, id);
      return [{ op: 'make-folder', id, parent, name: operation.name }];
    }
    case 'remote-upload':
      return row === null ? undefined : uploadChanges(run, operation, row, content);
    case 'remote-place': {
      const parent = run.remoteParent(operation.parent);
      if (parent === undefined || !run.isRemoteAsPlanned(operation.node)) return undefined;
      return [{ op: 'move', id: operation.node, parent, name: operation.name }];
    }
    case 'remote-set-meta':
      if (row === null) return undefined;
      return [{ op: 'set-meta', id: operation.node, rev: operation.rev, meta: metaOf(row) }];
    case 'remote-trash':
      return isWholeInBase(run, operation) ? [trashOf(run, operation.node)] : undefined;
    case 'remote-restore':
      return row === null ? undefined : restoreChanges(run, operation, row, content);
  }
}

function uploadChanges(
  run: ExecutionRun,
  operation: RemoteUpload,
  row: LocalRow,
  content: UploadedContent | null,
): readonly SpaceChange[] | undefined {
  const { node, baseRev } = operation;
  if (node === null || baseRev === null) {
    const parent = run.remoteParent(operation.parent);
    if (parent === undefined) return undefined;
    const copyOf = operation.copyOf ?? run.options.trees.local.copyOf(row.id);
    return makeChanges(run, { parent, name: operation.name, copyOf }, row, content);
  }
  if (operation.entry === 'symlink') {
    return [{ op: 'retarget', id: node, rev: baseRev, target: row.target ?? '' }];
  }
  if (content === null) return undefined;
  const keepVersion = keepsVersion(run, node);
  return [{ op: 'write', id: node, rev: baseRev, content, meta: metaOf(row), keepVersion }];
}

/** What this pair has not agreed on yet, it never saw: that is kept as a version in any case. */
function keepsVersion(run: ExecutionRun, node: NodeId): boolean {
  const { recentWrites, trees } = run.options;
  const contentId = trees.remote.byId(node)?.contentId ?? null;
  if (trees.base.byId(node)?.contentId !== contentId) return true;
  return recentWrites.keepsVersion(node, contentId, run.now());
}

function makeChanges(
  run: ExecutionRun,
  place: { readonly parent: NodeId; readonly name: string; readonly copyOf: NodeId | null },
  row: LocalRow,
  content: UploadedContent | null,
): readonly SpaceChange[] | undefined {
  const { parent, name, copyOf } = place;
  const id = run.options.space.newNodeId();
  if (row.kind === 'folder') {
    run.madeNode(row.id, id);
    return [{ op: 'make-folder', id, parent, name }];
  }
  if (row.kind === 'symlink') {
    return [{ op: 'make-symlink', id, parent, name, target: row.target ?? '' }];
  }
  if (content === null) return undefined;
  return [{ op: 'make-file', id, parent, name, content, meta: metaOf(row), copyOf }];
}

/** A node that was purged is made anew, under another id. */
function restoreChanges(
  run: ExecutionRun,
  operation: RemoteRestore,
  row: LocalRow,
  content: UploadedContent | null,
): readonly SpaceChange[] | undefined {
  const parent = run.remoteParent(operation.parent);
  if (parent === undefined) return undefined;
  const { node, name } = operation;
  const view = run.options.space.node(node);
  if (view === undefined || 'unreadable' in view) {
    return makeChanges(run, { parent, name, copyOf: null }, row, content);
  }
  if (row.kind === 'folder') run.madeNode(row.id, node);
  const restore: SpaceChange = { op: 'restore', id: node, parent, name };
  if (!operation.upload) return [restore];
  // Back under its name, then with its new content: a restore is a revision of its own.
  if (row.kind === 'symlink') {
    return [restore, { op: 'retarget', id: node, rev: view.rev + 1, target: row.target ?? '' }];
  }
  if (content === null) return row.kind === 'folder' ? [restore] : undefined;
  const meta = metaOf(row);
  return [restore, { op: 'write', id: node, rev: view.rev + 1, content, meta, keepVersion: true }];
}

function metaOf(row: LocalRow): FileMeta {
  return { mtimeMs: roundToMs(row.mtimeNs), executable: row.executable };
}

/** What was held here and approved is told to other devices: they do not ask again (engine §7). */
function trashOf(run: ExecutionRun, id: NodeId): SpaceChange {
  const hold = run.approvedHold(id);
  return hold === undefined ? { op: 'trash', id } : { op: 'trash', id, hold };
}

/** A folder is trashed whole only while everything below it is what both sides agreed on. */
function isWholeInBase(run: ExecutionRun, operation: RemoteTrash): boolean {
  const { trees } = run.options;
  const node = trees.remote.byId(operation.node);
  if (node === undefined || node.state === 'unreadable') return false;
  return node.kind !== 'folder' || trees.remote.isWholeInBase(operation.node);
}

/** Writes what a commit's outcome means for the operation, in the transaction of the caller. */
export function settleChange(
  run: ExecutionRun,
  prepared: PreparedChange,
  outcomes: readonly ChangeOutcome[],
): void {
  const { operation } = prepared;
  if (run.outcomes.has(operation.id)) return;
  const outcome = worstOf(outcomes);
  if (outcome.kind !== 'done') {
    // Half of a pair of changes may have happened: the next plan starts from what is there.
    run.settle(operation, failureOf(outcome));
    return;
  }
  if (prepared.isStaging) return;
  agree(run, prepared, outcome.node);
  run.settle(operation, DONE);
  countAndRecord(run, prepared);
}

function worstOf(outcomes: readonly ChangeOutcome[]): ChangeOutcome {
  const failed = outcomes.find((outcome) => outcome.kind !== 'done');
  return failed ?? outcomes.at(-1) ?? { kind: 'stale', why: 'node-gone' };
}

function failureOf(outcome: Exclude<ChangeOutcome, { kind: 'done' }>): OperationOutcome {
  switch (outcome.kind) {
    case 'stale':
      return outcome.why === 'too-deep' ? stalled('BeyondLimits', outcome.why) : LOST;
    case 'quota-exceeded':
      return stalled('QuotaFull', '');
    case 'not-allowed':
      return stalled('WriteDenied', 'remote');
  }
}

function agree(run: ExecutionRun, prepared: PreparedChange, view: NodeView | null): void {
  const { trees } = run.options;
  const { operation, row, content } = prepared;
  if (operation.kind === 'remote-trash') {
    const count = trees.base.removeTrashed(operation.node);
    // What a person said yes to is no part of what is judged next.
    if (run.approvedHold(operation.node) === undefined) run.counts.deletedNodes.remote += count;
    // Its entry may still be here: the deletion of that waits for a decision.
    if (trees.base.byId(operation.node) === undefined) trees.holds.settle(operation.node);
    return;
  }
  if (view === null) return;
  if (operation.kind === 'remote-place') {
    const base = trees.base.byId(view.id);
    const local = base === undefined ? undefined : trees.local.byId(base.localId);
    if (!operation.settles || base === undefined || local === undefined) return;
    trees.base.put({ ...base, parent: view.parent, name: view.name, localName: local.name });
    return;
  }
  if (row === null) return;
  if (content !== null) keepHash(run, row, content);
  const base = trees.base.byId(view.id);
  switch (operation.kind) {
    case 'remote-make-folder':
      agreeOnFolder(trees, agreeOnRemote(view, row), false);
      return;
    case 'remote-restore':
      trees.base.put(
        content === null
          ? agreeOnRestored({ base, remote: view, local: row, caps: run.options.pair.caps })
          : agreeOnRemote(view, row),
      );
      return;
    case 'remote-upload':
      if (operation.node === null) {
        trees.base.put(agreeOnRemote(view, row));
        trees.local.setCopyOf(row.id, null);
      } else if (base?.localId === row.id) {
        trees.base.put({ ...agreeOnNewContent(base, view, row), executable: view.executable });
        const isKept = prepared.changes.every(
          (change) => change.op !== 'write' || change.keepVersion,
        );
        run.options.recentWrites.wrote(view.id, view.contentId, run.now(), isKept);
      }
      return;
    case 'remote-set-meta':
      if (base?.localId !== row.id) return;
      trees.base.put({
        ...base,
        rev: view.rev,
        mtimeMs: view.mtimeMs,
        localMtimeNs: row.mtimeNs,
        executable: view.executable,
      });
      return;
  }
}

/**
 * What was sent is what the entry holds, unless it changed since. The hash of an earlier look may be
 * another one: a power cut can take bytes of a file and leave its times.
 */
function keepHash(run: ExecutionRun, row: LocalRow, content: UploadedContent): void {
  const { local } = run.options.trees;
  const now = local.byId(row.id);
  if (now === undefined || now.sha256 === content.sha256 || now.ctimeNs !== row.ctimeNs) return;
  if (now.size === row.size && now.mtimeNs === row.mtimeNs && now.ino === row.ino) {
    local.put({ ...now, sha256: content.sha256 });
  }
}

function countAndRecord(run: ExecutionRun, prepared: PreparedChange): void {
  const { operation, row, content } = prepared;
  const path = row === null ? null : (run.paths.relative(row.id) ?? null);
  const node = operation.kind === 'remote-make-folder' ? null : operation.node;
  switch (operation.kind) {
    case 'remote-upload':
    case 'remote-restore':
      if (content !== null || operation.entry === 'symlink') {
        run.counts.uploadedFiles += 1;
        run.counts.uploadedBytes += content?.size ?? 0;
      }
      run.record(operation.kind === 'remote-restore' ? 'restore' : 'upload', {
        node,
        before: null,
        after: path,
        bytes: content?.size ?? 0,
      });
      return;
    case 'remote-place':
      run.counts.moved += 1;
      run.record('move', { node, before: null, after: operation.name });
      return;
    case 'remote-trash':
      run.counts.trashed += 1;
      run.record('delete', { node, before: null, after: null });
      return;
    case 'remote-make-folder':
      run.record('make-folder', { node, before: null, after: path });
      return;
    case 'remote-set-meta':
      return;
  }
}
