/** What a device still has of the folders that selective sync leaves out there. */
import { ROOT, type SimDevice } from './device.ts';

const LEFT_OUT = `
WITH RECURSIVE up (parent, path) AS (
  SELECT local_node.parent, CAST(local_node.name AS TEXT)
    FROM exclusion JOIN base_node USING (pair, node_id) JOIN local_node USING (pair, local_id)
  UNION ALL
  SELECT above.parent, CAST(above.name AS TEXT) || '/' || path
    FROM up JOIN local_node AS above ON above.local_id = up.parent
    WHERE above.local_id <> above.parent
)
SELECT path FROM up JOIN pair ON root_local_id = parent`;

/** Contents of the files at the places that left-out folders have, by the engine's rows, on its disk. */
export function contentsLeftOut({ database, person }: SimDevice): ReadonlySet<string> {
  const folders = database.sql<{ path: string }>(LEFT_OUT).all();
  const below = folders.flatMap(({ path }) =>
    person.view.contentsBelow({ path: `${ROOT}/${path}`, kind: 'folder' }),
  );
  return new Set(below);
}
