/** Two devices of a test in which one ends. */
import { existsSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { MemorySpace } from './memory-space.ts';
import { pairedDevice, type TestDevice } from './test-device.ts';

/** Two devices of one space; what `b` knows is in a file of `folder`, and is there after its end. */
export interface CrashHistory {
  readonly space: MemorySpace;
  readonly a: TestDevice;
  readonly b: TestDevice;
  /** To be removed by who asked for it. */
  readonly folder: string;
}

export async function crashHistory(): Promise<CrashHistory> {
  const folder = mkdtempSync(`${existsSync('/dev/shm') ? '/dev/shm' : tmpdir()}/coffer-crash-`);
  const space = new MemorySpace();
  const a = await pairedDevice(space, 'anna');
  const b = await pairedDevice(space, 'bert', { databasePath: `${folder}/engine.db` });
  return { space, a, b, folder };
}
