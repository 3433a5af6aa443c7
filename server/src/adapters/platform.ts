/** The real clock, randomness and turn of the event loop. */
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock, Random, Schedule } from '../ports.ts';

export const systemClock: Clock = {
  now: () => Date.now(),
  sleep: (ms, signal) => sleep(ms, undefined, signal && { signal }),
};

export const systemRandom: Random = {
  bytes: (length) => {
    const bytes = new Uint8Array(length);
    bytes.set(randomBytes(length));
    return bytes;
  },
};

/** After the requests that have arrived by now were read. */
export const nextTurn: Schedule = (action) => {
  setImmediate(action);
};
