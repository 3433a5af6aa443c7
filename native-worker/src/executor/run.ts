/**
 * One execution of a plan's operations: what all parts of it share, and the book of what became of
 * each operation.
 */
import type { NodeId } from '@coffer/protocol/core';
import type { ApprovedHold, SpaceClient, SpaceDelta } from '@coffer/sdk';
import type { LocalParent, Operation, RemoteParent } from '../planner/operations.ts';
import type { LocalId, OperationId } from '../planner/types.ts';
import { LocalFault, type Clock, type FileSystem, type Random } from '../ports/index.ts';
import type { LocalRow } from '../scanner/local-tree-writer.ts';
import { LOCAL_RETRY_MS_MIN, RETRY_MS_MAX, SYNCS_AT_ONCE_MAX } from '../limits.ts';
import type { ContentPool } from '../content/index.ts';
import type { ActivityTable, Hold, Pair, PairTrees } from '../trees/index.ts';
import { agreedFile } from './agreed-file.ts';
import type { QuotaRoom } from './quota-room.ts';
import { isArrival, isIgnoredThere, noteIgnored } from './ignored-place.ts';
import { LocalPaths } from './local-paths.ts';
import { SKIPPED, type OperationOutcome } from './outcome.ts';
import { RecycleBatch } from './own-folder.ts';
import type { RecentWrites } from './recent-writes.ts';
import { jitterOf, nextAttempt } from './retry.ts';
import type { TransferBoard } from './transfer-board.ts';

export interface ExecutorOptions {
  readonly pair: Pair;
  readonly trees: PairTrees;
  readonly fileSystem: FileSystem;
  readonly space: SpaceClient;
  readonly clock: Clock;
  readonly random: Random;
  readonly activity: Pick<ActivityTable, 'insert'>;
  readonly board: TransferBoard;
  readonly recentWrites: RecentWrites;
  readonly quotaRoom: QuotaRoom;
  /** Worker threads for large files; without them this thread does it all. */
  readonly contentPool?: ContentPool | undefined;
  /** The dirty mark at which the plan was made: what was marked since is not what the plan saw. */
  readonly planMark: number;
  /** False: deletions of this plan wait (engine §7). */
  readonly deletionsMayRun: boolean;
  /** True for a relative path that a rule, or the built-in list, keeps out of sync. */
  readonly isIgnored: (path: string, isFolder: boolean) => boolean;
  /** "Look at this folder again": a precondition in it was lost. */
  readonly hint: (folder: LocalId) => void;
  /** Called inside the store's transaction for each commit that is applied. */
  readonly applied: (delta: SpaceDelta) => void;
}

/** What an execution did, added up. */
export interface ExecutionCounts {
  uploadedFiles: number;
  uploadedBytes: number;
  downloadedFiles: number;
  downloadedBytes: number;
  moved: number;
  trashed: number;
  deletedNodes: { local: number; remote: number };
  done: number;
  lost: number;
  stalled: number;
  skipped: number;
}

/** True when nothing came of the operations but that what they saw is no longer so. */
export function isAllLost({ lost, done, stalled }: ExecutionCounts): boolean {
  return lost > 0 && done === 0 && stalled === 0;
}

export class ExecutionRun {
  readonly options: ExecutorOptions;
  readonly paths: LocalPaths;
  readonly recycle: RecycleBatch;
  readonly outcomes = new Map<OperationId, OperationOutcome>();
  readonly counts: ExecutionCounts = {
    uploadedFiles: 0,
    uploadedBytes: 0,
    downloadedFiles: 0,
    downloadedBytes: 0,
    moved: 0,
    trashed: 0,
    deletedNodes: { local: 0, remote: 0 },
    done: 0,
    lost: 0,
    stalled: 0,
    skipped: 0,
  };
  /** Entries that were to go there and did not: what they were to leave does not go without them. */
  readonly leftBehind = new Set<LocalId>();
  readonly #unsynced = new Set<string>();
  readonly #unsyncedFiles = new Set<string>();
  #agreements: (() => void)[] = [];
  readonly #keptOut = new Set<OperationId>();
  readonly #madeNodes = new Map<LocalId, NodeId>();
  readonly #madeLocals = new Map<NodeId, LocalId>();
  #approved: ReadonlyMap<NodeId, ApprovedHold> | undefined;

  constructor(options: ExecutorOptions) {
    this.options = options;
    const { fileSystem, pair, trees, clock, random } = options;
    this.paths = new LocalPaths(fileSystem, pair.localPath, trees.local);
    this.recycle = new RecycleBatch({
      fileSystem,
      root: pair.localPath,
      nowMs: clock.now(),
      random: random.bytes(6),
    });
  }

  now(): number {
    return this.options.clock.now();
  }

  /**
   * What both sides agree on is written only when the names on the disk are durable: after a power cut
   * a name that came back, or never came, would look like what a person did.
   */
  agreeWhenDurable(folders: readonly string[], write: () => void): void {
    for (const folder of folders) this.#unsynced.add(folder);
    this.#agreements.push(write);
  }

