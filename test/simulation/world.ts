/**
 * One simulated world: a server, a few devices, what people do and what goes wrong, all from one seed.
 * It goes through phases of activity; after each the faults stop, everything comes to rest, and the
 * oracles look at it.
 */
import { createHash } from 'node:crypto';
import { createNodeOpenSuite } from '@coffer/protocol/suites/node-open';
import { createMemoryServer, type MemoryServer } from '@coffer/server/testing';
import type { DeviceSecrets } from '@coffer/sdk';
import { anyPassword, makeAccount } from './accounts.ts';
import { Activity } from './activity.ts';
import { Choices } from './choices.ts';
import { deedOf } from './deed.ts';
import { ROOT, SimDevice } from './device.ts';
import { Ledger, type HeldNode } from './ledger.ts';
import { createNetwork, type SimNetwork } from './network.ts';
import type { WorldOptions, WorldReport } from './options.ts';
import { freshMemory, type Memory } from './oracle-memory.ts';
import { checkWorld } from './oracles.ts';
import { probe } from './probes.ts';
import { Scheduler } from './scheduler.ts';
import { shapeOf, type DeviceShape, type WorldShape } from './shape.ts';
import { isQuietStall } from './quiet-stalls.ts';
import { changesOf, type SyncOutcome } from './sync-outcome.ts';
import { ThirdParty } from './third-party.ts';

export interface WorldDevice {
  readonly sim: SimDevice;
  readonly shape: DeviceShape;
  /** Position among all devices of the seed, those that are left out included. */
  readonly index: number;
}

const START_MS = Date.UTC(2026, 0, 2, 3, 4, 5);
const REST_ROUNDS_MAX = 14;
const SYNC_TIMEOUT_MS = 120_000;
/** Local faults are tried again after at most 5 minutes. */
const RETRY_MS = 330_000;
const HOUR_MS = 3_600_000;
const LEAP_HOURS_MAX = 24 * 40;
const THIRD_PARTY = 'web';

export async function runWorld(options: WorldOptions): Promise<WorldReport> {
  const world = await World.create(options);
  try {
    return await world.run();
  } finally {
    await world.close();
  }
}

interface WorldParts {
  readonly options: WorldOptions;
  readonly shape: WorldShape;
  readonly server: MemoryServer;
  readonly choices: Choices;
  readonly scheduler: Scheduler;
}

export class World {
  readonly shape: WorldShape;
  readonly choices: Choices;
  readonly scheduler: Scheduler;
  readonly server: MemoryServer;
  readonly network: SimNetwork;
  readonly devices: WorldDevice[] = [];
  readonly ledger = new Ledger();
  readonly log: string[] = [];
  readonly violations: string[] = [];
  /** Numbers of the actions that did something. */
  readonly acted = new Set<number>();
  readonly memory: Memory = freshMemory();
  thirdParty: ThirdParty | undefined;
  #thirdPartyDevice: SimDevice | undefined;
  readonly #options: WorldOptions;
  readonly #stop = new AbortController();
  readonly #marks: { from: number; to: number }[] = [];

  private constructor(parts: WorldParts) {
    this.#options = parts.options;
    this.shape = parts.shape;
    this.server = parts.server;
    this.choices = parts.choices;
    this.scheduler = parts.scheduler;
    this.network = createNetwork(() => this.server, this.scheduler, this.choices);
  }

  static async create(options: WorldOptions): Promise<World> {
    const choices = new Choices(options.seed);
    const scheduler = new Scheduler(choices, START_MS);
    const server = await createMemoryServer({
      clock: scheduler.clock('server'),
      random: seededRandom(choices, 'server'),
      passwords: anyPassword,
    });
    const world = new World({
      options,
      shape: shapeOf(choices, options),
      server,
      choices,
      scheduler,
    });
    await world.#makeDevices();
    return world;
  }

  /** Devices of the seed, and the third party. */
  get actors(): number {
    return this.shape.devices.length + (this.shape.features.has('third-party') ? 1 : 0);
  }

  get signal(): AbortSignal {
    return this.#stop.signal;
  }

  isLeftOut(action: number): boolean {
    return this.#options.without?.actions?.includes(action) === true;
  }

  async run(): Promise<WorldReport> {
    try {
      await this.#live();
    } catch (error) {
      const what = error instanceof Error ? (error.stack ?? error.message) : String(error);
      this.violations.push(`broken: ${what}`);
    }
    return this.#report();
  }

