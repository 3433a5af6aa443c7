/** Runs worlds on several cores, and ends those that hang. */
import { Worker } from 'node:worker_threads';
import { brokenWorld, type SeedJob, type SeedVerdict } from './verdict.ts';

export interface PoolOptions {
  readonly workers: number;
  /** The next world; undefined when there are no more. */
  readonly next: () => SeedJob | undefined;
  readonly onVerdict: (verdict: SeedVerdict) => void;
  /** A world that takes longer hangs. */
  readonly hangsAfterMs?: number;
}

const HANGS_AFTER_MS = 240_000;
const HEAP_MEGABYTES_MAX = 1500;

export async function runPool(options: PoolOptions): Promise<void> {
  await Promise.all(Array.from({ length: options.workers }, () => work(options)));
}

async function work(options: PoolOptions): Promise<void> {
  let worker: Worker | undefined;
  for (let job = options.next(); job !== undefined; job = options.next()) {
    worker ??= startWorker();
    const verdict = await judge(worker, job, options.hangsAfterMs ?? HANGS_AFTER_MS);
    if (verdict === undefined) {
      await worker.terminate();
      worker = undefined;
    }
    const lost = brokenWorld(job.options, 'broken: the world hangs or took its thread down');
    options.onVerdict(
      verdict ?? { ...lost, options: job.options, wasTwice: job.isTwice, seconds: 0 },
    );
  }
  await worker?.terminate();
}

function startWorker(): Worker {
  return new Worker(new URL('./seed-worker.ts', import.meta.url), {
    resourceLimits: { maxOldGenerationSizeMb: HEAP_MEGABYTES_MAX },
  });
}

/** Undefined when the thread did not answer. */
function judge(worker: Worker, job: SeedJob, ms: number): Promise<SeedVerdict | undefined> {
  return new Promise((resolve) => {
    const lost = (): void => done(undefined);
    const done = (verdict: SeedVerdict | undefined): void => {
      clearTimeout(timer);
      worker.off('message', done);
      worker.off('error', lost);
      worker.off('exit', lost);
      resolve(verdict);
    };
    const timer = setTimeout(lost, ms);
    worker.on('message', done);
    worker.on('error', lost);
    worker.on('exit', lost);
    worker.postMessage(job);
  });
}
