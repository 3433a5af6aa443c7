/** What the engine answers to questions: status, conflicts, stalls, held deletions, activity. */
import type {
  ActivityListing,
  ConflictListing,
  DryRun,
  EngineStatus,
  FileState,
  HeldListing,
  PairListing,
  PairState,
  PairStatus,
  StallListing,
  TransferStatus,
} from './contract/index.ts';
import { activityLine, pathBelow, timeText } from './engine-activity.ts';
import type { EngineCore } from './engine-core.ts';
import type { PairRunner } from './engine-pair.ts';
import type { Transfer } from './executor/index.ts';
import { STALL_TEXTS } from './engine-stall-texts.ts';
import { HELD_PATHS_SHOWN_MAX } from './limits.ts';
import type { Operation } from './planner/operations.ts';
import { ActivityTable, PAUSED_FOR_GOOD, type RemoteEntry, type Stall } from './trees/index.ts';

export function statusOf(core: EngineCore, runners: readonly PairRunner[]): EngineStatus {
  return {
    pairs: runners.map((runner) => pairStatus(core, runner)),
    transfers: transfersOf(core),
  };
}

export function listPairs(core: EngineCore): PairListing[] {
  return core.runners().map((runner) => pairListing(core, runner));
}

export function pairListing(core: EngineCore, runner: PairRunner): PairListing {
  return {
    id: runner.pair.id,
    local: runner.pair.localPath,
    remote: core.remotePath(runner.pair.remoteRoot),
    mode: runner.pair.mode,
    state: stateOf(core, runner),
    excluded: [...runner.trees.exclusions.list()].map((id) => core.remotePath(id)).sort(),
  };
}

/** Counts for summaries and status. */
export function countsOf(runners: readonly PairRunner[]): {
  conflicts: number;
  stalls: number;
  held: number;
} {
  let conflicts = 0;
  let stalls = 0;
  let held = 0;
  for (const runner of runners) {
    conflicts += openCopies(runner).length;
    stalls += stallsNeedingPerson(runner).length;
    held += runner.trees.holds.waiting();
  }
  return { conflicts, stalls, held };
}

function pairStatus(core: EngineCore, runner: PairRunner): PairStatus {
  const { pair } = runner;
  const state = stateOf(core, runner);
  const reason = stallsNeedingPerson(runner).find(({ source }) => source === 'pair')?.reason;
  const pausedUntil =
    state === 'paused' && pair.pausedUntilMs !== PAUSED_FOR_GOOD ? pair.pausedUntilMs : undefined;
  return {
    id: pair.id,
    local: pair.localPath,
    remote: core.remotePath(pair.remoteRoot),
    mode: pair.mode,
    state,
    pending: { ...runner.pending },
    ...countsOf([runner]),
    lastSyncedAt: pair.lastSyncedAtMs === null ? null : timeText(pair.lastSyncedAtMs),
    ...(reason === undefined ? {} : { reason }),
    ...(pausedUntil === undefined ? {} : { pausedUntil: timeText(pausedUntil) }),
  };
}

function stateOf(core: EngineCore, runner: PairRunner): PairState {
  const stalls = stallsNeedingPerson(runner);
  const broken = stalls.some(
    ({ reason }) => reason === 'IntegrityFailure' || reason === 'PlannerLoop',
  );
  if (broken) return 'error';
  if (core.isPaused(runner)) return 'paused';
  if (runner.phase !== 'idle') return runner.phase;
  if (runner.offline) return 'offline';
  return stalls.length > 0 || runner.trees.holds.waiting() > 0 ? 'attention' : 'idle';
}