  async #live(): Promise<void> {
    this.log.push(...this.shape.devices.map(describeDevice));
    await this.through(this.addPairs());
    let number = 1;
    for (let phase = 1; phase <= this.shape.phases && this.violations.length === 0; phase++) {
      this.ledger.startPhase(phase);
      this.#mark('from', phase);
      const activity = new Activity(this, phase, number);
      number += activity.actionCount;
      await this.through(activity.run());
      this.#mark('to', phase);
      await this.#judge();
      if (phase < this.shape.phases) await this.#leap(phase);
    }
    if (this.violations.length === 0 && this.shape.features.has('probes'))
      this.violations.push(...(await this.through(probe(this))));
  }

  /** Comes to rest, and looks at what is there. */
  async #judge(): Promise<void> {
    if (this.violations.length > 0) return;
    await this.through(this.rest());
    if (this.violations.length === 0)
      this.violations.push(...(await this.through(checkWorld(this))));
  }

  async close(): Promise<void> {
    this.#stop.abort(new DOMException('the world ends', 'AbortError'));
    for (const { sim } of this.devices) sim.close();
    this.#thirdPartyDevice?.close();
    await this.server.close();
  }

  /** Lets the scheduler run until `work` is done. */
  async through<T>(work: Promise<T>): Promise<T> {
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

  async addPairs(): Promise<void> {
    for (const { sim, shape } of this.devices) {
      let added: unknown = 'off';
      while (added === 'off') {
        added = await sim.whileOn(
          sim.live(this.signal).then(({ engine }) =>
            engine
              .addPair({ local: ROOT, remote: '/', mode: shape.mode })
              .catch((error: unknown) => {
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
      const isIdle = summary.settled && changesOf(summary) + summary.held + summary.stalls === 0;
      const what = isIdle ? 'has nothing to do' : `synced: ${JSON.stringify(summary)}`;
      this.log.push(`${this.scheduler.now()} ${device.name} ${what}`);
      return summary;
    } catch (error) {
      const what = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
      this.log.push(`${this.scheduler.now()} ${device.name} failed: ${what}`);
      return undefined;
    }
  }

  /** Syncs all devices, deciding what is held, until a round changes nothing anywhere. */
  async rest(): Promise<void> {
    for (const { sim } of this.devices) sim.disk.writeBack(0);
    const clock = this.scheduler.clock('rest');
    for (let round = 1; round <= REST_ROUNDS_MAX; round++) {
      let isQuiet = true;
      let isStalled = false;
      const heads = new Set<number>();
      for (const { sim } of this.devices) {
        const summary = await this.syncOnce(sim);
        const { drive, engine } = await sim.live(this.signal);
        heads.add(drive.space.head().seq);
        if (summary === undefined || !summary.settled || changesOf(summary) > 0) isQuiet = false;
        if ((summary?.held ?? 0) > 0) {
          await this.#decideHeld(sim, round);
          isQuiet = false;
        }
        const stalls = await engine.stalls({});
        isStalled ||= stalls.some(({ reason }) => !isQuietStall(reason));
        for (const { reason, path } of stalls)
          if (reason === 'NormalisationClash') this.#renameClash(sim, path);
        await clock.sleep(20_000);
      }
      if (isStalled) await clock.sleep(RETRY_MS);
      // What still stalls in the last rounds is for the oracles.
      if (isQuiet && heads.size === 1 && (!isStalled || round > REST_ROUNDS_MAX - 4)) return;
    }
    this.violations.push(`I5: the world does not come to rest in ${REST_ROUNDS_MAX} rounds`);
  }

  /** Two spellings of one name in a folder wait for a person (engine §8): here is one. */
  #renameClash(sim: SimDevice, path: string): void {
    const stat = sim.disk.programs.lstat(path);
    if (stat === undefined || sim.disk.programs.lstat(`${path}-else`) !== undefined) return;
    const entry = sim.person.view.entries().find((found) => found.path === path);
    const touched = entry === undefined ? [] : sim.person.view.contentsBelow(entry);
    sim.user.rename(path, `${path}-else`);
    const text = `rename ${path}, which clashed`;
    this.ledger.record(deedOf(sim.name, this.scheduler.now(), text, { touched }));
    this.log.push(`${this.scheduler.now()} ${sim.name}: ${text}`);
  }

  async #decideHeld(device: SimDevice, round: number): Promise<void> {
    const { engine } = await device.live(this.signal);
    const isApproved =
      this.choices.roll(`${device.name} held ${this.ledger.phase} ${round}`, 2) === 0;
    this.log.push(`${device.name} ${isApproved ? 'approves' : 'undoes'} what is held`);
    if (!isApproved) this.ledger.takeBack(device.name, heldNodes(device.database));
    await (isApproved ? engine.approveHeld({}) : engine.undoHeld({}));
  }

  /** Hours or weeks in which nobody does anything. */
  async #leap(phase: number): Promise<void> {
    const hours = this.choices.roll(`leap ${phase}`, LEAP_HOURS_MAX);
    if (!this.shape.features.has('time-leaps')) return;
    await this.through(this.scheduler.clock('calendar').sleep(hours * HOUR_MS));
  }

  async #makeDevices(): Promise<void> {
    const { choices, shape, scheduler, server, network } = this;
    const suite = await createNodeOpenSuite(seededRandom(choices, 'clients').bytes);
    const names = [...shape.devices.map(({ name }) => name), THIRD_PARTY];
    const secrets = await makeAccount(server, suite, names, START_MS);
    const make = (own: DeviceSecrets, device?: DeviceShape): SimDevice => {
      const name = own.deviceName;
      return new SimDevice({
        name, suite, scheduler, network,
        choices,
        secrets: own,
        volume: device?.volume ?? {},
        isExternal: device?.isExternal === true,
        hasHints: device?.isLooping === true,
        planNodesMax: device?.planNodesMax,
        onOverwritten: (content) => void this.ledger.overwritten.add(content),
        onSwitchOff: (before, after, staged) => {
          this.ledger.switchedOffMoving(name, staged, scheduler.now());
          this.log.push(`${scheduler.now()} ${name} is switched off`);
          this.violations.push(...this.ledger.switchedOff(name, before, after, scheduler.now()));
        },
      }); // prettier-ignore
    };
    for (const [index, device] of shape.devices.entries()) {
      const own = secrets[index];
      if (own === undefined || this.#options.without?.devices?.includes(index) === true) continue;
      const sim = make(own, device);
      sim.person.features = shape.features;
      const { crash } = this.#options;
      if (crash?.device === index) sim.crashAtCall = crash.atCall;
      this.devices.push({ sim, shape: device, index });
    }
    const last = secrets.at(-1);
    if (last !== undefined && shape.features.has('third-party')) this.#addThirdParty(make(last));
  }

  #addThirdParty(device: SimDevice): void {
    this.#thirdPartyDevice = device;
    this.thirdParty = new ThirdParty({
      device,
      choices: this.choices,
      now: () => this.scheduler.now(),
      signal: this.signal,
      contentOf: (sha256) => this.ledger.contentOf(sha256),
      announce: (content) => this.ledger.known.add(content),
    });
  }

  #mark(which: 'from' | 'to', phase: number): void {
    if (phase !== 1) return;
    for (const { sim, index } of this.devices)
      this.#marks[index] = { from: 0, to: 0, ...this.#marks[index], [which]: sim.calls };
  }

  #report(): WorldReport {
    const faults = summed([this.network.faults, ...this.devices.map(({ sim }) => sim.faults)]);
    return {
      seed: this.#options.seed,
      logHash: createHash('sha256').update(this.log.join('\n')).digest('hex'),
      log: this.log,
      violations: this.violations,
      deeds: this.ledger.deeds.length,
      actions: [...this.acted],
      phases: this.shape.phases,
      crashes: this.devices.reduce((sum, { sim }) => sum + sim.crashes, 0),
      requests: this.network.requests.length,
      faults,
      features: [...this.shape.features],
      cells: summed(this.devices.map(({ sim }) => sim.cells)),
      firstActivity: this.shape.devices.map((_, i) => this.#marks[i] ?? { from: 0, to: 0 }),
    };
  }
}

