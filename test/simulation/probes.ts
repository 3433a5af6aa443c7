/**
 * What is tried on a world that has come to its last rest, with nobody else acting: a folder is renamed
 * (I6), files are saved by every editor (I8), and an old head is shown (it must be refused).
 */
import { decodeBody, decodeSealedCommit } from '@coffer/protocol/model';
import { EDITORS } from '@coffer/native-worker/testing';
import type { NodeView } from '@coffer/sdk';
import { ROOT, type SimDevice } from './device.ts';
import { deedOf } from './deed.ts';
import type { Arrival } from './network.ts';
import { MARK } from './person.ts';
import { checkWorld } from './oracles.ts';
import { lookAt } from './sight.ts';
import type { World, WorldDevice } from './world.ts';

const FOLDER = `/${MARK}-probe`;
const RENAMED = `/${MARK}-renamed probe`;

export async function probe(world: World): Promise<readonly string[]> {
  const actor = world.devices.find(({ shape }) => shape.mode === 'two-way');
  if (actor === undefined) return [];
  const { sim } = actor;
  world.ledger.startPhase(world.shape.phases + 1);
  const isMade = await makeFolder(world, sim);
  if (!isMade) return [...world.violations, `I1: not all of ${EDITORS.length} new files went up`];
  return [
    ...(await renameFolder(world, actor)),
    ...(await saveEverywhere(world, sim)),
    ...(await showOldHead(world)),
  ];
}

/** A folder with a file for each editor, known everywhere. */
export async function makeFolder(world: World, sim: SimDevice): Promise<boolean> {
  for (const i of EDITORS.keys()) write(world, sim, `${FOLDER}/file ${i}`, `${MARK} probe ${i}`);
  await world.rest();
  return nodesBelow(await driveOf(world, sim), FOLDER).size === EDITORS.length;
}

/** I6: one record, no content; all other devices move what they have. */
export async function renameFolder(world: World, actor: WorldDevice): Promise<readonly string[]> {
  const { sim } = actor;
  const before = nodesBelow(await driveOf(world, sim), FOLDER);
  const from = world.network.arrivals.length;
  sim.user.rename(`${ROOT}${FOLDER}`, `${ROOT}${RENAMED}`);
  const summary = await world.syncOnce(sim);
  const sent = world.network.arrivals.slice(from).filter(isEffect);
  const violations: string[] = [];
  const records = sent.filter(isCommit).map(recordsOf);
  if (sent.length !== 1 || records.join() !== '1')
    violations.push(
      `I6: a folder rename sent ${sent.map(({ what }) => what).join(', ')} with ${records.join()} records`,
    );
  if (summary?.moved !== 1) violations.push(`I6: a folder rename moved ${summary?.moved} nodes`);
  for (const { sim: other, shape } of world.devices) {
    if (other === sim || shape.mode === 'upload') continue;
    const seen = world.network.arrivals.length;
    const followed = await world.syncOnce(other);
    const fetched = world.network.arrivals.slice(seen).filter(isEffect);
    if (fetched.length > 0 || followed?.moved !== 1)
      violations.push(
        `I6: ${other.name} followed a rename by ${followed?.moved} moves and ${fetched.map(({ what }) => what).join(', ')}`,
      );
  }
  const after = nodesBelow(await driveOf(world, sim), RENAMED);
  for (const [name, { id }] of before)
    if (after.get(name)?.id !== id) violations.push(`I8: ${name} is another node after a rename`);
  return violations;
}

/** I8: whatever way a program saves, it is the same node with one more version. */
export async function saveEverywhere(world: World, sim: SimDevice): Promise<readonly string[]> {
  const drive = await driveOf(world, sim);
  const before = nodesBelow(drive, RENAMED);
  const { hardLinks } = sim.disk.paths.inode(ROOT).inodeVolume.options;
  const editors = [...EDITORS.entries()].filter(
    ([, { name }]) => hardLinks || !name.includes('gedit'),
  );
  for (const [i, editor] of editors) {
    const content = `${MARK} probe ${i} saved`;
    const path = `${ROOT}${RENAMED}/file ${i}`;
    for (const step of editor.steps(sim.user, path, content, `probe${i}`)) step();
    const what = { wrote: [content], gaveUp: [`${MARK} probe ${i}`] };
    world.ledger.record(deedOf(sim.name, world.scheduler.now(), `save ${path}`, what));
  }
  await world.rest();
  const after = nodesBelow(await driveOf(world, sim), RENAMED);
  return editors.flatMap(([i, { name }]) => {
    const file = `file ${i}`;
    const now = after.get(file);
    const isSame = now !== undefined && now.id === before.get(file)?.id;
    const hash = world.ledger.digest(`${MARK} probe ${i} saved`);
    if (now?.sha256 !== hash) return [`I2: what ${name} saved is not in the drive`];
    return isSame ? [] : [`I8: a save by ${name} made another node`];
  });
}

