/**
 * `npm run bench -- --daemons`: one daemon takes many tiny files in while it is asked how it goes, is
 * started again, and rests (W8); then two daemons carry single saves (W9).
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Coffer } from './coffer.ts';
import { writeTinyFiles } from './content.ts';
import { cpuSecondsOf, difference, peakBytesOf, residentBytesOf } from './measure.ts';
import { median } from './table.ts';

const ASK_EVERY_MS = 500;
const REST_SECONDS = 60;
/** Time for what a start leaves behind: the first poll, a pass of the collector. */
const CALM_MS = 10_000;
const SAVES = 30;
const SAVE_BYTES = 3000;
const SAVE_WAIT_MS_MAX = 60_000;
const MIB = 1024 * 1024;

export interface Figure {
  readonly title: string;
  /** Null where the system does not tell. */
  readonly value: number | null;
  readonly unit: 's' | 'ms' | 'MiB' | 'files/s';
  /** What it is meant not to exceed. */
  readonly max?: number;
}

export function lineOf({ title, value, unit, max }: Figure): string {
  const text = value === null ? '-' : `${value.toFixed(unit === 's' ? 2 : 0)} ${unit}`;
  const isShort = max !== undefined && value !== null && value > max;
  return `${title.padEnd(52)} ${text.padStart(14)}${isShort ? `  falls short of ${max} ${unit}` : ''}`;
}

/** Works in the folder `base`, with `files` tiny files. */
export async function runDaemons(
  base: string,
  files: number,
  onFigure: (figure: Figure) => void,
): Promise<void> {
  const many = join(base, 'many');
  const saved = { a: join(base, 'saved-a'), b: join(base, 'saved-b') };
  for (const folder of [many, saved.a]) mkdirSync(folder, { recursive: true });
  writeTinyFiles(many, files);
  await using coffer = await Coffer.start(join(base, 'coffer'), saved.a);
  coffer.join(saved.b);
  await using first = new Daemon(coffer, 'a');
  coffer.run('a', 'sync', 'add', many, '/many');
  await takeIn(first, files, onFigure);
  onFigure({
    title: 'peak memory of the daemon',
    value: mib(first.peakBytes),
    unit: 'MiB',
    max: 300,
  });
  onFigure({ title: 'peak memory of the server', value: mib(coffer.serverPeakBytes), unit: 'MiB' });
  await first.stop();

  await using again = new Daemon(coffer, 'a');
  const boot = await again.settled();
  onFigure({ title: 'started again, to rest', value: boot.seconds, unit: 's', max: 60 });
  await rest(again, onFigure);
  await using second = new Daemon(coffer, 'b');
  await second.settled();
  await carrySaves(saved, onFigure);
}

async function takeIn(
  daemon: Daemon,
  files: number,
  onFigure: (figure: Figure) => void,
): Promise<void> {
  const { seconds, answersMs } = await daemon.settled();
  onFigure({ title: `${files} tiny files up by the daemon`, value: seconds, unit: 's' });
  onFigure({ title: 'files a second', value: files / seconds, unit: 'files/s' });
  onFigure({ title: 'processor time of the daemon', value: daemon.cpuSeconds, unit: 's' });
  const title = `status meanwhile, ${answersMs.length} times, whole command`;
  onFigure({ title: `${title}, median`, value: median(answersMs), unit: 'ms', max: 200 });
  onFigure({ title: `${title}, longest`, value: Math.max(...answersMs), unit: 'ms' });
}

async function rest(daemon: Daemon, onFigure: (figure: Figure) => void): Promise<void> {
  await sleep(CALM_MS);
  const before = daemon.cpuSeconds;
  await sleep(REST_SECONDS * 1000);
  const used = difference(before, daemon.cpuSeconds);
  onFigure({
    title: `W8 processor time in ${REST_SECONDS} s of rest`,
    value: used,
    unit: 's',
    max: 0.15,
  });
  onFigure({ title: 'W8 memory at rest', value: mib(daemon.residentBytes), unit: 'MiB', max: 250 });
}

async function carrySaves(
  saved: { readonly a: string; readonly b: string },
  onFigure: (figure: Figure) => void,
): Promise<void> {
  const seconds: number[] = [];
  for (let n = 0; n < SAVES; n++) {
    const name = `save-${n}.txt`;
    const text = `${n} ${'x'.repeat(SAVE_BYTES)}`;
    const began = performance.now();
    writeFileSync(join(saved.a, name), text);
    while (textOf(join(saved.b, name)) !== text) {
      if (performance.now() - began > SAVE_WAIT_MS_MAX) throw new Error(`${name} does not arrive`);
      await sleep(5);
    }
    seconds.push((performance.now() - began) / 1000);
  }
  onFigure({
    title: `W9 save to present, median of ${SAVES}`,
    value: median(seconds),
    unit: 's',
    max: 0.6,
  });
  onFigure({ title: 'W9 longest', value: Math.max(...seconds), unit: 's' });
}

/** `coffer daemon` of a device. */
class Daemon implements AsyncDisposable {
  readonly #coffer: Coffer;
  readonly #device: string;
  readonly #startedAt = Date.now();
  readonly #pid: number;

  constructor(coffer: Coffer, device: string) {
    this.#coffer = coffer;
    this.#device = device;
    const { stdout } = coffer.run(device, 'daemon', '--detach', '--json');
    this.#pid = (JSON.parse(stdout) as { pid: number }).pid;
  }

  get cpuSeconds(): number | null {
    return cpuSecondsOf(this.#pid);
  }

  get peakBytes(): number | null {
    return peakBytesOf(this.#pid);
  }

  get residentBytes(): number | null {
    return residentBytesOf(this.#pid);
  }

  /** Asks until all folders were found in sync since the start: how long that took, and each answer. */
  async settled(): Promise<{ readonly seconds: number; readonly answersMs: readonly number[] }> {
    const began = performance.now();
    const answersMs: number[] = [];
    const isSettled = ({ state, lastSyncedAt }: Status['pairs'][number]): boolean =>
      state === 'idle' && lastSyncedAt !== null && Date.parse(lastSyncedAt) >= this.#startedAt;
    for (;;) {
      const { stdout, seconds } = this.#coffer.run(this.#device, 'status', '--json');
      answersMs.push(seconds * 1000);
      const { pairs } = JSON.parse(stdout) as Status;
      if (pairs.every(isSettled)) {
        return { seconds: (performance.now() - began) / 1000, answersMs };
      }
      const ill = pairs.find(({ state }) => state === 'attention' || state === 'error');
      if (ill !== undefined) throw new Error(`a folder stands still: ${stdout}`);
      await sleep(ASK_EVERY_MS);
    }
  }

  async stop(): Promise<void> {
    try {
      process.kill(this.#pid, 'SIGTERM');
      for (;;) {
        process.kill(this.#pid, 0);
        await sleep(20);
      }
    } catch {
      // It is gone.
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

interface Status {
  readonly pairs: readonly { readonly state: string; readonly lastSyncedAt: string | null }[];
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

function mib(bytes: number | null): number | null {
  return bytes === null ? null : bytes / MIB;
}
