/** What `sync now` shows on a terminal while it works. */
import type { Engine, EngineStatus, NumberedEvent } from '@coffer/native-worker/contract';
import { count, formatBytes, type Output } from '../output.ts';
import { ProgressLine } from '../progress.ts';

/** Tells how far the engine is until it is disposed of; asks it for nothing where no line is shown. */
export function showSync(output: Output, engine: Engine, now: () => number): Disposable {
  const stack = new DisposableStack();
  const line = stack.use(new ProgressLine(output, now));
  if (!line.isShown) return stack;
  const work = new SyncWork();
  const unsubscribe = engine.subscribe(({ event }) => {
    work.hear(event);
    line.show(() => work.line());
  });
  stack.defer(unsubscribe);
  return stack;
}

/** Of the changes that are planned, those that are made. */
export class SyncWork {
  #status: EngineStatus | undefined;
  #plan = '';
  #done = 0;

  hear(event: NumberedEvent['event']): void {
    if (event.kind === 'activity') this.#done++;
    if (event.kind !== 'status') return;
    this.#status = event.status;
    // What is pending is said once for each plan.
    const plan = JSON.stringify(event.status.pairs.map(({ id, pending }) => [id, pending]));
    if (plan !== this.#plan) this.#done = 0;
    this.#plan = plan;
  }

  line(): string {
    const { pairs = [], transfers = [] } = this.#status ?? {};
    const busy = pairs.filter(({ state }) => state === 'syncing');
    const planned = busy.reduce(
      (sum, { pending }) => sum + pending.uploads + pending.downloads + pending.other,
      0,
    );
    if (planned === 0) return 'Looking for changes';
    const moving = transfers.filter(({ paused }) => paused !== true);
    const perSecond = moving.reduce((sum, { bytesPerSecond }) => sum + bytesPerSecond, 0);
    const parts = [
      `Syncing: ${Math.min(this.#done, planned)} of ${count(planned, 'change')}`,
      ...(moving.length === 0 ? [] : [`${count(moving.length, 'file')} under way`]),
      ...(perSecond === 0 ? [] : [`${formatBytes(perSecond)}/s`]),
    ];
    return parts.join(', ');
  }
}
