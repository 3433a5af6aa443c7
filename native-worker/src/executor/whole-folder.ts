import { isBuiltInTemporary } from '../scanner/temporaries.ts';
import type { LocalId } from '../planner/types.ts';
import { isAsSeen } from './local-paths.ts';
import type { ExecutionRun } from './run.ts';

/**
 * Before a folder goes to the recycle area whole: everything below it on disk must be what the rows
 * say. Returns the first folder that holds something else, is not readable or has entries that are
 * not settled; undefined when all is as it was seen. Built-in temporaries may go along.
 */
export function findStranger(run: ExecutionRun, folder: LocalId): LocalId | undefined {
  const { fileSystem, trees } = run.options;
  const open: LocalId[] = [folder];
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    const path = run.paths.absolute(at);
    if (path === undefined) return at;
    const rows = new Map(trees.local.children(at).map((row) => [row.name, row]));
    for (const name of fileSystem.readFolder(path)) {
      if (typeof name !== 'string') return at;
      const row = rows.get(name);
      if (row === undefined) {
        if (isBuiltInTemporary(name) === undefined) return at;
        continue;
      }
      const stat = fileSystem.lstat(`${path}/${name}`);
      if (stat === undefined || row.state !== 'seen' || !isAsSeen(row, stat)) {
        if (row.state === 'unknown' && isBuiltInTemporary(name) !== undefined) continue;
        return at;
      }
      if (row.kind === 'folder') open.push(row.id);
    }
  }
  return undefined;
}
