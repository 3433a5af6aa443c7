/**
 * The world of one scenario: a server, devices `a` and `b` with a folder pair each, and a third device
 * that has none. Time, network and order are simulated; server, SDK and engine are the real ones.
 */
import assert from 'node:assert/strict';
import type { SimVolumeOptions } from '@coffer/native-worker/testing';
import { networkFault, type HttpRequest } from '@coffer/sdk';
import type { MemoryServer } from '@coffer/server/testing';
import { Choices } from '../simulation/choices.ts';
import { SimDevice } from '../simulation/device.ts';
import { createNetwork, type SimNetwork } from '../simulation/network.ts';
import { Scheduler } from '../simulation/scheduler.ts';
import { openScenarioAccount } from './scenario-account.ts';
import { ScenarioDevice, effects, type DeviceWorld } from './scenario-device.ts';
import { ThirdParty } from './third-party.ts';
import { completed, localTree, remoteTree, type Tree } from './tree.ts';

export type Side = 'a' | 'b';

export interface WorldSetup {
  readonly first: Side;
  readonly disks: Readonly<Partial<Record<Side, SimVolumeOptions>>>;
  readonly init: Tree;
  /** False: the scenario adds the pairs itself, by `pair`. */
  readonly paired: boolean;
  /** What the account may store, in stored bytes. */
  readonly quotaBytes?: number | undefined;
  /** How far the clock of `b` is ahead of all others. */
  readonly aheadMs?: number | undefined;
  /** What happens to one device during its first sync in the first `settle`. */
  readonly interruption?: Interruption | undefined;
}

/**
 * At its `atCall`-th disk call the device is switched off, or its person does the scenario's `meanwhile`.
 * Without `atCall` the calls at which that may make a difference go into `points`.
 */
export interface Interruption {
  readonly device: 'first' | 'second';
  readonly kind: 'off' | 'meanwhile';
  readonly atCall?: number;
  points: readonly number[];
}

/** What happens to one request: it or its answer gets lost; then the device may be switched off. */
export type RequestFate = 'lost' | 'answer lost' | 'answer lost, then off' | undefined;

const START_MS = Date.UTC(2026, 0, 2, 3, 4, 5);
const HOUR_MS = 3_600_000;
const BETWEEN_SYNCS_MS = 20_000;
const ROUNDS_MAX = 12;

export class ScenarioWorld {
  readonly a: ScenarioDevice;
  readonly b: ScenarioDevice;
  /** Who syncs first after the actions, and who then meets what is at the server. */
  readonly first: ScenarioDevice;
  readonly second: ScenarioDevice;
  readonly web: ThirdParty;
  readonly network: SimNetwork;
  readonly isCrashRun: boolean;
  /** Decides about requests that leave a device. */
  onRequest: ((device: string, request: HttpRequest) => RequestFate) | undefined;
  /** What a person does inside a disk call, in scenarios with `meanwhile`. */
  meanwhile: (() => void) | undefined;
  readonly #setup: WorldSetup;
  readonly #scheduler: Scheduler;
  readonly #stop: AbortController;
  readonly #server: MemoryServer;
  readonly #contents: Map<string, string>;
  readonly #sims: readonly SimDevice[];
  #interruption: Interruption | undefined;

  private constructor(parts: {
    readonly setup: WorldSetup;
    readonly server: MemoryServer;
    readonly scheduler: Scheduler;
    readonly network: SimNetwork;
    readonly sims: readonly [SimDevice, SimDevice, SimDevice];
    readonly stop: AbortController;
  }) {
    this.#setup = parts.setup;
    this.#scheduler = parts.scheduler;
    this.#server = parts.server;
    this.#stop = parts.stop;
    this.#sims = parts.sims;
    this.#contents = new Map();
    this.network = parts.network;
    const world: DeviceWorld = {
      signal: parts.stop.signal,
      through: (work) => this.through(work),
      requests: parts.network.requests,
      wrote: (sha256, content) => this.#contents.set(sha256, content),
    };
    const [a, b, web] = parts.sims;
    this.a = new ScenarioDevice(a, world);
    this.b = new ScenarioDevice(b, world);
    this.web = new ThirdParty(web, world);
    this.first = parts.setup.first === 'a' ? this.a : this.b;
    this.second = parts.setup.first === 'a' ? this.b : this.a;
    const { interruption } = parts.setup;
    this.#interruption = interruption;
    this.isCrashRun = interruption?.kind === 'off';
  }

