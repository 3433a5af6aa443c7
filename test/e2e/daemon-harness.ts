/** Devices whose daemons run: what a person sees who saves a file and types no command. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Device } from './harness.ts';

interface Ready {
  readonly url: string;
  readonly pid: number;
}

/** A device with a daemon; whatever daemon it has when the test ends is ended by force. */
export class DaemonDevice extends Device implements AsyncDisposable {
  pid = 0;
  url = '';

  async startDaemon(): Promise<void> {
    const ready = JSON.parse(await this.do('daemon', '--detach', '--json')) as Ready;
    this.pid = ready.pid;
    this.url = ready.url;
  }

  signal(name: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT' | 'SIGTERM'): void {
    process.kill(this.pid, name);
  }

  /** Of the control server, as the profile keeps it. */
  token(): string {
    const text = readFileSync(join(this.home, 'daemon.json'), 'utf8');
    return (JSON.parse(text) as { token: string }).token;
  }

  log(): string {
    return readFileSync(join(this.home, 'logs', 'daemon.log'), 'utf8');
  }

  /** Processor time of the daemon so far, in milliseconds; only Linux says it. */
  processorMs(): number {
    const fields = readFileSync(`/proc/${this.pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ');
    const TICK_MS = 10;
    return (Number(fields?.[11]) + Number(fields?.[12])) * TICK_MS;
  }

  residentMiB(): number {
    const status = readFileSync(`/proc/${this.pid}/status`, 'utf8');
    return Math.round(Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.pid === 0) return;
    try {
      this.signal('SIGCONT');
      this.signal('SIGKILL');
    } catch {
      // It ended by itself.
    }
    await until('the daemon is gone', () => !isThere(this.pid), 5000);
  }
}

export function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

/** Between two programs that look at something. */
export const PROGRAM_POLL_MS = 400;

/** Milliseconds until `isSo`; fails after `withinMs`. */
export async function until(
  what: string,
  isSo: () => boolean | Promise<boolean>,
  withinMs: number,
  pollMs = 10,
): Promise<number> {
  const began = performance.now();
  while (!(await isSo())) {
    assert.ok(performance.now() - began < withinMs, `not within ${withinMs} ms: ${what}`);
    await sleep(pollMs);
  }
  return Math.round(performance.now() - began);
}

export function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
