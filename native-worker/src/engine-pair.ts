/** One folder pair at work: scan, plan, execute, one round at a time. */
import { createHash } from 'node:crypto';
import { IntegrityError, type NodeId } from '@coffer/protocol/core';
import type { SpaceDelta } from '@coffer/sdk';
import { DeletionRun } from './engine-deletions.ts';
import type { EngineOptions } from './engine-options.ts';
import { PairBook } from './engine-pair-book.ts';
import { RoundParts, type PartEnd } from './engine-parts.ts';
import { noWork, workOf, type PendingWork } from './engine-pending.ts';
import { RootProof } from './engine-proof.ts';
import { policyOf } from './engine-policy.ts';
import { lockRoot, unlockRoot } from './engine-lock.ts';
import { checkRoot, UNSUITABLE, type RootCheck } from './engine-root.ts';
import {
  execute,
  FileChanged,
  hashStably,
  LocalPaths,
  QuotaRoom,
  RecentWrites,
  recogniseOwn,
  recover,
  type ExecutionCounts,
  type TransferBoard,
} from './executor/index.ts';
import { PLAN_GONE_MAX, PLAN_NODES_MAX, SLICE_MS } from './limits.ts';
import { plan as makePlan } from './planner/index.ts';
import type { Operation, Plan } from './planner/operations.ts';
import type { EntryKind, LocalId } from './planner/types.ts';
import { LocalFault } from './ports/index.ts';
import { createScanner, runSlice, type Scanner } from './scanner/index.ts';
import {
  ActivityTable,
  openPairTrees,
  PairTable,
  RemoteMirror,
  type Activity,
  type DirtyReading,
  type Pair,
  type PairTrees,
} from './trees/index.ts';

/** What one part of a round found and did. */
export interface Round extends PartEnd {
  /** Operations that wait for a retry time or for deletions to come to rest. */
  readonly waiting: number;
  readonly counts: ExecutionCounts | undefined;
}

export class PairRunner {
  readonly trees: PairTrees;
  readonly mirror: RemoteMirror;
  readonly paths: LocalPaths;
  readonly scanner: Scanner;
  readonly deletions: DeletionRun;
  /** Stalls, holds and names of the pair. */
  readonly book: PairBook;
  pair: Pair;
  phase: 'idle' | 'scanning' | 'syncing' = 'idle';
  offline = false;
  pending: PendingWork = noWork();
  /** It did not come to rest: nothing is planned until a person says so, or the engine starts anew. */
  isStopped = false;
  readonly #options: EngineOptions;
  readonly #pairs: PairTable;
  readonly #board: TransferBoard;
  readonly #applied: (delta: SpaceDelta) => void;
  readonly #happened: (activity: Activity) => void;
  readonly #proof: RootProof;
  readonly #recentWrites = new RecentWrites();
  readonly #quotaRoom: QuotaRoom;
  #recovered = false;
  #lastPlan: readonly Operation[] = [];
  readonly #parts: RoundParts;

  constructor(options: {
    readonly pair: Pair;
    readonly engine: EngineOptions;
    readonly board: TransferBoard;
    readonly applied: (delta: SpaceDelta) => void;
    readonly happened: (activity: Activity) => void;
  }) {
    const { pair, engine } = options;
    this.pair = pair;
    this.#options = engine;
    this.#board = options.board;
    this.#quotaRoom = new QuotaRoom(engine.usage, engine.clock.now);
    this.#applied = options.applied;
    this.#happened = options.happened;
    this.#pairs = new PairTable(engine.database);
    this.trees = openPairTrees(engine.database, pair, engine.clock.now);
    this.#parts = new RoundParts(this.trees.dirty);
    this.mirror = new RemoteMirror(this.trees, engine.spaceClient, pair.remoteRoot);
    this.paths = new LocalPaths(engine.fileSystem, pair.localPath, this.trees.local);
    this.deletions = new DeletionRun(engine.clock.now);
    this.book = new PairBook(pair, this.trees, this.paths, engine);
    this.scanner = createScanner({
      fileSystem: engine.fileSystem,
      clock: engine.clock,
      rootPath: pair.localPath,
      caps: pair.caps,
      ignores: pair.ignores,
      tree: this.trees.local,
    });
    const { trees, paths, scanner } = this;
    this.#proof = new RootProof({ pair, trees, paths, scanner, engine });
  }

  /** Checks the root and takes its lock; keeps the pair's stalls about it. True: work may be planned. */
  async rootHolds(): Promise<boolean> {
    const check = this.#lookAtRoot();
    const loss = check.kind === 'lost' ? check : undefined;
    this.book.setPairStall('RootMissing', loss?.reason === 'RootMissing', loss?.detail);
    this.book.setPairStall('RootReplaced', loss?.reason === 'RootReplaced', loss?.detail);
    if (loss !== undefined) {
      this.#recovered = false;
      this.#proof.rootIsAway();
      this.scanner.hintAll();
      return false;
    }
    try {
      return await this.#takeRoot();
    } catch (error) {
      if (!(error instanceof LocalFault) || !UNSUITABLE.has(error.code)) throw error;
      this.book.setPairStall('FileSystemUnsuitable', true, error.code);
      return false;
    }
  }

