/** A disk for a test: simulated or real, with a user at it and a clock that the test moves. */
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { tmpdir } from 'node:os';
import { createNodeFileSystem } from '../adapters/node-file-system.ts';
import type { FileSystem } from '../ports/file-system.ts';
import { createSimUser, namesOf, toBytes, type DiskUser } from './disk-user.ts';
import { SimDisk, type SimDiskOptions } from './sim-disk.ts';

export interface TestDisk {
  readonly name: string;
  readonly fileSystem: FileSystem;
  readonly user: DiskUser;
  /** An empty folder. */
  readonly root: string;
  readonly clock: { readonly now: () => number; readonly advance: (ms: number) => void };
  /** Undefined on a real disk. */
  readonly sim: SimDisk | undefined;
  /** Runs `action` as somebody whom permissions bind: root may do everything. */
  readonly asUser: <T>(action: () => T) => T;
  readonly dispose: () => void;
}

/** 2026-01-02T03:04:05Z. */
const SIM_START_MS = Date.UTC(2026, 0, 2, 3, 4, 5);

export function simTestDisk(options: Omit<SimDiskOptions, 'now'> = {}, name = 'sim'): TestDisk {
  let nowMs = SIM_START_MS;
  const sim = new SimDisk({ ...options, now: () => nowMs });
  const user = createSimUser(sim);
  user.folder('/home/root');
  return {
    name,
    fileSystem: sim.open(),
    user,
    root: '/home/root',
    sim,
    clock: {
      now: () => nowMs,
      advance: (ms) => {
        nowMs += ms;
      },
    },
    asUser: (action) => action(),
    dispose: () => undefined,
  };
}

/** A fresh folder below `parent`. Its clock runs with the system's, ahead by what a test advanced. */
export function realTestDisk(parent: string = tmpdir(), name = 'real'): TestDisk {
  const root = fs.mkdtempSync(`${parent}/coffer-test-`);
  fs.chmodSync(root, 0o777);
  const fileSystem = createNodeFileSystem();
  let aheadMs = 0;
  return {
    name,
    fileSystem,
    user: createRealUser(fileSystem),
    root,
    sim: undefined,
    clock: {
      now: () => Date.now() + aheadMs,
      advance: (ms) => {
        aheadMs += ms;
      },
    },
    asUser: asNobody,
    dispose: () => fs.rmSync(root, { recursive: true, force: true }),
  };
}

const NOBODY = 65_534;

function asNobody<T>(action: () => T): T {
  if (process.geteuid?.() !== 0 || process.seteuid === undefined) return action();
  process.seteuid(NOBODY);
  try {
    return action();
  } finally {
    process.seteuid(0);
  }
}

function createRealUser(fileSystem: FileSystem): DiskUser {
  return {
    ...namesOf(fileSystem),
    remove: (path) => fs.rmSync(path, { recursive: true, force: true }),
    write: (path, content) => fs.writeFileSync(path, toBytes(content)),
    append: (path, content) => fs.appendFileSync(path, toBytes(content)),
    read: (path) => new Uint8Array(fs.readFileSync(path)),
    pipe: (path) => {
      execFileSync('mkfifo', [path]);
    },
    rawName: (folder, name) => {
      fs.writeFileSync(Buffer.concat([Buffer.from(`${folder}/`), name]), '');
    },
  };
}
