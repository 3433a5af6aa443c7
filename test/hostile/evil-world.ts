/**
 * Devices of one account under a server that lies: each with its drive, its engine and a simulated
 * disk. `refuses` holds what every lie must come to.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import {
  createEngine,
  openEngineDatabase,
  SqliteSpaceStore,
  type Engine,
} from '@coffer/native-worker';
import {
  createSimUser,
  SimDisk,
  type DiskCall,
  type DiskUser,
  type SimVolumeOptions,
} from '@coffer/native-worker/testing';
import { IntegrityError } from '@coffer/protocol/core';
import type { WholeSuite } from '@coffer/protocol/crypto';
import { createNodeOpenSuite } from '@coffer/protocol/suites/node-open';
import {
  openDrive,
  RemoteFault,
  type Clock,
  type DeviceSecrets,
  type Drive,
  type HeadEvidence,
  type KeyStore,
  type SpaceStore,
} from '@coffer/sdk';
import { startNodeSha256, systemRandom, yieldNodeTurn } from '@coffer/sdk/node';
import { createMemoryKeyStore } from '@coffer/sdk/testing';
import { createMemoryServer } from '@coffer/server/testing';
import { anyPassword, makeAccount } from '../simulation/accounts.ts';
import { EvilServer, HONEST, type Mutate } from './evil-server.ts';

export const signal = new AbortController().signal;
const ROOT = '/home/drive';

/** Stands still but for sleeps, which pass at once. */
export class JumpingClock implements Clock {
  time = Date.UTC(2030, 0, 1);
  readonly now = (): number => this.time;
  readonly sleep = async (ms: number, until?: AbortSignal): Promise<void> => {
    until?.throwIfAborted();
    this.time += ms;
    await yieldNodeTurn();
    until?.throwIfAborted();
  };
}

/** A device of the account: what the lies are told to. */
export interface Victim {
  readonly name: string;
  readonly secrets: DeviceSecrets;
  readonly keyStore: KeyStore;
  readonly store: SpaceStore;
  readonly drive: Drive;
  readonly engine: Engine;
  readonly disk: SimDisk;
  readonly user: DiskUser;
  readonly clock: JumpingClock;
  /** Absolute path below the synced root. */
  readonly at: (path: string) => string;
  /** Something that happens inside the disk calls of the engine, before or after their effect. */
  onCall: (phase: 'before' | 'after', call: DiskCall) => void;
  readonly write: (path: string, content: string) => void;
  readonly read: (path: string) => string;
  /** Everything below the root but the engine's own: content (its hash, if long), target, mode, time. */
  readonly tree: () => Readonly<Record<string, string>>;
  /** One `sync now`, which must settle. */
  readonly sync: () => Promise<void>;
}

export interface VictimOptions {
  readonly volume?: SimVolumeOptions;
  readonly clock?: JumpingClock;
}

export class EvilWorld implements AsyncDisposable {
  readonly clock: JumpingClock;
  readonly suite: WholeSuite;
  readonly evil: EvilServer;
  readonly accounts: readonly DeviceSecrets[];
  readonly victims: Victim[] = [];
  /** Heads that the victims kept for people. */
  readonly evidence: HeadEvidence[] = [];

  private constructor(parts: Pick<EvilWorld, 'clock' | 'suite' | 'evil' | 'accounts'>) {
    this.clock = parts.clock;
    this.suite = parts.suite;
    this.evil = parts.evil;
    this.accounts = parts.accounts;
  }

  /** One account with a device for each name; none is started yet. */
  static async create(...names: readonly string[]): Promise<EvilWorld> {
    const clock = new JumpingClock();
    const suite = await createNodeOpenSuite();
    const server = await createMemoryServer({
      clock,
      random: systemRandom,
      passwords: anyPassword,
    });
    const accounts = await makeAccount(server, suite, names, clock.now());
    return new EvilWorld({ clock, suite, evil: new EvilServer(server), accounts });
  }

  /** Starts the device with this name: opens its drive, pairs its root with the whole of it. */
  async start(name: string, options: VictimOptions = {}): Promise<Victim> {
    const secrets = this.accounts.find(({ deviceName }) => deviceName === name);
    assert.ok(secrets !== undefined, `a device ${name}`);
    const victim = await startVictim(this, secrets, options);
    this.victims.push(victim);
    return victim;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { engine } of this.victims) await engine.close();
    await this.evil.honest.close();
  }
}

/** Opens the drive of a device that keeps nothing but its secrets. */
export function openFresh(
  world: EvilWorld,
  secrets: DeviceSecrets,
  store: SpaceStore = new SqliteSpaceStore(openEngineDatabase(':memory:', world.clock.now())),
  keyStore: KeyStore = createMemoryKeyStore(secrets),
  clock: Clock = world.clock,
): Promise<Drive> {
  return openDrive(
    {
      transport: world.evil.transport,
      suite: world.suite,
      clock,
      random: systemRandom,
      secrets,
      keyStore,
      store,
      startSha256: startNodeSha256,
      yieldTurn: yieldNodeTurn,
      platform: 'test',
      keepEvidence: (evidence) => {
        world.evidence.push(evidence);
        return `/evidence-${world.evidence.length}`;
      },
    },
    signal,
  );
}

