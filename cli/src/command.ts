/** A command as data: help, usage errors, suggestions and completions are made from it. */
import type { CommandContext } from './context.ts';

export interface FlagDefinition {
  readonly name: string;
  /** What the value stands for; a flag without one is a switch. */
  readonly value?: string;
  readonly many?: boolean;
  readonly short?: string;
  readonly summary: string;
}

export interface ParsedInput {
  readonly positionals: readonly string[];
  readonly has: (flag: string) => boolean;
  readonly value: (flag: string) => string | undefined;
  readonly values: (flag: string) => readonly string[];
}

/** Runs a command; the number is its exit code, nothing means 0. */
export type CommandRun = (context: CommandContext, input: ParsedInput) => Promise<number | void>;

export interface CommandDefinition {
  /** Words that name it: `sync add`. */
  readonly name: string;
  /** Arguments as usage shows them: `LOCAL [REMOTE]`. */
  readonly usage: string;
  readonly argumentsMin: number;
  readonly argumentsMax: number;
  readonly summary: string;
  readonly details?: string;
  readonly example: string;
  readonly flags: readonly FlagDefinition[];
  /**
   * Where it runs when a daemon has the profile. Left out: in the daemon, beside its drive and engine.
   * `here`: in this process. `alone`: in this process, once the daemon has ended.
   */
  readonly place?: 'here' | 'alone';
  /** For programs alone: help and completions do not show it. */
  readonly isHidden?: boolean;
  /** For what is not there yet: whatever flags it is given, what it says is that. */
  readonly takesAnyFlag?: boolean;
  /** Imported only when the command runs, so that others start fast. */
  readonly load: () => Promise<CommandRun>;
}

export const GLOBAL_FLAGS: readonly FlagDefinition[] = [
  { name: 'home', value: 'DIR', summary: 'profile folder: keys, database, logs (or COFFER_HOME)' },
  { name: 'json', summary: 'one JSON document, or JSON lines for streams' },
  { name: 'quiet', summary: 'results only' },
  { name: 'verbose', summary: 'more detail, causes of errors' },
  { name: 'no-color', summary: 'no colours (or NO_COLOR)' },
  { name: 'yes', summary: 'answer every confirmation with yes' },
  { name: 'help', short: 'h', summary: 'show help' },
];
