/** The account's KEM seeds, which open envelopes; read from the account bundle when they are needed. */
import type { Bytes } from '@coffer/protocol/core';
import type { AccountApi } from '../api/account-api.ts';
import { openOwnAccount, type KeptAccount } from './own-account.ts';

/**
 * Seeds newest first. The chain that the server gives must continue the one known here; an account key
 * of a newer generation is taken from this device's envelope and saved.
 */
export async function fetchKemSeeds(
  context: KeptAccount & { readonly api: AccountApi },
  signal: AbortSignal,
): Promise<readonly Bytes[]> {
  const opened = await openOwnAccount(context, await context.api.bundle(signal));
  return opened.secrets.kemSeeds;
}
