/** What the checks must know about an action of a person. */
export interface Deed {
  /** Device on which it was done; the third party has a name of its own. */
  readonly device: string;
  readonly at: number;
  readonly text: string;
  /** Contents written by this action. */
  readonly wrote: readonly string[];
  /** Contents that this action may have written, or will, or not. */
  readonly mayWrite: readonly string[];
  /** Contents whose file this person deleted or overwrote, having them before their eyes. */
  readonly gaveUp: readonly string[];
  /**
   * Those of `gaveUp` that an editor took away by name, although its person may never have seen them:
   * another device's edit had arrived there meanwhile. With them those that it left in a temporary alone.
   */
  readonly unseen: readonly string[];
  /** Contents whose file or a folder above it was renamed, moved or touched. */
  readonly touched: readonly string[];
  readonly deleted: readonly string[];
  /** Where in the pair that person's disk still has contents of `deleted`, as files of their own. */
  readonly still: ReadonlyMap<string, string>;
  /** Names of folders that went. */
  readonly folders: readonly string[];
  /** Folders that were renamed or moved, by their paths and by the ids of their nodes. */
  readonly moved: readonly string[];
  /** For each of `deleted` the folders that went with it, as in `moved`. */
  readonly within: ReadonlyMap<string, readonly string[]>;
}

export function deedOf(device: string, at: number, text: string, what: Partial<Deed>): Deed {
  return {
    device,
    at,
    text,
    wrote: [],
    mayWrite: [],
    gaveUp: [],
    unseen: [],
    touched: [],
    deleted: [],
    still: new Map(),
    folders: [],
    moved: [],
    within: new Map(),
    ...what,
  };
}