/** The server is set back: every device refuses and touches nothing, until the newest state is back. */
export async function showOldHead(world: World): Promise<readonly string[]> {
  const { server, devices, choices } = world;
  const [first] = devices;
  if (first === undefined) return [];
  const old = await server.snapshot();
  write(world, first.sim, `${FOLDER} again`, `${MARK} probe again`);
  await world.rest();
  const newest = await server.snapshot();
  const raiseEra = choices.roll('probe raises the era', 2) === 0;
  await server.restore(old, { raiseEra });
  const violations: string[] = [];
  for (const { sim } of devices) {
    const before = JSON.stringify([...sim.contents()]);
    const from = world.network.arrivals.length;
    const summary = await world.syncOnce(sim);
    // A server that says itself that it was restored is a person's to judge (engine §10).
    const cause = raiseEra ? 'attention' : 'integrity';
    if (summary?.settled !== false || summary.cause !== cause)
      violations.push(
        `refusal: ${sim.name} took an old head${raiseEra ? ' under a new era' : ''}: ${JSON.stringify(summary)}`,
      );
    if (JSON.stringify([...sim.contents()]) !== before)
      violations.push(`refusal: ${sim.name} changed files by an old head`);
    const sent = world.network.arrivals.slice(from).filter(isCommit);
    if (sent.length > 0) violations.push(`refusal: ${sim.name} committed on an old head`);
  }
  // What has another name on a disk that cannot hold its own is a file of its own without a base.
  const mayAccept = raiseEra && !world.shape.features.has('names');
  if (mayAccept && choices.roll('probe accepts the old head', 2) === 0)
    return [...violations, ...(await acceptOldHead(world))];
  await server.restore(newest, { raiseEra: true });
  for (const { sim } of devices) {
    const summary = await world.syncOnce(sim);
    if (summary?.settled !== true)
      violations.push(
        `refusal: ${sim.name} does not go on when the head is back: ${JSON.stringify(summary)}`,
      );
  }
  return violations;
}

/** Everybody accepts: what the server lost goes up again, and all come to rest as before. */
async function acceptOldHead(world: World): Promise<readonly string[]> {
  const elsewhere = await haveElsewhere(world);
  for (const { sim } of world.devices) {
    const { engine } = await sim.live(world.signal);
    await engine.actOnStall({ action: 'accept-restored' });
  }
  world.ledger.metAnew = elsewhere;
  await world.rest();
  return world.violations.length > 0 ? [] : checkWorld(world);
}

/** By device that only uploads: contents that it has at paths at which the drive does not have them. */
async function haveElsewhere(world: World): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
  const { remote } = await lookAt(world);
  const elsewhere = new Map<string, ReadonlySet<string>>();
  for (const { sim, shape } of world.devices) {
    if (shape.mode !== 'upload') continue;
    const isElsewhere = ([path, content]: [string, string]): boolean =>
      remote.get(path.slice(ROOT.length))?.sha256 !== world.ledger.digest(content);
    const contents = [...sim.contents()].filter(isElsewhere).map(([, content]) => content);
    elsewhere.set(sim.name, new Set(contents));
  }
  return elsewhere;
}

function write(world: World, sim: SimDevice, path: string, content: string): void {
  sim.user.folder(`${ROOT}${path.slice(0, path.lastIndexOf('/'))}`);
  sim.user.write(`${ROOT}${path}`, content);
  world.ledger.record(
    deedOf(sim.name, world.scheduler.now(), `write ${path}`, { wrote: [content] }),
  );
}

async function driveOf(world: World, sim: SimDevice): Promise<Parameters<typeof nodesBelow>[0]> {
  return (await sim.live(world.signal)).drive;
}

type Drive = Awaited<ReturnType<SimDevice['live']>>['drive'];

function nodesBelow(drive: Drive, path: string): ReadonlyMap<string, NodeView> {
  const listing = drive.list(path);
  if (!listing.ok) return new Map();
  return new Map(listing.value.entries.map(({ node }) => [node.name, node]));
}

function isEffect({ what }: Arrival): boolean {
  return /POST .*(commits|packs|missing|read)/.test(what);
}

function isCommit({ what }: Arrival): boolean {
  return /POST .*commits/.test(what);
}

function recordsOf({ body }: Arrival): number {
  return decodeBody(decodeSealedCommit(body).body).length;
}
