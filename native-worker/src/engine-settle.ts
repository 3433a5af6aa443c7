/** `sync now`: full scan, pull, plan and execute, until both sides agree. */
import { isRefusal, RemoteFault } from '@coffer/sdk';
import type { SyncSummary, UnsettledCause } from './contract/index.ts';
import type { EngineCore } from './engine-core.ts';
import { countsOf } from './engine-listings.ts';
import { pruneRecycled } from './engine-recycle.ts';
import { isIntegrityFailure, type PairRunner } from './engine-pair.ts';
import { bookRefusal, clearRefusal, isDeclaredRestore } from './engine-refused-server.ts';
import {
  isAllLost,
  isRemoteOutage,
  jitterOf,
  nextAttempt,
  type ExecutionCounts,
} from './executor/index.ts';
import {
  NETWORK_RETRY_MS_MIN,
  PLAN_ROUNDS_MAX,
  RETRY_MS_MAX,
  SETTLE_REST_MS_MAX,
} from './limits.ts';

import { LocalFault } from './ports/index.ts';

/** Outages that are waited for when nobody said how long to wait. */
const OUTAGES_MAX = 4;
/** Faults of the disk outside of any one entry (its root, its lists) that are waited for. */
const LOCAL_FAULTS_MAX = 2;

const NOT_AT_REST = {
  cause: 'attention',
  message: 'a pair did not come to rest and was stopped',
} as const;

export interface SettleOptions {
  readonly timeoutMs: number | undefined;
  readonly signal: AbortSignal;
}

interface Totals {
  uploadedFiles: number;
  uploadedBytes: number;
  downloadedFiles: number;
  downloadedBytes: number;
  moved: number;
  trashed: number;
}

/** Never rejects but for defects and the caller's own abort: what went wrong stands in the summary. */
export async function settlePairs(
  core: EngineCore,
  runners: readonly PairRunner[],
  options: SettleOptions,
): Promise<SyncSummary> {
  const { clock, spaceClient } = core.options;
  const startedMs = clock.now();
  const wire = spaceClient.bytesOnWire();
  const totals = noTotals();
  const deadline = new AbortController();
  const over = new AbortController();
  const signal = AbortSignal.any([options.signal, deadline.signal]);
  const timer =
    options.timeoutMs === undefined
      ? Promise.resolve()
      : clock.sleep(options.timeoutMs, over.signal).then(
          () => deadline.abort(),
          () => undefined,
        );
  const failure = await settleThroughOutages(core, runners, { ...options, signal }, totals);
  over.abort();
  await timer;
  options.signal.throwIfAborted();
  const now = spaceClient.bytesOnWire();
  const counts = countsOf(runners);
  return {
    settled: failure === undefined,
    uploaded: {
      files: totals.uploadedFiles,
      bytes: totals.uploadedBytes,
      bytesSent: now.sent - wire.sent,
    },
    downloaded: {
      files: totals.downloadedFiles,
      bytes: totals.downloadedBytes,
      bytesReceived: now.received - wire.received,
    },
    moved: totals.moved,
    trashed: totals.trashed,
    ...counts,
    seconds: (clock.now() - startedMs) / 1000,
    ...failure,
  };
}

async function settleThroughOutages(
  core: EngineCore,
  runners: readonly PairRunner[],
  options: SettleOptions,
  totals: Totals,
): Promise<{ cause: UnsettledCause; message: string } | undefined> {
  const { clock, random } = core.options;
  let outage: unknown;
  for (let tries = 1; ; tries++) {
    try {
      await settleOnce(core, runners, options.signal, totals);
      for (const runner of runners) runner.offline = false;
      return runners.some(({ isStopped }) => isStopped) ? NOT_AT_REST : undefined;
    } catch (error) {
      if (options.signal.aborted) {
        return causeOf(isRemoteOutage(error) ? error : outage, 'timeout');
      }
      if (isIntegrityFailure(error)) bookRefusal(core, error);
      const isLocal = error instanceof LocalFault;
      const mayWait = isLocal
        ? tries <= LOCAL_FAULTS_MAX
        : isRemoteOutage(error) && (options.timeoutMs !== undefined || tries <= OUTAGES_MAX);
      if (!mayWait) return causeOf(error, 'failed');
      outage = error;
      if (!isLocal) for (const runner of runners) runner.offline = true;
      const nowMs = clock.now();
      const range = { minMs: NETWORK_RETRY_MS_MIN, maxMs: RETRY_MS_MAX };
      const at = nextAttempt({ nowMs, tries, range, jitter: jitterOf(random.bytes(2)) });
      try {
        await clock.sleep(at - nowMs, options.signal);
      } catch {
        return causeOf(outage, 'timeout');
      }
    }
  }
}