function transfersOf(core: EngineCore): TransferStatus[] {
  const nowMs = core.options.clock.now();
  const heldBack = core.board.heldBack(nowMs).map((transfer) => ({
    ...describe(transfer),
    bytesPerSecond: 0,
    etaSeconds: null,
    paused: true,
  }));
  const running = core.board.list().map((transfer) => {
    const seconds = Math.max((nowMs - transfer.startedMs) / 1000, 0.001);
    const bytesPerSecond = Math.round(transfer.bytesDone / seconds);
    const left = Math.max(0, transfer.bytesTotal - transfer.bytesDone);
    const etaSeconds = bytesPerSecond === 0 ? null : Math.ceil(left / bytesPerSecond);
    return { ...describe(transfer), bytesPerSecond, etaSeconds };
  });
  return [...running, ...heldBack];
}

function describe({ id, path, direction, bytesDone, bytesTotal }: Transfer) {
  return { id, path, direction, bytesDone, bytesTotal };
}

function stallsNeedingPerson(runner: PairRunner): readonly Stall[] {
  return runner.trees.stalls.list().filter(({ reason }) => STALL_TEXTS[reason].needsPerson);
}

export function openCopies(
  runner: PairRunner,
): readonly { readonly copy: RemoteEntry; readonly original: RemoteEntry }[] {
  return runner.trees.remote.copies().flatMap((copy) => {
    const original = copy.copyOf === null ? undefined : runner.trees.remote.byId(copy.copyOf);
    return original?.state === 'live' ? [{ copy, original }] : [];
  });
}

export function listConflicts(core: EngineCore): ConflictListing[] {
  return core.runners().flatMap((runner) =>
    openCopies(runner).map(({ copy, original }) => ({
      path: core.remotePath(original.id),
      copy: core.remotePath(copy.id),
      id: copy.id,
      device: copy.device,
      at: timeText(copy.changedAtMs),
      sizes: { mine: copy.size, theirs: original.size },
    })),
  );
}

export function listStalls(core: EngineCore): StallListing[] {
  return core.runners().flatMap((runner) =>
    runner.trees.stalls.list().map((stall) => {
      const text = STALL_TEXTS[stall.reason];
      return {
        path: localPathOf(runner, stall),
        reason: stall.reason,
        since: timeText(stall.sinceMs),
        needsPerson: text.needsPerson,
        message: saysWhy(stall.reason) ? `${text.message}: ${stall.detail}` : text.message,
        hint: text.hint,
        actions: [...text.actions],
      };
    }),
  );
}

/** What the server did is another thing each time, and says where its evidence is. */
function saysWhy(reason: Stall['reason']): boolean {
  return reason === 'ServerRestored' || reason === 'IntegrityFailure';
}

/** A scan names the entry in its folder, all others the path in the pair. */
export function localPathOf(runner: PairRunner, stall: Stall): string {
  const folder = stall.source === 'scan' ? Number(stall.detail.split(':')[0]) : undefined;
  const above =
    folder === undefined
      ? ''
      : (runner.paths.relative(folder as Parameters<typeof runner.paths.relative>[0]) ?? '');
  const relative = [above, stall.path].filter((part) => part !== '').join('/');
  return relative === '' ? runner.pair.localPath : `${runner.pair.localPath}/${relative}`;
}

export function listHeld(core: EngineCore): HeldListing[] {
  return core.runners().flatMap((runner) =>
    runner.trees.holds
      .list()
      .filter(({ decision }) => decision === 'none')
      .map((hold) => ({
        id: hold.batch,
        local: runner.pair.localPath,
        side: hold.side,
        count: hold.nodes.size,
        of: hold.of,
        createdAt: timeText(hold.createdMs),
        paths: [...hold.nodes]
          .slice(0, HELD_PATHS_SHOWN_MAX)
          .map((node) => basePath(core, runner, node))
          .sort(),
      })),
  );
}

/** Absolute remote path that the pair last agreed on. */
function basePath(core: EngineCore, runner: PairRunner, node: RemoteEntry['id']): string {
  const names: string[] = [];
  let at = runner.trees.base.byId(node);
  while (at !== undefined && names.length < 256) {
    names.push(at.name);
    at = runner.trees.base.byId(at.parent);
  }
  const root = core.remotePath(runner.pair.remoteRoot);
  return `${root === '/' ? '' : root}/${names.reverse().join('/')}`;
}

