/**
 * Daemons on both sides while people and programs work, processes are stopped and killed and the server
 * goes and comes. At the end both folders hold the same, and what the ledger says.
 */
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { DaemonDevice, until } from '../e2e/daemon-harness.ts';
import { ServerProcess, TemporaryFolder, treeOf } from '../e2e/harness.ts';
import { strayNames, type Dice } from './activity.ts';
import { Clone, DEEDS } from './deeds.ts';
import { Vitals } from './vitals.ts';

const EMAIL = 'soak@example.org';
const SAMPLE_MS = 2000;
const REST_MS = 240_000;

interface World {
  readonly base: string;
  readonly dice: Dice;
  readonly devices: readonly [DaemonDevice, DaemonDevice];
  server: ServerProcess;
}

interface Work {
  readonly device: DaemonDevice;
  readonly name: string;
  readonly act: (turn: number) => void;
  turn: number;
}

const tick = (text: string): void =>
  console.log(`${new Date().toISOString().slice(11, 19)} ${text}`);

/** Throws if anything was lost, doubled or changed, or if a program grows. */
export async function soakDaemons(minutes: number, dice: Dice): Promise<void> {
  await using stack = new AsyncDisposableStack();
  const base = stack.use(new TemporaryFolder()).path;
  const server = await ServerProcess.start(join(base, 'server'));
  const devices = [new DaemonDevice(base, 'laptop'), new DaemonDevice(base, 'desktop')] as const;
  const world: World = { base, dice, devices, server };
  stack.defer(() => world.server[Symbol.asyncDispose]());
  for (const device of devices) stack.use(device);
  await devices[0].signUp(server.url, EMAIL);
  await devices[1].signIn(server.url, EMAIL);
  for (const device of devices) {
    // Whole archives go at once here: nobody is there to be asked.
    await device.do('config', 'set', 'hold.count', '1000000');
    await device.do('config', 'set', 'hold.share', '1');
    await device.do('sync', 'add', device.folder, '/');
    await device.startDaemon();
  }
  const { works, clones } = beginWork(world);
  const vitals = [new Vitals('laptop'), new Vitals('desktop')];
  const ended = new AbortController();
  const sampling = sampleUntil(ended.signal, world, vitals);
  await runFor(minutes * 60_000, world, works);
  await comeToRest(world);
  ended.abort();
  await sampling;
  assertLedger(world, works, clones);
  const verdicts = vitals.map((one) => one.verdict());
  for (const { text } of verdicts) tick(text);
  assert.deepEqual(
    verdicts.filter(({ grows }) => grows),
    [],
  );
  await world.server.stop();
}

function beginWork({ base, devices }: World): {
  readonly works: readonly Work[];
  readonly clones: readonly (readonly [string, Clone])[];
} {
  const source = join(base, 'source');
  Clone.source(source);
  const works: Work[] = [];
  const clones: [string, Clone][] = [];
  for (const [i, device] of devices.entries()) {
    for (const [deed, act] of Object.entries(DEEDS)) {
      const name = `${deed} ${i}`;
      const folders = [join(device.folder, name), join(base, 'ledger', name)];
      for (const folder of folders) mkdirSync(folder, { recursive: true });
      works.push({ device, name, turn: 0, act: (turn) => folders.forEach((at) => act(at, turn)) });
    }
    const name = `clone ${i}`;
    const clone = new Clone(source, join(device.folder, name));
    clones.push([name, clone]);
    works.push({ device, name, turn: 0, act: (turn) => clone.work(turn) });
  }
  return { works, clones };
}

async function sampleUntil(signal: AbortSignal, world: World, vitals: readonly Vitals[]) {
  while (!signal.aborted) {
    for (const [i, device] of world.devices.entries()) vitals[i]?.take(device.pid);
    await sleep(SAMPLE_MS, undefined, { signal }).catch(() => undefined);
  }
}

/** Work all the time; every now and then something happens to a program. Kills in the first half only. */
async function runFor(ms: number, world: World, works: readonly Work[]): Promise<void> {
  const { dice } = world;
  const began = performance.now();
  const isOver = (): boolean => performance.now() - began > ms;
  const working = (async () => {
    while (!isOver()) {
      const work = works[dice.roll(works.length)];
      if (work !== undefined) work.act(work.turn++);
      await sleep(100 + dice.roll(1200));
    }
  })();
  // Told at the end, when the processes can be put away.
  working.catch(() => undefined);
  while (!isOver()) {
    await sleep(4000 + dice.roll(8000));
    await happen(world, performance.now() - began < ms / 2);
  }
  await working;
  const turns = works.map(({ name, turn }) => `${name}: ${turn}`).join(', ');
  tick(`work ends (${turns})`);
}

async function happen(world: World, mayKill: boolean): Promise<void> {
  const { dice, devices } = world;
  const device = devices[dice.roll(2) === 0 ? 0 : 1];
  const name = device === devices[0] ? 'laptop' : 'desktop';
  switch (dice.roll(mayKill ? 4 : 3)) {
    case 0:
      tick(`${name} is stopped and goes on`);
      device.signal('SIGSTOP');
      await sleep(1000 + dice.roll(4000));
      return device.signal('SIGCONT');
    case 1:
      tick('the server is started again');
      return restartServer(world, 'SIGTERM', 0);
    case 2:
      tick('the server is killed and away for a while');
      return restartServer(world, 'SIGKILL', 3000 + dice.roll(5000));
    default:
      tick(`the daemon of ${name} is killed`);
      device.signal('SIGKILL');
      await sleep(dice.roll(3000));
      return device.startDaemon();
  }
}

async function restartServer(
  world: World,
  signal: 'SIGTERM' | 'SIGKILL',
  awayMs: number,
): Promise<void> {
  const { port, dataDir } = world.server;
  await world.server.stop(signal);
  await sleep(awayMs);
  world.server = await ServerProcess.start(dataDir, { port });
}

async function comeToRest({ devices }: World): Promise<void> {
  const [laptop, desktop] = devices;
  const text = (device: DaemonDevice): string => JSON.stringify(treeOf(device.folder));
  const areEqual = async (): Promise<boolean> => {
    for (const device of devices) await device.run('sync', 'now', '--timeout', '60');
    return text(laptop) === text(desktop);
  };
  const tookMs = await until('both are equal', areEqual, REST_MS).catch(async (error: unknown) => {
    for (const device of devices) console.log((await device.run('stalls')).stdout);
    assert.deepEqual(treeOf(laptop.folder), treeOf(desktop.folder));
    throw error;
  });
  tick(`both are equal after ${Math.round(tookMs / 1000)} s`);
}

function assertLedger(
  { base, devices }: World,
  works: readonly Work[],
  clones: readonly (readonly [string, Clone])[],
): void {
  for (const device of devices) {
    for (const [name, clone] of clones) assert.equal(clone.faultsOf(join(device.folder, name)), '');
    for (const { name } of works) {
      if (clones.some(([clone]) => clone === name)) continue;
      const expected = contentsOf(join(base, 'ledger', name));
      assert.deepEqual(contentsOf(join(device.folder, name)), expected, name);
    }
    assert.deepEqual(strayNames(device.folder), []);
  }
  const conflicts = Object.keys(treeOf(devices[0].folder)).filter((path) =>
    path.includes('(conflict '),
  );
  assert.deepEqual(conflicts, [], 'each folder was changed on one device alone');
}

/** What must be there, without the times at which it was written. */
function contentsOf(folder: string): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(treeOf(folder)).map(([path, entry]) => [
      path,
      entry.replace(/^([0-9a-f]{64}) \d+/, '$1'),
    ]),
  );
}
