import { encodeJson, headMovedEvent } from '@coffer/protocol/api';
import { concatBytes, utf8ToBytes, type Bytes } from '@coffer/protocol/core';
import type { Session } from '../stores/metadata-store.ts';
import type { Context } from './context.ts';

const HEARTBEAT_MS = 20_000;
const READY = utf8ToBytes(': ready\n\n');
const HEARTBEAT = utf8ToBytes(': \n\n');
const DATA = utf8ToBytes('data: ');
const END = utf8ToBytes('\n\n');

/**
 * The event stream of one session: a line for each head that moved after `cursor`, then live, until
 * the session or `signal` ends. Without a cursor from now on.
 */
export async function* streamEvents(
  context: Context,
  session: Session,
  given: { readonly cursor: number | undefined; readonly signal: AbortSignal },
): AsyncGenerator<Bytes, void, void> {
  const { store, clock, bus } = context;
  const wake = new Wake();
  const ended = new AbortController();
  const end = () => ended.abort();
  given.signal.addEventListener('abort', end);
  const stopListening = [
    bus.listen(session.account, () => wake.call()),
    bus.onSessionEnd(session.tokenDigest, end),
    () => given.signal.removeEventListener('abort', end),
  ];
  if (given.signal.aborted) end();
  context.metrics.eventStreams++;
  try {
    let cursor = given.cursor ?? (await store.newestCursor());
    yield READY;
    while (!ended.signal.aborted) {
      const moved = await store.movedSince(session.account, cursor);
      for (const event of moved) {
        cursor = event.cursor;
        yield concatBytes(DATA, encodeJson(headMovedEvent, event), END);
      }
      if (moved.length > 0) continue;
      const leftMs = session.expiresAt - clock.now();
      if (leftMs <= 0) return;
      const isWoken = await wake.wait(clock, Math.min(HEARTBEAT_MS, leftMs), ended.signal);
      if (!isWoken && !ended.signal.aborted) yield HEARTBEAT;
    }
  } finally {
    context.metrics.eventStreams--;
    ended.abort();
    for (const stop of stopListening) stop();
  }
}

/** One notice kept: a call while nobody waits ends the next wait at once. */
class Wake {
  #called = false;
  #release: (() => void) | undefined;

  call(): void {
    this.#called = true;
    this.#release?.();
  }

  /** True when called; false when the time is over or the signal aborts. */
  async wait(clock: Context['clock'], ms: number, signal: AbortSignal): Promise<boolean> {
    if (!this.#called) {
      const over = new AbortController();
      const abort = () => over.abort();
      signal.addEventListener('abort', abort);
      const called = new Promise<void>((resolve) => {
        this.#release = resolve;
      });
      try {
        if (signal.aborted) return false;
        await Promise.race([called, clock.sleep(ms, over.signal).catch(() => {})]);
      } finally {
        this.#release = undefined;
        signal.removeEventListener('abort', abort);
        over.abort();
      }
    }
    const isCalled = this.#called;
    this.#called = false;
    return isCalled;
  }
}