export function listActivity(core: EngineCore, limit: number): ActivityListing[] {
  const table = new ActivityTable(core.options.database);
  const roots = new Map(
    core.runners().map(({ pair }) => [pair.id, core.remotePath(pair.remoteRoot)] as const),
  );
  return table
    .list(limit)
    .map((activity) =>
      activityLine(activity, core.options.deviceName, roots.get(activity.pair) ?? '/'),
    );
}

export function previewOf(core: EngineCore, runners: readonly PairRunner[]): DryRun {
  const preview: DryRun = { operations: [], holds: [], stalls: [] };
  for (const runner of runners) {
    const plan = runner.preview();
    const root = core.remotePath(runner.pair.remoteRoot);
    preview.operations.push(...plan.operations.map((operation) => lineOf(runner, root, operation)));
    preview.holds.push(
      ...plan.holds.map(({ side, nodes, of }) => ({ side, count: nodes.length, of })),
    );
    preview.stalls.push(
      ...plan.stalls.map(({ reason, node, local }) => ({
        path: pathBelow(root, runner.book.pathFor(node, local)),
        reason,
      })),
    );
  }
  return preview;
}

function lineOf(
  runner: PairRunner,
  root: string,
  operation: Operation,
): DryRun['operations'][number] {
  const node = 'node' in operation ? operation.node : null;
  const local = 'local' in operation ? operation.local : null;
  const path = pathBelow(root, runner.book.pathFor(node, local));
  const size =
    operation.kind === 'remote-upload'
      ? runner.trees.local.byId(operation.local)?.size
      : operation.kind === 'local-download'
        ? runner.trees.remote.byId(operation.node)?.size
        : undefined;
  const to =
    operation.kind === 'remote-place'
      ? operation.name
      : operation.kind === 'local-place' || operation.kind === 'local-set-aside'
        ? operation.localName
        : undefined;
  return {
    op: operation.kind,
    path,
    ...(to === undefined ? {} : { to }),
    ...(size === undefined ? {} : { bytes: size }),
  };
}

/** State of absolute local paths. */
export function statesOf(core: EngineCore, paths: readonly string[]): FileState[] {
  return paths.map((path) => ({ path, state: fileState(core, path) }));
}

/** The pair in whose folder an absolute local path lies. */
export function runnerAt(core: EngineCore, path: string): PairRunner | undefined {
  return core
    .runners()
    .find(({ pair }) => path === pair.localPath || path.startsWith(`${pair.localPath}/`));
}

function fileState(core: EngineCore, path: string): FileState['state'] {
  const runner = runnerAt(core, path);
  if (runner === undefined) return 'outside';
  const relative = path.slice(runner.pair.localPath.length + 1);
  if (relative === '') return runner.trees.dirty.isEmpty() ? 'synced' : 'pending';
  if (core.board.list().some((transfer) => transfer.path === relative)) return 'syncing';
  const row = runner.book.findLocal(relative);
  const stat = core.options.fileSystem.lstat(path);
  const isFolder = row?.kind === 'folder' || stat?.type === 'folder';
  if (runner.scanner.checkIgnored(relative, isFolder).ignored) return 'ignored';
  if (row === undefined) return stat === undefined ? 'outside' : 'pending';
  const stalled = runner.trees.stalls.list().some(({ local }) => local === row.id);
  if (stalled) return 'stalled';
  const base = runner.trees.base.byLocalId(row.id);
  if (base === undefined) return 'pending';
  if (runner.trees.exclusions.list().has(base.id)) return 'excluded';
  if (openCopies(runner).some(({ copy }) => copy.id === base.id)) return 'conflict';
  return runner.trees.dirty.has(base.id, row.id) ? 'pending' : 'synced';
}
