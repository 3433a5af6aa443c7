/** What every source of hints keeps to: run on a real disk, since only systems tell of changes. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { HintSource } from '../engine-options.ts';
import { realTestDisk } from './test-disk.ts';

const PATIENCE_MS = 8000;
const QUIET_MS = 150;
const BURST_FILES = 20_000;

interface Watching {
  readonly root: string;
  /** Waits until each folder was hinted (or hints were lost) since the last call of `forget`. */
  readonly hinted: (...paths: readonly string[]) => Promise<void>;
  /** Waits until nothing is told any more, and forgets what was told. */
  readonly forget: () => Promise<void>;
  /** What was told since. */
  readonly told: () => readonly string[];
  readonly stop: () => void;
}

const LOST = 'lost';
/** No folder: waited for, it ends with the first loss of hints. */
const STARTED = 'once it watches';

function startWatching(source: HintSource, root: string): Watching {
  let told = new Set<string>();
  let lastAt = 0;
  const tell = (what: string): void => {
    told.add(what);
    lastAt = performance.now();
  };
  const stop = source.watch(root, {
    folder: (path) => tell(`/${path}`),
    lost: () => tell(LOST),
  });
  return {
    root,
    stop,
    told: () => [...told].toSorted(),
    hinted: async (...paths) => {
      const missing = (): readonly string[] =>
        told.has(LOST) ? [] : paths.filter((path) => !told.has(`/${path}`));
      const end = performance.now() + PATIENCE_MS;
      while (missing().length > 0 && performance.now() < end) await sleep(5);
      assert.deepEqual(missing(), [], `told: ${[...told].join(' ')}`);
    },
    forget: async () => {
      lastAt = performance.now();
      while (performance.now() - lastAt < QUIET_MS) await sleep(20);
      told = new Set();
    },
  };
}

type Claims = Readonly<Record<string, (watching: Watching) => Promise<void>>>;

/** `saysStart`: the source tells that hints were lost once it watches, however long that takes. */
export function hintSourceContract(
  name: string,
  makeSource: () => HintSource,
  saysStart = false,
): void {
  void describe(`hint source: ${name}`, () => {
    for (const [claim, run] of Object.entries(CLAIMS)) {
      void test(claim, async () => {
        const disk = realTestDisk(fs.existsSync('/dev/shm') ? '/dev/shm' : undefined);
        fs.mkdirSync(`${disk.root}/a/b`, { recursive: true });
        fs.writeFileSync(`${disk.root}/a/b/f`, 'x');
        const watching = startWatching(makeSource(), disk.root);
        try {
          if (saysStart) await watching.hinted(STARTED);
          await watching.forget();
          await run(watching);
        } finally {
          watching.stop();
          disk.dispose();
        }
      });
    }
  });
}

const CLAIMS: Claims = {
  'an edit, a creation and a deletion hint their folder alone': async (watching) => {
    const { root } = watching;
    for (const change of [
      () => fs.appendFileSync(`${root}/a/b/f`, 'y'),
      () => fs.writeFileSync(`${root}/a/b/g`, 'y'),
      () => fs.rmSync(`${root}/a/b/g`),
    ]) {
      change();
      await watching.hinted('a/b');
      assert.ok(!watching.told().includes(LOST));
      assert.ok(!watching.told().includes('/a'), watching.told().join(' '));
      await watching.forget();
    }
  },
  'every folder of a nested creation is hinted': async (watching) => {
    const { root } = watching;
    fs.mkdirSync(`${root}/n/1/2/3`, { recursive: true });
    fs.writeFileSync(`${root}/n/1/2/3/f`, 'x');
    await watching.hinted('', 'n', 'n/1', 'n/1/2', 'n/1/2/3');
    await watching.forget();
    fs.writeFileSync(`${root}/n/1/2/3/f`, 'y');
    await watching.hinted('n/1/2/3');
  },
  'after a folder was renamed, edits in it are hinted at its new path': async (watching) => {
    const { root } = watching;
    fs.renameSync(`${root}/a`, `${root}/z`);
    await watching.hinted('');
    await watching.forget();
    fs.writeFileSync(`${root}/z/b/f`, 'y');
    await watching.hinted('z/b');
    fs.writeFileSync(`${root}/z/g`, 'y');
    await watching.hinted('z');
  },
  'a folder that is removed and made again is watched': async (watching) => {
    const { root } = watching;
    fs.rmSync(`${root}/a`, { recursive: true });
    await watching.hinted('');
    await watching.forget();
    fs.mkdirSync(`${root}/a/b`, { recursive: true });
    await watching.forget();
    fs.writeFileSync(`${root}/a/b/h`, 'x');
    await watching.hinted('a/b');
  },
  'H13 a burst beyond the queue of the system is hinted or told as lost': async (watching) => {
    const { root } = watching;
    fs.mkdirSync(`${root}/late`);
    await watching.hinted('');
    await watching.forget();
    // Nothing is drained meanwhile: the system drops what its queue does not hold.
    for (let i = 0; i < BURST_FILES; i++) fs.writeFileSync(`${root}/a/${i}`, '');
    fs.writeFileSync(`${root}/late/f`, '');
    await watching.hinted('a', 'late');
  },
  'of the own folder only a touched heartbeat is hinted': async (watching) => {
    const { root } = watching;
    fs.mkdirSync(`${root}/.coffer/staging`, { recursive: true });
    await watching.forget();
    fs.writeFileSync(`${root}/.coffer/heartbeat`, '1');
    await watching.hinted('.coffer');
    await watching.forget();
    fs.writeFileSync(`${root}/.coffer/heartbeat`, '2');
    await watching.hinted('.coffer');
    await watching.forget();
    fs.writeFileSync(`${root}/.coffer/pair.json`, 'x');
    fs.writeFileSync(`${root}/.coffer/staging/x`, 'x');
    fs.writeFileSync(`${root}/a/b/f`, 'y');
    await watching.hinted('a/b');
    assert.ok(!watching.told().some((path) => path.includes('.coffer')));
  },
  'after stop nothing is told': async (watching) => {
    watching.stop();
    fs.writeFileSync(`${watching.root}/a/b/f`, 'y');
    fs.mkdirSync(`${watching.root}/c`);
    await sleep(QUIET_MS);
    assert.deepEqual(watching.told(), []);
  },
};
