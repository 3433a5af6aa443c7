/** What the oracles carry from one rest to the next, and how they name things. */
/** What the oracles remember from one rest to the next. */
export interface Memory {
  /** Node that had a content, by SHA-256. */
  nodeOfContent: ReadonlyMap<string, string>;
  /** How often those contents were there that were there more than once, for a reason; by SHA-256. */
  doubled: ReadonlyMap<string, number>;
  /** Paths of conflict copies. */
  copies: ReadonlySet<string>;
  /** Request bodies that were searched already. */
  searched: number;
}

/** By its own name: what a person moves into a folder with such a name is none. */
export function isCopy(path: string): boolean {
  return path.includes('(conflict ', path.lastIndexOf('/'));
}

export function show(content: string | undefined): string {
  return content === undefined ? 'nothing' : JSON.stringify(content.slice(0, 30));
}
