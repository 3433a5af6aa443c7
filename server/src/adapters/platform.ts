/** The real clock, randomness and turn of the event loop. */
import { randomBytes } from 'node:crypto';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import type { Metrics } from '../metrics.ts';
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

/**
 * For a process that is nothing but a server: V8 collects its heaps when they have grown by a fifth, not
 * when they have doubled or more. Heaps of all threads. It costs processor time, most of all in bulk
 * (measured with all limits of memory in docs/server.md, What a commit costs).
 */
export function keepHeapsSmall(): void {
  setFlagsFromString('--heap-growing-percent=20');
}

/** How the process does, under the names that Prometheus has for that. */
export function addProcessGauges(metrics: Metrics): void {
  const memory = () => process.memoryUsage.rss();
  metrics.addGauge('process_resident_memory_bytes', 'Resident memory of the process.', memory);
  const cpu = () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1_000_000;
  };
  metrics.addGauge('process_cpu_seconds_total', 'Processor time of the process.', cpu);
  const delay = monitorEventLoopDelay({ resolution: 20 });
  delay.enable();
  metrics.addGauge('coffer_event_loop_delay_p99_seconds', 'How late timers are.', () => {
    const seconds = delay.percentile(99) / 1e9;
    delay.reset();
    return Number.isFinite(seconds) ? seconds : 0;
  });
}
