import type { AccountId, Digest } from '@coffer/protocol/core';

/**
 * Tells event streams that there may be something new. Carries no facts: a listener looks them up,
 * so a lost or doubled notice costs a look and no more.
 */
export interface Bus {
  /** A head moved in a space of these accounts. */
  readonly notify: (accounts: readonly AccountId[]) => void;
  readonly listen: (account: AccountId, listener: () => void) => () => void;
  /** A session ended before its time. */
  readonly sessionEnded: (token: Digest) => void;
  readonly onSessionEnd: (token: Digest, listener: () => void) => () => void;
  /** Whether anyone listens at all: if not, who is concerned need not be looked up. */
  readonly isIdle: () => boolean;
}

class Listeners<K> {
  readonly #byKey = new Map<K, Set<() => void>>();

  get size(): number {
    return this.#byKey.size;
  }

  call(key: K): void {
    for (const listener of this.#byKey.get(key) ?? []) listener();
  }

  add(key: K, listener: () => void): () => void {
    const listeners = this.#byKey.get(key) ?? new Set();
    this.#byKey.set(key, listeners.add(listener));
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0 && this.#byKey.get(key) === listeners) this.#byKey.delete(key);
    };
  }
}

/** For one process. */
export function createBus(): Bus {
  const accounts = new Listeners<AccountId>();
  const sessions = new Listeners<Digest>();
  return {
    notify: (notified) => {
      for (const account of notified) accounts.call(account);
    },
    listen: (account, listener) => accounts.add(account, listener),
    sessionEnded: (token) => sessions.call(token),
    onSessionEnd: (token, listener) => sessions.add(token, listener),
    isIdle: () => accounts.size === 0,
  };
}