function causeOf(
  error: unknown,
  otherwise: UnsettledCause,
): { cause: UnsettledCause; message: string } {
  const message = error instanceof Error ? error.message : 'the pairs did not settle in time';
  if (isDeclaredRestore(error)) return { cause: 'attention', message };
  if (isIntegrityFailure(error)) return { cause: 'integrity', message };
  if (isRefusal(error, 'not-signed-in', 'device-revoked', 'refused')) {
    return { cause: 'refused', message };
  }
  if (isRefusal(error, 'quota-exceeded')) return { cause: 'quota-exceeded', message };
  if (isRemoteOutage(error)) return { cause: 'network', message };
  if (error === undefined) return { cause: otherwise, message };
  // A fault of the disk, or a refusal of the server; anything else is no outcome but a defect.
  if (error instanceof LocalFault || error instanceof RemoteFault)
    return { cause: 'failed', message };
  throw error;
}

async function settleOnce(
  core: EngineCore,
  runners: readonly PairRunner[],
  signal: AbortSignal,
  totals: Totals,
): Promise<void> {
  const ready: PairRunner[] = [];
  for (const runner of runners) {
    if (!(await runner.rootHolds())) continue;
    runner.scanner.hintAll();
    if (await runner.scan(signal)) ready.push(runner);
  }
  await core.pull(signal);
  const live = ready.filter((runner) => {
    const isLive = runner.mirror.rootIsLive();
    runner.book.setPairStall('RemoteRootGone', !isLive);
    return isLive;
  });
  clearRefusal(core);
  let again = true;
  while (again) {
    again = false;
    for (const runner of live) again = (await settleRounds(core, runner, signal, totals)) || again;
    if (live.some(({ isStopped }) => isStopped)) break;
    again = again && live.length > 1;
  }
  for (const runner of live) if (!runner.isStopped) finish(core, runner);
}

/** True when anything was done. */
async function settleRounds(
  core: EngineCore,
  runner: PairRunner,
  signal: AbortSignal,
  totals: Totals,
): Promise<boolean> {
  const { clock } = core.options;
  const restBy = clock.now() + SETTLE_REST_MS_MAX;
  let progressed = false;
  for (let rounds = 0; rounds < PLAN_ROUNDS_MAX;) {
    signal.throwIfAborted();
    await scanWhatIsDue(core, runner, signal);
    const round = await runner.round(signal, { judgeNow: true });
    if (!round.hasMore) rounds++;
    if (round.counts !== undefined) add(totals, round.counts);
    progressed ||= round.progressed;
    if (round.counts !== undefined && round.counts.lost > 0) {
      await core.pull(signal);
      // What is missing in one folder may be in any other one: without a watcher all are looked at.
      runner.scanner.hintAll();
      await scanWhatIsDue(core, runner, signal);
    }
    const isLost = round.counts !== undefined && isAllLost(round.counts);
    if (round.progressed && !(isLost && mustRest(core, runner))) continue;
    const dueAt = runner.scanner.restAt();
    if (dueAt === undefined || dueAt > restBy) {
      runner.restart();
      return progressed;
    }
    await clock.sleep(Math.max(0, dueAt - clock.now()), signal);
  }
  runner.stop();
  return false;
}

/** Something changes at this moment: to try again at once would be to lose again. */
function mustRest(core: EngineCore, runner: PairRunner): boolean {
  const dueAt = runner.scanner.dueAt();
  return dueAt !== undefined && dueAt > core.options.clock.now();
}

async function scanWhatIsDue(
  core: EngineCore,
  runner: PairRunner,
  signal: AbortSignal,
): Promise<void> {
  const dueAt = runner.scanner.dueAt();
  if (dueAt === undefined || dueAt > core.options.clock.now()) return;
  if (await runner.rootHolds()) await runner.scan(signal);
}

/** Both sides agree, up to what is stalled or held. */
function finish(core: EngineCore, runner: PairRunner): void {
  const { clock } = core.options;
  runner.book.settled();
  runner.trees.local.sweepGone();
  pruneRecycled(runner, core.options);
  if (!runner.trees.dirty.isEmpty()) return;
  runner.book.setPairStall('DbRecovered', false);
  core.pairs.setSynced(runner.pair.id, clock.now());
  runner.pair = { ...runner.pair, lastSyncedAtMs: clock.now() };
}

function add(totals: Totals, counts: ExecutionCounts): void {
  totals.uploadedFiles += counts.uploadedFiles;
  totals.uploadedBytes += counts.uploadedBytes;
  totals.downloadedFiles += counts.downloadedFiles;
  totals.downloadedBytes += counts.downloadedBytes;
  totals.moved += counts.moved;
  totals.trashed += counts.trashed;
}

function noTotals(): Totals {
  return {
    uploadedFiles: 0,
    uploadedBytes: 0,
    downloadedFiles: 0,
    downloadedBytes: 0,
    moved: 0,
    trashed: 0,
  };
}
