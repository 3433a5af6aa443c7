/** The continuous loop: watches both sides and settles what changed (engine §3, §6, §9). */
import { RemoteFault } from '@coffer/sdk';
import type { EngineCore } from './engine-core.ts';
import { tellingOf } from './engine-events.ts';
import { pruneRecycled } from './engine-recycle.ts';
import { isIntegrityFailure, type PairRunner } from './engine-pair.ts';
import { noWork } from './engine-pending.ts';
import { bookRefusal, clearRefusal } from './engine-refused-server.ts';
import { isAllLost, jitterOf, nextAttempt, OWN_FOLDER_NAME } from './executor/index.ts';
import { WATCH_LIMIT_OVER, WATCH_LIMIT_REACHED, WATCHER_DEAD } from './watcher/index.ts';
import {
  FULL_SCAN_INTERVAL_MS,
  FULL_SCAN_JITTER_SHARE,
  NETWORK_RETRY_MS_MIN,
  PLAN_ROUNDS_MAX,
  REMOTE_POLL_MS,
  RETRY_MS_MAX,
  ROOT_RETRY_MS,
  SWEEP_INTERVAL_MS,
} from './limits.ts';
import { LocalFault } from './ports/index.ts';

/** Runs until `signal` aborts; rejects with defects alone. */
export async function runLoop(core: EngineCore, signal: AbortSignal): Promise<void> {
  const loop = new Loop(core, signal);
  await loop.run();
}

interface Watched {
  readonly stop: () => void;
  fullScanAtMs: number;
  sweepAtMs: number;
  rootAtMs: number;
}

class Loop {
  readonly #core: EngineCore;
  readonly #signal: AbortSignal;
  readonly #watched = new Map<string, Watched>();
  #wake: () => void = () => undefined;
  #isWoken = false;
  #remoteAtMs = 0;
  #outages = 0;

