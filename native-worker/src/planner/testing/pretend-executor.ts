/**
 * Applies a plan to a pretend pair, in any order that its edges allow, and checks what each operation
 * says that it saw. Without changes from outside no operation of a right plan is ever dropped.
 */
import { Defect } from '@coffer/protocol/core';
import type { Operation, Plan } from '../operations.ts';
import type { OperationId } from '../types.ts';
import { PretendDisk } from './pretend-disk.ts';
import type { PretendPair } from './pretend-pair.ts';
import { PretendServer } from './pretend-server.ts';
import { Drop, PretendWorld } from './pretend-world.ts';

export interface ExecuteOptions {
  /** Gives the operations in the order in which they are tried; edges are kept besides. */
  readonly shuffle?: (operations: readonly Operation[]) => readonly Operation[];
  /** Stops after so many operations, as a crash would. */
  readonly stopAfter?: number;
}

/** Why an operation was dropped, by operation. */
export type Dropped = ReadonlyMap<Operation, string>;

export function executePlan(pair: PretendPair, plan: Plan, options: ExecuteOptions = {}): Dropped {
  return new PretendExecutor(pair).run(plan.operations, options);
}

class PretendExecutor {
  readonly #pair: PretendPair;
  readonly #world: PretendWorld;
  readonly #disk: PretendDisk;
  readonly #server: PretendServer;

  constructor(pair: PretendPair) {
    this.#pair = pair;
    this.#world = new PretendWorld(pair);
    this.#disk = new PretendDisk(this.#world);
    this.#server = new PretendServer(this.#world);
  }

  run(operations: readonly Operation[], options: ExecuteOptions): Dropped {
    const dropped = new Map<Operation, string>();
    const byId = new Map<OperationId, Operation>();
    for (const operation of operations) {
      if (byId.has(operation.id))
        throw new Defect(`two operations have the id of ${operation.kind}`);
      byId.set(operation.id, operation);
    }
    for (const operation of operations) {
      if (!('viaStaging' in operation) || !operation.viaStaging) continue;
      if (operation.kind === 'local-place') this.#disk.stage(operation.local);
      else this.#server.stage(operation.node);
    }
    const done = new Set<OperationId>();
    const failed = new Set<OperationId>();
    const open = [...(options.shuffle?.(operations) ?? operations)];
    let left = options.stopAfter ?? Number.POSITIVE_INFINITY;
    while (open.length > 0 && left > 0) {
      const at = open.findIndex(({ after }) =>
        after.every((id) => done.has(id) || failed.has(id) || !byId.has(id)),
      );
      const operation = open[at];
      if (operation === undefined) throw new Defect('the edges of a plan have no cycle');
      open.splice(at, 1);
      left--;
      const isBroken = operation.after.some((id) => failed.has(id));
      const why = isBroken ? 'after a dropped one' : this.#try(operation);
      if (why === undefined) done.add(operation.id);
      else {
        failed.add(operation.id);
        dropped.set(operation, why);
        this.#markDirty(operation);
      }
    }
    for (const operation of open) this.#markDirty(operation);
    this.#disk.unstage();
    this.#server.unstage();
    return dropped;
  }

  #try(operation: Operation): string | undefined {
    try {
      this.#checkSaw(operation);
      this.#apply(operation);
      this.#markDirty(operation);
      return undefined;
    } catch (error) {
      if (error instanceof Drop) return error.message;
      throw error;
    }
  }

  #checkSaw({ saw, ...operation }: Operation): void {
    if (saw.local !== null && 'local' in operation) {
      const row = this.#world.entry(operation.local);
      if (row.kind !== saw.local.kind) throw new Drop('the entry is of another kind');
      const isSame =
        row.size === saw.local.size &&
        row.mtimeNs === saw.local.mtimeNs &&
        row.ctimeNs === saw.local.ctimeNs;
      if (row.ino !== saw.local.ino || (row.kind !== 'folder' && !isSame)) {
        throw new Drop('the entry is another one');
      }
    }
    if (saw.rev !== null && 'node' in operation && operation.node !== null) {
      const row = this.#pair.remote.get(operation.node);
      if (row?.rev !== saw.rev) throw new Drop('the node is of another revision');
    }
  }

  #apply(operation: Operation): void {
    if (isRemoteOperation(operation)) this.#applyRemote(operation);
    else this.#applyLocal(operation);
  }

  #applyLocal(operation: Exclude<Operation, RemoteOperation>): void {
    switch (operation.kind) {
      case 'bind':
        this.#world.bind(operation);
        return;
      case 'forget':
        this.#pair.removeBase(operation.node);
        return;
      case 'local-make-folder':
      case 'local-download':
        this.#disk.bring(operation);
        return;
      case 'local-place':
      case 'local-set-aside':
        this.#disk.move(operation);
        return;
      case 'local-set-meta':
        this.#disk.setMeta(operation.node, operation.local);
        return;
      case 'local-recycle':
        this.#disk.recycle(operation.node, operation.local);
    }
  }

  #applyRemote(operation: RemoteOperation): void {
    switch (operation.kind) {
      case 'remote-make-folder':
        this.#server.make(operation.local, operation, null);
        return;
      case 'remote-upload':
        if (operation.node === null) {
          this.#server.make(operation.local, operation, operation.copyOf);
        } else this.#server.revise(operation.node, operation.local);
        return;
      case 'remote-place':
        this.#server.move(operation);
        return;
      case 'remote-set-meta':
        this.#server.setMeta(operation.node, operation.local);
        return;
      case 'remote-trash':
        this.#server.trash(operation.node);
        return;
      case 'remote-restore':
        this.#server.restore(operation);
    }
  }

  #markDirty(operation: Operation): void {
    if ('node' in operation && operation.node !== null) this.#pair.dirtyRemote.add(operation.node);
    if ('local' in operation) this.#pair.dirtyLocal.add(operation.local);
  }
}

type RemoteOperation = Extract<Operation, { kind: `remote-${string}` }>;

function isRemoteOperation(operation: Operation): operation is RemoteOperation {
  return operation.kind.startsWith('remote-');
}
