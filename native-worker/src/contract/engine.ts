import type { EngineCommands } from './commands.ts';
import type { NumberedEvent } from './events.ts';

/** The engine's only face: commands and queries, one ordered event stream, and its life. */
export interface Engine extends EngineCommands {
  /**
   * Watches and syncs until `signal` aborts; commands go on meanwhile. Settles after what runs has
   * stopped, every transfer resumable. Rejects with what cannot be survived.
   */
  readonly run: (signal: AbortSignal) => Promise<void>;
  /** Events from now on, in order; returns how to stop. Listeners must not throw. */
  readonly subscribe: (listener: (event: NumberedEvent) => void) => () => void;
  /** Stops what runs and releases locks. The database belongs to the caller. */
  readonly close: () => Promise<void>;
}
