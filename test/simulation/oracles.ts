/**
 * What must be true once a world is at rest (test/simulation/README.md). Each violation begins with its number.
 */
import { createHash } from 'node:crypto';
import type { Drive, NodeView } from '@coffer/sdk';
import { ROOT, type SimDevice } from './device.ts';
import { MARK } from './person.ts';
import { changesOf } from './sync-outcome.ts';
import type { World } from './world.ts';

interface RemoteEntry {
  readonly text: string;
  readonly node: NodeView;
}

export async function checkWorld(world: World): Promise<readonly string[]> {
  const [first] = world.devices;
  if (first === undefined) return ['there is no device'];
  const { drive } = await first.live(world.signal);
  const remote = remoteTree(drive);
  return [
    ...checkAgreement(world, remote),
    ...checkContents(world, remote),
    ...checkResurrection(world),
    ...(await checkIdle(world)),
    ...(await checkStalls(world)),
    ...checkSecrecy(world),
  ];
}

/** I1: every device shows what the drive holds. */
function checkAgreement(world: World, remote: ReadonlyMap<string, RemoteEntry>): readonly string[] {
  return world.devices.flatMap((device) => {
    const local = localTree(device);
    const missing = [...remote].filter(([path, { text }]) => local.get(path) !== text);
    const extra = [...local].filter(([path]) => !remote.has(path));
    return [
      ...missing.map(
        ([path, { text }]) =>
          `I1: ${device.name} has ${local.get(path) ?? 'nothing'} at ${path}, the drive ${text}`,
      ),
      ...extra.map(([path, text]) => `I1: ${device.name} alone has ${text} at ${path}`),
    ];
  });
}

/** I2, I4, I7: nothing is lost, doubled or torn. */
function checkContents(world: World, remote: ReadonlyMap<string, RemoteEntry>): readonly string[] {
  const { ledger } = world;
  const givenUp = ledger.givenUp();
  const live = new Map<string, number>();
  for (const { node } of remote.values()) {
    if (node.sha256 !== null) live.set(node.sha256, (live.get(node.sha256) ?? 0) + 1);
  }
  const written = new Map([...ledger.known].map((content) => [digest(content), content]));
  const lost = [...written]
    .filter(
      ([hash, content]) =>
        !live.has(hash) && !givenUp.has(content) && !ledger.lostByCrash.has(content),
    )
    .filter(([, content]) => ledger.deeds.some(({ wrote }) => wrote.includes(content)))
    .map(([, content]) => `I2: lost ${JSON.stringify(content.slice(0, 30))}, which nobody gave up`);
  const doubled = [...live]
    .filter(([, n]) => n > 1)
    .map(([hash]) => `I4: twice there: ${JSON.stringify(written.get(hash)?.slice(0, 30))}`);
  const torn = [...live.keys()]
    .filter((hash) => !written.has(hash))
    .map((hash) => `I7: nobody wrote the content ${hash}`);
  return [...lost, ...doubled, ...torn];
}

/** I3: what one person deleted, and nobody else touched meanwhile, does not come back. */
function checkResurrection(world: World): readonly string[] {
  const { ledger, devices } = world;
  if (ledger.undoneInPhase) return [];
  const deeds = ledger.phaseDeeds();
  const visible = new Set(devices.flatMap((device) => [...device.contents().values()]));
  return deeds.flatMap(({ device, deleted }) =>
    deleted
      .filter((content) => visible.has(content) && !ledger.offInPhase.has(device))
      .filter(
        (content) => !deeds.some((other) => other.device !== device && isAbout(other, content)),
      )
      .map(
        (content) => `I3: ${JSON.stringify(content.slice(0, 30))}, deleted on ${device}, came back`,
      ),
  );
}

function isAbout(
  deed: { touched: readonly string[]; gaveUp: readonly string[]; wrote: readonly string[] },
  content: string,
): boolean {
  return (
    deed.touched.includes(content) || deed.gaveUp.includes(content) || deed.wrote.includes(content)
  );
}

/** I5: one more cycle does nothing and sends nothing. */
async function checkIdle(world: World): Promise<readonly string[]> {
  const violations: string[] = [];
  for (const device of world.devices) {
    const from = world.network.requests.length;
    const summary = await world.syncOnce(device);
    const requests = world.network.requests
      .slice(from)
      .filter((request) => /POST .*(commits|packs|missing|read)/.test(request));
    if (summary === undefined || changesOf(summary) > 0 || requests.length > 0) {
      violations.push(
        `I5: ${device.name} is not idle at rest: ${JSON.stringify(summary)} ${requests.join(', ')}`,
      );
    }
  }
  return violations;
}

/** I12, and no stall that has no cause here. */
async function checkStalls(world: World): Promise<readonly string[]> {
  const violations: string[] = [];
  for (const device of world.devices) {
    const { engine } = await device.live(world.signal);
    for (const stall of await engine.stalls({})) {
      violations.push(`I12: ${device.name} stalls at rest: ${stall.reason} ${stall.path}`);
    }
  }
  return violations;
}

/** I11: no name, content or hash of one left a device. */
function checkSecrecy(world: World): readonly string[] {
  const sent = Buffer.concat(world.network.sent);
  const needles = [
    Buffer.from(MARK),
    ...[...world.ledger.known].slice(0, 20).map((content) => Buffer.from(digest(content), 'hex')),
  ];
  return needles
    .filter((needle) => sent.includes(needle))
    .map((needle) => `I11: left a device: ${needle.toString('hex')}`);
}

function remoteTree(drive: Drive): ReadonlyMap<string, RemoteEntry> {
  const listing = drive.list('/', { recursive: true });
  if (!listing.ok) throw new Error('the root is not there');
  return new Map(
    listing.value.entries.map(({ path, node }) => [
      path,
      { node, text: describe(node.kind, node.sha256 ?? node.target, node.executable) },
    ]),
  );
}

function localTree(device: SimDevice): ReadonlyMap<string, string> {
  const { programs } = device.disk;
  return new Map(
    device.person.entries().map(({ path, kind }) => {
      const stat = programs.lstat(path);
      const what =
        kind === 'file'
          ? digest(device.person.contentOf(path))
          : kind === 'symlink'
            ? programs.readLink(path)
            : null;
      const isExecutable = kind === 'file' && ((stat?.mode ?? 0) & 0o100) !== 0;
      return [path.slice(ROOT.length), describe(kind, what, isExecutable)];
    }),
  );
}

/** Times are left out: coarse disks cannot hold them; the scenarios look at them. */
function describe(kind: string, what: string | null, isExecutable: boolean): string {
  return `${kind}${isExecutable ? ' executable' : ''} ${what ?? ''}`.trim();
}

function digest(content: string): string {
  return createHash('sha256').update(Buffer.from(content, 'latin1')).digest('hex');
}
