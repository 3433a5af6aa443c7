/** The engine: its commands over the pairs of one space, and the loop that keeps them in step. */
import {
  commands,
  EngineFault,
  type CallOptions,
  type CommandInput,
  type CommandName,
  type Engine,
} from './contract/index.ts';
import type { z } from 'zod';
import { EngineCore } from './engine-core.ts';
import { tellingOf } from './engine-events.ts';
import { decideHeld, resolveConflict, retryStalls } from './engine-decisions.ts';
import { checkIgnored, listIgnoreRules } from './engine-ignore.ts';
import {
  listActivity,
  listConflicts,
  listHeld,
  listPairs,
  listStalls,
  previewOf,
  statesOf,
  statusOf,
} from './engine-listings.ts';
import { runLoop } from './engine-loop.ts';
import type { EngineOptions } from './engine-options.ts';
import { restorePairs, savePairList } from './engine-pair-list.ts';
import type { PairRunner } from './engine-pair.ts';
import { acceptRestored } from './engine-refused-server.ts';
import { addPair, exclude, include, removePair } from './engine-pairs.ts';
import { settlePairs } from './engine-settle.ts';
import { verifyLocal } from './engine-verify.ts';
import { CANCELLED_TRANSFER_MS } from './limits.ts';
import type { OperationId } from './planner/types.ts';
import { PAUSED_FOR_GOOD } from './trees/index.ts';

/** Opens the pairs that the database holds for the space; touches no root yet. */
export function createEngine(options: EngineOptions): Engine {
  const core = new EngineCore(options);
  restorePairs(core);
  core.onChange(() => savePairList(core));
  // Commands on the drive go through the same client: the pairs hear of what they bring.
  options.spaceClient.otherwise?.((delta) => {
    core.applied(delta);
    core.poke();
  });
  const closing = new AbortController();
  const signalOf = (call: CallOptions | undefined): AbortSignal =>
    call?.signal === undefined ? closing.signal : AbortSignal.any([closing.signal, call.signal]);
  const inTurn = <T>(
    call: CallOptions | undefined,
    action: (signal: AbortSignal) => Promise<T>,
  ) => {
    const signal = signalOf(call);
    return core.turns.take(() => action(signal), signal);
  };
  const query = <T>(answer: () => T | Promise<T>): Promise<T> => Promise.resolve().then(answer);

  return {
    addPair: (input, call) => {
      const wanted = parse('addPair', input);
      return inTurn(call, (signal) => addPair(core, wanted, signal));
    },
    removePair: ({ pair }, call) => inTurn(call, async () => done(removePair(core, pair))),
    listPairs: () => query(() => listPairs(core)),
    exclude: ({ pair, remote }, call) =>
      inTurn(call, async () => done(exclude(core, pair, remote))),
    include: ({ pair, remote }, call) =>
      inTurn(call, async () => done(include(core, pair, remote))),
    syncNow: (input, call) => {
      const { pairs, timeoutMs } = parse('syncNow', input);
      return inTurn(call, (signal) =>
        tellingOf(core, async () => {
          const runners = toSync(core, pairs);
          const summary = await settlePairs(core, runners, { timeoutMs, signal });
          for (const { pair } of runners) core.emit({ kind: 'settled', pair: pair.id, summary });
          return summary;
        }),
      );
    },
    dryRun: ({ pairs }, call) =>
      inTurn(call, async (signal) => {
        const runners = toSync(core, pairs);
        const ready = await lookAtBothSides(core, runners, signal);
        return previewOf(core, ready);
      }),
    pause: (input) => {
      const { pairs, forMs } = parse('pause', input);
      return query(() => pause(core, pairs, forMs));
    },
    resume: ({ pairs }) => query(() => setPaused(core, pairs, 0)),
    wake: () => query(() => done(core.wake())),
    status: ({ pairs }) => query(() => statusOf(core, core.select(pairs))),
    steerTransfer: (input) => {
      const given = parse('steerTransfer', input);
      return query(() => done(steerTransfer(core, given)));
    },
    fileStates: ({ paths }) => query(() => statesOf(core, paths)),
    checkIgnored: ({ paths }) => query(() => checkIgnored(core, paths)),
    ignoreRules: ({ paths }, call) => query(() => listIgnoreRules(core, paths, signalOf(call))),
    verifyLocal: ({ pair }, call) =>
      query(() => verifyLocal(core, pair, { ...call, signal: signalOf(call) })),
    conflicts: () => query(() => listConflicts(core)),
    resolveConflict: (input, call) => {
      const given = parse('resolveConflict', input);
      return inTurn(call, async (signal) => done(await resolveConflict(core, given, signal)));
    },
    stalls: () => query(() => listStalls(core)),
    retryStalls: ({ path }) => query(() => done(retryStalls(core, path))),
    actOnStall: ({ action, path }, call) =>
      action === 'accept-restored'
        ? inTurn(call, async (signal) => done(await acceptRestored(core, signal)))
        : query(() => actOnStall(core, action, path)),
    held: () => query(() => listHeld(core)),
    approveHeld: ({ id }) => query(() => done(decideHeld(core, id, 'approved'))),
    undoHeld: ({ id }) => query(() => done(decideHeld(core, id, 'undone'))),
    activity: (input) => query(() => listActivity(core, parse('activity', input).limit)),
    run: (signal) => runLoop(core, AbortSignal.any([signal, closing.signal])),
    subscribe: (listener) => core.subscribe(listener),
    close: async () => {
      closing.abort();
      await core.turns.take(async () => {
        for (const runner of core.runners()) runner.release();
      });
    },
  };
}

