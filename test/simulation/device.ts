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
  type DiskTurn,
  type DiskUser,
  type SimVolumeOptions,
} from '@coffer/native-worker/testing';
import type { OpenSuite } from '@coffer/protocol/crypto';
import { openDrive, type DeviceSecrets, type Drive, type KeyStore } from '@coffer/sdk';
import { startNodeSha256 } from '@coffer/sdk/node';
import type { Choices } from './choices.ts';
import type { SimNetwork } from './network.ts';
import { Person } from './person.ts';
import type { Scheduler } from './scheduler.ts';

export const ROOT = '/home/drive';

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
  /** The person's next action, when the world has one for this device. */
  readonly onMeanwhile: () => void;
  readonly onSwitchOff: (
    before: ReadonlyMap<string, string>,
    after: ReadonlyMap<string, string>,
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
  /** Set: switched off at this disk call, counted from the device's start. */
  crashAtCall: number | undefined;
  calls = 0;
  crashes = 0;
  readonly #parts: DeviceParts;
  #life = 0;
  #alive: Promise<Life> | undefined;
  #secrets: DeviceSecrets;
  #off = Promise.withResolvers<'off'>();

  constructor(parts: DeviceParts) {
    this.#parts = parts;
    this.#secrets = parts.secrets;
    this.name = parts.name;
    const now = (): number => parts.scheduler.now();
    this.disk = new SimDisk({ ...parts.volume, now });
    this.user = createSimUser(this.disk);
    this.user.folder(ROOT);
    this.disk.writeBack(0);
    this.database = openEngineDatabase(':memory:', now());
    this.person = new Person(parts.name, this.disk, this.user, ROOT, parts.choices, now);
  }

  /** The running engine; starts one when there is none. */
  live(signal: AbortSignal): Promise<Life> {
    this.#alive ??= this.#start(signal);
    return this.#alive;
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
    const clock = scheduler.clock(name, isDead);
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
    const engine = createEngine({
      database: this.database,
      space: drive.space.id,
      spaceClient: drive.space,
      fileSystem,
      clock,
      random,
      deviceName: name,
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
    const { choices, onMeanwhile } = this.#parts;
    const key = `${this.name} call ${++this.calls}`;
    if (
      this.calls === this.crashAtCall ||
      choices.roll(`${key} crash`, 100_000) < this.conditions.crashes
    ) {
      this.switchOff(key);
      throw new Crash('switched off');
    }
    this.onCall?.(phase, call);
    if (choices.roll(`${key} meanwhile`, 10_000) < this.conditions.meanwhile) onMeanwhile();
    if (
      phase === 'before' &&
      FAULTY_CALLS.test(call.kind) &&
      choices.roll(`${key} fault`, 100_000) < this.conditions.faults
    ) {
      return choices.pick(`${key} which`, FAULTS);
    }
    return undefined;
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
    this.disk.crash({
      keepNames: (pending) => choices.roll(`${key} names`, pending + 1),
      torn: (ino) => choices.pick(`${key} torn ${ino}`, ['lost', 'kept', 'half', 'zeros']),
    });
    onSwitchOff(before, this.contents());
  }

  /** The profile is gone and the device was started anew: disk and secrets are all that it has. */
  loseDatabase(): void {
    this.switchOff('profile lost');
    this.database.close();
    this.database = openEngineDatabase(':memory:', this.#parts.scheduler.now());
  }

  /** Content of every visible file by path. */
  contents(): ReadonlyMap<string, string> {
    const files = this.person.entries().filter(({ kind }) => kind === 'file');
    return new Map(files.map(({ path }) => [path, this.person.contentOf(path)]));
  }
}
