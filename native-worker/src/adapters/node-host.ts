/** This process and this boot, for locks that must not outlive them. */
import { readFileSync } from 'node:fs';
import { hostname, uptime } from 'node:os';
import type { EngineHost } from '../engine-options.ts';

/** Of those from the state on: field 22 of proc_pid_stat(5), in ticks since the machine was started. */
const START_FIELD = 19;
const BOOT_ID_FILE = '/proc/sys/kernel/random/boot_id';

export function nodeHost(): EngineHost {
  const start = processStart(process.pid);
  return { pid: process.pid, bootId: bootId(), ...(start === undefined ? {} : { start }), isAlive };
}

/**
 * False when no process of this machine has the id now, or only what is left of one that ended, or, where
 * the system says it, one that began at another time than `start`.
 */
export function isAlive(pid: number, start?: string): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
  const fields = processFields(pid);
  const now = fields?.[START_FIELD];
  if (start !== undefined && now !== undefined && now !== start) return false;
  return !/^[ZX]$/.test(fields?.[0] ?? '');
}

/**
 * When the process with this id began, as the system counts it: another process that got the same id
 * later has another one. Undefined where the system does not say.
 */
export function processStart(pid: number): string | undefined {
  return processFields(pid)?.[START_FIELD];
}

/** What Linux says of a process, from its state on. */
function processFields(pid: number): readonly string[] | undefined {
  try {
    // The name before it may hold anything: what follows its last parenthesis is counted.
    return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ');
  } catch {
    return undefined;
  }
}

/** Linux says it; elsewhere the minute in which the machine was started stands for it. */
function bootId(): string {
  try {
    return readFileSync(BOOT_ID_FILE, 'utf8').trim();
  } catch {
    return `${hostname()} ${Math.round((Date.now() / 1000 - uptime()) / 60)}`;
  }
}
