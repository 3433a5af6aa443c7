/**
 * One simulated world: a server, a few devices, what people do and what goes wrong, all from one seed.
 * It goes through phases of activity; after each the faults stop, everything comes to rest, and the
 * oracles look at it.
 */
import { createHash } from 'node:crypto';
import { createNodeOpenSuite } from '@coffer/protocol/suites/node-open';
import { createMemoryServer, type MemoryServer } from '@coffer/server/testing';
import type { SimVolumeOptions } from '@coffer/native-worker/testing';
import { anyPassword, makeAccount } from './accounts.ts';
import { Choices } from './choices.ts';
import { ROOT, SimDevice } from './device.ts';
import { Ledger } from './ledger.ts';
import { CALM, createNetwork, type SimNetwork } from './network.ts';
import { checkWorld } from './oracles.ts';
import type { Deed } from './person.ts';
import { Scheduler } from './scheduler.ts';
import { changesOf, type SyncOutcome } from './sync-outcome.ts';

export interface WorldOptions {
  readonly seed: number;
  /** Numbers of actions to leave out, to make a failing world smaller. */
  readonly without?: ReadonlySet<number>;
  readonly noFaults?: boolean;
  /** Switches this device off at that disk call of its own. */
  readonly crash?: { readonly device: number; readonly atCall: number };
}

export interface WorldReport {
  readonly seed: number;
  /** Hash of everything that happened, in order: equal for equal seeds. */
  readonly logHash: string;
  readonly log: readonly string[];
  readonly violations: readonly string[];
  readonly deeds: number;
  readonly crashes: number;
  readonly requests: number;
  readonly calls: readonly number[];
}

const START_MS = Date.UTC(2026, 0, 2, 3, 4, 5);
const PHASE_MS = 60_000;
const PHASES_MAX = 3;
const ACTIONS_PER_PHASE_MAX = 7;
const REST_ROUNDS_MAX = 14;
const SYNC_TIMEOUT_MS = 120_000;
const SYSTEM_WRITE_BACK_MS = 5_000;

export async function runWorld(options: WorldOptions): Promise<WorldReport> {
  const world = await World.create(options);
  try {
    return await world.run();
  } finally {
    await world.close();
  }
}

export class World {
  readonly choices: Choices;
  readonly scheduler: Scheduler;
  readonly network: SimNetwork;
  readonly devices: SimDevice[] = [];
  readonly ledger = new Ledger();
  readonly log: string[] = [];
  readonly violations: string[] = [];
  readonly #options: WorldOptions;
  readonly #server: MemoryServer;
  readonly #stop = new AbortController();
  #actions: { readonly device: number; readonly number: number }[] = [];
  #actionNumber = 0;
  #isActive = false;

