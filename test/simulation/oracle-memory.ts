/** What the oracles carry from one rest to the next, and how they name things. */
import type { Ledger } from './ledger.ts';
import type { Feature } from './options.ts';

/** What the contents of a world are judged by, besides what is seen. */
export interface ContentJudgement {
  readonly ledger: Ledger;
  readonly memory: Memory;
  readonly features: ReadonlySet<Feature>;
}

/** What the oracles remember from one rest to the next. */
export interface Memory {
  /** Node that had a content, by SHA-256. */
  nodeOfContent: ReadonlyMap<string, string>;
  /** How often those contents were there that were there more than once, for a reason; by SHA-256. */
  doubled: ReadonlyMap<string, number>;
  /** Until when files in the trash and versions are kept at least, by SHA-256; what expired stays here. */
  past: ReadonlyMap<string, number>;
  /** What was there at the last rest after a phase in which an answer got lost: somebody may have put it there. */
  maybeTaken: ReadonlySet<string>;
  /** Nodes of conflict copies, by their paths. */
  copies: ReadonlyMap<string, string>;
  /** How many deeds there had been at the last rest at which no device had a rule file. */
  unruledDeeds: number;
  /** Request bodies that were searched already. */
  searched: number;
}

/** Before the first rest. */
export function freshMemory(): Memory {
  return {
    nodeOfContent: new Map(),
    doubled: new Map(),
    past: new Map(),
    maybeTaken: new Set(),
    copies: new Map(),
    unruledDeeds: 0,
    searched: 0,
  };
}

/** By its own name: what a person moves into a folder with such a name is none. */
export function isCopy(path: string): boolean {
  return path.includes('(conflict ', path.lastIndexOf('/'));
}

export function show(content: string | undefined): string {
  return content === undefined ? 'nothing' : JSON.stringify(content.slice(0, 30));
}
