/** A device in a test: a disk, a database in memory, an engine, and a person at it. */
import { createHash } from 'node:crypto';
import type { SpaceId } from '@coffer/protocol/core';
import type { SpaceClient } from '@coffer/sdk';
import type { Engine, SyncSummary } from '../../contract/index.ts';
import type { EngineOptions } from '../../engine-options.ts';
import { createEngine } from '../../engine.ts';
import type { PairMode } from '../../planner/types.ts';
import type { Clock, Random } from '../../ports/index.ts';
import { simTestDisk, type DiskTurn, type TestDisk } from '../../testing/index.ts';
import { openEngineDatabase, type EngineDatabase } from '../../trees/index.ts';
import type { MemorySpace } from './memory-space.ts';

export const TEST_SPACE = 'd0'.repeat(16) as SpaceId;
const HOST = { pid: 1, bootId: 'boot', isAlive: () => true };

export interface TestDevice {
  readonly name: string;
  readonly disk: TestDisk;
  readonly root: string;
  readonly database: EngineDatabase;
  readonly engine: Engine;
  readonly client: SpaceClient;
  readonly options: EngineOptions;
  /** `syncNow`, which must settle. */
  readonly sync: () => Promise<SyncSummary>;
  readonly at: (path: string) => string;
  readonly write: (path: string, content: string) => void;
  readonly read: (path: string) => string;
  /** Every entry below the root but the engine's own: content, link target, or null for a folder. */
  readonly tree: () => Record<string, string | null>;
  /** The same device after its process was killed: another engine on the same disk and database. */
  readonly restarted: (turn?: DiskTurn, host?: EngineOptions['host']) => TestDevice;
}

export interface TestDeviceOptions {
  readonly disk?: TestDisk;
  readonly settings?: EngineOptions['settings'];
  /** File of the database; in memory when left out. */
  readonly databasePath?: string;
  /** Instead of a client of the memory space. */
  readonly client?: SpaceClient;
  readonly planNodesMax?: number;
}

/** A device without a pair yet. */
export function testDevice(
  space: MemorySpace,
  name: string,
  given: TestDeviceOptions = {},
): TestDevice {
  const disk = given.disk ?? simTestDisk();
  const databasePath = given.databasePath ?? ':memory:';
  return assemble({
    name,
    disk,
    databasePath,
    database: openEngineDatabase(databasePath, disk.clock.now()),
    client: given.client ?? space.client(name),
    settings: given.settings ?? {},
    planNodesMax: given.planNodesMax,
    turn: undefined,
    host: HOST,
  });
}

/** A device that syncs its root with the whole space. */
export async function pairedDevice(
  space: MemorySpace,
  name: string,
  given: TestDeviceOptions & { readonly mode?: PairMode } = {},
): Promise<TestDevice> {
  const device = testDevice(space, name, given);
  await device.engine.addPair({ local: device.root, remote: '/', mode: given.mode ?? 'two-way' });
  return device;
}

interface Parts {
  readonly name: string;
  readonly disk: TestDisk;
  readonly database: EngineDatabase;
  readonly databasePath: string;
  readonly client: SpaceClient;
  readonly turn: DiskTurn | undefined;
  readonly host: EngineOptions['host'];
  readonly settings: Partial<NonNullable<EngineOptions['settings']>>;
  readonly planNodesMax: number | undefined;
}

function assemble(parts: Parts): TestDevice {
  const { name, disk, database, client } = parts;
  const options: EngineOptions = {
    database,
    space: TEST_SPACE,
    spaceClient: client,
    fileSystem: disk.sim?.open(parts.turn) ?? disk.fileSystem,
    clock: skippingClock(disk),
    random: countingRandom(name),
    deviceName: name,
    host: parts.host,
    settings: parts.settings,
    ...(parts.planNodesMax === undefined ? {} : { planNodesMax: parts.planNodesMax }),
  };
  const engine = createEngine(options);
  const root = `${disk.root}/drive`;
  const at = (path: string): string => `${root}/${path}`;
  return {
    name,
    disk,
    root,
    database,
    engine,
    client,
    options,
    at,
    sync: async () => {
      // What was written just now comes to rest first.
      disk.clock.advance(1000);
      const summary = await engine.syncNow({});
      if (!summary.settled) throw new Error(`${name} did not settle: ${summary.message ?? ''}`);
      return summary;
    },
    write: (path, content) => {
      disk.clock.advance(10);
      disk.user.folder(at(path).slice(0, at(path).lastIndexOf('/')));
      disk.user.write(at(path), content);
    },
    read: (path) => new TextDecoder().decode(disk.user.read(at(path))),
    tree: () => treeOf(disk, root),
    restarted: (turn, host = HOST) => {
      const { databasePath } = parts;
      const isFile = databasePath !== ':memory:';
      if (isFile) database.close();
      const reopened = isFile ? openEngineDatabase(databasePath, disk.clock.now()) : database;
      return assemble({ ...parts, database: reopened, turn, host });
    },
  };
}

function treeOf(disk: TestDisk, root: string): Record<string, string | null> {
  const { user } = disk;
  const fileSystem = disk.sim?.programs ?? disk.fileSystem;
  const found: Record<string, string | null> = {};
  const visit = (folder: string): void => {
    const names = fileSystem.readFolder(folder).filter((name) => typeof name === 'string');
    for (const name of names.toSorted()) {
      if (name === '.coffer') continue;
      const path = `${folder}/${name}`;
      const key = path.slice(root.length + 1);
      const type = fileSystem.lstat(path)?.type;
      if (type === 'folder') {
        found[key] = null;
        visit(path);
      } else if (type === 'symlink') {
        found[key] = `-> ${fileSystem.readLink(path)}`;
      } else {
        found[key] = new TextDecoder().decode(user.read(path));
      }
    }
  };
  visit(root);
  return found;
}

/** Waiting takes no time: the disk's clock jumps. */
export function skippingClock(disk: TestDisk): Clock {
  return {
    now: disk.clock.now,
    sleep: async (ms, signal) => {
      signal?.throwIfAborted();
      disk.clock.advance(ms);
      await new Promise<void>((resolve) => {
        setImmediate(resolve);
      });
      signal?.throwIfAborted();
    },
  };
}

function countingRandom(seed: string): Random {
  let count = 0;
  return {
    bytes: (length) => {
      const out = new Uint8Array(length);
      for (let from = 0; from < length; from += 32) {
        const block = createHash('sha256').update(`${seed} ${count++}`).digest();
        out.set(block.subarray(0, Math.min(32, length - from)), from);
      }
      return out;
    },
  };
}

/** Syncs all devices in turns until a whole turn changes nothing on any of them. */
export async function syncAll(devices: readonly TestDevice[]): Promise<void> {
  for (let turn = 0; turn < 20; turn++) {
    const before = JSON.stringify(devices.map((device) => device.tree()));
    for (const device of devices) await device.sync();
    if (JSON.stringify(devices.map((device) => device.tree())) === before && turn > 0) return;
  }
  throw new Error('the devices did not converge in 20 turns');
}
