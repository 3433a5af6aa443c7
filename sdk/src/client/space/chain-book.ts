/** Key chains of the accounts that sign in our spaces, verified once and extended from there. */
import { equalBytes, IntegrityError, type AccountId, type Bytes } from '@coffer/protocol/core';
import type { VerifySuite } from '@coffer/protocol/crypto';
import { extendKeyChain, verifyKeyChain, type KeyChain } from '@coffer/protocol/model';
import { isRefusal, type SpaceStore } from '../../ports/index.ts';

export type FetchChain = (
  account: AccountId,
  from: number,
  signal: AbortSignal,
) => Promise<readonly Bytes[]>;

/** Where verified chains are kept. */
export type ChainStore = Pick<SpaceStore, 'chain' | 'saveChain'>;

export class ChainBook {
  readonly #suite: VerifySuite;
  readonly #store: ChainStore;
  readonly #fetch: FetchChain;
  readonly #chains = new Map<AccountId, KeyChain>();

  constructor(suite: VerifySuite, store: ChainStore, fetch: FetchChain) {
    this.#suite = suite;
    this.#store = store;
    this.#fetch = fetch;
  }

  /** The chain as far as it is known here. */
  get(account: AccountId): KeyChain | undefined {
    const known = this.#chains.get(account);
    if (known !== undefined) return known;
    const entries = this.#store.chain(account);
    if (entries.length === 0) return undefined;
    const chain = verifyKeyChain(this.#suite, account, entries);
    this.#chains.set(account, chain);
    return chain;
  }

  /** The chains that were asked for since the book was opened. */
  all(): readonly KeyChain[] {
    return [...this.#chains.values()];
  }

  /**
   * Fetches what was appended since. A chain that does not continue the known one is an
   * IntegrityError `chain-broken`, and the known one stays.
   */
  async refresh(account: AccountId, signal: AbortSignal): Promise<KeyChain> {
    const known = this.get(account);
    const from = known === undefined ? 0 : known.seq + 1;
    const entries = await this.#fetch(account, from, signal);
    if (known !== undefined && entries.length === 0) return known;
    const chain =
      known === undefined
        ? verifyKeyChain(this.#suite, account, entries)
        : extendKeyChain(this.#suite, known, entries);
    this.put(chain);
    return chain;
  }

  /** `refresh` of an account that somebody names: one that the server does not know has no chain. */
  async refreshIfThere(account: AccountId, signal: AbortSignal): Promise<void> {
    try {
      await this.refresh(account, signal);
    } catch (error) {
      if (!isRefusal(error, 'not-found')) throw error;
    }
  }

  /**
   * The chain as the server has it now, from its first entry on; nothing of it is kept. One that ends
   * with another identity than the known one is an IntegrityError `chain-broken`.
   */
  async fetchAnew(account: AccountId, signal: AbortSignal): Promise<KeyChain> {
    const chain = verifyKeyChain(this.#suite, account, await this.#fetch(account, 0, signal));
    const known = this.get(account);
    if (known !== undefined && !equalBytes(known.identity, chain.identity)) {
      throw new IntegrityError('chain-broken', 'the account has another identity than it had');
    }
    return chain;
  }

  /** Keeps a chain that was verified elsewhere. */
  put(chain: KeyChain): void {
    this.#store.saveChain(chain.account, chain.entries);
    this.#chains.set(chain.account, chain);
  }
}
