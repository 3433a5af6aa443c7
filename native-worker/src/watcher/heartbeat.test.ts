import assert from 'node:assert/strict';
import fs from 'node:fs';
import { test } from 'node:test';
import type { HintListener } from '../engine-options.ts';
import { realTestDisk } from '../testing/test-disk.ts';
import {
  HEARTBEAT_ANSWER_MS,
  HEARTBEAT_MS,
  ROOT_BACK,
  ROOT_GONE,
  WATCHER_DEAD,
  withHeartbeat,
} from './heartbeat.ts';

/** A source that a test speaks for, and a clock that a test lets run. */
function aBeatingSource(root: string) {
  const listeners: HintListener[] = [];
  const told: string[] = [];
  const sleeps: { ms: number; wake: () => void }[] = [];
  let stops = 0;
  const source = withHeartbeat(
    {
      watch: (_root, listener) => {
        listeners.push(listener);
        return () => {
          stops++;
        };
      },
    },
    {
      now: () => 7,
      sleep: (ms, signal) =>
        new Promise((resolve, reject) => {
          sleeps.push({ ms, wake: resolve });
          signal?.addEventListener('abort', () => reject(signal.reason as Error));
        }),
    },
  );
  const stop = source.watch(root, {
    folder: (path) => told.push(path),
    lost: (reason) => told.push(`lost: ${reason}`),
  });
  /** Lets the current sleep end and gives its length. */
  const wake = async (): Promise<number | undefined> => {
    const sleep = sleeps.shift();
    sleep?.wake();
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
    return sleep?.ms;
  };
  return { listeners, told, wake, stop, stops: () => stops };
}

test('a source that hints the heartbeat goes on, and the heartbeat is told to nobody', async () => {
  const disk = realTestDisk();
  try {
    fs.mkdirSync(`${disk.root}/.coffer`);
    const { listeners, told, wake, stop, stops } = aBeatingSource(disk.root);
    assert.equal(await wake(), HEARTBEAT_MS);
    assert.equal(fs.readFileSync(`${disk.root}/.coffer/heartbeat`, 'utf8'), '7');
    listeners[0]?.folder('.coffer');
    listeners[0]?.folder('a');
    assert.equal(await wake(), HEARTBEAT_ANSWER_MS);
    assert.deepEqual([told, listeners.length, stops()], [['a'], 1, 0]);
    stop();
    assert.equal(stops(), 1);
  } finally {
    disk.dispose();
  }
});

test('a source that does not hint the heartbeat is started anew', async () => {
  const disk = realTestDisk();
  try {
    fs.mkdirSync(`${disk.root}/.coffer`);
    const { listeners, told, wake, stop, stops } = aBeatingSource(disk.root);
    await wake();
    await wake();
    assert.deepEqual([told, listeners.length, stops()], [[`lost: ${WATCHER_DEAD}`], 2, 1]);
    stop();
  } finally {
    disk.dispose();
  }
});

test('G1 a root that went away is looked for, and watched anew when it is back', async () => {
  const disk = realTestDisk();
  try {
    const { listeners, told, wake, stop } = aBeatingSource(disk.root);
    fs.renameSync(disk.root, `${disk.root}-away`);
    await wake();
    assert.deepEqual(told, [`lost: ${ROOT_GONE}`]);
    assert.ok(!fs.existsSync(disk.root), 'nothing is made in the place of a lost root');
    await wake();
    fs.renameSync(`${disk.root}-away`, disk.root);
    await wake();
    assert.deepEqual(told, [`lost: ${ROOT_GONE}`, `lost: ${ROOT_BACK}`]);
    assert.equal(listeners.length, 2);
    stop();
  } finally {
    disk.dispose();
  }
});

test('a root without the own folder is given no heartbeat', async () => {
  const disk = realTestDisk();
  try {
    const { told, wake, stop } = aBeatingSource(disk.root);
    await wake();
    await wake();
    assert.deepEqual([told, fs.readdirSync(disk.root)], [[], []]);
    stop();
  } finally {
    disk.dispose();
  }
});
