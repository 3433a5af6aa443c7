/**
 * The network between a device and the server: requests and answers wait for the scheduler, get lost
 * before or after they took effect, or meet a server that is away. Records what leaves the device.
 */
import { concatBytes, type Bytes } from '@coffer/protocol/core';
import { networkFault, type HttpRequest, type HttpResponse, type HttpTransport } from '@coffer/sdk';
import type { MemoryServer } from '@coffer/server/testing';
import type { Choices } from './choices.ts';
import type { Scheduler } from './scheduler.ts';

export interface NetworkConditions {
  /** Requests per thousand that never arrive. */
  lostBefore: number;
  /** Answers per thousand that never arrive, after the server did what was asked. */
  lostAfter: number;
  /** Answers per thousand that are 503 without the server having seen the request. */
  unavailable: number;
  /** No connection at all. */
  cut: boolean;
}

export const CALM: Readonly<NetworkConditions> = {
  lostBefore: 0,
  lostAfter: 0,
  unavailable: 0,
  cut: false,
};

export interface SimNetwork {
  readonly conditions: NetworkConditions;
  /** Requests so far, by method and path without ids. */
  readonly requests: string[];
  /** Every request body and path that left a device, for the search for plaintext. */
  readonly sent: Bytes[];
  readonly transport: (device: string, isDead: () => boolean) => HttpTransport;
}

const DELAY_MS_MAX = 80;

export function createNetwork(
  server: () => MemoryServer,
  scheduler: Scheduler,
  choices: Choices,
): SimNetwork {
  const conditions: NetworkConditions = { ...CALM };
  const requests: string[] = [];
  const sent: Bytes[] = [];

  function fateOf(key: string): 'arrives' | 'lost' | 'unavailable' {
    if (conditions.cut || choices.chance(`${key} lost`, conditions.lostBefore)) return 'lost';
    return choices.chance(`${key} unavailable`, conditions.unavailable) ? 'unavailable' : 'arrives';
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
    sent.push(new TextEncoder().encode(request.path), request.body ?? new Uint8Array());
    const answer = await scheduler.park(
      `${what} goes`,
      choices.roll(`${key} out`, DELAY_MS_MAX),
      async () => {
        const fate = fateOf(key);
        if (fate === 'lost') throw networkFault('the request got lost', undefined);
        if (fate === 'unavailable') return unavailable();
        requests.push(what);
        return readWhole(await server().handle(request));
      },
      isDead,
    );
    return scheduler.park(
      `${what} comes back`,
      choices.roll(`${key} back`, DELAY_MS_MAX),
      () => {
        if (conditions.cut || choices.chance(`${key} answer`, conditions.lostAfter)) {
          throw networkFault('the answer got lost', undefined);
        }
        return answer;
      },
      isDead,
    );
  }

  return {
    conditions,
    requests,
    sent,
    transport: (device, isDead) => ({
      request: (request, signal) => exchange(device, request, isDead, signal),
    }),
  };
}

async function readWhole(response: HttpResponse): Promise<HttpResponse> {
  const parts: Bytes[] = [];
  for await (const part of response.body) parts.push(part);
  const body = concatBytes(...parts);
  return { ...response, body: once(body) };
}

function unavailable(): HttpResponse {
  const body = new TextEncoder().encode('{"error":{"code":"unavailable","message":"away"}}');
  return { status: 503, headers: { 'content-type': 'application/json' }, body: once(body) };
}

async function* once(bytes: Bytes): AsyncGenerator<Bytes, void, void> {
  if (bytes.length > 0) yield bytes;
}
