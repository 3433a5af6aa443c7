/**
 * Trees as scenarios write them: path to content, `null` for a folder, `-> target` for a link. The time
 * in the name of a conflict copy is left out, so that a tree can be written down beforehand.
 */
import type { Drive } from '@coffer/sdk';
import { ROOT, type SimDevice } from '../simulation/device.ts';

export type Tree = Readonly<Record<string, string | null>>;

const CONFLICT_TIME = / \(conflict ([^()]*?) \d{4}-\d\d-\d\d \d\d-\d\d-\d\d( \d+)?\)/g;

/** `f (conflict anna 2026-01-02 03-04-05 2).txt` becomes `f (conflict anna 2).txt`. */
export function withoutTimes(path: string): string {
  return path.replaceAll(CONFLICT_TIME, ' (conflict $1$2)');
}

export function isConflictCopy(path: string): boolean {
  return withoutTimes(path) !== path;
}

/** Everything below a folder of the disk but `.coffer`, with real names. */
export function localTree(device: SimDevice, root: string = ROOT): Tree {
  const { programs } = device.disk;
  const out: Record<string, string | null> = {};
  const walk = (folder: string): void => {
    for (const entry of programs.readFolder(folder)) {
      const name = String(entry);
      if (name === '.coffer') continue;
      const path = `${folder}/${name}`;
      const relative = path.slice(root.length + 1);
      const type = typeof entry === 'string' ? programs.lstat(path)?.type : 'special';
      if (type === 'folder') {
        out[relative] = null;
        walk(path);
      } else if (type === 'symlink') out[relative] = `-> ${programs.readLink(path)}`;
      else if (type === 'file') out[relative] = text(device.user.read(path));
    }
  };
  if (programs.lstat(root)?.type === 'folder') walk(root);
  return sorted(out);
}

/** Kinds and contents of the drive as `drive` verified it last; contents by their hash. */
export function remoteTree(
  drive: Drive,
  contentOf: (sha256: string | null) => string,
  root = '/',
): Tree {
  const listing = drive.list(root, { recursive: true });
  if (!listing.ok) throw new Error(`the drive has no ${root}`);
  const cut = root === '/' ? 1 : root.length + 1;
  return sorted(
    Object.fromEntries(
      listing.value.entries.map(({ path, node }) => {
        const at = path.slice(cut);
        if (node.kind === 'folder') return [at, null];
        return [at, node.kind === 'symlink' ? `-> ${node.target ?? ''}` : contentOf(node.sha256)];
      }),
    ),
  );
}

/** Folders above each path are added, the order is fixed, times of conflicts are left out. */
export function completed(tree: Tree, withoutNumbers = false): Tree {
  const out: Record<string, string | null> = {};
  for (const [path, content] of Object.entries(tree)) {
    const names = path.split('/');
    for (let depth = 1; depth < names.length; depth++)
      out[names.slice(0, depth).join('/')] ??= null;
    out[path] = content;
  }
  const plain = (path: string): string =>
    withoutNumbers
      ? withoutTimes(path).replaceAll(/ \(conflict ([^()]*?) \d+\)/g, ' (conflict $1)')
      : withoutTimes(path);
  const entries = Object.entries(out).map(([path, content]) => [plain(path), content] as const);
  // Two copies never become one by losing their numbers.
  return sorted(
    Object.fromEntries(
      entries.map(([path, content], i) => {
        const isTaken = entries.findIndex(([other]) => other === path) !== i;
        return [isTaken ? `${path} again` : path, content];
      }),
    ),
  );
}

function sorted(tree: Tree): Tree {
  return Object.fromEntries(Object.entries(tree).sort(([a], [b]) => (a < b ? -1 : 1)));
}

export function text(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}
