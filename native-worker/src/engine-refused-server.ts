/** A server whose data failed a check, or that was restored: nothing is synced until that is decided. */
import type { IntegrityError } from '@coffer/protocol/core';
import { HeadRefused } from '@coffer/sdk';
import { EngineFault } from './contract/index.ts';
import type { EngineCore } from './engine-core.ts';

/** The server says itself that it was set back; a person may accept that (protocol §4, Freshness). */
export function isDeclaredRestore(error: unknown): error is HeadRefused {
  return error instanceof HeadRefused && error.isDeclaredRestore;
}

/** Every pair of the space stalls: they share its server. */
export function bookRefusal(core: EngineCore, error: IntegrityError): void {
  const isRestored = isDeclaredRestore(error);
  for (const { book } of core.runners()) {
    book.setPairStall('ServerRestored', isRestored, error.message);
    book.setPairStall('IntegrityFailure', !isRestored, error.message);
  }
}

/** What the server shows descends from what was seen. */
export function clearRefusal(core: EngineCore): void {
  for (const { book } of core.runners()) {
    book.setPairStall('ServerRestored', false);
    book.setPairStall('IntegrityFailure', false);
  }
}

/**
 * Takes the restored server's state over and compares it with every pair as for the first time: what
 * the server lost goes up again, nothing is deleted. EngineFault `invalid` when nothing was restored;
 * IntegrityError when its state fails a check, or the server does not say that it was restored.
 */
export async function acceptRestored(core: EngineCore, signal: AbortSignal): Promise<void> {
  // With base rows of the old state, what the server lost would look like deleted there.
  const accepted = await core.options.acceptRestored?.(signal, () => {
    for (const runner of core.runners()) runner.startAnew();
  });
  if (accepted?.account !== true && accepted?.drive !== true) {
    throw new EngineFault('invalid', 'this server was not set back', 'There is nothing to accept.');
  }
  clearRefusal(core);
  core.poke();
}