  async #takeRoot(): Promise<boolean> {
    const isLocked = lockRoot(this.#options.fileSystem, this.pair.localPath, this.#options.host);
    this.book.setPairStall('AnotherEngineRunning', !isLocked);
    if (!isLocked) return false;
    this.#proof.rootHolds();
    if (!this.#recovered) {
      await recover({ ...this.#options, pair: this.pair, trees: this.trees });
    }
    this.book.setPairStall('FileSystemUnsuitable', false);
    this.#recovered = true;
    return true;
  }

  release(): void {
    if (this.#lookAtRoot().kind === 'lost') return;
    unlockRoot(this.#options.fileSystem, this.pair.localPath, this.#options.host);
  }

  /** One pass over what the scanner has due; false when the root was lost under it. */
  async scan(signal: AbortSignal): Promise<boolean> {
    const { clock, database } = this.#options;
    this.phase = 'scanning';
    try {
      const pass = this.scanner.pass();
      for (;;) {
        signal.throwIfAborted();
        const step = database.transaction(() => runSlice(pass, clock, SLICE_MS));
        if (step.done === true) {
          if (!step.value.rootLost) this.#proof.scanned(step.value);
          return !step.value.rootLost;
        }
        await clock.sleep(0, signal);
      }
    } finally {
      this.phase = 'idle';
    }
  }

  /** Reads the remote side in full where the pair is not at the head that the store is at. */
  catchUp(): void {
    const { seq } = this.#options.spaceClient.head();
    if (this.pair.cursorSeq === seq) return;
    this.#options.database.transaction(() => {
      this.mirror.reconcile();
      recogniseOwn(this.trees);
      this.#setCursor(seq);
    });
  }

  /**
   * Nothing is agreed on any more: both sides are compared as for the first time, which deletes nothing
   * on either (engine §5.6).
   */
  startAnew(): void {
    const { database, spaceClient } = this.#options;
    database.transaction(() => {
      this.trees.base.clear();
      this.trees.holds.clear();
      this.trees.sent.clear();
      this.mirror.reconcile();
      this.trees.dirty.markAll();
      this.#setCursor(spaceClient.head().seq);
    });
    this.deletions.decided();
    this.scanner.hintAll();
    this.restart();
  }

  /** The pair did not come to rest: says what it wanted to do last. */
  stop(): void {
    this.isStopped = true;
    this.book.setPairStall('PlannerLoop', true, this.book.describe(this.#lastPlan));
  }

  /** It may be planned for again. */
  restart(): void {
    this.isStopped = false;
    this.book.setPairStall('PlannerLoop', false);
  }

  /** Inside the store's transaction. */
  apply(delta: SpaceDelta): void {
    // Others use the same space client: what they applied without us is read in full.
    if (delta.seq === this.pair.cursorSeq + 1) this.mirror.apply(delta);
    else this.mirror.reconcile();
    recogniseOwn(this.trees);
    this.trees.sent.forgetUnanswered();
    this.book.keepApproved(delta.approved);
    this.#setCursor(delta.seq);
  }

  /** The whole plan as it stands, with nothing kept and nothing done. */
  preview(): Plan {
    return this.#plan(Number.MAX_SAFE_INTEGER).plan;
  }

  /** Plans what is dirty and carries it out. Rejects with outages and integrity failures. */
  async round(signal: AbortSignal, options: { readonly judgeNow: boolean }): Promise<Round> {
    const nodesMax = this.#options.planNodesMax ?? PLAN_NODES_MAX;
    const { plan, reading } = this.#plan(nodesMax);
    const { dirty, mark } = reading;
    const waiting = { ...plan.waiting, remote: plan.waiting.remote.filter(this.#isWanted) };
    this.#options.database.transaction(() => {
      this.book.keepStalls({ ...plan, waiting }, dirty);
      this.deletions.held(this.book.keepHolds(plan, this.deletions.isOver()));
    });
    // Not before the operations: what is marked since the plan is not what that saw.
    const clear = (): void => {
      this.#options.database.transaction(() => {
        this.trees.dirty.markWaiting(waiting);
        this.trees.dirty.clear(reading);
      });
    };
    const hashed = await this.#hash(plan.hashes, signal);
    this.deletions.planned(plan.operations);
    const work = workOf(plan.operations, this.trees);
    const sends = dirty.local.length >= nodesMax && this.pair.mode !== 'download';
    this.pending = this.#parts.planned(work, sends);
    this.#lastPlan = plan.operations;
    if (plan.operations.length === 0) {
      clear();
      return { ...this.#parts.ended(reading, hashed, work), waiting: 0, counts: undefined };
    }
    this.phase = 'syncing';
    try {
      this.#recovered = false;
      const counts = await this.#execute(plan.operations, { mark, ...options }, signal);
      this.#recovered = true;
      clear();
      const didSomething = counts.done + counts.lost + counts.stalled > 0;
      return {
        ...this.#parts.ended(reading, hashed || didSomething, work),
        waiting: counts.skipped,
        counts,
      };
    } finally {
      this.phase = 'idle';
    }
  }

  async #execute(
    operations: readonly Operation[],
    how: { readonly mark: number; readonly judgeNow: boolean },
    signal: AbortSignal,
  ): Promise<ExecutionCounts> {
    const { database, spaceClient, fileSystem, clock, random } = this.#options;
    const activity = new ActivityTable(database);
    const counts = await execute(
      operations,
      {
        pair: this.pair,
        trees: this.trees,
        fileSystem,
        space: spaceClient,
        clock,
        random,
        activity: {
          insert: (entry) => {
            activity.insert(entry);
            this.#happened(entry);
          },
        },
        board: this.#board,
        recentWrites: this.#recentWrites,
        quotaRoom: this.#quotaRoom,
        contentPool: this.#options.contentPool,
        planMark: how.mark,
        deletionsMayRun:
          (how.judgeNow || this.deletions.mayRun()) && this.#lookAtRoot().kind === 'present',
        isIgnored: (path, isFolder) => this.scanner.checkIgnored(path, isFolder).ignored,
        hint: (folder) => this.scanner.hintFolder(folder),
        applied: this.#applied,
      },
      signal,
    );
    this.deletions.executed(counts.deletedNodes);
    return counts;
  }

  #plan(nodesMax: number): { readonly plan: Plan; readonly reading: DirtyReading } {
    return this.#options.database.reading(() => {
      const reading = this.trees.dirty.read(nodesMax, PLAN_GONE_MAX);
      const policy = policyOf({
        options: this.#options,
        pair: this.pair,
        trees: this.trees,
        deletionsInRun: this.deletions.inRun(),
        sha256: (bytes) => new Uint8Array(createHash('sha256').update(bytes).digest()),
      });
      const { caps } = this.pair;
      const plan = makePlan(reading.dirty, this.trees.view, policy, caps, this.#options.trace);
      return { plan, reading };
    });
  }

