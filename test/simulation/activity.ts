/** One phase of a world: people act, engines sync, things go wrong. At its end the faults stop. */
import type { Drive } from '@coffer/sdk';
import { CALM } from './network.ts';
import { ROOT, type SimDevice } from './device.ts';
import { deedOf, type Deed } from './deed.ts';
import { withFolderNodes } from './folder-nodes.ts';
import { contentsLeftOut } from './left-out.ts';
import type { FaultKind } from './options.ts';
import { saveSlowly, type SlowSave } from './saving.ts';
import type { World, WorldDevice } from './world.ts';

interface DueAction {
  /** Position among the devices of the world; one more is the third party. */
  readonly device: number;
  readonly number: number;
}

const PHASE_MS = 60_000;
const ACTIONS_PER_DEVICE_MAX = 7;
const SYSTEM_WRITE_BACK_MS = 5_000;
const RACE_NUMBERS_FROM = 10_000;

export class Activity {
  readonly #world: World;
  readonly #phase: number;
  readonly #stop = new AbortController();
  readonly #tasks = new Set<Promise<void>>();
  #actions: DueAction[] = [];
  #races = 0;
  #isActive = true;

  constructor(world: World, phase: number, firstNumber: number) {
    this.#world = world;
    this.#phase = phase;
    const { choices } = world;
    const actors = world.actors;
    const count = 1 + choices.roll(`phase ${phase} actions`, ACTIONS_PER_DEVICE_MAX * actors);
    this.#actions = Array.from({ length: count }, (_, i) => ({
      number: firstNumber + i,
      device: choices.roll(`phase ${phase} action ${i} device`, actors),
    }));
  }

  get actionCount(): number {
    return this.#actions.length;
  }

  async run(): Promise<void> {
    const { scheduler, choices, devices } = this.#world;
    this.#setFaults();
    const people = this.#actions.map((action) =>
      scheduler
        .park(
          `action ${action.number}`,
          choices.roll(`action ${action.number} when`, PHASE_MS),
          () => this.#act(action),
        )
        .then(() => undefined),
    );
    const engines = devices.map((device) =>
      device.shape.isLooping ? this.#keepRunning(device.sim) : this.#keepSyncing(device),
    );
    const system = this.#writeBack();
    await Promise.all([...people, ...this.#events()]);
    while (this.#tasks.size > 0) await Promise.all(this.#tasks);
    this.#isActive = false;
    this.#calmDown();
    this.#stop.abort(new DOMException('the phase ends', 'AbortError'));
    await Promise.all([...engines, system]);
  }

  /** The next action of this device happens right now, inside a call of its engine. */
  actNow(device: number): void {
    const next = this.#actions.find((action) => action.device === device);
    if (this.#isActive && next !== undefined) this.#act(next);
  }

  /** How strongly a fault acts in this phase; 0 in two of three. */
  #level(kind: FaultKind, about: string, most: number): number {
    const { choices, shape } = this.#world;
    if (!shape.hasFault(kind)) return 0;
    const isOn = choices.roll(`phase ${this.#phase} has ${kind} ${about}`, 3) === 0;
    return isOn ? choices.roll(`phase ${this.#phase} ${kind} ${about}`, most) : 0;
  }

  #setFaults(): void {
    const { network, devices } = this.#world;
    Object.assign(network.conditions, {
      lostBefore: this.#level('lost-requests', '', 120),
      lostAfter: this.#level('lost-answers', '', 120),
      unavailable: this.#level('absent-server', '', 100),
      expired: this.#level('expired-sessions', '', 100),
      busy: this.#level('busy-server', '', 60),
      failing: this.#level('failing-server', '', 60),
      doubled: this.#level('doubled-requests', '', 150),
      raced: this.#level('races', '', 600),
    });
    network.onRace = (device) => this.#race(device);
    for (const { sim, index } of devices) {
      Object.assign(sim.conditions, {
        crashes: this.#level('crashes', sim.name, 400),
        faults: this.#level('disk-faults', sim.name, 500),
        meanwhile: this.#level('meanwhile', sim.name, 150),
      });
      sim.person.onSlowSave = (save) => this.#start(this.#saveSlowly(sim, save));
      sim.onMeanwhile = () => this.actNow(index);
    }
  }

  #calmDown(): void {
    const { network, devices } = this.#world;
    Object.assign(network.conditions, CALM);
    network.onRace = undefined;
    for (const { sim } of devices) {
      Object.assign(sim.conditions, { crashes: 0, faults: 0, meanwhile: 0 });
      sim.onMeanwhile = undefined;
    }
  }

  /** Restarts of the server; roots that go and come back. */
  #events(): readonly Promise<void>[] {
    const { devices, choices, scheduler, server, log, violations } = this.#world;
    const key = `phase ${this.#phase}`;
    const at = (name: string, ms: number, effect: () => void | Promise<void>): Promise<void> =>
      scheduler.park(`${key} ${name}`, ms, effect);
    const restarts = this.#level('restarts', '', 4);
    const events = Array.from({ length: restarts }, (_, i) =>
      at(`restart ${i}`, choices.roll(`${key} restart ${i}`, PHASE_MS), async () => {
        log.push(`${scheduler.now()} the server restarts`);
        await server.restart();
      }),
    );
    for (const { sim } of devices) {
      const kind = sim.isExternal ? 'unplugged' : 'swapped-root';
      if (this.#level(kind, sim.name, 4) === 0) continue;
      const from = choices.roll(`${key} ${sim.name} goes`, PHASE_MS / 2);
      const until = from + choices.roll(`${key} ${sim.name} stays away`, PHASE_MS / 2);
      events.push(
        at(`${sim.name} goes`, from, () => {
          if (sim.isExternal ? sim.unplug() : sim.swapRoot())
            log.push(`${scheduler.now()} ${sim.name}: ${kind}`);
        }),
        at(`${sim.name} comes back`, until, () => {
          violations.push(...sim.bringBack());
          log.push(`${scheduler.now()} ${sim.name}: the root is back`);
        }),
      );
    }
    return events;
  }

  #act(action: DueAction): void {
    if (!this.#actions.includes(action)) return;
    this.#actions = this.#actions.filter((other) => other !== action);
    this.#perform(action);
  }

  #perform({ device, number }: DueAction): void {
    const { shape, devices, thirdParty } = this.#world;
    if (this.#world.isLeftOut(number)) return;
    if (device === shape.devices.length) {
      if (thirdParty !== undefined) this.#start(this.#actElsewhere(number));
      return;
    }
    const sim = devices.find(({ index }) => index === device)?.sim;
    if (sim === undefined || sim.isAway) return;
    const leftOut = contentsLeftOut(sim);
    const deed = sim.person.act(number);
    if (deed === undefined) return;
    const deleted = deed.deleted.filter((content) => !leftOut.has(content));
    this.#record(withFolderNodes({ ...deed, deleted }, sim), number);
  }

  async #actElsewhere(number: number): Promise<void> {
    const done = await this.#world.thirdParty?.act(number);
    if (done === undefined) return;
    if (!done.isCertain) this.#world.ledger.isUncertainInPhase = true;
    this.#record(done.deed, number);
  }

  #record(deed: Deed, number: number): void {
    const { ledger, log, acted } = this.#world;
    ledger.record(deed);
    acted.add(number);
    log.push(`${deed.at} ${deed.device} (${number}): ${deed.text}`);
  }

  async #saveSlowly(sim: SimDevice, save: SlowSave): Promise<void> {
    const { scheduler, choices, ledger, log } = this.#world;
    const { crashes } = sim;
    const pause = async (name: string, ms: number): Promise<boolean> => {
      await scheduler.park(name, ms, () => undefined);
      return sim.crashes === crashes && !sim.isAway;
    };
    const { isDone, taken, left } = await saveSlowly(save, pause, choices);
    const text = `${isDone ? 'end' : 'give up'} to save ${save.path}`;
    const what = {
      wrote: isDone ? [save.content] : [],
      gaveUp: taken,
      unseen: [...taken, ...left],
    };
    ledger.record(deedOf(sim.name, scheduler.now(), text, what));
    log.push(`${scheduler.now()} ${sim.name}: ${text}`);
  }

  /** The third party commits first. */
  async #race(device: string): Promise<void> {
    const { thirdParty, shape } = this.#world;
    if (thirdParty === undefined || device === thirdParty.name || !this.#isActive) return;
    const next = this.#actions.find((action) => action.device === shape.devices.length);
    const number = next?.number ?? RACE_NUMBERS_FROM * this.#phase + ++this.#races;
    this.#actions = this.#actions.filter((other) => other !== next);
    if (!this.#world.isLeftOut(number)) await this.#actElsewhere(number);
  }

  #start(task: Promise<void>): void {
    const tracked = task.finally(() => this.#tasks.delete(tracked));
    this.#tasks.add(tracked);
  }

  async #writeBack(): Promise<void> {
    const { scheduler, devices } = this.#world;
    const clock = scheduler.clock('system');
    while (this.#isActive) {
      await clock.sleep(1000);
      for (const { sim } of devices) sim.disk.writeBack(SYSTEM_WRITE_BACK_MS);
    }
  }

  async #keepSyncing(device: WorldDevice): Promise<void> {
    const { scheduler, choices } = this.#world;
    const { sim } = device;
    const clock = scheduler.clock(sim.name);
    for (let n = 1; this.#isActive; n++) {
      await this.#choosePaths(device, n);
      await this.#world.syncOnce(sim);
      await clock.sleep(choices.roll(`${sim.name} pause ${this.#phase} ${n}`, 9000));
    }
  }

  /** The engine's own loop, begun again after each crash. */
  async #keepRunning(sim: SimDevice): Promise<void> {
    const { scheduler, signal, violations } = this.#world;
    const clock = scheduler.clock(sim.name);
    const untilStopped = AbortSignal.any([signal, this.#stop.signal]);
    while (this.#isActive) {
      try {
        await sim.whileOn(sim.live(signal).then(({ engine }) => engine.run(untilStopped)));
      } catch (error) {
        const what = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
        // A device that starts without a connection cannot open its drive yet.
        if (what.startsWith('RemoteFault')) await clock.sleep(1000);
        else violations.push(`loop: the loop of ${sim.name} ended: ${what}`);
        if (violations.length > 0) return;
      }
    }
  }

  /** Selective sync: a folder is left out, or all are taken in again. */
  async #choosePaths({ sim, shape }: WorldDevice, n: number): Promise<void> {
    const { choices, signal, log, scheduler, ledger } = this.#world;
    const key = `${sim.name} chooses ${this.#phase} ${n}`;
    const roll = choices.roll(key, 8);
    if (!this.#world.shape.features.has('exclusions') || shape.mode !== 'two-way' || roll > 1)
      return;
    try {
      const done = await sim.whileOn(
        sim.live(signal).then(async ({ drive, engine }) => {
          const [pair] = await engine.listPairs({});
          const listed = drive.list('/', { recursive: true });
          const folders = listed.ok
            ? listed.value.entries.filter(({ node }) => node.kind === 'folder')
            : [];
          const path = folders[choices.roll(`${key} which`, Math.max(1, folders.length))]?.path;
          const taken = [...(pair?.excluded ?? [])];
          // Whoever is switched off in the middle may have chosen already.
          const chosen = roll === 1 ? taken : path === undefined ? [] : [path];
          ledger.choose(sim.name, this.#contentsBelow(sim, drive, chosen));
          if (roll === 0 && path !== undefined)
            await engine.exclude({ pair: ROOT, remote: [path] });
          if (roll === 1) await engine.include({ pair: ROOT, remote: taken });
          return roll === 0 ? `leaves out ${path}` : 'takes all in';
        }),
      );
      log.push(`${scheduler.now()} ${sim.name} ${done}`);
    } catch (error) {
      const name = error instanceof Error ? error.name : '';
      if (name !== 'EngineFault' && name !== 'RemoteFault') throw error;
    }
  }

  /** What is in these folders of the drive, as this device knows it, or at their places on its disk. */
  #contentsBelow(sim: SimDevice, drive: Drive, folders: readonly string[]): readonly string[] {
    const isBelow = (path: string): boolean => folders.some((each) => path.startsWith(`${each}/`));
    const listed = drive.list('/', { recursive: true });
    const nodes = listed.ok ? listed.value.entries.filter(({ path }) => isBelow(path)) : [];
    const here = [...sim.contents()].filter(([path]) => isBelow(path.slice(ROOT.length)));
    return [
      ...nodes.flatMap(({ node }) => this.#world.ledger.contentOf(node.sha256 ?? '') ?? []),
      ...here.map(([, content]) => content),
    ];
  }
}
