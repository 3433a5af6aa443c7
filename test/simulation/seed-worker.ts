/** A thread that judges one seed after another. */
import { parentPort } from 'node:worker_threads';
import { judgeSeed, type SeedJob } from './verdict.ts';

parentPort?.on('message', (job: SeedJob) => {
  void judgeSeed(job).then((verdict) => parentPort?.postMessage(verdict));
});
