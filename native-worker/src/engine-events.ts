/** What listeners are told while the engine works: state at most 10 times a second, news once. */
import type { EngineCore } from './engine-core.ts';
import { listStalls, openCopies, statusOf } from './engine-listings.ts';
import { EVENT_COALESCE_MS } from './limits.ts';

/** Runs `action`; meanwhile listeners hear of what changes, and at its end of how things stand. */
export async function tellingOf<T>(core: EngineCore, action: () => Promise<T>): Promise<T> {
  if (!core.hasListeners()) return action();
  const over = new AbortController();
  const news = new News(core);
  const telling = tellUntil(core, over.signal);
  try {
    return await action();
  } finally {
    over.abort();
    await telling;
    news.tell();
    core.emit({ kind: 'status', status: statusOf(core, core.runners()) });
  }
}

async function tellUntil(core: EngineCore, signal: AbortSignal): Promise<void> {
  let before = '';
  while (await isStillOn(core, signal)) {
    const status = statusOf(core, core.runners());
    const now = JSON.stringify(status);
    if (now === before) continue;
    before = now;
    core.emit({ kind: 'status', status });
  }
}

/** False once the signal is aborted. */
async function isStillOn(core: EngineCore, signal: AbortSignal): Promise<boolean> {
  try {
    await core.options.clock.sleep(EVENT_COALESCE_MS, signal);
    return true;
  } catch (error) {
    if (signal.aborted) return false;
    throw error;
  }
}

/** What needs a person now and did not before. */
class News {
  readonly #core: EngineCore;
  readonly #stalls: ReadonlySet<string>;
  readonly #holds: ReadonlySet<string>;
  readonly #copies: ReadonlySet<string>;

  constructor(core: EngineCore) {
    this.#core = core;
    this.#stalls = new Set(listStalls(core).map(({ reason, path }) => `${reason} ${path}`));
    this.#holds = new Set(holdsOf(core).map(({ hold }) => hold.batch));
    this.#copies = new Set(copiesOf(core).map(({ copy }) => copy.id));
  }

  tell(): void {
    const core = this.#core;
    for (const stall of listStalls(core)) {
      if (!stall.needsPerson || this.#stalls.has(`${stall.reason} ${stall.path}`)) continue;
      const runner = core.runners().find(({ pair }) => stall.path.startsWith(pair.localPath));
      if (runner !== undefined) core.emit({ kind: 'stall', pair: runner.pair.id, stall });
    }
    for (const { pair, hold } of holdsOf(core)) {
      if (this.#holds.has(hold.batch)) continue;
      core.emit({ kind: 'hold', pair, count: hold.nodes.size, of: hold.of });
    }
    for (const { pair, copy } of copiesOf(core)) {
      if (this.#copies.has(copy.id)) continue;
      core.emit({ kind: 'conflict', pair, path: core.remotePath(copy.id) });
    }
  }
}

function holdsOf(core: EngineCore) {
  return core.runners().flatMap((runner) =>
    runner.trees.holds
      .list()
      .filter(({ decision }) => decision === 'none')
      .map((hold) => ({ pair: runner.pair.id, hold })),
  );
}

function copiesOf(core: EngineCore) {
  return core
    .runners()
    .flatMap((runner) => openCopies(runner).map(({ copy }) => ({ pair: runner.pair.id, copy })));
}
