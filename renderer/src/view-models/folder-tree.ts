/** Which folders of the drive are kept on this computer: a tree with checkboxes over `exclude` and `include`. */
import type { RemoteFolder } from '@coffer/native-worker/contract';
import type { CheckTreeRow } from '../ui/check-tree-row.ts';
import type { Words } from '../words/translator.ts';

export interface FolderTree {
  /** Remote path of the pair's root. */
  readonly root: string;
  readonly childrenByPath: ReadonlyMap<string, readonly RemoteFolder[]>;
  readonly open: ReadonlySet<string>;
  readonly excluded: ReadonlySet<string>;
}

/** Visible rows, top to bottom; the root itself is none. */
export function folderRows(tree: FolderTree, words: Words): readonly CheckTreeRow[] {
  return rowsBelow(tree, tree.root, 1, words);
}

function rowsBelow(
  tree: FolderTree,
  path: string,
  level: number,
  words: Words,
): readonly CheckTreeRow[] {
  return (tree.childrenByPath.get(path) ?? []).flatMap((folder) => {
    const isOff = tree.excluded.has(folder.path);
    // What is left out has nothing to choose below it.
    const isOpen = !isOff && tree.open.has(folder.path);
    const row: CheckTreeRow = {
      id: folder.path,
      name: folder.name,
      level,
      check: isOff ? 'off' : hasExcludedBelow(tree, folder.path) ? 'mixed' : 'on',
      canOpen: !isOff && tree.childrenByPath.get(folder.path)?.length !== 0,
      isOpen,
      detail: words.formats.bytes(folder.bytes),
    };
    return isOpen ? [row, ...rowsBelow(tree, folder.path, level + 1, words)] : [row];
  });
}

function hasExcludedBelow({ excluded }: FolderTree, path: string): boolean {
  return [...excluded].some((other) => other.startsWith(`${path}/`));
}

/** What to tell the engine when a box is ticked or cleared. */
export function changesFor(
  { excluded }: FolderTree,
  path: string,
  isOn: boolean,
): { readonly include: readonly string[]; readonly exclude: readonly string[] } {
  if (!isOn) return { include: [], exclude: [path] };
  const include = [...excluded].filter((other) => other === path || other.startsWith(`${path}/`));
  return { include, exclude: [] };
}
