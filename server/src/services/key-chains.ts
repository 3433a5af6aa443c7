import type { AccountId } from '@coffer/protocol/core';
import { extendKeyChain, verifyKeyChain, type KeyChain } from '@coffer/protocol/model';
import type { Context } from './context.ts';

/** Chains verified and kept; each holds some 2 KiB an entry. */
const CHAINS_KEPT_MAX = 4096;

export class KeyChains {
  readonly #context: Pick<Context, 'store' | 'suite'>;
  readonly #kept = new Map<AccountId, KeyChain>();

  constructor(context: Pick<Context, 'store' | 'suite'>) {
    this.#context = context;
  }

  /** The chain with all entries that are stored by now, verified; undefined for unknown accounts. */
  async load(account: AccountId): Promise<KeyChain | undefined> {
    const { store, suite } = this.#context;
    const kept = this.#kept.get(account);
    const entries = await store.getChain(account, kept ? kept.seq + 1 : 0);
    if (entries.length === 0) return kept;
    const chain = kept
      ? extendKeyChain(suite, kept, entries)
      : verifyKeyChain(suite, account, entries);
    this.#keep(chain);
    return chain;
  }

  #keep(chain: KeyChain): void {
    this.#kept.delete(chain.account);
    this.#kept.set(chain.account, chain);
    if (this.#kept.size <= CHAINS_KEPT_MAX) return;
    const [oldest] = this.#kept.keys();
    if (oldest !== undefined) this.#kept.delete(oldest);
  }
}
