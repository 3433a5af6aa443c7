/** Devices that lose power in a test, and start again. */
import assert from 'node:assert/strict';
import { simTestDisk, type SimDiskOptions, type TornWrite } from '../../testing/index.ts';
import { MemorySpace } from './memory-space.ts';
import { pairedDevice, type TestDevice } from './test-device.ts';

export const LATER_BOOT = { pid: 1, bootId: 'another boot', isAlive: () => true };
export const THIRD_BOOT = { ...LATER_BOOT, bootId: 'a third boot' };

/** A device that has sent these files. */
export async function deviceWith(
  files: Readonly<Record<string, string>>,
  options: Omit<SimDiskOptions, 'now'> = {},
): Promise<{ space: MemorySpace; a: TestDevice }> {
  const space = new MemorySpace();
  const a = await pairedDevice(space, 'anna', { disk: simTestDisk(options) });
  for (const [path, content] of Object.entries(files)) a.write(path, content);
  await a.sync();
  return { space, a };
}

/** Names are kept; contents that were not synced are torn. */
export function cutPower({ disk }: TestDevice, how: TornWrite = 'zeros'): void {
  assert.ok(disk.sim !== undefined);
  disk.sim.crash({ keepNames: (pending) => pending, torn: () => how });
}

/** Whatever was not synced is as it was before: names, contents and times. */
export function cutPowerBack({ disk }: TestDevice): void {
  assert.ok(disk.sim !== undefined);
  disk.sim.crash();
}

/** The device after the next boot, in sync again. */
export async function startedAgain(device: TestDevice): Promise<TestDevice> {
  const again = device.restarted(undefined, LATER_BOOT);
  await again.sync();
  return again;
}
