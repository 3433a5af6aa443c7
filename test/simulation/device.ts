/**
 * One simulated device: a disk, a database, an engine that lives until it crashes, and a person. What
 * crashed is dead: its parked calls never return, and the next life starts from disk and database.
 */
import {
  createEngine,
  openEngineDatabase,
  SqliteSpaceStore,
  type Engine,
  type EngineDatabase,
} from '@coffer/native-worker';
import {
  Crash,
  createSimUser,
  SimDisk,
  type DiskCall,
  type DeliverHint,
  type DiskTurn,
  type DiskUser,
  type SimVolume,
  type SimVolumeOptions,
} from '@coffer/native-worker/testing';
import type { OpenSuite } from '@coffer/protocol/crypto';
import { openDrive, type DeviceSecrets, type Drive, type KeyStore } from '@coffer/sdk';
import { startNodeSha256 } from '@coffer/sdk/node';
import type { Cell } from '../../native-worker/src/planner/cells.ts';
import type { Choices } from './choices.ts';
import type { SimNetwork } from './network.ts';
import { Person } from './person.ts';
import type { Scheduler } from './scheduler.ts';

export const ROOT = '/home/drive';
const STAGING = `${ROOT}/.coffer/staging`;
const ASIDE = '/home/drive aside';
const FOREIGN_NAME = 'somebody else’s file';
const FOREIGN_CONTENT = 'not of this drive';
const HINT_DELAY_MS_MAX = 3000;
const EXTERNAL_DEV = 7n;

export interface DeviceConditions {
  /** Disk calls per hundred thousand at which the device is switched off. */
  crashes: number;
  /** Disk calls per hundred thousand that fail. */
  faults: number;
  /** Disk calls per ten thousand in which the person's next action happens. */
  meanwhile: number;
}

export interface DeviceParts {
  readonly name: string;
  readonly secrets: DeviceSecrets;
  readonly suite: OpenSuite;
  readonly scheduler: Scheduler;
  readonly network: SimNetwork;
  readonly choices: Choices;
  readonly volume: SimVolumeOptions;
  /** The root is a mounted disk of its own. */
  readonly isExternal?: boolean;
  /** The engine is given hints, as late and as often as the seed says. */
  readonly hasHints?: boolean;
  /** How far its clock is ahead of the server's. */
  readonly aheadMs?: number;
  /** Nodes that one plan starts from. */
  readonly planNodesMax?: number | undefined;
  /** The first value of `SimDevice.onMeanwhile`. */
  readonly onMeanwhile?: () => void;
  /** A file that appeared at a place just before the engine renames another one to it. */
  readonly onOverwritten?: (content: string) => void;
  readonly onSwitchOff: (
    before: ReadonlyMap<string, string>,
    after: ReadonlyMap<string, string>,
    /** Contents of files that the engine was moving, before and after. */
    staged: { readonly before: readonly string[]; readonly after: readonly string[] },
  ) => void;
}

type LocalFaultCode = NonNullable<ReturnType<DiskTurn>>;

export interface Life {
  readonly drive: Drive;
  readonly engine: Engine;
}

const FAULTS: readonly [LocalFaultCode, ...LocalFaultCode[]] = [
  'busy',
  'io',
  'denied',
  'too-many-open',
];
const FAULTY_CALLS =
  /^(lstat|readFolder|openRead|createFile|rename|link|unlink|file\.(read|write|sync))$/;

export class SimDevice {
  readonly name: string;
  readonly disk: SimDisk;
  readonly user: DiskUser;
  readonly person: Person;
  database: EngineDatabase;
  /** Something of the world's that happens inside the engine's disk calls. */
  onCall: ((phase: 'before' | 'after', call: DiskCall) => void) | undefined;
  readonly conditions: DeviceConditions = { crashes: 0, faults: 0, meanwhile: 0 };
  /** Performs the person's next action, inside a call of the engine. */
  onMeanwhile: (() => void) | undefined;
  /** Faults of disk calls so far, by code and call. */
  readonly faults = new Map<string, number>();
  /** Decision cells that the engine's plans used, and how often. */
  readonly cells = new Map<Cell, number>();
  /** The root is not there, or another folder is in its place: its person cannot reach it. */
  isAway = false;
  /** Set: switched off at this disk call, counted from the device's start. */
  crashAtCall: number | undefined;
  calls = 0;
  crashes = 0;
  readonly #parts: DeviceParts;
  readonly #external: SimVolume | undefined;
  /** Places that the engine found free at this moment, which its next step may rely on. */
  readonly #found = { atMs: 0, free: new Set<string>() };
  #life = 0;
  #alive: Promise<Life> | undefined;
  #secrets: DeviceSecrets;
  #off = Promise.withResolvers<'off'>();

