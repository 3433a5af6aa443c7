/** Runs a command, or a function, and says what it cost. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

export interface Cost {
  readonly seconds: number;
  /** Processor time, user and system, of the process and its children; null where it is not told. */
  readonly cpuSeconds: number | null;
}

export interface CommandCost extends Cost {
  readonly stdout: string;
}

const OUTPUT_BYTES_MAX = 64 * 1024 * 1024;
const TICKS_PER_SECOND = 100;
/** In /proc/PID/stat after the command's name: processor time of it, and of children that ended. */
const OWN_TICKS = [11, 12];
const CHILD_TICKS = [13, 14];

/** Rejects the run when the command does not end with 0. */
export function measureCommand(
  command: string,
  args: readonly string[],
  options: { readonly env?: Readonly<Record<string, string>>; readonly cwd?: string } = {},
): CommandCost {
  const cpuBefore = ticksOf('self', CHILD_TICKS);
  const began = performance.now();
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    encoding: 'utf8',
    maxBuffer: OUTPUT_BYTES_MAX,
    env: { ...process.env, ...options.env },
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  });
  const seconds = (performance.now() - began) / 1000;
  if (error !== undefined) throw error;
  if (status !== 0) {
    throw new Error(`${command} ${args.join(' ')} ended with ${status}\n${stdout}${stderr}`);
  }
  const cpuAfter = ticksOf('self', CHILD_TICKS);
  return { seconds, stdout, cpuSeconds: difference(cpuBefore, cpuAfter) };
}

export function measureAction(action: () => void): Cost {
  const cpuBefore = process.cpuUsage();
  const began = performance.now();
  action();
  const seconds = (performance.now() - began) / 1000;
  const cpu = process.cpuUsage(cpuBefore);
  return { seconds, cpuSeconds: (cpu.user + cpu.system) / 1e6 };
}

/** Processor time that a running process has used; null where the system does not tell. */
export function cpuSecondsOf(pid: number): number | null {
  return ticksOf(String(pid), OWN_TICKS);
}

/** Peak of a running process's resident memory in bytes; null where the system does not tell. */
export function peakBytesOf(pid: number): number | null {
  return kibibytesOf(pid, 'VmHWM');
}

/** Resident memory of a running process in bytes; null where the system does not tell. */
export function residentBytesOf(pid: number): number | null {
  return kibibytesOf(pid, 'VmRSS');
}

function kibibytesOf(pid: number, field: string): number | null {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    const found = new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(status);
    return found === null ? null : Number(found[1]) * 1024;
  } catch {
    return null;
  }
}

export function difference(before: number | null, after: number | null): number | null {
  return before === null || after === null ? null : after - before;
}

export function hasCommand(command: string): boolean {
  return spawnSync(command, ['version'], { stdio: 'ignore' }).error === undefined;
}

function ticksOf(process: string, fields: readonly number[]): number | null {
  let text: string;
  try {
    text = readFileSync(`/proc/${process}/stat`, 'utf8');
  } catch {
    return null;
  }
  const values = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return fields.reduce((sum, field) => sum + Number(values[field]), 0) / TICKS_PER_SECOND;
}