  static async create(setup: WorldSetup): Promise<ScenarioWorld> {
    const choices = new Choices(1);
    const scheduler = new Scheduler(choices, START_MS);
    const { quotaBytes = null } = setup;
    const { server, suite, secrets } = await openScenarioAccount(scheduler, choices, quotaBytes);
    const network = createNetwork(() => server, scheduler, choices);
    const own: { world?: ScenarioWorld; sims?: readonly SimDevice[] } = {};
    const watched = withFates(network, {
      fateOf: (device, request) => own.world?.onRequest?.(device, request),
      switchOff: (device) => own.sims?.find(({ name }) => name === device)?.switchOff('network'),
    });
    const volumes = [setup.disks.a, setup.disks.b, undefined];
    const sims = secrets.map(
      (mine, i) =>
        new SimDevice({
          name: mine.deviceName, secrets: mine, suite, scheduler, choices,
          network: watched,
          volume: volumes[i] ?? {},
          aheadMs: i === 1 ? (setup.aheadMs ?? 0) : 0,
          onMeanwhile: () => undefined,
          onSwitchOff: () => undefined,
        }), // prettier-ignore
    );
    const [a, b, web] = sims;
    assert.ok(a !== undefined && b !== undefined && web !== undefined);
    const stop = new AbortController();
    const parts = { setup, server, scheduler, network, stop, sims: [a, b, web] as const };
    const world = new ScenarioWorld(parts);
    own.world = world;
    own.sims = sims;
    await world.#prepare();
    return world;
  }