function parse<K extends CommandName>(
  name: K,
  input: CommandInput<K>,
): z.output<(typeof commands)[K]['input']> {
  const result = commands[name].input.safeParse(input);
  if (!result.success) throw new EngineFault('invalid', `${name}: ${result.error.message}`);
  return result.data as z.output<(typeof commands)[K]['input']>;
}

function done(_nothing: void): Record<string, never> {
  return {};
}

/** Pairs that are named are synced even while they are paused. */
function toSync(core: EngineCore, names: readonly string[] | undefined): readonly PairRunner[] {
  if (names !== undefined && names.length > 0) return core.select(names);
  return core.runners().filter((runner) => !core.isPaused(runner));
}

async function lookAtBothSides(
  core: EngineCore,
  runners: readonly PairRunner[],
  signal: AbortSignal,
): Promise<readonly PairRunner[]> {
  const ready: PairRunner[] = [];
  for (const runner of runners) {
    if (!(await runner.rootHolds())) continue;
    runner.scanner.hintAll();
    if (await runner.scan(signal)) ready.push(runner);
  }
  await core.pull(signal);
  return ready.filter((runner) => runner.mirror.rootIsLive());
}

function pause(
  core: EngineCore,
  pairs: readonly string[] | undefined,
  forMs: number | undefined,
): Record<string, never> {
  const untilMs = forMs === undefined ? PAUSED_FOR_GOOD : core.options.clock.now() + forMs;
  return setPaused(core, pairs, untilMs);
}

function setPaused(
  core: EngineCore,
  pairs: readonly string[] | undefined,
  untilMs: number,
): Record<string, never> {
  if (untilMs > 0) core.turns.interrupt();
  for (const runner of core.select(pairs)) {
    core.pairs.setPaused(runner.pair.id, untilMs);
    runner.pair = { ...runner.pair, pausedUntilMs: untilMs };
  }
  core.poke();
  return {};
}

function steerTransfer(
  core: EngineCore,
  { id, verb }: { readonly id: string; readonly verb: 'pause' | 'resume' | 'cancel' },
): void {
  const { board, options } = core;
  const operation = id as OperationId;
  const now = options.clock.now();
  const running = board.list();
  const untilMs = verb === 'cancel' ? now + CANCELLED_TRANSFER_MS : Number.POSITIVE_INFINITY;
  const isKnown = verb === 'resume' ? board.release(operation) : board.hold(operation, untilMs);
  if (!isKnown) {
    throw new EngineFault('not-found', 'no such transfer', "'coffer transfers' lists them.");
  }
  // Nothing else comes down: the request as such can end.
  const downloads = running.filter(({ direction }) => direction === 'down');
  if (verb !== 'resume' && downloads.length === 1 && downloads[0]?.id === id) {
    core.turns.interrupt();
  }
  core.poke();
}

function actOnStall(
  core: EngineCore,
  action: string,
  path: string | undefined,
): Record<string, never> {
  if (action !== 'retry') {
    throw new EngineFault(
      'invalid',
      `no stall has the action ${action}`,
      "'coffer stalls' says what can be done.",
    );
  }
  retryStalls(core, path);
  return {};
}
