/** What the oracles look at: the drive and every disk at one moment of rest, under remote names. */
import type { Drive, NodeView } from '@coffer/sdk';
import { ROOT } from './device.ts';
import { IGNORE_FILE, isBuiltInIgnored, isScratch } from './ignored.ts';
import type { PairMode } from './shape.ts';
import type { World, WorldDevice } from './world.ts';

export interface SeenEntry {
  readonly kind: string;
  /** SHA-256 of a file, target of a link. */
  readonly what: string | null;
  readonly isExecutable: boolean;
  readonly mtimeMs: number | null;
}

export interface DeviceSight {
  readonly name: string;
  readonly mode: PairMode;
  /** By the path that the entry should have in the drive. */
  readonly entries: ReadonlyMap<string, SeenEntry>;
  /** Nodes of the entries that have one, by the same path. */
  readonly nodes: ReadonlyMap<string, string>;
  /** Where each node is here: its folder by the name on the drive, its own name as it is on this disk. */
  readonly places: ReadonlyMap<string, string>;
  /** Folders that hold nothing but what does not sync. */
  readonly hollow: ReadonlySet<string>;
  /** It has a rule file, whatever the drive calls that. */
  readonly hasRules: boolean;
  /** Remote paths that selective sync leaves out. */
  readonly excluded: readonly string[];
  /** Contents of files, hidden ones left out. */
  readonly contents: ReadonlySet<string>;
  readonly hasExecutableBit: boolean;
  /** Granularity of times below a millisecond. */
  readonly hasFineTimes: boolean;
  /** Names that differ from the remote ones although the disk could hold those. */
  readonly needlessNames: readonly string[];
  readonly stalls: readonly { readonly reason: string; readonly path: string }[];
  readonly openConflicts: number;
}

export interface Sight {
  readonly remote: ReadonlyMap<string, NodeView>;
  /**
   * Until when files in the trash and versions are kept at least, by SHA-256; those that were seen there
   * at an earlier rest and whose time was over since are among them, whether they went or not.
   */
  readonly past: ReadonlyMap<string, number>;
  readonly devices: readonly DeviceSight[];
}

export async function lookAt(world: World): Promise<Sight> {
  const [first] = world.devices;
  if (first === undefined) throw new Error('there is no device');
  const { drive } = await first.sim.live(world.signal);
  const devices: DeviceSight[] = [];
  for (const device of world.devices) devices.push(await lookAtDevice(world, device));
  const there = await pastContents(drive, world.signal);
  const past = withExpired(there, world.memory.past, world.scheduler.now());
  return { remote: remoteTree(drive), past, devices };
}

/** What was there before and is not has gone, rightly, when its time was over. */
export function withExpired(
  there: ReadonlyMap<string, number>,
  before: ReadonlyMap<string, number>,
  now: number,
): ReadonlyMap<string, number> {
  return new Map([...[...before].filter(([, untilMs]) => untilMs < now), ...there]);
}

/** How often each content is in the drive, by SHA-256. */
export function liveHashes(remote: Sight['remote']): Map<string, number> {
  const live = new Map<string, number>();
  for (const { sha256 } of remote.values())
    if (sha256 !== null) live.set(sha256, (live.get(sha256) ?? 0) + 1);
  return live;
}

function remoteTree(drive: Drive): ReadonlyMap<string, NodeView> {
  const listing = drive.list('/', { recursive: true });
  if (!listing.ok) throw new Error('the root is not there');
  return new Map(listing.value.entries.map(({ path, node }) => [path, node]));
}