  constructor(core: EngineCore, signal: AbortSignal) {
    this.#core = core;
    this.#signal = signal;
    core.onPoke(() => this.#poke());
    core.onWake(() => {
      this.#remoteAtMs = 0;
      this.#outages = 0;
    });
  }

  async run(): Promise<void> {
    const watching = this.#watchRemote();
    try {
      while (!this.#signal.aborted) {
        await this.#cycle();
        await this.#rest();
      }
    } finally {
      for (const { stop } of this.#watched.values()) stop();
      this.#core.onPoke(() => undefined);
      this.#core.onWake(() => undefined);
      await watching;
    }
  }

  async #watchRemote(): Promise<void> {
    const { watchRemote } = this.#core.options;
    if (watchRemote === undefined) return;
    const onChange = (): void => {
      this.#remoteAtMs = 0;
      this.#poke();
    };
    try {
      await watchRemote(onChange, this.#signal);
    } catch (error) {
      // Polling goes on; the outage, or the refusal, shows there.
      if (!this.#signal.aborted && !(error instanceof RemoteFault)) throw error;
    }
  }

  /** Commands come first: a cycle that is cut short for one goes on after it. */
  async #cycle(): Promise<void> {
    try {
      const wasCut = await this.#core.turns.takeYielding((yielding) => {
        const signal = AbortSignal.any([this.#signal, yielding]);
        return tellingOf(this.#core, () => this.#settleThroughFaults(signal));
      });
      if (wasCut) this.#poke();
    } catch (error) {
      if (!this.#signal.aborted) throw error;
    }
  }

  async #settleThroughFaults(signal: AbortSignal): Promise<void> {
    try {
      await this.#settle(signal);
      this.#outages = 0;
    } catch (error) {
      if (signal.aborted) return;
      this.#survive(error);
    }
  }

  #survive(error: unknown): void {
    const { clock, random } = this.#core.options;
    if (isIntegrityFailure(error)) {
      bookRefusal(this.#core, error);
    } else if (error instanceof RemoteFault) {
      // Refusals too: only a person can make them good, and until then asking is enough.
      for (const runner of this.#core.runners()) runner.offline = true;
    } else {
      throw error;
    }
    this.#outages += 1;
    this.#remoteAtMs = nextAttempt({
      nowMs: clock.now(),
      tries: this.#outages,
      range: { minMs: NETWORK_RETRY_MS_MIN, maxMs: RETRY_MS_MAX },
      jitter: jitterOf(random.bytes(2)),
    });
  }

  async #settle(signal: AbortSignal): Promise<void> {
    const { clock } = this.#core.options;
    this.#unwatchRemoved();
    const ready: PairRunner[] = [];
    for (const runner of this.#core.runners()) {
      if (this.#core.isPaused(runner)) continue;
      const holds = await this.#withFaults(runner, () => this.#look(runner, signal));
      if (holds === true) ready.push(runner);
    }
    if (clock.now() >= this.#remoteAtMs) {
      await this.#core.pull(signal);
      clearRefusal(this.#core);
      this.#remoteAtMs = clock.now() + REMOTE_POLL_MS;
      for (const runner of this.#core.runners()) runner.offline = false;
    }
    for (const runner of ready) {
      const isLive = runner.mirror.rootIsLive();
      runner.book.setPairStall('RemoteRootGone', !isLive);
      if (!isLive || runner.isStopped) continue;
      await this.#withFaults(runner, () => this.#rounds(runner, signal));
    }
  }

  /** A fault of the disk outside of any one entry stops no other pair: this one waits a little. */
  async #withFaults<T>(runner: PairRunner, action: () => Promise<T>): Promise<T | undefined> {
    try {
      return await action();
    } catch (error) {
      if (!(error instanceof LocalFault)) throw error;
      this.#watch(runner).rootAtMs = this.#core.options.clock.now() + ROOT_RETRY_MS;
      runner.scanner.hintAll();
      return undefined;
    }
  }

  /** Scans what is due; false when nothing may be planned for the pair now. */
  async #look(runner: PairRunner, signal: AbortSignal): Promise<boolean> {
    const { clock } = this.#core.options;
    const watched = this.#watch(runner);
    if (clock.now() < watched.rootAtMs) return false;
    if (!(await runner.rootHolds())) {
      watched.rootAtMs = clock.now() + ROOT_RETRY_MS;
      return false;
    }
    if (clock.now() >= watched.fullScanAtMs || clock.now() >= watched.sweepAtMs) {
      runner.scanner.hintAll();
      runner.book.setPairStall('WatcherDead', false);
      watched.fullScanAtMs = clock.now() + this.#untilFullScan();
      watched.sweepAtMs = clock.now() + this.#untilSweep();
    }
    const dueAt = runner.scanner.dueAt();
    if (dueAt === undefined || dueAt > clock.now()) return true;
    return runner.scan(signal);
  }

  async #rounds(runner: PairRunner, signal: AbortSignal): Promise<void> {
    for (let rounds = 0; rounds < PLAN_ROUNDS_MAX;) {
      if (runner.trees.dirty.isEmpty()) {
        this.#settled(runner, rounds > 0);
        return;
      }
      const round = await runner.round(signal, { judgeNow: false });
      if (!round.hasMore) rounds++;
      if (round.counts !== undefined && round.counts.lost > 0) {
        await this.#look(runner, signal);
        await this.#core.pull(signal);
        const dueAt = runner.scanner.dueAt() ?? 0;
        // Something changes at this moment: to try again at once would be to lose again.
        if (isAllLost(round.counts) && dueAt > this.#core.options.clock.now()) return;
      }
      if (!round.progressed) {
        this.#settled(runner, false);
        return;
      }
    }
    runner.stop();
  }

  #settled(runner: PairRunner, didWork: boolean): void {
    const { clock } = this.#core.options;
    runner.book.settled();
    if (runner.trees.dirty.isEmpty()) {
      runner.pending = noWork();
      runner.book.setPairStall('DbRecovered', false);
      this.#core.pairs.setSynced(runner.pair.id, clock.now());
      runner.pair = { ...runner.pair, lastSyncedAtMs: clock.now() };
    }
    if (didWork) {
      runner.trees.local.sweepGone();
      pruneRecycled(runner, this.#core.options);
    }
  }

  /** Pairs that were removed meanwhile are watched no more. */
  #unwatchRemoved(): void {
    const there = new Set(this.#core.runners().map(({ pair }) => pair.id));
    for (const [id, { stop }] of this.#watched) {
      if (there.has(id)) continue;
      stop();
      this.#watched.delete(id);
    }
  }

  #watch(runner: PairRunner): Watched {
    const { hints } = this.#core.options;
    const known = this.#watched.get(runner.pair.id);
    if (known !== undefined) return known;
    // Of an earlier run: what watches now says so again if it still holds.
    runner.book.setPairStall('WatchLimit', false);
    const stop = hints?.watch(runner.pair.localPath, {
      folder: (path) => {
        if (path === OWN_FOLDER_NAME || path.startsWith(`${OWN_FOLDER_NAME}/`)) return;
        runner.scanner.hint(path);
        this.#poke();
      },
      lost: (reason) => {
        if (reason === WATCHER_DEAD) runner.book.setPairStall('WatcherDead', true);
        if (reason === WATCH_LIMIT_REACHED) runner.book.setPairStall('WatchLimit', true);
        if (reason === WATCH_LIMIT_OVER) runner.book.setPairStall('WatchLimit', false);
        runner.scanner.hintAll();
        this.#poke();
      },
    });
    const watched = { stop: stop ?? (() => undefined), fullScanAtMs: 0, sweepAtMs: 0, rootAtMs: 0 };
    this.#watched.set(runner.pair.id, watched);
    return watched;
  }

  #untilFullScan(): number {
    const jitter = jitterOf(this.#core.options.random.bytes(2)) * 2 - 1;
    return FULL_SCAN_INTERVAL_MS * (1 + jitter * FULL_SCAN_JITTER_SHARE);
  }

  #untilSweep(): number {
    return this.#core.options.hints === undefined ? SWEEP_INTERVAL_MS : Number.POSITIVE_INFINITY;
  }