  private constructor(
    options: WorldOptions,
    server: MemoryServer,
    choices: Choices,
    scheduler: Scheduler,
  ) {
    this.#options = options;
    this.#server = server;
    this.choices = choices;
    this.scheduler = scheduler;
    this.network = createNetwork(() => this.#server, scheduler, choices);
  }

  static async create(options: WorldOptions): Promise<World> {
    const choices = new Choices(options.seed);
    const scheduler = new Scheduler(choices, START_MS);
    const random = seededRandom(choices, 'server');
    const server = await createMemoryServer({
      clock: scheduler.clock('server'),
      random,
      passwords: anyPassword,
    });
    const world = new World(options, server, choices, scheduler);
    const suite = await createNodeOpenSuite(seededRandom(choices, 'clients').bytes);
    const names = ['laptop', 'desktop', 'phone'].slice(0, 2 + choices.roll('devices', 2));
    const secrets = await makeAccount(server, suite, names, START_MS);
    for (const [i, name] of names.entries()) {
      const own = secrets[i];
      if (own === undefined) continue;
      const device: SimDevice = new SimDevice({
        name, suite, scheduler, choices,
        secrets: own,
        network: world.network,
        volume: volumeOf(choices, name),
        onMeanwhile: () => world.#actNow(i),
        onSwitchOff: (before, after) => {
          world.log.push(`${scheduler.now()} ${name} is switched off`);
          world.violations.push(...world.ledger.switchedOff(name, before, after, scheduler.now()));
        },
      }); // prettier-ignore
      if (options.crash?.device === i) device.crashAtCall = options.crash.atCall;
      world.devices.push(device);
    }
    return world;
  }

  async run(): Promise<WorldReport> {
    await this.#through(this.#addPairs());
    const phases = 1 + this.choices.roll('phases', PHASES_MAX);
    for (let phase = 1; phase <= phases && this.violations.length === 0; phase++) {
      this.ledger.startPhase(phase);
      await this.#through(this.#activity(phase));
      await this.#through(this.#rest());
      if (this.violations.length === 0)
        this.violations.push(...(await this.#through(checkWorld(this))));
    }
    const hash = createHash('sha256').update(this.log.join('\n')).digest('hex');
    return {
      seed: this.#options.seed,
      logHash: hash,
      log: this.log,
      violations: this.violations,
      deeds: this.ledger.deeds.length,
      crashes: this.devices.reduce((sum, device) => sum + device.crashes, 0),
      requests: this.network.requests.length,
      calls: this.devices.map(({ calls }) => calls),
    };
  }

  get signal(): AbortSignal {
    return this.#stop.signal;
  }

  async close(): Promise<void> {
    this.#stop.abort(new DOMException('the world ends', 'AbortError'));
    for (const device of this.devices) device.close();
    await this.#server.close();
  }

  /** Lets the scheduler run until `work` is done. */
  async #through<T>(work: Promise<T>): Promise<T> {
    let isDone = false;
    const settled = work.finally(() => {
      isDone = true;
    });
    settled.catch(() => undefined);
    await this.scheduler.run(() => isDone);
    if (!isDone)
      throw new Error(
        `the world stands still at ${this.scheduler.now()}: nothing is parked, work is left`,
      );
    return settled;
  }

  async #addPairs(): Promise<void> {
    for (const device of this.devices) {
      let added: unknown = 'off';
      while (added === 'off') {
        added = await device.whileOn(
          device.live(this.signal).then(({ engine }) =>
            engine.addPair({ local: ROOT, remote: '/' }).catch((error: unknown) => {
              // Switched off after it was added: the pair is there already.
              if (error instanceof Error && 'code' in error && error.code === 'exists')
                return undefined;
              throw error;
            }),
          ),
        );
      }
    }
  }

  /** People act and engines sync, with faults, for a while. */
  async #activity(phase: number): Promise<void> {
    this.#setFaults(phase);
    this.#isActive = true;
    const count =
      1 + this.choices.roll(`phase ${phase} actions`, ACTIONS_PER_PHASE_MAX * this.devices.length);
    this.#actions = Array.from({ length: count }, (_, i) => ({
      number: ++this.#actionNumber,
      device: this.choices.roll(`phase ${phase} action ${i} device`, this.devices.length),
    }));
    const people = this.#actions.map((action) =>
      this.scheduler
        .park(
          `action ${action.number}`,
          this.choices.roll(`action ${action.number} when`, PHASE_MS),
          () => this.#act(action),
        )
        .then(() => undefined),
    );
    const engines = this.devices.map((device) => this.#keepSyncing(device));
    const system = this.#writeBack();
    await Promise.all(people);
    this.#isActive = false;
    this.#calmDown();
    await Promise.all([...engines, system]);
  }

  #setFaults(phase: number): void {
    if (this.#options.noFaults === true) return;
    const level = (name: string, most: number): number => {
      const isOn = this.choices.roll(`phase ${phase} has ${name}`, 3) === 0;
      return isOn ? this.choices.roll(`phase ${phase} ${name}`, most) : 0;
    };
    Object.assign(this.network.conditions, {
      lostBefore: level('lost requests', 120),
      lostAfter: level('lost answers', 120),
      unavailable: level('an absent server', 100),
    });
    for (const device of this.devices) {
      Object.assign(device.conditions, {
        crashes: level(`crashes of ${device.name}`, 400),
        faults: level(`faults of ${device.name}`, 500),
        meanwhile: level(`actions inside calls of ${device.name}`, 150),
      });
    }
  }

  #calmDown(): void {
    Object.assign(this.network.conditions, CALM);
    for (const device of this.devices)
      Object.assign(device.conditions, { crashes: 0, faults: 0, meanwhile: 0 });
  }

  /** The next action of this device happens right now, inside a call of its engine. */
  #actNow(device: number): void {
    const next = this.#actions.find((action) => action.device === device);
    if (next !== undefined) this.#act(next);
  }

  #act(action: { readonly device: number; readonly number: number }): void {
    if (!this.#actions.includes(action)) return;
    this.#actions = this.#actions.filter((other) => other !== action);
    if (this.#options.without?.has(action.number) === true) return;
    const deed: Deed | undefined = this.devices[action.device]?.person.act(action.number);
    if (deed === undefined) return;
    this.ledger.record(deed);
    this.log.push(`${deed.at} ${deed.device} (${action.number}): ${deed.text}`);
  }

  async #writeBack(): Promise<void> {
    const clock = this.scheduler.clock('system');
    while (this.#isActive) {
      await clock.sleep(1000);
      for (const device of this.devices) device.disk.writeBack(SYSTEM_WRITE_BACK_MS);
    }
  }

  async #keepSyncing(device: SimDevice): Promise<void> {
    const clock = this.scheduler.clock(device.name);
    for (let n = 1; this.#isActive; n++) {
      await this.syncOnce(device);
      await clock.sleep(this.choices.roll(`${device.name} pause ${this.ledger.phase} ${n}`, 9000));
    }
  }

  /** One `sync now`; undefined when it failed or the device went off. */
  async syncOnce(device: SimDevice): Promise<SyncOutcome | undefined> {
    try {
      const summary = await device.whileOn(
        device
          .live(this.signal)
          .then(({ engine }) =>
            engine.syncNow({ timeoutMs: SYNC_TIMEOUT_MS }, { signal: this.signal }),
          ),
      );
      if (summary === 'off') return undefined;
      this.log.push(`${this.scheduler.now()} ${device.name} synced: ${JSON.stringify(summary)}`);
      return summary;
    } catch (error) {
      const what = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
      this.log.push(`${this.scheduler.now()} ${device.name} failed: ${what}`);
      return undefined;
    }
  }

  /** Syncs all devices, deciding what is held, until a round changes nothing anywhere. */
  async #rest(): Promise<void> {
    for (const device of this.devices) device.disk.writeBack(0);
    const clock = this.scheduler.clock('rest');
    for (let round = 1; round <= REST_ROUNDS_MAX; round++) {
      let isQuiet = true;
      const heads = new Set<number>();
      for (const device of this.devices) {
        const summary = await this.syncOnce(device);
        heads.add((await device.live(this.signal)).drive.space.head().seq);
        if (summary === undefined || !summary.settled || changesOf(summary) > 0) isQuiet = false;
        if ((summary?.held ?? 0) > 0) {
          await this.#decideHeld(device, round);
          isQuiet = false;
        }
        await clock.sleep(20_000);
      }
      if (isQuiet && heads.size === 1) return;
    }
    this.violations.push(`I5: the world does not come to rest in ${REST_ROUNDS_MAX} rounds`);
  }

  async #decideHeld(device: SimDevice, round: number): Promise<void> {
    const { engine } = await device.live(this.signal);
    const isApproved =
      this.choices.roll(`${device.name} held ${this.ledger.phase} ${round}`, 2) === 0;
    this.log.push(`${device.name} ${isApproved ? 'approves' : 'undoes'} what is held`);
    if (!isApproved) this.ledger.undoneInPhase = true;
    await (isApproved ? engine.approveHeld({}) : engine.undoHeld({}));
  }
}

function seededRandom(
  choices: Choices,
  name: string,
): { bytes: (length: number) => Uint8Array<ArrayBuffer> } {
  let n = 0;
  return { bytes: (length) => choices.bytes(`${name} random ${++n}`, length) };
}

/** Disks differ: birth times, granularity of times, reuse of inodes. */
function volumeOf(choices: Choices, name: string): SimVolumeOptions {
  return {
    birthTimes: choices.roll(`${name} birth times`, 4) !== 0,
    inodeReuse: choices.roll(`${name} inode reuse`, 2) === 0,
    mtimeGranNs: choices.pick(`${name} granularity`, [1n, 1n, 1n, 1_000_000_000n]),
  };
}