  constructor(parts: DeviceParts) {
    this.#parts = parts;
    this.#secrets = parts.secrets;
    this.onMeanwhile = parts.onMeanwhile;
    this.name = parts.name;
    const now = (): number => parts.scheduler.now() + (parts.aheadMs ?? 0);
    this.disk = new SimDisk({ ...parts.volume, now });
    this.user = createSimUser(this.disk);
    this.user.folder(ROOT);
    this.#external =
      parts.isExternal === true
        ? this.disk.newVolume({ ...parts.volume, dev: EXTERNAL_DEV })
        : undefined;
    if (this.#external !== undefined) this.disk.mount(ROOT, this.#external);
    this.disk.writeBack(0);
    this.database = openEngineDatabase(':memory:', now());
    this.person = new Person(parts.name, this.disk, this.user, ROOT, parts.choices, now);
  }

  /** The running engine; starts one when there is none. */
  live(signal: AbortSignal): Promise<Life> {
    if (this.#alive !== undefined) return this.#alive;
    const alive = this.#start(signal);
    this.#alive = alive;
    // What could not start, for want of a connection, starts at the next try.
    alive.catch(() => {
      if (this.#alive === alive) this.#alive = undefined;
    });
    return alive;
  }

  /** What `work` gives, or `off` when the device is switched off before. */
  whileOn<T>(work: Promise<T>): Promise<T | 'off'> {
    // What is left of a life that ended is nobody's any more.
    work.catch(() => undefined);
    return Promise.race([work, this.#off.promise]);
  }

  close(): void {
    this.database.close();
  }

  async #start(signal: AbortSignal): Promise<Life> {
    const { scheduler, network, suite, choices, name } = this.#parts;
    const life = ++this.#life;
    const isDead = (): boolean => life !== this.#life;
    const { now, sleep } = scheduler.clock(name, isDead);
    const clock = { now: () => now() + (this.#parts.aheadMs ?? 0), sleep };
    const random = { bytes: (length: number) => suite.randomBytes(length) };
    const fileSystem = this.disk.open(
      (phase, call) => this.#turn(phase, call),
      (call, run) =>
        scheduler.park(
          `${name} ${call.kind}`,
          choices.roll(`${name} ${call.kind} wait`, 5),
          run,
          isDead,
        ),
    );
    const drive = await openDrive(
      {
        secrets: this.#secrets,
        keyStore: this.#keyStore(),
        store: new SqliteSpaceStore(this.database),
        transport: network.transport(name, isDead),
        suite,
        clock,
        random,
        startSha256: startNodeSha256,
        yieldTurn: () => Promise.resolve(),
        platform: 'simulated',
      },
      signal,
    );
    const { planNodesMax } = this.#parts;
    const engine = createEngine({
      database: this.database,
      space: drive.space.id,
      spaceClient: drive.space,
      usage: (call) => drive.usage(call),
      acceptRestored: (call, onDrive) => drive.acceptRestored(call, onDrive),
      fileSystem,
      clock,
      random,
      deviceName: name,
      ...(planNodesMax === undefined ? {} : { planNodesMax }),
      trace: (cell) => this.cells.set(cell, (this.cells.get(cell) ?? 0) + 1),
      ...(this.#parts.hasHints === true ? { hints: this.disk.hints(this.#delivery(isDead)) } : {}),
      host: { pid: life, bootId: `${name} ${this.crashes}`, isAlive: (pid) => pid === life },
    });
    return { drive, engine };
  }

  #keyStore(): KeyStore {
    return {
      load: () => Promise.resolve(this.#secrets),
      save: (secrets) => {
        this.#secrets = secrets;
        return Promise.resolve();
      },
      clear: () => Promise.resolve(),
    };
  }

  #turn(phase: 'before' | 'after', call: DiskCall): LocalFaultCode | undefined {
    const { choices } = this.#parts;
    const key = `${this.name} call ${++this.calls}`;
    const { crashes, meanwhile, faults } = this.conditions;
    if (
      this.calls === this.crashAtCall ||
      (crashes > 0 && choices.roll(`${key} crash`, 100_000) < crashes)
    ) {
      this.switchOff(key);
      throw new Crash('switched off');
    }
    if (phase === 'after' && call.kind === 'lstat') this.#noteLook(call);
    this.onCall?.(phase, call);
    if (meanwhile > 0 && choices.roll(`${key} meanwhile`, 10_000) < meanwhile) this.onMeanwhile?.();
    if (phase === 'before' && call.kind === 'rename') this.#noteOverwritten(call);
    if (
      faults > 0 &&
      phase === 'before' &&
      FAULTY_CALLS.test(call.kind) &&
      choices.roll(`${key} fault`, 100_000) < faults
    ) {
      const code = choices.pick(`${key} which`, FAULTS);
      this.faults.set(`${code} ${call.kind}`, (this.faults.get(`${code} ${call.kind}`) ?? 0) + 1);
      return code;
    }
    return undefined;
  }

  #noteLook({ path }: DiskCall): void {
    const atMs = this.#parts.scheduler.now();
    if (this.#found.atMs !== atMs) this.#found.free.clear();
    this.#found.atMs = atMs;
    if (this.disk.programs.lstat(path) === undefined) this.#found.free.add(path);
    else this.#found.free.delete(path);
  }

  /** No system call that Node has renames a file only where nothing is: what came there since the look goes. */
  #noteOverwritten({ path, to = '' }: DiskCall): void {
    if (this.#found.atMs !== this.#parts.scheduler.now() || !this.#found.free.has(to)) return;
    const { programs } = this.disk;
    const [moved, there] = [programs.lstat(path), programs.lstat(to)];
    if (moved === undefined || there?.type !== 'file' || there.ino === moved.ino) return;
    this.#parts.onOverwritten?.(this.person.view.contentOf(to));
  }

  /** Hints get lost, come at once, late, or twice. */
  #delivery(isDead: () => boolean): DeliverHint {
    const { choices, scheduler } = this.#parts;
    return ({ path }, to) => {
      const name = `${this.name} hint ${path}`;
      const key = `${name} ${scheduler.numberOf(`${name} comes`)}`;
      const times = choices.pick(`${key} times`, [0, 1, 1, 1, 1, 1, 1, 2]);
      for (let time = 1; time <= times; time++) {
        const delayMs = choices.roll(`${key} ${time}`, HINT_DELAY_MS_MAX);
        const tell = (): void => {
          try {
            to.folder(path);
          } catch (error) {
            // It was switched off while it looked for rules.
            if (!(error instanceof Crash)) throw error;
          }
        };
        void scheduler.park(name, delayMs, tell, isDead);
      }
    };
  }

  get isExternal(): boolean {
    return this.#external !== undefined;
  }

  /** Takes the disk with the root away, as a clean unmount does; false when it is no disk of its own. */
  unplug(): boolean {
    if (this.#external === undefined || this.isAway) return false;
    this.disk.writeBack(0);
    this.disk.unmount(ROOT);
    this.isAway = true;
    return true;
  }

  /** Puts a foreign folder in the root's place; false when the root is a mount point. */
  swapRoot(): boolean {
    if (this.#external !== undefined || this.isAway) return false;
    this.user.rename(ROOT, ASIDE);
    this.user.folder(ROOT);
    this.user.write(`${ROOT}/${FOREIGN_NAME}`, FOREIGN_CONTENT);
    this.disk.writeBack(0);
    this.isAway = true;
    return true;
  }

  /** The root is back. Says what the engine did in the meantime to what was in its place. */
  bringBack(): readonly string[] {
    if (!this.isAway) return [];
    this.isAway = false;
    const there = this.disk.programs.readFolder(ROOT).map(String);
    if (this.#external !== undefined) {
      this.disk.mount(ROOT, this.#external);
      return there.length === 0
        ? []
        : [`I2: ${this.name} wrote into an empty mount point: ${there.join(', ')}`];
    }
    const isUntouched =
      there.join() === FOREIGN_NAME &&
      this.person.view.contentOf(`${ROOT}/${FOREIGN_NAME}`) === FOREIGN_CONTENT;
    this.user.remove(ROOT);
    this.user.rename(ASIDE, ROOT);
    this.disk.writeBack(0);
    return isUntouched
      ? []
      : [`I2: ${this.name} touched a folder that is not its root: ${there.join(', ')}`];
  }

  /** Loses what was not synced; what runs is dead. */
  switchOff(key: string): void {
    this.crashes++;
    this.#life++;
    this.#alive = undefined;
    this.#off.resolve('off');
    this.#off = Promise.withResolvers<'off'>();
    const { choices, onSwitchOff } = this.#parts;
    const before = this.contents();
    const staged = this.#staged();
    this.disk.crash({
      keepNames: (pending) => choices.roll(`${key} names`, pending + 1),
      torn: (ino) => choices.pick(`${key} torn ${ino}`, ['lost', 'kept', 'half', 'zeros', 'empty']),
    });
    onSwitchOff(before, this.contents(), { before: staged, after: this.#staged() });
  }

  /** Contents of files that are on their way to another place of the root. */
  #staged(): readonly string[] {
    return this.isAway
      ? []
      : this.#filesBelow(STAGING).map((path) => this.person.view.contentOf(path));
  }

  #filesBelow(folder: string): readonly string[] {
    const { programs } = this.disk;
    if (programs.lstat(folder)?.type !== 'folder') return [];
    return [...programs.readFolder(folder)]
      .map((name) => `${folder}/${String(name)}`)
      .flatMap((path) => (programs.lstat(path)?.type === 'file' ? [path] : this.#filesBelow(path)));
  }

  /** The profile is gone and the device was started anew: disk and secrets are all that it has. */
  loseDatabase(): void {
    this.switchOff('profile lost');
    this.database.close();
    this.database = openEngineDatabase(':memory:', this.#parts.scheduler.now());
  }

  /** Content of every visible file by path. */
  contents(): ReadonlyMap<string, string> {
    if (this.isAway) return new Map();
    const files = this.person.view.entries().filter(({ kind }) => kind === 'file');
    return new Map(files.map(({ path }) => [path, this.person.view.contentOf(path)]));
  }
}
