/** This process and this boot, for locks that must not outlive them. */
import { readFileSync } from 'node:fs';
import { hostname, uptime } from 'node:os';
import type { EngineHost } from '../engine-options.ts';

const BOOT_ID_FILE = '/proc/sys/kernel/random/boot_id';

export function nodeHost(): EngineHost {
  return { pid: process.pid, bootId: bootId(), isAlive };
}

/** False when no process of this machine has the id now, or only what is left of one that ended. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
  return !/^[ZX]$/.test(processFields(pid)?.[0] ?? '');
}

/**
 * When the process with this id began, as the system counts it: another process that got the same id
 * later has another one. Undefined where the system does not say.
 */
export function processStart(pid: number): string | undefined {
  return processFields(pid)?.[19];
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
