/** This process and this boot, for locks that must not outlive them. */
import type { EngineHost } from '@coffer/native-worker';
import { readFileSync } from 'node:fs';
import { hostname, uptime } from 'node:os';

const BOOT_ID_FILE = '/proc/sys/kernel/random/boot_id';

export function engineHost(): EngineHost {
  return { pid: process.pid, bootId: bootId(), isAlive };
}

/** False when no process of this machine has the id now. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
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
