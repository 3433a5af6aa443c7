import type { KeyStore } from '../../ports/index.ts';
import { RemoteFault } from '../../ports/index.ts';

/**
 * Ends the session, if the server can be reached, and forgets the device's secrets. Local files and
 * the device's entry in the key chain stay.
 */
export async function signOut(
  keyStore: KeyStore,
  endSession: (signal: AbortSignal) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  try {
    await endSession(signal);
  } catch (error) {
    // The session ends by itself within minutes; without its key nobody starts another one.
    if (!(error instanceof RemoteFault)) throw error;
  }
  await keyStore.clear();
}
