import assert from 'node:assert/strict';
import fs from 'node:fs';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { createSystemClock } from '../adapters/index.ts';
import type { HintListener } from '../engine-options.ts';
import { hintSourceContract } from '../testing/hint-source-contract.ts';
import { realTestDisk } from '../testing/test-disk.ts';
import { createChokidarSource } from './chokidar-source.ts';
import {
  createFoldersSource,
  SWEEP_MS,
  WATCH_LIMIT_OVER,
  WATCH_LIMIT_REACHED,
} from './folders-source.ts';
import { watchOrElse } from './native-source.ts';

const clock = createSystemClock();

hintSourceContract('chokidar', () => createChokidarSource(), true);
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

test('at the limit the folder that was quiet for longest gives its watch to one that changes', async () => {
  const disk = realTestDisk();
  const told: string[] = [];
  const wakes: (() => void)[] = [];
  const watched = new Set<string>();
  let limit = 3;
  const source = createFoldersSource({
    clock: {
      now: () => Date.now(),
      sleep: () =>
        new Promise((resolve) => {
          wakes.push(resolve);
        }),
    },
    watchFolder: (path, onEvent) => {
      if (watched.size >= limit) throw Object.assign(new Error('none left'), { code: 'ENOSPC' });
      const watcher = fs.watch(path, (event, name) => onEvent(event, name));
      watched.add(path);
      const close = watcher.close.bind(watcher);
      // The system has the watch back at once; its event comes later.
      watcher.close = () => {
        watched.delete(path);
        close();
      };
      return watcher;
    },
  });
  const at = (name: string): string => `${disk.root}/${name}`;
  for (const [age, name] of ['new', 'old', 'older', 'oldest'].entries()) {
    fs.mkdirSync(at(name));
    fs.utimesSync(at(name), 1_700_000_000 - age, 1_700_000_000 - age);
  }
  const stop = source.watch(disk.root, {
    folder: (path) => told.push(path),
    lost: (reason) => told.push(`lost: ${reason}`),
  });
  const names = (): string[] => [...watched].map((path) => path.slice(disk.root.length + 1)).sort();
  try {
    assert.deepEqual(names(), ['', 'new', 'old']);
    assert.deepEqual(told, [`lost: ${WATCH_LIMIT_REACHED}`]);
    fs.writeFileSync(at('oldest/f'), 'x');
    wakes.shift()?.();
    await sleep(50);
    assert.deepEqual(names(), ['', 'new', 'oldest']);
    assert.ok(told.includes('oldest'));
    fs.writeFileSync(at('oldest/g'), 'x');
    await sleep(100);
    assert.ok(told.filter((path) => path === 'oldest').length > 1, 'it is watched now');
    limit = 100;
    wakes.shift()?.();
    await sleep(50);
    assert.deepEqual(names(), ['', 'new', 'old', 'older', 'oldest']);
    assert.equal(told.at(-1), `lost: ${WATCH_LIMIT_OVER}`);
  } finally {
    stop();
    disk.dispose();
  }
});

test('a source that finds no watches left gives its root to one that can do without', () => {
  const told: string[] = [];
  const stopped: string[] = [];
  let first: HintListener | undefined;
  const sourceOf = (name: string, keep?: (listener: HintListener) => void) => ({
    watch: (_root: string, listener: HintListener) => {
      told.push(name);
      keep?.(listener);
      return () => stopped.push(name);
    },
  });
  const stop = watchOrElse(
    { first: sourceOf('small', (listener) => (first = listener)), else: sourceOf('large') },
    '/root',
    { folder: (path) => told.push(path), lost: (reason) => told.push(`lost: ${reason}`) },
  );
  first?.folder('a');
  first?.lost(WATCH_LIMIT_REACHED);
  first?.lost(WATCH_LIMIT_REACHED);
  stop();
  const limit = `lost: ${WATCH_LIMIT_REACHED}`;
  assert.deepEqual(told, ['small', 'a', limit, 'large', 'lost: watching started', limit]);
  assert.deepEqual(stopped, ['small', 'large']);
});
