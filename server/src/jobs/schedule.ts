/**
 * Runs jobs once in their period, at an hour that chance chooses: so that many servers, or all jobs of
 * one, do not work at the same time. When a job is due is stored: restarts neither skip nor repeat it.
 */
import type { Clock, Log, Random } from '../ports.ts';
import type { CollectionStore } from '../stores/collection-store.ts';
import type { Job, JobSummary } from './job.ts';

const HOUR_MS = 60 * 60 * 1000;

export interface ScheduleContext {
  readonly store: Pick<CollectionStore, 'getJobRun' | 'putJobRun'>;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** A run came to its end; undefined when it failed. */
  readonly onFinished: (job: string, run: { ms: number; summary: JobSummary | undefined }) => void;
}

/** Resolves when `signal` aborts and nothing runs any more. */
export async function runSchedule(
  context: ScheduleContext,
  jobs: readonly Job[],
  signal: AbortSignal,
): Promise<void> {
  const { clock, log } = context;
  try {
    const dueByJob = new Map<Job, number>();
    for (const job of jobs) dueByJob.set(job, await firstDue(context, job));
    for (;;) {
      const [next] = [...dueByJob].sort(([, one], [, other]) => one - other);
      if (next === undefined) return;
      const [job, due] = next;
      const leftMs = due - clock.now();
      if (leftMs > 0) {
        // In steps, so that a clock that was set right is noticed.
        await clock.sleep(Math.min(leftMs, HOUR_MS), signal);
        continue;
      }
      await runOnce(context, job, signal);
      signal.throwIfAborted();
      dueByJob.set(job, await planNext(context, job));
    }
  } catch (error) {
    if (!signal.aborted) log.error({ reason: String(error) }, 'jobs do not run any more');
  }
}

/** A random moment of the first period; one that has passed meanwhile comes within the next hour. */
async function firstDue({ store, clock, random }: ScheduleContext, job: Job): Promise<number> {
  const now = clock.now();
  const run = await store.getJobRun(job.name);
  if (run !== undefined && run.nextAt > now && run.nextAt < now + 2 * job.everyMs) {
    return run.nextAt;
  }
  const nextAt = now + Math.floor(fraction(random) * (run === undefined ? job.everyMs : HOUR_MS));
  await store.putJobRun(job.name, { nextAt, finishedAt: run?.finishedAt ?? null });
  return nextAt;
}

/** A random moment of the next period. */
async function planNext({ store, clock, random }: ScheduleContext, job: Job): Promise<number> {
  const now = clock.now();
  const period = Math.floor(now / job.everyMs) + 1;
  const nextAt = Math.floor((period + fraction(random)) * job.everyMs);
  await store.putJobRun(job.name, { nextAt, finishedAt: now });
  return nextAt;
}

async function runOnce(context: ScheduleContext, job: Job, signal: AbortSignal): Promise<void> {
  const { clock, log, onFinished } = context;
  const began = clock.now();
  try {
    const summary = await job.run(signal);
    const ms = clock.now() - began;
    log.info({ job: job.name, ms, ...summary }, 'job finished');
    onFinished(job.name, { ms, summary });
  } catch (error) {
    if (signal.aborted) return;
    const reason = error instanceof Error ? (error.stack ?? error.message) : String(error);
    log.error({ job: job.name, reason }, 'job failed');
    onFinished(job.name, { ms: clock.now() - began, summary: undefined });
  }
}

/** In [0, 1). */
function fraction(random: Random): number {
  const bytes = random.bytes(4);
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(0) / 2 ** 32;
}
