/** Both ends of the control contract over a message port. */
import {
  ControlFailure,
  type ControlCommandName,
  type ControlTarget,
  type NumberedEvent,
} from '../contract/index.ts';
import { failureOf } from './failure-of.ts';
import type { FromEngine, Port, ToEngine } from './port-messages.ts';

/** Answers what comes over the port, for as long as the thread lives. */
export function serveTarget(target: ControlTarget, port: Port<FromEngine, ToEngine>): void {
  const running = new Map<number, AbortController>();
  let unsubscribe: (() => void) | undefined;
  const answer = async (message: ToEngine & { kind: 'call' }): Promise<void> => {
    const { id, name, input } = message;
    const aborting = new AbortController();
    running.set(id, aborting);
    try {
      const value = await target.call(name, input, aborting.signal);
      port.postMessage({ kind: 'answer', id, value });
    } catch (error) {
      port.postMessage({ kind: 'failure', id, failure: failureOf(error) });
    } finally {
      running.delete(id);
    }
  };
  port.on('message', (message) => {
    switch (message.kind) {
      case 'call':
        void answer(message);
        break;
      case 'cancel':
        running.get(message.id)?.abort();
        break;
      case 'subscribe':
        unsubscribe ??= target.subscribe((event) => port.postMessage({ kind: 'event', event }));
        break;
      case 'unsubscribe':
        unsubscribe?.();
        unsubscribe = undefined;
        break;
    }
  });
}

/** The engine behind a port. `fail` ends what is under way when the other thread is gone. */
export class PortTarget implements ControlTarget {
  readonly #port: Port<ToEngine, FromEngine>;
  readonly #waiting = new Map<number, PromiseWithResolvers<unknown>>();
  readonly #listeners = new Set<(event: NumberedEvent) => void>();
  #lastId = 0;
  #failure: ControlFailure | undefined;

  constructor(port: Port<ToEngine, FromEngine>) {
    this.#port = port;
    port.on('message', (message) => this.#receive(message));
  }

  readonly call = async (
    name: ControlCommandName,
    input: unknown,
    signal: AbortSignal,
  ): Promise<unknown> => {
    signal.throwIfAborted();
    if (this.#failure !== undefined) throw this.#failure;
    const id = ++this.#lastId;
    const waiting = Promise.withResolvers<unknown>();
    this.#waiting.set(id, waiting);
    const abort = (): void => {
      this.#port.postMessage({ kind: 'cancel', id });
      waiting.reject(signal.reason);
    };
    signal.addEventListener('abort', abort, { once: true });
    try {
      this.#port.postMessage({ kind: 'call', id, name, input });
      return await waiting.promise;
    } finally {
      signal.removeEventListener('abort', abort);
      this.#waiting.delete(id);
    }
  };

  readonly subscribe = (listener: (event: NumberedEvent) => void): (() => void) => {
    if (this.#listeners.size === 0) this.#port.postMessage({ kind: 'subscribe' });
    this.#listeners.add(listener);
    return () => {
      const wasThere = this.#listeners.delete(listener);
      if (wasThere && this.#listeners.size === 0) this.#port.postMessage({ kind: 'unsubscribe' });
    };
  };

  /** The other side is gone: what waits, and what is asked from now on, fails. */
  fail(failure: ControlFailure): void {
    this.#failure = failure;
    for (const { reject } of this.#waiting.values()) reject(failure);
  }

  #receive(message: FromEngine): void {
    if (message.kind === 'event') {
      for (const listener of this.#listeners) listener(message.event);
      return;
    }
    const waiting = this.#waiting.get(message.id);
    if (message.kind === 'answer') waiting?.resolve(message.value);
    else waiting?.reject(new ControlFailure(message.failure));
  }
}