  /** Sleeps until something is due or somebody pokes. */
  async #rest(): Promise<void> {
    const { clock } = this.#core.options;
    if (this.#isWoken) {
      this.#isWoken = false;
      await clock.sleep(0).catch(() => undefined);
      return;
    }
    const done = new AbortController();
    const woken = new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
    const sleeping = clock
      .sleep(
        Math.max(0, this.#nextAt() - clock.now()),
        AbortSignal.any([done.signal, this.#signal]),
      )
      .catch(() => undefined);
    await Promise.race([sleeping, woken]);
    done.abort();
    await sleeping;
    this.#isWoken = false;
  }

  #nextAt(): number {
    const { clock } = this.#core.options;
    let at = this.#remoteAtMs;
    for (const runner of this.#core.runners()) {
      const watched = this.#watched.get(runner.pair.id);
      if (watched === undefined) return clock.now();
      if (this.#core.isPaused(runner)) {
        at = Math.min(at, runner.pair.pausedUntilMs);
        continue;
      }
      if (watched.rootAtMs > clock.now()) {
        at = Math.min(at, watched.rootAtMs);
        continue;
      }
      const dueAt = runner.scanner.dueAt() ?? Number.POSITIVE_INFINITY;
      const deletionsAt = runner.deletions.isWaiting()
        ? runner.deletions.dueAt()
        : Number.POSITIVE_INFINITY;
      const retryAt = runner.trees.stalls.nextAtMs() ?? Number.POSITIVE_INFINITY;
      at = Math.min(at, dueAt, watched.fullScanAtMs, watched.sweepAtMs, retryAt);
      if (deletionsAt > clock.now()) at = Math.min(at, deletionsAt);
    }
    return at;
  }

  #poke(): void {
    this.#isWoken = true;
    this.#wake();
  }
}
