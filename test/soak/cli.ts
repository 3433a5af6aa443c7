/**
 * `npm run soak -- --daemons --minutes N`: see `daemons.ts`.
 * `npm run soak [-- --rounds N --seed S --tree DIR]`: real processes, killed with SIGKILL at random moments while
 * edits go on; then both devices must agree and hold everything, once. Prints its seed. `--tree`: a
 * folder that is synced beside the edits, such as node_modules.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import {
  Device,
  PASSWORD,
  ServerProcess,
  settle,
  TemporaryFolder,
  textsOf,
  treeOf,
} from '../e2e/harness.ts';
import { Dice, Person, strayNames } from './activity.ts';
import { soakDaemons } from './daemons.ts';

const launcher = fileURLToPath(new URL('../../coffer', import.meta.url));
const EDITS_PER_ROUND = 25;
const KILL_AFTER_MS_MAX = 2500;
/** With a tree: long enough that some kills fall into what the other device takes down. */
const KILL_AFTER_MS_MAX_WITH_TREE = 20_000;

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '10' },
    seed: { type: 'string' },
    tree: { type: 'string' },
    daemons: { type: 'boolean', default: false },
    minutes: { type: 'string', default: '6' },
  },
});
const rounds = Number(values.rounds);
const killAfterMsMax = values.tree === undefined ? KILL_AFTER_MS_MAX : KILL_AFTER_MS_MAX_WITH_TREE;
const seed = Number(values.seed ?? Dice.freshSeed());
const dice = new Dice(seed);
if (values.daemons) {
  console.log(`soak: daemons for ${values.minutes} minutes, seed ${seed}`);
  await soakDaemons(Number(values.minutes), dice);
  console.log(`soak: passed, nothing lost or changed (seed ${seed})`);
  process.exit();
}
console.log(`soak: ${rounds} kills of the client and ${rounds} of the server, seed ${seed}`);

/** `sync now` in a process group of its own, killed after a while unless it ended before. */
async function syncAndKill(device: Device, killAfterMs: number): Promise<'killed' | 'ended'> {
  const child = spawn(launcher, ['--home', device.home, 'sync', 'now', '--timeout', '60'], {
    stdio: 'ignore',
    env: { ...process.env, COFFER_PASSWORD: PASSWORD },
  });
  const ended = once(child, 'exit').then(() => 'ended' as const);
  const outcome = await Promise.race([ended, sleep(killAfterMs, 'killed' as const)]);
  if (outcome === 'killed') child.kill('SIGKILL');
  await ended;
  return outcome;
}

using base = new TemporaryFolder();
const dataDir = join(base.path, 'server');
let server = await ServerProcess.start(dataDir);
const { port } = server;
const laptop = new Device(base.path, 'laptop');
const desktop = new Device(base.path, 'desktop');
await laptop.signUp(server.url, 'soak@example.org');
await desktop.signIn(server.url, 'soak@example.org');
for (const device of [laptop, desktop]) await device.do('sync', 'add', device.folder, '/');
if (values.tree !== undefined) {
  cpSync(values.tree, join(laptop.folder, 'tree'), {
    recursive: true,
    preserveTimestamps: true,
    verbatimSymlinks: true,
  });
}
const treeAtFirst = values.tree === undefined ? {} : treeOf(join(laptop.folder, 'tree'));
const people = [
  new Person(laptop.folder, 'ada', dice),
  new Person(desktop.folder, 'grace', dice),
] as const;

let killedClients = 0;
for (let round = 1; round <= rounds; round++) {
  for (let edit = 0; edit < EDITS_PER_ROUND; edit++) people[dice.roll(2) === 0 ? 0 : 1].act();
  const syncing = [laptop, desktop].map((device) =>
    syncAndKill(device, 300 + dice.roll(killAfterMsMax)),
  );
  for (let edit = 0; edit < EDITS_PER_ROUND; edit++) {
    people[dice.roll(2) === 0 ? 0 : 1].act();
    await sleep(dice.roll(40));
  }
  await sleep(dice.roll(killAfterMsMax / 3));
  await server.stop('SIGKILL');
  server = await ServerProcess.start(dataDir, { port });
  const outcomes = await Promise.all(syncing);
  killedClients += outcomes.filter((outcome) => outcome === 'killed').length;
  const entries = [laptop, desktop].map(
    ({ folder }) => readdirSync(folder, { recursive: true }).length,
  );
  console.log(
    `round ${round}: clients ${outcomes.join(', ')}; server killed; ${entries.join(' and ')} entries`,
  );
}
await settle(laptop, desktop, laptop);

assert.deepEqual(treeOf(desktop.folder), treeOf(laptop.folder));
if (values.tree !== undefined) {
  const treeAtLast = treeOf(join(desktop.folder, 'tree'));
  const changed = Object.keys({ ...treeAtFirst, ...treeAtLast }).filter(
    (path) => treeAtFirst[path] !== treeAtLast[path],
  );
  assert.deepEqual(changed, [], 'what is in the tree came as it was');
}
const contents = new Map<string, number>();
for (const name of ['ada', 'grace']) {
  for (const text of textsOf(join(laptop.folder, name))) {
    contents.set(text, (contents.get(text) ?? 0) + 1);
  }
}
for (const [i, person] of people.entries()) {
  const name = i === 0 ? 'ada' : 'grace';
  for (const [path, content] of person.expected) {
    assert.equal(
      readFileSync(join(laptop.folder, name, path), 'utf8'),
      content,
      `${path} is as it was written`,
    );
    assert.equal(contents.get(content), 1, `${path} is there once`);
  }
}
assert.deepEqual(
  [laptop, desktop].flatMap((device) => strayNames(device.folder)),
  [],
);
const made = ['.coffer', 'ada', 'grace', ...(values.tree === undefined ? [] : ['tree'])];
for (const { folder } of [laptop, desktop]) {
  assert.deepEqual(readdirSync(folder).sort(), made, 'nothing is beside what was made');
  assert.deepEqual(readdirSync(join(folder, '.coffer/staging')), [], 'nothing is left in staging');
}
const expectedFiles = people.reduce((sum, person) => sum + person.expected.size, 0);
assert.equal(
  textsOf(join(laptop.folder, 'ada')).length + textsOf(join(laptop.folder, 'grace')).length,
  expectedFiles,
);
await server.stop();
console.log(
  `soak: passed; ${killedClients} clients and ${rounds} servers killed, ${expectedFiles} files, nothing lost or doubled (seed ${seed})`,
);
