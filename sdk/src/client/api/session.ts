/**
 * The session of this device (protocol §2): the device key answers a challenge and gets a token for
 * 15 minutes. Concurrent requests share one token and one renewal.
 */
import { encodeSessionProof } from '@coffer/protocol/api';
import type { AccountId, Bytes, DeviceId } from '@coffer/protocol/core';
import type { OpenSuite } from '@coffer/protocol/crypto';
import { sign } from '@coffer/protocol/crypto/open';
import { RemoteFault } from '../../ports/index.ts';
import type { ApiClient } from './api-client.ts';

export interface SessionDevice {
  /** Origin of the server: bound into the proof, so that it is worthless at another one. */
  readonly server: string;
  readonly account: AccountId;
  readonly device: DeviceId;
  readonly deviceSeed: Bytes;
}

export class Session {
  readonly #api: ApiClient;
  readonly #suite: OpenSuite;
  readonly #device: SessionDevice;
  #token: string | undefined;
  #renewal: Promise<string> | undefined;

  constructor(api: ApiClient, suite: OpenSuite, device: SessionDevice) {
    this.#api = api;
    this.#suite = suite;
    this.#device = device;
  }

  /** Runs `action` with a token; once more with a new one when the server no longer knows it. */
  async run<T>(action: (token: string) => Promise<T>, signal: AbortSignal): Promise<T> {
    const token = this.#token ?? (await this.#renew(signal));
    try {
      return await action(token);
    } catch (error) {
      if (!(error instanceof RemoteFault) || error.details?.status !== 401) throw error;
      if (this.#token === token) this.#token = undefined;
      return action(this.#token ?? (await this.#renew(signal)));
    }
  }

  /** Ends the session at the server, if there is one. */
  async end(signal: AbortSignal): Promise<void> {
    const token = this.#token;
    this.#token = undefined;
    if (token !== undefined) await this.#api.call('endSession', { token }, signal);
  }

  async #renew(signal: AbortSignal): Promise<string> {
    // Before it begins: a renewal that nobody waits for would reject unheard.
    signal.throwIfAborted();
    // The renewal belongs to all who wait for it: one of them giving up must not fail the others.
    this.#renewal ??= this.#startThroughFaults().finally(() => {
      this.#renewal = undefined;
    });
    return orAborted(this.#renewal, signal);
  }

  /** A challenge is used once: after an answer that did not arrive another one is asked for. */
  #startThroughFaults(): Promise<string> {
    const { signal } = new AbortController();
    return this.#api.retried(signal, () => this.#start(signal));
  }

  async #start(signal: AbortSignal): Promise<string> {
    const { server: origin, account, device, deviceSeed } = this.#device;
    const { challenge } = await this.#api.callOnce(
      'sessionChallenge',
      { body: { account, device } },
      signal,
    );
    const proof = encodeSessionProof({ origin, account, device, challenge });
    const signature = sign(this.#suite, deviceSeed, 'session', proof);
    const body = { account, device, challenge, signature };
    const { token } = await this.#api.callOnce('startSession', { body }, signal);
    this.#token = token;
    return token;
  }
}

/** What `promise` gives, unless `signal`, not aborted yet, aborts first: the promise then goes on without us. */
async function orAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const onAbort = (): void => {
    reject(signal.reason);
  };
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
