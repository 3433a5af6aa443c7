/** Medians and ratios of all samples, as a table. */
import type { Sample, Sizes, Workload } from './workloads.ts';
import { WORKLOADS } from './workloads.ts';

/** Seconds of Coffer at most, as a share of restic's, and bytes sent at most. */
const TARGETS: Readonly<
  Record<Workload, { readonly share: number; readonly sentMax?: (sizes: Sizes) => number }>
> = {
  W1: { share: 1 },
  W7a: { share: 1 },
  W2: { share: 0.8 },
  W7b: { share: 1 },
  W3: { share: 1, sentMax: () => 6 * 1024 * 1024 },
  W4: { share: 0.5, sentMax: () => 64 * 1024 },
  W5: { share: 0.5 },
  W6: { share: 1, sentMax: ({ files }) => 1024 * files },
};

export function titleOf(workload: Workload, sizes: Sizes): string {
  const titles: Readonly<Record<Workload, string>> = {
    W1: `${sizes.files} small files up`,
    W7a: 'the same down to an empty device',
    W2: `one file of ${sizes.bigMib} MiB up`,
    W7b: 'the same down',
    W3: `1 MiB inserted into ${sizes.insertMib} MiB`,
    W4: `a folder of ${sizes.renamed} files renamed`,
    W5: `${sizes.scanned} more files, nothing changed`,
    W6: 'a copy of the small files appears',
  };
  return titles[workload];
}

/** Lines of the table, then what falls short of its target. */
export function reportOf(samples: readonly Sample[], sizes: Sizes): readonly string[] {
  const rows = [HEAD];
  const short: string[] = [];
  for (const workload of WORKLOADS) {
    const of = (subject: Sample['subject']) =>
      samples.filter((s) => s.workload === workload && s.subject === subject).map((s) => s.cost);
    const coffer = of('coffer');
    const seconds = median(coffer.map((cost) => cost.seconds));
    if (seconds === null) continue;
    const peer = median(of('restic').map((cost) => cost.seconds));
    const floor = floorOf(of);
    const sent = median(coffer.map((cost) => cost.bytesSent ?? null));
    rows.push([
      workload,
      titleOf(workload, sizes),
      number(seconds),
      number(median(coffer.map((cost) => cost.cpuSeconds))),
      number(median(coffer.map((cost) => cost.serverCpuSeconds ?? null))),
      number(peer),
      number(median(of('restic').map((cost) => cost.cpuSeconds))),
      number(floor),
      ratio(seconds, peer),
      ratio(seconds, floor),
      sent === null ? '-' : `${Math.ceil(sent / 1024)}`,
    ]);
    short.push(...shortfalls(workload, { seconds, peer, sent }, sizes));
  }
  return [...align(rows), '', ...(short.length === 0 ? ['Every target is met.'] : short)];
}

const HEAD = [
  '',
  'workload',
  'coffer s',
  'cpu s',
  'server cpu s',
  'restic s',
  'cpu s',
  'floor s',
  '× restic',
  '× floor',
  'sent KiB',
];

/** Copying durably and sealing, or only looking, whichever the workload needs. */
function floorOf(of: (subject: Sample['subject']) => readonly Sample['cost'][]): number | null {
  const copy = median(of('copy').map((cost) => cost.seconds));
  const seal = median(of('seal').map((cost) => cost.seconds));
  if (copy !== null && seal !== null) return copy + seal;
  return median(of('find').map((cost) => cost.seconds));
}

function shortfalls(
  workload: Workload,
  found: {
    readonly seconds: number;
    readonly peer: number | null;
    readonly sent: number | null;
  },
  sizes: Sizes,
): readonly string[] {
  const { share, sentMax } = TARGETS[workload];
  const lines: string[] = [];
  if (found.peer !== null && found.seconds > share * found.peer) {
    lines.push(
      `falls short: ${workload} takes ${ratio(found.seconds, found.peer)} × restic, not ${share}`,
    );
  }
  const limit = sentMax?.(sizes);
  if (limit !== undefined && found.sent !== null && found.sent > limit) {
    lines.push(`falls short: ${workload} sends ${found.sent} bytes, not ${limit}`);
  }
  return lines;
}

export function median(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null).sort((a, b) => a - b);
  const middle = known.length >> 1;
  const upper = known[middle];
  if (upper === undefined) return null;
  return known.length % 2 === 1 ? upper : (upper + (known[middle - 1] ?? upper)) / 2;
}

function number(value: number | null): string {
  return value === null ? '-' : value.toFixed(2);
}

function ratio(value: number, by: number | null): string {
  return by === null || by === 0 ? '-' : (value / by).toFixed(2);
}

function align(rows: readonly (readonly string[])[]): readonly string[] {
  const widths = HEAD.map((_, i) => Math.max(...rows.map((row) => row[i]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, i) => (i < 2 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0)))
      .join('  '),
  );
}