  /** The same for a file whose mode or time changed: a crash would bring the old ones back. */
  agreeWhenFileDurable(path: string, write: () => void): void {
    this.#unsyncedFiles.add(path);
    this.#agreements.push(write);
  }

  /** A folder with names in it, or below it, that are not durable yet is elsewhere now. */
  folderMoved(from: string, to: string): void {
    for (const folder of this.#unsynced) {
      if (folder !== from && !folder.startsWith(`${from}/`)) continue;
      this.#unsynced.delete(folder);
      this.#unsynced.add(`${to}${folder.slice(from.length)}`);
    }
  }

  /** Makes changed folders durable, then writes what depends on them. */
  async flush(): Promise<void> {
    if (this.#agreements.length === 0) return;
    const writes = this.#agreements.splice(0);
    const queue = [
      ...[...this.#unsyncedFiles].map((path) => () => this.#syncFile(path)),
      ...[...this.#unsynced].map((folder) => () => this.syncFolder(folder)),
    ];
    this.#unsyncedFiles.clear();
    this.#unsynced.clear();
    const work = async (): Promise<void> => {
      for (let sync = queue.pop(); sync !== undefined; sync = queue.pop()) await sync();
    };
    await Promise.all(Array.from({ length: SYNCS_AT_ONCE_MAX }, work));
    this.options.trees.db.transaction(() => {
      for (const write of writes) write();
    });
  }

  /** A file that is gone again, or cannot be opened, is looked at anew. */
  async #syncFile(path: string): Promise<void> {
    try {
      const file = this.options.fileSystem.openRead(path);
      await file.sync().finally(() => file.close());
    } catch (error) {
      if (!(error instanceof LocalFault)) throw error;
    }
  }

  /** A folder that is gone again needs no sync: what was in it is looked at anew. */
  async syncFolder(folder: string): Promise<void> {
    try {
      await this.options.fileSystem.syncFolder(folder);
    } catch (error) {
      if (!(error instanceof LocalFault)) throw error;
    }
  }

  /** Writes down what became of the operation: its stall, what has to be looked at and planned anew. */
  settle(operation: Operation, outcome: OperationOutcome): void {
    if (this.#isKeptOut(operation, outcome)) {
      this.#keptOut.add(operation.id);
      this.outcomes.set(operation.id, SKIPPED);
      this.counts.skipped += 1;
      return;
    }
    this.outcomes.set(operation.id, outcome);
    this.counts[outcome.kind] += 1;
    const { node, local } = subjectOf(operation);
    const { trees } = this.options;
    if (outcome.kind === 'done') trees.stalls.clearOperation(node, local);
    const agreed = outcome.kind === 'done' ? agreedFile(trees, operation) : undefined;
    if (agreed !== undefined) {
      trees.dirty.forget(agreed.id, agreed.localId);
      return;
    }
    // Also what is done is planned once more: it may have been one of several steps.
    if (node !== null) trees.dirty.markRemote(node);
    if (local !== null) trees.dirty.markLocal(local, outcome.kind);
    if (outcome.kind === 'lost') this.#lookAgain(operation, local);
    if (outcome.kind === 'stalled') this.#stall(operation, outcome.reason, outcome.detail);
  }

  /** False while an earlier failure of this operation's node keeps it waiting. */
  isDue(operation: Operation): boolean {
    const { node, local } = subjectOf(operation);
    const stall = this.options.trees.stalls.ofOperation(node, local);
    return (stall?.nextAtMs ?? 0) <= this.now();
  }

  /** False when a side is not what the planner saw of it: the operation is dropped. */
  sawHolds(operation: Operation): boolean {
    const { node, local } = subjectOf(operation);
    const { saw } = operation;
    const { trees } = this.options;
    if (saw.rev !== null && node !== null && trees.remote.byId(node)?.rev !== saw.rev) return false;
    if (saw.local === null || local === null) return true;
    const row = trees.local.byId(local);
    if (row === undefined || row.kind !== saw.local.kind || row.ino !== saw.local.ino) return false;
    if (row.kind === 'folder') return true;
    return (
      row.size === saw.local.size &&
      row.mtimeNs === saw.local.mtimeNs &&
      row.ctimeNs === saw.local.ctimeNs
    );
  }

  /** True when the node's remote row is what the plan saw. */
  isRemoteAsPlanned(node: NodeId): boolean {
    return !this.options.trees.dirty.isRemoteMarkedSince(node, this.options.planMark);
  }

  /** The batch that a person approved, if the node's deletion was held. */
  approvedHold(node: NodeId): ApprovedHold | undefined {
    this.#approved ??= approvedHolds(this.options.trees.holds.list());
    return this.#approved.get(node);
  }

  madeNode(local: LocalId, node: NodeId): void {
    this.#madeNodes.set(local, node);
  }

  madeLocal(node: NodeId, local: LocalId): void {
    this.#madeLocals.set(node, local);
  }

  remoteParent(parent: RemoteParent): NodeId | undefined {
    if ('node' in parent) return parent.node;
    const { pair, trees } = this.options;
    if (parent.madeFor === pair.rootLocalId) return pair.remoteRoot;
    return this.#madeNodes.get(parent.madeFor) ?? trees.base.byLocalId(parent.madeFor)?.id;
  }

  localParent(parent: LocalParent): LocalId | undefined {
    if ('local' in parent) return parent.local;
    const { pair, trees } = this.options;
    if (parent.madeFor === pair.remoteRoot) return pair.rootLocalId;
    return this.#madeLocals.get(parent.madeFor) ?? trees.base.byId(parent.madeFor)?.localId;
  }

  /** The entry as an operation may use it: its row, if the disk still agrees. */
  entry(local: LocalId): LocalRow | undefined {
    const row = this.options.trees.local.byId(local);
    if (row === undefined || row.state === 'gone') return undefined;
    return this.paths.entryHolds(row) === undefined ? undefined : row;
  }

  record(
    op: string,
    entry: { node: NodeId | null; before: string | null; after: string | null; bytes?: number },
  ): void {
    const { activity, pair } = this.options;
    activity.insert({
      atMs: this.now(),
      pair: pair.id,
      op,
      node: entry.node,
      before: entry.before,
      after: entry.after,
      bytes: entry.bytes ?? null,
    });
  }

  /** It, or what it comes after, does not come for what a rule ignores. */
  #isKeptOut(operation: Operation, outcome: OperationOutcome): boolean {
    if (!isArrival(operation)) return false;
    if (outcome.kind === 'skipped') return operation.after.some((id) => this.#keptOut.has(id));
    if (outcome.kind !== 'lost' || !isIgnoredThere(this, operation)) return false;
    // What is here under its old name, or was to go into such a folder, is planned again: it goes.
    return operation.kind === 'local-download' || !noteIgnored(this, operation);
  }

  #lookAgain(operation: Operation, local: LocalId | null): void {
    const { trees, hint } = this.options;
    const row = local === null ? undefined : trees.local.byId(local);
    if (row !== undefined) hint(row.parent);
    if ('parent' in operation && !operation.kind.startsWith('remote')) {
      const parent = this.localParent(operation.parent as LocalParent);
      if (parent !== undefined) hint(parent);
    }
  }

  #stall(
    operation: Operation,
    reason: Parameters<PairTrees['stalls']['put']>[0]['reason'],
    detail: string,
  ): void {
    const { node, local } = subjectOf(operation);
    const { trees, random } = this.options;
    const tries = (trees.stalls.ofOperation(node, local)?.tries ?? 0) + 1;
    trees.stalls.clearOperation(node, local);
    trees.stalls.put({
      reason,
      node,
      local,
      path: this.#pathFor(operation),
      source: 'execute',
      tries,
      nextAtMs: nextAttempt({
        nowMs: this.now(),
        tries,
        range: { minMs: LOCAL_RETRY_MS_MIN, maxMs: RETRY_MS_MAX },
        jitter: jitterOf(random.bytes(2)),
      }),
      detail,
    });
  }

