import assert from 'node:assert/strict';
import fs from 'node:fs';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { createSystemClock } from '../adapters/index.ts';
import { hintSourceContract } from '../testing/hint-source-contract.ts';
import { realTestDisk } from '../testing/test-disk.ts';
import { createChokidarSource } from './chokidar-source.ts';
import { createFoldersSource, SWEEP_MS } from './folders-source.ts';

const clock = createSystemClock();

hintSourceContract('chokidar', () => createChokidarSource());
hintSourceContract('folders', () => createFoldersSource({ clock }));

test('at the limit of watches the rest is swept, and watched again when it changes', async () => {
  const disk = realTestDisk();
  const told: string[] = [];
  const wakes: (() => void)[] = [];
  let left = 2;
  const source = createFoldersSource({
    clock: {
      now: () => Date.now(),
      sleep: (ms) => {
        assert.equal(ms, SWEEP_MS);
        return new Promise((resolve) => {
          wakes.push(resolve);
        });
      },
    },
    watchFolder: (path, onEvent) => {
      if (left-- <= 0) throw Object.assign(new Error('no watch is left'), { code: 'ENOSPC' });
      return fs.watch(path, (event, name) => onEvent(event, name));
    },
  });
  for (const name of ['a', 'b', 'c']) fs.mkdirSync(`${disk.root}/${name}`);
  const stop = source.watch(disk.root, {
    folder: (path) => told.push(path),
    lost: (reason) => told.push(`lost: ${reason}`),
  });
  try {
    assert.deepEqual(told, ['lost: the limit of watches is reached']);
    told.length = 0;
    // The last one read was watched.
    fs.writeFileSync(`${disk.root}/a/f`, 'x');
    fs.writeFileSync(`${disk.root}/b/f`, 'x');
    await sleep(100);
    assert.deepEqual(told, []);
    left = 1;
    wakes.shift()?.();
    await sleep(50);
    assert.deepEqual(told.map(String).toSorted(), ['a', 'b']);
  } finally {
    stop();
    disk.dispose();
  }
});
