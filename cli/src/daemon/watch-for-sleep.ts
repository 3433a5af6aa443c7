/** Notices that the machine or the process slept, or that somebody set the clock. */
import type { Clock } from '@coffer/sdk';

/** A tick that comes this much too late, or too early, says so. */
const TICK_MS = 15_000;
const SLEPT_MS_MIN = 10_000;

/** Resolves when `signal` aborts. `onSlept`: how much later it is than it should be; must not reject. */
export async function watchForSleep(
  clock: Clock,
  onSlept: (ms: number) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    const beganMs = clock.now();
    try {
      await clock.sleep(TICK_MS, signal);
    } catch (error) {
      if (signal.aborted) return;
      throw error;
    }
    const sleptMs = clock.now() - beganMs - TICK_MS;
    if (Math.abs(sleptMs) >= SLEPT_MS_MIN) await onSlept(sleptMs);
  }
}
