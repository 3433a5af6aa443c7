import type { Context } from '../services/context.ts';

/** What jobs work with. */
export type JobContext = Pick<Context, 'store' | 'packs' | 'suite' | 'clock' | 'random' | 'log'>;

/** Numbers that say what a run did: for the log, metrics and `admin`. */
export type JobSummary = Readonly<Record<string, number>>;

/** Work that goes on beside the requests: safe to run twice, to break off anywhere, and to repeat. */
export interface Job {
  readonly name: string;
  readonly everyMs: number;
  /** Throws the signal's reason when aborted; the next run goes on. */
  readonly run: (signal: AbortSignal) => Promise<JobSummary>;
}
