/** Which nodes the folders of a disk are, by the engine's rows. */
import type { Deed } from './deed.ts';
import type { SimDevice } from './device.ts';

const FOLDERS = `
WITH RECURSIVE down (id, path) AS (
  SELECT root_local_id, '' FROM pair
  UNION ALL
  SELECT local_id, path || '/' || CAST(name AS TEXT)
    FROM down JOIN local_node ON parent = id WHERE local_id <> id AND kind = 'folder'
)
SELECT path, node_id AS node FROM down JOIN base_node ON local_id = id`;

/** Paths in the pair and ids of the folders that are synced. */
export function folderNodes({
  database,
}: SimDevice): readonly { readonly path: string; readonly node: string }[] {
  return database.sql<{ path: string; node: string }>(FOLDERS).all();
}

/** A disk may list a name in another spelling than it was given in. */
function isSame(a: string, b: string): boolean {
  return a.normalize('NFC') === b.normalize('NFC');
}

/** The same deed, whose folders are known by the ids of their nodes too. */
export function withFolderNodes(deed: Deed, sim: SimDevice): Deed {
  if (deed.moved.length === 0 && deed.within.size === 0) return deed;
  const nodes = folderNodes(sim);
  const known = (folders: readonly string[]): readonly string[] => [
    ...folders,
    ...nodes
      .filter(({ path }) => folders.some((folder) => isSame(folder, path)))
      .map(({ node }) => node),
  ];
  const within = [...deed.within].map(([content, folders]) => [content, known(folders)] as const);
  return { ...deed, moved: known(deed.moved), within: new Map(within) };
}
