/** The control contract as transports carry it: calls by name, and one stream of numbered events. */
import type { AccountCommandName } from './account-commands.ts';
import type { CommandName } from './commands.ts';
import type { NumberedEvent } from './events.ts';

/** Version of the contract's transports; another major one is refused. */
export const CONTROL_VERSION = 2;

/** Every name that a call may have. Who has no engine, or nothing but one, refuses some of them. */
export type ControlCommandName = CommandName | AccountCommandName;

/**
 * What answers calls: an engine in this thread, one behind a message port, or one that is being started
 * again. Input is parsed by the answering side, so that it may come from anywhere.
 */
export interface ControlTarget {
  /** Rejects with ControlFailure, or with the signal's reason. */
  readonly call: (
    name: ControlCommandName,
    input: unknown,
    signal: AbortSignal,
  ) => Promise<unknown>;
  /** Events from now on, in the order in which they happened; returns how to stop. */
  readonly subscribe: (listener: (event: NumberedEvent) => void) => () => void;
}
