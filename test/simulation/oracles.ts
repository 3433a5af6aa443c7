/**
 * What must be true once a world is at rest (README.md). Each violation begins with the number of its
 * invariant. I6 and the refusal of old heads are looked at by probes.ts, I9 by whoever runs a world
 * twice, I10 by crash-all.ts.
 */
import type { Deed } from './deed.ts';
import { folderNodes } from './folder-nodes.ts';
import { isScratch } from './ignored.ts';
import { agreement } from './oracle-agreement.ts';
import { contents, nodeIds } from './oracle-contents.ts';
import { isCopy, show, type ContentJudgement } from './oracle-memory.ts';
import { isQuietStall } from './quiet-stalls.ts';
import { liveHashes, lookAt, type Sight } from './sight.ts';
import { changesOf } from './sync-outcome.ts';
import { MARK } from './person.ts';
import type { World } from './world.ts';

export async function checkWorld(world: World): Promise<readonly string[]> {
  const sight = await lookAt(world);
  const judgement: ContentJudgement = {
    ledger: world.ledger,
    memory: world.memory,
    features: world.shape.features,
  };
  const violations = [
    ...agreement(sight, world.ledger, world.shape.features),
    ...contents(sight, judgement),
    ...nodeIds(sight, judgement),
    ...resurrection(world, sight),
    ...stalls(sight),
    ...secrecy(world),
    ...(await idleness(world)),
  ];
  remember(judgement, sight);
  return violations;
}

function remember({ memory, ledger }: ContentJudgement, { remote, past, devices }: Sight): void {
  if (!devices.some(({ hasRules }) => hasRules)) memory.unruledDeeds = ledger.deeds.length;
  memory.past = past;
  if (ledger.isUncertainInPhase) memory.maybeTaken = new Set(past.keys());
  memory.nodeOfContent = new Map(
    [...remote.values()].flatMap(({ sha256, id }) => (sha256 === null ? [] : [[sha256, id]])),
  );
  memory.doubled = new Map([...liveHashes(remote)].filter(([, n]) => n > 1));
  memory.copies = new Map(
    [...remote].flatMap(([path, { id }]) => (isCopy(path) ? [[path, id]] : [])),
  );
}

