import assert from 'node:assert/strict';
import test from 'node:test';
import type { SpaceClient } from '@coffer/sdk';
import { MemorySpace } from './executor/testing/memory-space.ts';
import { pairedDevice, type TestDevice } from './executor/testing/test-device.ts';

/** A device whose uploads of more than one byte wait until they are let go or given up. */
async function withSlowUploads(): Promise<{ device: TestDevice; letGo: () => void }> {
  const space = new MemorySpace();
  const honest = space.client('anna');
  const gate = Promise.withResolvers<void>();
  const client: SpaceClient = {
    ...honest,
    createUploader: () => {
      const uploader = honest.createUploader();
      return {
        ...uploader,
        flush: () => uploader.flush(),
        add: async (source, signal) => {
          await new Promise<void>((resolve, reject) => {
            signal.addEventListener('abort', () => reject(signal.reason as Error));
            void gate.promise.then(resolve);
          });
          return uploader.add(source, signal);
        },
      };
    },
  };
  const device = await pairedDevice(space, 'anna', { client });
  return { device, letGo: gate.resolve };
}

async function turns(): Promise<void> {
  for (let turn = 0; turn < 200; turn++) {
    await new Promise<void>((resolve) => {
      setImmediate(resolve);
    });
  }
}

test('a transfer that is paused stops, is listed, and goes on when it is resumed', async () => {
  const { device, letGo } = await withSlowUploads();
  device.write('f', 'content');
  device.disk.clock.advance(1000);
  const syncing = device.engine.syncNow({});
  await turns();
  const [transfer] = (await device.engine.status({})).transfers;
  assert.deepEqual([transfer?.path, transfer?.paused], ['f', undefined]);
  const id = transfer?.id ?? '';
  await device.engine.steerTransfer({ id, verb: 'pause' });
  const { uploaded } = await syncing;
  assert.equal(uploaded.files, 0);
  const [held] = (await device.engine.status({})).transfers;
  assert.deepEqual([held?.id, held?.paused], [id, true]);
  letGo();
  assert.equal((await device.sync()).uploaded.files, 0, 'paused is paused');
  await device.engine.steerTransfer({ id, verb: 'resume' });
  assert.equal((await device.sync()).uploaded.files, 1);
  assert.deepEqual((await device.engine.status({})).transfers, []);
});

test('a transfer that is cancelled is tried again after an hour', async () => {
  const { device, letGo } = await withSlowUploads();
  device.write('f', 'content');
  device.disk.clock.advance(1000);
  const syncing = device.engine.syncNow({});
  await turns();
  const [transfer] = (await device.engine.status({})).transfers;
  await device.engine.steerTransfer({ id: transfer?.id ?? '', verb: 'cancel' });
  await syncing;
  letGo();
  assert.equal((await device.sync()).uploaded.files, 0);
  device.disk.clock.advance(3_600_000);
  assert.equal((await device.sync()).uploaded.files, 1);
});

test('an unknown transfer is said to be unknown', async () => {
  const device = await pairedDevice(new MemorySpace(), 'anna');
  const steering = device.engine.steerTransfer({ id: 'ab', verb: 'pause' });
  await assert.rejects(steering, { name: 'EngineFault', code: 'not-found' });
});
