/** The folders that are watched, as a tree: a folder that moves takes the watches below it along. */
import type { FSWatcher } from 'node:fs';

interface WatchedFolder {
  watcher: FSWatcher | undefined;
  readonly below: Map<string, WatchedFolder>;
}

export class WatchedFolders {
  readonly #root: WatchedFolder = { watcher: undefined, below: new Map() };
  #count = 0;

  /** Folders with a watch. */
  get count(): number {
    return this.#count;
  }

  has(path: string): boolean {
    return this.#find(path)?.watcher !== undefined;
  }

  set(path: string, watcher: FSWatcher): void {
    let at = this.#root;
    for (const name of segmentsOf(path)) {
      const below = at.below.get(name) ?? { watcher: undefined, below: new Map() };
      at.below.set(name, below);
      at = below;
    }
    this.#close(at);
    at.watcher = watcher;
    this.#count++;
  }

  /** Ends the watches at and below a path. */
  remove(path: string): void {
    const segments = segmentsOf(path);
    const last = segments.pop();
    const parent = this.#find(segments.join('/'));
    const at = last === undefined ? this.#root : parent?.below.get(last);
    if (at === undefined) return;
    if (last !== undefined) parent?.below.delete(last);
    this.#closeAll(at);
  }

  /** Ends the watch of this folder alone. */
  removeOne(path: string): void {
    const folder = this.#find(path);
    if (folder !== undefined) this.#close(folder);
  }

  #find(path: string): WatchedFolder | undefined {
    let at: WatchedFolder | undefined = this.#root;
    for (const name of segmentsOf(path)) at = at?.below.get(name);
    return at;
  }

  #closeAll(folder: WatchedFolder): void {
    this.#close(folder);
    for (const below of folder.below.values()) this.#closeAll(below);
    folder.below.clear();
  }

  #close(folder: WatchedFolder): void {
    if (folder.watcher === undefined) return;
    folder.watcher.close();
    folder.watcher = undefined;
    this.#count--;
  }
}

function segmentsOf(path: string): string[] {
  return path === '' ? [] : path.split('/');
}
