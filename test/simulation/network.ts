/**
 * The network between a device and the server: requests and answers wait for the scheduler, get lost
 * before or after they took effect, arrive twice, or meet a server that refuses. Records what leaves
 * the device.
 */
import { concatBytes, type Bytes } from '@coffer/protocol/core';
import { networkFault, type HttpRequest, type HttpResponse, type HttpTransport } from '@coffer/sdk';
import type { MemoryServer } from '@coffer/server/testing';
import type { Choices } from './choices.ts';
import type { Scheduler } from './scheduler.ts';

/** Each number is requests per thousand. */
export interface NetworkConditions {
  /** Requests that never arrive. */
  lostBefore: number;
  /** Answers that never arrive, after the server did what was asked. */
  lostAfter: number;
  /** 503 without the server having seen the request. */
  unavailable: number;
  /** 401 although the session is good: as if it had expired. */
  expired: number;
  /** 429 with a time to wait. */
  busy: number;
  /** 500 without an effect. */
  failing: number;
  /** Requests that arrive twice; either answer comes back. */
  doubled: number;
  /** Commits before which somebody else commits: they meet a true 409. */
  raced: number;
  /** No connection at all. */
  cut: boolean;
}

export const CALM: Readonly<NetworkConditions> = {
  lostBefore: 0,
  lostAfter: 0,
  unavailable: 0,
  expired: 0,
  busy: 0,
  failing: 0,
  doubled: 0,
  raced: 0,
  cut: false,
};

/** A request that arrived at the server. */
export interface Arrival {
  readonly device: string;
  readonly what: string;
  readonly body: Bytes;
}

export interface SimNetwork {
  readonly conditions: NetworkConditions;
  /** Requests that arrived so far, by device, method and path without ids. */
  readonly requests: string[];
  /** The same, with their bodies. */
  readonly arrivals: Arrival[];
  /** Every request body and path that left a device, for the search for plaintext. */
  readonly sent: Bytes[];
  /** Faults so far, by kind and call. */
  readonly faults: Map<string, number>;
  /** Lets somebody else commit before a commit of `device` goes. */
  onRace: ((device: string) => Promise<void>) | undefined;
  readonly transport: (device: string, isDead: () => boolean) => HttpTransport;
}

type Fate = 'arrives' | 'lost' | 'unavailable' | 'expired' | 'busy' | 'failing' | 'doubled';

const DELAY_MS_MAX = 80;
const REFUSALS = {
  unavailable: { status: 503, code: 'unavailable' },
  expired: { status: 401, code: 'not-signed-in' },
  busy: { status: 429, code: 'rate-limited' },
  failing: { status: 500, code: 'internal' },
} as const;

export function createNetwork(
  server: () => MemoryServer,
  scheduler: Scheduler,
  choices: Choices,
): SimNetwork {
  const conditions: NetworkConditions = { ...CALM };
  const network: SimNetwork = {
    conditions,
    requests: [],
    arrivals: [],
    sent: [],
    faults: new Map(),
    onRace: undefined,
    transport: (device, isDead) => ({
      request: (request, signal) => {
        const answer = exchange(device, request, isDead, signal);
        // Who gives up hears of it at once, or the answer was faster.
        const number = scheduler.numberOf(`${device} asks`);
        const isFaster = choices.roll(`${device} asks ${number} faster`, 2) === 0;
        return isFaster ? answer : untilAborted(answer, signal);
      },
    }),
  };

  function count(fault: string, what: string): void {
    const key = `${fault} ${what.slice(what.indexOf(' ') + 1)}`;
    network.faults.set(key, (network.faults.get(key) ?? 0) + 1);
  }

  function fateOf(key: string, request: HttpRequest): Fate {
    if (conditions.cut || choices.chance(`${key} lost`, conditions.lostBefore)) return 'lost';
    if (choices.chance(`${key} unavailable`, conditions.unavailable)) return 'unavailable';
    const hasSession = request.headers['authorization'] !== undefined;
    if (hasSession && choices.chance(`${key} expired`, conditions.expired)) return 'expired';
    if (choices.chance(`${key} busy`, conditions.busy)) return 'busy';
    if (choices.chance(`${key} failing`, conditions.failing)) return 'failing';
    return choices.chance(`${key} doubled`, conditions.doubled) ? 'doubled' : 'arrives';
  }

  async function arrive(device: string, what: string, request: HttpRequest): Promise<HttpResponse> {
    network.requests.push(what);
    network.arrivals.push({ device, what, body: request.body ?? new Uint8Array() });
    return readWhole(await server().handle(request));
  }

  async function meet(
    device: string,
    what: string,
    key: string,
    request: HttpRequest,
  ): Promise<HttpResponse> {
    const fate = fateOf(key, request);
    if (fate !== 'arrives') count(fate, what);
    if (fate === 'lost') throw networkFault('the request got lost', undefined);
    if (fate === 'arrives') return arrive(device, what, request);
    if (fate !== 'doubled') return refusal(fate);
    const answers = [await arrive(device, what, request), await arrive(device, what, request)];
    return answers[choices.roll(`${key} which answer`, 2)] ?? refusal('failing');
  }

  async function exchange(
    device: string,
    request: HttpRequest,
    isDead: () => boolean,
    signal: AbortSignal,
  ): Promise<HttpResponse> {
    signal.throwIfAborted();
    const what = `${device} ${request.method} ${request.path.replaceAll(/[0-9a-f]{32,}|\d+/g, '…')}`;
    const key = `${what}#${scheduler.numberOf(`request ${what}`)}`;
    network.sent.push(new TextEncoder().encode(request.path), request.body ?? new Uint8Array());
    const isRaced = what.endsWith('/commits') && request.method === 'POST';
    if (isRaced && choices.chance(`${key} raced`, conditions.raced)) {
      count('raced', what);
      await network.onRace?.(device);
    }
    const answer = await scheduler.park(
      `${what} goes`,
      choices.roll(`${key} out`, DELAY_MS_MAX),
      () => meet(device, what, key, request),
      isDead,
    );
    return scheduler.park(
      `${what} comes back`,
      choices.roll(`${key} back`, DELAY_MS_MAX),
      () => {
        if (conditions.cut || choices.chance(`${key} answer`, conditions.lostAfter)) {
          count('answer lost', what);
          throw networkFault('the answer got lost', undefined);
        }
        return answer;
      },
      isDead,
    );
  }

  return network;
}

function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const stop = (): void => reject(signal.reason as Error);
  signal.addEventListener('abort', stop, { once: true });
  work.catch(() => undefined);
  return Promise.race([work, promise]).finally(() => signal.removeEventListener('abort', stop));
}

async function readWhole(response: HttpResponse): Promise<HttpResponse> {
  const parts: Bytes[] = [];
  for await (const part of response.body) parts.push(part);
  const body = concatBytes(...parts);
  return { ...response, body: once(body) };
}

function refusal(which: keyof typeof REFUSALS): HttpResponse {
  const { status, code } = REFUSALS[which];
  const body = new TextEncoder().encode(JSON.stringify({ error: { code, message: which } }));
  const headers = {
    'content-type': 'application/json',
    ...(which === 'busy' ? { 'retry-after': '2' } : {}),
  };
  return { status, headers, body: once(body) };
}

async function* once(bytes: Bytes): AsyncGenerator<Bytes, void, void> {
  if (bytes.length > 0) yield bytes;
}