/** I3: what one person deleted, and nobody else touched meanwhile, does not come back. */
export function resurrection(world: World, sight: Sight): readonly string[] {
  const { ledger, memory, shape } = world;
  // A decision of a person brings held deletions back, and what was answered to nobody is unknown.
  if (ledger.undoneInPhase || ledger.isUncertainInPhase) return [];
  const deeds = ledger.phaseDeeds();
  const own = ledger.writtenOnce();
  // What is ignored is deleted on one disk alone.
  const isOut = (path: string): boolean => shape.features.has('ignores') && isScratch(path);
  const visible = sight.devices
    .filter(({ mode }) => mode === 'two-way')
    .flatMap(({ entries }) => [...entries])
    .filter(([path]) => !isOut(path));
  // One that lost a clash of names to what another device made was moved there by that one's engine:
  // moved against deleted, it lives on (engine §5.2).
  // What its person still had elsewhere, and left there, was not deleted.
  const isBack = (content: string, { device, still }: Deed): boolean =>
    visible.some(([path, { what }]) => {
      const [, mover] = / \(conflict (\S+) /.exec(path) ?? [];
      if (what !== ledger.digest(content) || still.get(path) === content) return false;
      return mover === undefined || mover === device;
    });
  // Who renamed the file when it had an older content there moved the node: it lives on with the newest.
  const hasMovedEarlier = ({ touched }: Deed, content: string): boolean => {
    const earlier = ledger.earlierInPhase(content);
    return touched.some((each) => earlier.has(each));
  };
  // A folder that somebody else moved lives on with all that was in it (engine §5.2, §5.5).
  const hasMovedFolder = ({ moved }: Deed, content: string, { within }: Deed): boolean =>
    within.get(content)?.some((folder) => moved.includes(folder)) ?? false;
  // An upload pair brings back the folder that it needs, and with it what was deleted in that.
  const uploading = new Set(
    sight.devices.filter(({ mode }) => mode === 'upload').map(({ name }) => name),
  );
  const needed = new Set(
    world.devices
      .filter(({ sim }) => uploading.has(sim.name))
      .flatMap(({ sim }) => folderNodes(sim).map(({ node }) => node)),
  );
  const restored = [...sight.remote].filter(([, { id }]) => needed.has(id));
  const isBroughtBack = (content: string, { within }: Deed): boolean =>
    restored.some(
      ([folder, { id }]) =>
        within.get(content)?.includes(id) === true &&
        [...sight.remote].some(
          ([path, { sha256 }]) =>
            path.startsWith(`${folder}/`) && sha256 === ledger.digest(content),
        ),
    );
  const live = liveHashes(sight.remote);
  const isLeft = (content: string, deleted: readonly string[]): boolean => {
    const hash = ledger.digest(content);
    const before = memory.doubled.get(hash);
    const gone = deleted.filter((each) => each === content).length;
    return before !== undefined && (live.get(hash) ?? 0) <= before - gone;
  };
  const oneWay = new Set(
    sight.devices.filter(({ mode }) => mode !== 'two-way').map(({ name }) => name),
  );
  return deeds.flatMap((deed, i) => {
    const { device, deleted } = deed;
    // A crash undoes what was not on disk yet, deletions too; one-way pairs do not tell of theirs.
    if (ledger.isNearOff(deed) || oneWay.has(device)) return [];
    // What is absent in a folder that was left out since is not deleted. Of what was there twice one may be
    // left.
    return deleted
      .filter((content) => !isLeft(content, deleted))
      .filter((content) => own.has(content) && isBack(content, deed))
      .filter((content) => !isBroughtBack(content, deed))
      .filter((content) => ledger.choseInPhase.get(device)?.has(content) !== true)
      .filter(
        (content) =>
          !deeds.some((other, j) =>
            // An editor that was at work when its file was deleted writes it again; who deleted restores.
            other.device === device
              ? j > i && [...other.wrote, ...other.touched].includes(content)
              : [...other.touched, ...other.gaveUp, ...other.wrote, ...other.mayWrite].includes(
                  content,
                ) ||
                hasMovedEarlier(other, content) ||
                hasMovedFolder(other, content, deed),
          ),
      )
      .map((content) => `I3: ${show(content)}, deleted on ${device}, came back`);
  });
}

/** I5: one more cycle does nothing and sends nothing. */
async function idleness(world: World): Promise<readonly string[]> {
  const violations: string[] = [];
  for (const { sim } of world.devices) {
    const from = world.network.requests.length;
    const summary = await world.syncOnce(sim);
    const requests = world.network.requests
      .slice(from)
      .filter((request) => /POST .*(commits|packs|missing|read)/.test(request));
    if (summary === undefined || changesOf(summary) > 0 || requests.length > 0) {
      violations.push(
        `I5: ${sim.name} is not idle at rest: ${JSON.stringify(summary)} ${requests.join(', ')}`,
      );
    }
  }
  return violations;
}

/** I12: no pair ran out of rounds, and nothing stalls without a cause. */
function stalls({ devices }: Sight): readonly string[] {
  return devices.flatMap(({ name, stalls }) =>
    stalls
      .filter(({ reason }) => !isQuietStall(reason))
      .map(({ reason, path }) => `I12: ${name} stalls at rest: ${reason} ${path}`),
  );
}

/** I11: no name, content or hash of one left a device. */
function secrecy({ network, ledger, memory }: World): readonly string[] {
  const sent = Buffer.concat(network.sent.slice(memory.searched));
  memory.searched = network.sent.length;
  const needles = [
    Buffer.from(MARK),
    ...[...ledger.known].map((content) => Buffer.from(ledger.digest(content), 'hex')),
  ];
  return needles
    .filter((needle) => sent.includes(needle))
    .map((needle) => `I11: left a device: ${needle.toString('hex')}`);
}