  #pathFor(operation: Operation): string {
    const { local } = subjectOf(operation);
    const own = local === null ? undefined : this.paths.relative(local);
    if (own !== undefined) return own;
    if ('localName' in operation && 'parent' in operation) {
      const parent = this.localParent(operation.parent);
      const folder = parent === undefined ? undefined : this.paths.relative(parent);
      return folder === undefined || folder === ''
        ? operation.localName
        : `${folder}/${operation.localName}`;
    }
    return '';
  }
}

function approvedHolds(holds: readonly Hold[]): ReadonlyMap<NodeId, ApprovedHold> {
  const approved = new Map<NodeId, ApprovedHold>();
  for (const { batch, decision, nodes } of holds) {
    if (decision !== 'approved') continue;
    for (const node of nodes) approved.set(node, { batch, nodes: nodes.size });
  }
  return approved;
}

/** The node and the entry that an operation is about. */
export function subjectOf(operation: Operation): {
  readonly node: NodeId | null;
  readonly local: LocalId | null;
} {
  switch (operation.kind) {
    case 'local-download':
      return { node: operation.node, local: operation.replaces };
    case 'forget':
    case 'local-make-folder':
    case 'remote-place':
    case 'remote-trash':
      return { node: operation.node, local: null };
    case 'local-set-aside':
    case 'remote-make-folder':
      return { node: null, local: operation.local };
    case 'bind':
    case 'local-place':
    case 'local-set-meta':
    case 'local-recycle':
    case 'remote-upload':
    case 'remote-set-meta':
    case 'remote-restore':
      return { node: operation.node, local: operation.local };
  }
}