async function pastContents(
  drive: Drive,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, number>> {
  const { space } = drive;
  const untilMs = new Map<string, number>();
  const keep = (sha256: string, until: number): void => {
    untilMs.set(sha256, Math.max(until, untilMs.get(sha256) ?? 0));
  };
  // What is in the trash goes with all that is below it and with its versions.
  const look = async (node: NodeView, trashedUntil: number | undefined): Promise<void> => {
    if (trashedUntil !== undefined && node.sha256 !== null) keep(node.sha256, trashedUntil);
    if (node.kind === 'folder') await walk(node.id, () => trashedUntil);
    if (node.kind !== 'file') return;
    for (const { rev, isCurrent, keepUntil } of space.contents.versions(node.id)) {
      if (isCurrent) continue;
      const { sha256 } = await space.contents.uploadedContent({ id: node.id, rev }, signal);
      keep(sha256, Math.min(keepUntil ?? Infinity, trashedUntil ?? Infinity));
    }
  };
  const walk = async (
    id: NodeView['id'],
    trashedUntil: (node: NodeView) => number | undefined,
  ): Promise<void> => {
    for (const node of space.children(id))
      if (!('unreadable' in node)) await look(node, trashedUntil(node));
  };
  await walk(space.rootFolder, () => undefined);
  await walk(space.trash, ({ keepUntil }) => keepUntil ?? Infinity);
  return untilMs;
}

async function lookAtDevice(world: World, { sim, shape }: WorldDevice): Promise<DeviceSight> {
  const { engine } = await sim.live(world.signal);
  const [pair] = await engine.listPairs({});
  const names = new RemoteNames(sim.database);
  const { programs, volume } = sim.disk;
  const entries = new Map<string, SeenEntry>();
  const nodes = new Map<string, string>();
  const places = new Map<string, string>();
  const hollow = new Set<string>();
  const contents = new Set<string>();
  const needlessNames: string[] = [];
  for (const { path, kind } of sim.person.view.entries()) {
    const local = path.slice(ROOT.length);
    const remote = names.remotePath(local);
    const stat = programs.lstat(path);
    const content = kind === 'file' ? sim.person.view.contentOf(path) : undefined;
    if (content !== undefined) contents.add(content);
    const digest = content === undefined ? null : world.ledger.digest(content);
    entries.set(remote, {
      kind,
      what: kind === 'symlink' ? programs.readLink(path) : digest,
      isExecutable: kind === 'file' && ((stat?.mode ?? 0) & 0o100) !== 0,
      mtimeMs: stat === undefined || kind !== 'file' ? null : roundedMs(stat.mtimeNs),
    });
    const node = names.nodeOf(local);
    if (node !== undefined) {
      nodes.set(remote, node);
      places.set(node, folderOf(remote) + nameOf(local));
    }
    if (kind === 'folder' && isHollow(sim, path)) hollow.add(remote);
    if (isNeedless(local, remote, volumeOf(sim).options.caseSensitive))
      needlessNames.push(`${local} for ${remote}`);
  }
  const options = volumeOf(sim).options;
  return {
    name: sim.name,
    mode: shape.mode,
    entries,
    nodes,
    places,
    hollow,
    contents,
    needlessNames,
    hasRules: programs.lstat(`${ROOT}/${IGNORE_FILE}`)?.type === 'file',
    excluded: pair?.excluded ?? [],
    hasExecutableBit: options.execBit,
    hasFineTimes: options.mtimeGranNs < 1_000_000n && volume.options.mtimeGranNs < 1_000_000n,
    stalls: await engine.stalls({}),
    openConflicts: (await engine.conflicts({})).length,
  };
}

function volumeOf(sim: WorldDevice['sim']): WorldDevice['sim']['disk']['volume'] {
  return sim.disk.paths.inode(ROOT).inodeVolume;
}

function roundedMs(ns: bigint): number {
  return Number((ns + 500_000n) / 1_000_000n);
}

function isHollow({ disk }: WorldDevice['sim'], folder: string): boolean {
  let hidden = 0;
  const holdsOnlyHidden = (path: string): boolean =>
    disk.programs.readFolder(path).every((each) => {
      const name = String(each);
      const below = `${path}/${name}`;
      if (disk.programs.lstat(below)?.type === 'folder' && !isScratch(`/${name}`))
        return holdsOnlyHidden(below);
      const isHidden = isBuiltInIgnored(name) || isScratch(`/${name}`);
      if (isHidden) hidden++;
      return isHidden;
    });
  return holdsOnlyHidden(folder) && hidden > 0;
}

/**
 * A disk that tells names apart as the drive does has the drive's name. One that folds case may keep the
 * name that it gave while another one clashed (a person saw it and may use it).
 */
function isNeedless(local: string, remote: string, isCaseSensitive: boolean): boolean {
  return isCaseSensitive && nameOf(local) !== nameOf(remote);
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1).normalize('NFC');
}

function folderOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/') + 1);
}

interface BaseName {
  readonly node: string;
  readonly name: string;
}

/** Local paths as the drive names them, by the engine's own list of what is paired with what. */
class RemoteNames {
  readonly #children = new Map<string, BaseName>();
  readonly #root: string;

  constructor(database: WorldDevice['sim']['database']) {
    const [pair] = database.sql<{ remote_root: string }>('SELECT remote_root FROM pair').all();
    this.#root = pair?.remote_root ?? '';
    const rows = database
      .sql<{ node_id: string; parent: string; name: string; local_name: string }>(
        `SELECT node_id, parent, name, CAST(local_name AS TEXT) AS local_name FROM base_node b
         ORDER BY EXISTS (
           SELECT 1 FROM local_node l WHERE l.local_id = b.local_id AND l.state != 'gone')`,
      )
      .all();
    // What a pair that only uploads deleted keeps its row; what has that name since comes after it.
    for (const { node_id: node, parent, name, local_name } of rows)
      this.#children.set(`${parent}/${local_name.normalize('NFC')}`, { node, name });
  }

  remotePath(local: string): string {
    const names = this.#along(local).map(({ segment, found }) => found?.name ?? segment);
    return `/${names.join('/')}`;
  }

  nodeOf(local: string): string | undefined {
    return this.#along(local).at(-1)?.found?.node;
  }

  #along(local: string): { readonly segment: string; readonly found: BaseName | undefined }[] {
    let parent: string | undefined = this.#root;
    return local
      .split('/')
      .slice(1)
      .map((segment) => {
        const found = this.#children.get(`${parent ?? ''}/${segment.normalize('NFC')}`);
        parent = found?.node;
        return { segment, found };
      });
  }
}
