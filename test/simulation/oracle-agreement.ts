/** I1: every device shows what the drive holds, as far as its pair's mode says so. */

import { isScratch } from './ignored.ts';
import type { Ledger } from './ledger.ts';
import type { Feature } from './options.ts';
import type { DeviceSight, SeenEntry, Sight } from './sight.ts';

export function agreement(
  sight: Sight,
  ledger: Ledger,
  features: ReadonlySet<Feature>,
): readonly string[] {
  const isIgnored = (path: string): boolean => features.has('ignores') && isScratch(path);
  return sight.devices.flatMap((device) => {
    switch (device.mode) {
      case 'two-way':
        return twoWay(sight, device, ledger, isIgnored);
      case 'upload':
        return uploadOnly(sight, device, ledger, isIgnored);
      case 'download':
        return downloadOnly(sight, device, ledger, isIgnored);
    }
  });
}

function twoWay(
  { remote }: Sight,
  device: DeviceSight,
  ledger: Ledger,
  isIgnored: (path: string) => boolean,
): readonly string[] {
  const foldersGone = ledger.foldersGoneOn(device.name);
  const isOut = (path: string): boolean =>
    isIgnored(path) || device.excluded.some((excluded) => `${path}/`.startsWith(`${excluded}/`));
  const wanted = new Map(
    [...remote]
      .filter(([path]) => !isOut(path))
      .map(([path, node]): [string, SeenEntry] => [
        path,
        {
          kind: node.kind,
          what: node.sha256 ?? node.target,
          isExecutable: node.executable,
          mtimeMs: node.mtimeMs,
        },
      ]),
  );
  const there = [...device.entries].filter(([path]) => !isIgnored(path));
  // A folder that stays for what a rule ignores in it keeps its slot, and a file of that name waits.
  const isWaiting = (path: string, { kind }: SeenEntry): boolean =>
    kind !== 'folder' && device.hollow.has(path) && !device.nodes.has(path);
  // Who deletes all that is seen of a folder does not get it back for what is left out in it (engine §5.5).
  const isLeftOutWhole = (path: string, { kind }: SeenEntry): boolean => {
    if (kind !== 'folder' || device.entries.has(path) || device.excluded.length === 0) return false;
    if (!foldersGone.has(path.slice(path.lastIndexOf('/') + 1))) return false;
    const below = [...remote].filter(([each]) => each.startsWith(`${path}/`));
    const isOnly = below.every(([each, { kind }]) => isOut(each) || kind === 'folder');
    return isOnly && below.some(([each]) => isOut(each));
  };
  const missing = [...wanted]
    .filter(([path, entry]) => !isWaiting(path, entry) && !isLeftOutWhole(path, entry))
    .filter(([path, entry]) => !isEqual(entry, device.entries.get(path), device))
    .map(
      ([path, entry]) =>
        `I1: ${device.name} has ${describe(device.entries.get(path))} at ${path}, the drive ${describe(entry)}`,
    );
  // A node that somebody moved to where a rule ignores it stays where it was: both sides keep theirs.
  const ignoredNodes = new Set(
    [...remote].filter(([path]) => isIgnored(path)).map(([, { id }]): string => id),
  );
  const isLeft = (path: string): boolean => ignoredNodes.has(device.nodes.get(path) ?? '');
  const extra = there
    .filter(([path]) => !wanted.has(path) && !device.hollow.has(path) && !isLeft(path))
    .map(([path, entry]) => `I1: ${device.name} alone has ${describe(entry)} at ${path}`);
  const names = device.needlessNames.map(
    (each) => `I1: ${device.name} has the needless name ${each}`,
  );
  return [...missing, ...extra, ...names];
}

/** An upload pair never changes its disk by what others did, and what is there is in the drive. */
function uploadOnly(
  { remote, past }: Sight,
  device: DeviceSight,
  ledger: Ledger,
  isIgnored: (path: string) => boolean,
): readonly string[] {
  const own = ledger.writtenOn(device.name);
  // What its rules ignore stays on its disk alone.
  const ignored = new Set(
    [...device.entries]
      .filter(([path]) => device.hasRules && isIgnored(path))
      .map(([, { what }]) => what),
  );
  const live = new Set<string | null>([...remote.values()].map(({ sha256 }) => sha256));
  return [...device.contents].flatMap((content) => [
    ...(own.has(content)
      ? []
      : [`I1: ${device.name} only uploads and has ${content.slice(0, 30)} of somebody else`]),
    ...([live, past, ignored].some((known) => known.has(ledger.digest(content)))
      ? []
      : [`I1: ${device.name} uploads, and ${content.slice(0, 30)} never went up`]),
  ]);
}

/** A download pair sends nothing; where nobody acts on it, it shows the drive. */
function downloadOnly(
  sight: Sight,
  device: DeviceSight,
  ledger: Ledger,
  isIgnored: (path: string) => boolean,
): readonly string[] {
  const own = new Set(
    [...ledger.writtenOnlyOn(device.name)].map((content) => ledger.digest(content)),
  );
  const sent = [...sight.remote]
    .filter(([, { sha256 }]) => sha256 !== null && own.has(String(sha256)))
    .map(([path]) => `I1: ${device.name} only downloads, and its ${path} went up`);
  const hasActed = ledger.deeds.some((deed) => deed.device === device.name);
  const wasOff = ledger.everOff.has(device.name);
  if (hasActed || wasOff) return sent;
  // What its person took back when others had deleted it stays here alone.
  const back = ledger.takenBack.get(device.name) ?? [];
  const isTakenBack = (path: string, { kind, what }: SeenEntry): boolean => {
    const known = kind === 'folder' ? path.slice(path.lastIndexOf('/') + 1) : what;
    return back.some((held) => held.kind === kind && held.what === known);
  };
  const entries = new Map(
    [...device.entries].filter(
      ([path, entry]) => sight.remote.has(path) || !isTakenBack(path, entry),
    ),
  );
  return [...sent, ...twoWay(sight, { ...device, entries }, ledger, isIgnored)];
}

function isEqual(wanted: SeenEntry, there: SeenEntry | undefined, device: DeviceSight): boolean {
  if (there === undefined) return false;
  if (wanted.kind !== there.kind || wanted.what !== there.what) return false;
  if (device.hasExecutableBit && wanted.isExecutable !== there.isExecutable) return false;
  // Coarse disks cannot hold the times of others.
  const isTimed = device.hasFineTimes && wanted.kind === 'file' && wanted.mtimeMs !== null;
  return !isTimed || wanted.mtimeMs === there.mtimeMs;
}

function describe(entry: SeenEntry | undefined): string {
  if (entry === undefined) return 'nothing';
  const { kind, what, isExecutable, mtimeMs } = entry;
  const time = kind === 'file' ? ` of ${mtimeMs}` : '';
  return `${kind}${isExecutable ? ' executable' : ''} ${what?.slice(0, 12) ?? ''}${time}`.trim();
}