async function startVictim(
  world: EvilWorld,
  secrets: DeviceSecrets,
  { volume = {}, clock = world.clock }: VictimOptions,
): Promise<Victim> {
  const hooks: Pick<Victim, 'onCall'> = { onCall: () => {} };
  const disk = new SimDisk({ ...volume, now: clock.now });
  const user = createSimUser(disk);
  user.folder(ROOT);
  const database = openEngineDatabase(':memory:', clock.now());
  const store = new SqliteSpaceStore(database);
  const keyStore = createMemoryKeyStore(secrets);
  const drive = await openFresh(world, secrets, store, keyStore, clock);
  const engine = createEngine({
    database,
    space: drive.space.id,
    spaceClient: drive.space,
    acceptRestored: (until, onDrive) => drive.acceptRestored(until, onDrive),
    fileSystem: disk.open((phase, call) => {
      hooks.onCall(phase, call);
      return undefined;
    }),
    clock,
    random: systemRandom,
    deviceName: secrets.deviceName,
    host: { pid: 1, bootId: 'boot', isAlive: () => true },
  });
  await engine.addPair({ local: ROOT, remote: '/' });
  const at = (path: string): string => `${ROOT}/${path}`;
  return Object.assign(hooks, {
    name: secrets.deviceName,
    secrets,
    keyStore,
    store,
    drive,
    engine,
    disk,
    user,
    clock,
    at,
    write: (path: string, content: string) => {
      clock.time += 10;
      user.folder(at(path).slice(0, at(path).lastIndexOf('/')));
      user.write(at(path), content);
    },
    read: (path: string) => new TextDecoder().decode(user.read(at(path))),
    tree: () => treeOf(disk, user),
    sync: async () => {
      // What was written just now comes to rest first.
      clock.time += 1000;
      const summary = await engine.syncNow({});
      assert.ok(summary.settled, `${secrets.deviceName}: ${summary.message ?? 'not settled'}`);
    },
  });
}

function treeOf({ programs }: SimDisk, user: DiskUser): Readonly<Record<string, string>> {
  const found: Record<string, string> = {};
  const visit = (folder: string): void => {
    for (const name of programs.readFolder(folder)) {
      if (typeof name !== 'string' || name === '.coffer') continue;
      const path = `${folder}/${name}`;
      const key = path.slice(ROOT.length + 1);
      const stat = programs.lstat(path);
      if (stat === undefined) continue;
      if (stat.type === 'folder') {
        found[key] = 'folder';
        visit(path);
      } else if (stat.type === 'symlink') {
        found[key] = `-> ${programs.readLink(path)}`;
      } else {
        const bytes = user.read(path);
        const content = bytes.length > 200 ? sha256(bytes) : new TextDecoder().decode(bytes);
        found[key] = `${content} mode ${stat.mode.toString(8)} time ${stat.mtimeNs}`;
      }
    }
  };
  visit(ROOT);
  return found;
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** The code of a named error; fails the test for anything else, a defect among them. */
export function codeOf(error: unknown, claim: string): string {
  if (error instanceof IntegrityError || error instanceof RemoteFault) return error.code;
  throw new Error(`${claim}: not a named error: ${String(error)}`, { cause: error });
}

/** The named error that `action` throws; undefined when it succeeds. */
export async function refusalOf(
  action: () => Promise<unknown>,
  claim: string,
): Promise<string | undefined> {
  try {
    await action();
    return undefined;
  } catch (error) {
    return codeOf(error, claim);
  }
}

/**
 * Told `lie`, the victim refuses with one of `codes`, by command and by sync alike, and its files and
 * its verified head stay as they were. Leaves the server honest.
 */
export async function refuses(
  world: EvilWorld,
  victim: Victim,
  lie: Mutate,
  codes: readonly string[],
  claim: string,
): Promise<void> {
  const before = [victim.tree(), victim.drive.space.storedHead()];
  world.evil.tell(lie);
  const code = await refusalOf(() => victim.drive.refresh(signal), claim);
  assert.ok(world.evil.fired > 0, `${claim}: the lie was told`);
  assert.ok(code !== undefined, `${claim}: was believed`);
  assert.ok(codes.includes(code), `${claim}: refused as ${code}, not as ${codes.join(' or ')}`);
  const summary = await victim.engine.syncNow({});
  assert.equal(summary.settled, false, `${claim}: the engine settled`);
  assert.deepEqual([victim.tree(), victim.drive.space.storedHead()], before, claim);
  world.evil.tell(HONEST);
}