function summed<Key>(counts: readonly ReadonlyMap<Key, number>[]): ReadonlyMap<Key, number> {
  const sum = new Map<Key, number>();
  for (const each of counts) for (const [key, n] of each) sum.set(key, (sum.get(key) ?? 0) + n);
  return sum;
}

/** Nodes of which a deletion waits for a person. */
function heldNodes(database: SimDevice['database']): readonly HeldNode[] {
  return database
    .sql<HeldNode>(
      `SELECT hold_item.node_id AS node, coalesce(kind, 'unknown') AS kind,
         CASE kind WHEN 'folder' THEN name ELSE coalesce(sha256, target) END AS what
       FROM hold_item JOIN hold USING (batch) LEFT JOIN base_node ON base_node.node_id = hold_item.node_id
       WHERE decision = 'none'`,
    )
    .all();
}

function describeDevice({ name, mode, isExternal, isLooping, volume }: DeviceShape): string {
  const rules = Object.entries(volume).map(([key, value]) => `${key}=${String(value)}`);
  const how = [mode, ...(isExternal ? ['external'] : []), ...(isLooping ? ['looping'] : [])];
  return `${name}: ${[...how, ...rules].join(' ')}`;
}

function seededRandom(
  choices: Choices,
  name: string,
): { bytes: (length: number) => Uint8Array<ArrayBuffer> } {
  let n = 0;
  return { bytes: (length) => choices.bytes(`${name} random ${++n}`, length) };
}