  async close(): Promise<void> {
    this.#stop.abort(new DOMException('the scenario ends', 'AbortError'));
    for (const sim of this.#sims) sim.close();
    await this.#server.close();
  }

  now(): number {
    return this.#scheduler.now();
  }

  /** Lets simulated time pass. */
  sleep(ms: number): Promise<void> {
    return this.through(this.#scheduler.clock('scenario').sleep(ms));
  }

  /** Something happens after this much simulated time, whatever the devices do then. */
  later(ms: number, action: () => void): void {
    void this.#scheduler.park('later', ms, action);
  }

  /** Lets the world run until `work` is done. */
  async through<T>(work: Promise<T>): Promise<T> {
    let isDone = false;
    const settled = work.finally(() => {
      isDone = true;
    });
    settled.catch(() => undefined);
    await this.#scheduler.run(() => isDone);
    if (!isDone) throw new Error('the world stands still: nothing is parked, work is left');
    return settled;
  }

  /** Adds a folder pair of a device: of its whole root with the whole drive, or of parts of both. */
  async pair(device: ScenarioDevice, remote = '/', below = ''): Promise<void> {
    await device.ask((engine) => engine.addPair({ local: device.at(below), remote }));
  }

  /** Both devices sync, `first` first, until nothing changes on either. */
  async settle(): Promise<void> {
    for (const sim of this.#sims) sim.disk.writeBack(0);
    for (let round = 1; round <= ROUNDS_MAX; round++) {
      let isQuiet = true;
      for (const device of [this.first, this.second]) {
        this.#arm(device);
        let result = await device.sync();
        if (result === undefined) {
          isQuiet = false;
          result = await device.sync();
        }
        device.sim.crashAtCall = undefined;
        device.sim.onCall = undefined;
        assert.ok(result !== undefined, `${device.name} was switched off twice`);
        const changes =
          result.uploaded.files + result.downloaded.files + result.moved + result.trashed;
        if (changes > 0 || effects(result.requests).length > 0) isQuiet = false;
        if (!result.settled) isQuiet = false;
        await this.sleep(BETWEEN_SYNCS_MS);
      }
      if (isQuiet) return;
    }
    assert.fail(`not at rest after ${ROUNDS_MAX} rounds`);
  }

  /** The drive and both devices hold exactly this. */
  async expect(tree: Tree): Promise<void> {
    // After a crash the time of a copy may be taken: its name then has a number.
    const seen = (found: Tree): Tree => completed(found, this.isCrashRun);
    const expected = completed(tree);
    assert.deepEqual(seen(await this.remote()), expected, 'the drive');
    for (const device of [this.a, this.b])
      assert.deepEqual(seen(device.tree()), expected, device.name);
  }

  /** The drive's tree, with real names. */
  async remote(): Promise<Tree> {
    const drive = await this.web.drive();
    return remoteTree(drive, (sha256) => this.#contents.get(sha256 ?? '') ?? `unknown ${sha256}`);
  }

  /** Id of the node at a path of the drive. */
  async id(path: string): Promise<string> {
    return (await this.web.node(path)).id;
  }

  /** One more sync of each device changes nothing and sends nothing (I5). */
  async checkIdle(): Promise<void> {
    for (const device of [this.a, this.b]) {
      const result = await device.mustSync();
      assert.deepEqual(effects(result.requests), [], `${device.name} is not idle`);
      const { uploaded, downloaded, moved, trashed } = result;
      assert.equal(uploaded.files + downloaded.files + moved + trashed, 0, `${device.name} works`);
    }
  }

  async checkNoStalls(): Promise<void> {
    for (const device of [this.a, this.b])
      assert.deepEqual(await device.stalls(), [], `${device.name} stalls`);
  }

  #arm(device: ScenarioDevice): void {
    const plan = this.#interruption;
    if (plan === undefined || device !== this[plan.device]) return;
    this.#interruption = undefined;
    const { atCall, kind } = plan;
    if (atCall === undefined) {
      plan.points = kind === 'off' ? device.noteCrashPoints() : device.noteCalls();
    } else if (kind === 'off') device.sim.crashAtCall = device.sim.calls + atCall;
    else device.atCall(atCall, () => this.meanwhile?.());
  }

  async #prepare(): Promise<void> {
    if (!this.#setup.paired) return;
    await this.pair(this.a);
    await this.pair(this.b);
    for (const [path, content] of Object.entries(this.#setup.init)) {
      if (content === null) this.a.folder(path);
      else if (content.startsWith('-> ')) this.a.symlink(content.slice(3), path);
      else this.a.write(path, content);
    }
    for (const sim of this.#sims) sim.disk.writeBack(0);
    await this.a.mustSync();
    await this.b.mustSync();
    const composed = (tree: Tree): Tree =>
      completed(
        Object.fromEntries(Object.entries(tree).map(([path, c]) => [path.normalize('NFC'), c])),
      );
    assert.deepEqual(composed(localTree(this.b.sim)), composed(this.#setup.init), 'the start');
    await this.sleep(HOUR_MS);
    for (const device of [this.a, this.b]) device.syncs.length = 0;
  }
}

function withFates(
  network: SimNetwork,
  world: {
    readonly fateOf: (device: string, request: HttpRequest) => RequestFate;
    readonly switchOff: (device: string) => void;
  },
): SimNetwork {
  return {
    ...network,
    transport: (device, isDead) => {
      const inner = network.transport(device, isDead);
      return {
        request: async (request, signal) => {
          const fate = world.fateOf(device, request);
          if (fate === 'lost') throw networkFault('the request got lost', undefined);
          const answer = await inner.request(request, signal);
          if (fate === 'answer lost, then off') world.switchOff(device);
          if (fate !== undefined) throw networkFault('the answer got lost', undefined);
          return answer;
        },
      };
    },
  };
}