  /** False for a node that would come to a path which a rule ignores: that waits for nothing. */
  readonly #isWanted = (node: NodeId): boolean => {
    const { remote, base } = this.trees;
    const row = remote.byId(node);
    if (row === undefined || base.byId(node) !== undefined) return true;
    const { remoteRoot, rootLocalId } = this.pair;
    const names: string[] = [];
    // Folders above it may be kept out themselves.
    for (let at = row; ;) {
      names.unshift(at.name);
      const parent = at.parent === remoteRoot ? rootLocalId : base.byId(at.parent)?.localId;
      const folder = parent === undefined ? undefined : this.paths.relative(parent);
      if (folder !== undefined) {
        if (folder !== '') names.unshift(folder);
        return !this.#isIgnored(names.join('/'), row.kind);
      }
      const above = parent === undefined ? remote.byId(at.parent) : undefined;
      if (above === undefined) return true;
      at = above;
    }
  };

  #isIgnored(path: string, kind: EntryKind): boolean {
    try {
      return this.scanner.checkIgnored(path, kind === 'folder').ignored;
    } catch (error) {
      // A rule file that cannot be read ignores nothing.
      if (error instanceof LocalFault) return false;
      throw error;
    }
  }

  #lookAtRoot(): RootCheck {
    return checkRoot(this.#options.fileSystem, this.pair);
  }

  #setCursor(seq: number): void {
    this.pair = { ...this.pair, cursorSeq: seq };
    this.#pairs.setCursor(this.pair.id, seq);
  }

  async #hash(files: readonly LocalId[], signal: AbortSignal): Promise<boolean> {
    let hashed = false;
    for (const id of files) hashed = (await this.#hashOne(id, signal)) || hashed;
    return hashed;
  }

  async #hashOne(id: LocalId, signal: AbortSignal): Promise<boolean> {
    const { fileSystem, clock } = this.#options;
    const row = this.trees.local.byId(id);
    const path = row === undefined ? undefined : this.paths.absolute(id);
    if (row === undefined || path === undefined || row.sha256 !== null) return false;
    try {
      const steps = hashStably(fileSystem, path, row);
      let step = steps.next();
      while (step.done !== true) {
        await clock.sleep(0, signal);
        step = steps.next();
      }
      this.trees.local.upsert({ ...row, sha256: step.value });
      return true;
    } catch (error) {
      if (!(error instanceof FileChanged) && !(error instanceof LocalFault)) throw error;
      this.trees.dirty.markLocal(id, 'unhashed');
      this.scanner.hintFolder(row.parent);
      return false;
    }
  }
}

export function isIntegrityFailure(error: unknown): error is IntegrityError {
  return error instanceof IntegrityError;
}
