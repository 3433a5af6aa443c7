import { setTimeout as sleepFor } from 'node:timers/promises';
import type { Clock } from '../../ports/index.ts';

/** The clock of this machine. A sleep keeps the process alive. */
export const systemClock: Clock = {
  now: () => Date.now(),
  sleep: async (ms, signal) => {
    try {
      await sleepFor(ms, undefined, signal === undefined ? {} : { signal });
    } catch (error) {
      signal?.throwIfAborted(); // The caller's own reason, not the timer's.
      throw error;
    }
  },
};
