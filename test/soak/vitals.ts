/** Memory and open handles of processes over time, and whether they grow. */
import { readdirSync, readFileSync } from 'node:fs';

interface Sample {
  readonly pid: number;
  readonly residentMiB: number;
  readonly handles: number;
}

/** What a sample may lie above an earlier one by chance: a collector that has not run yet. */
const MEMORY_SHARE_MAX = 1.25;
const MEMORY_MIB_MAX = 48;
const HANDLES_MAX = 24;

/** Of one program, whatever process runs it at the time. */
export class Vitals {
  readonly #name: string;
  readonly #samples: Sample[] = [];

  constructor(name: string) {
    this.#name = name;
  }

  /** Linux alone says it of other processes; one that ended meanwhile is not counted. */
  take(pid: number): void {
    try {
      const status = readFileSync(`/proc/${pid}/status`, 'utf8');
      const residentMiB = Math.round(Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024);
      const handles = readdirSync(`/proc/${pid}/fd`).length;
      if (Number.isFinite(residentMiB)) this.#samples.push({ pid, residentMiB, handles });
    } catch {
      return;
    }
  }

  /** Of the process that ran last: its first half against its second, in words; `grows` if it fails. */
  verdict(): { readonly text: string; readonly grows: boolean } {
    const pid = this.#samples.at(-1)?.pid;
    const own = this.#samples.filter((sample) => sample.pid === pid);
    const middle = Math.floor(own.length / 2);
    const [before, after] = [own.slice(0, middle), own.slice(middle)];
    const memory = [before, after].map((part) => median(part.map((s) => s.residentMiB)));
    const handles = [before, after].map((part) => median(part.map((s) => s.handles)));
    const [memoryBefore = 0, memoryAfter = 0] = memory;
    const [handlesBefore = 0, handlesAfter = 0] = handles;
    const grows =
      memoryAfter > memoryBefore * MEMORY_SHARE_MAX + MEMORY_MIB_MAX ||
      handlesAfter > handlesBefore + HANDLES_MAX;
    const text = `${this.#name}: ${memoryBefore} → ${memoryAfter} MiB, ${handlesBefore} → ${handlesAfter} handles (${own.length} samples)`;
    return { text, grows };
  }
}

function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0;
}
