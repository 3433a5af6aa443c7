/**
 * A server in this process that lies: every exchange of a device passes through `mutate`, which may put
 * anything in the place of what the honest server behind it said. What leaves the devices is recorded.
 */
import { CALL_NAMES, CALLS, type CallName } from '@coffer/protocol/api';
import { concatBytes, utf8ToBytes, type Bytes, type SpaceId } from '@coffer/protocol/core';
import { networkFault, type HttpRequest, type HttpResponse, type HttpTransport } from '@coffer/sdk';
import type { MemoryServer } from '@coffer/server/testing';

export interface Exchange {
  readonly call: CallName;
  /** The space in the path, if there is one. */
  readonly space: SpaceId | undefined;
  readonly request: HttpRequest;
  readonly status: number;
  /** What the honest server said. */
  readonly body: Bytes;
}

/** A whole answer of another kind; what is left out stays as the honest server said it. */
export interface Answer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Bytes | AsyncIterable<Bytes>;
}

/** Bytes: another body. `lost`: no answer, though the server did its work. Undefined: the truth. */
export type Mutate = (exchange: Exchange) => Bytes | Answer | 'lost' | undefined;

export const HONEST: Mutate = () => undefined;

export class EvilServer {
  readonly honest: MemoryServer;
  mutate: Mutate = HONEST;
  /** Answers that were not what the honest server said, since the last `tell`. */
  fired = 0;
  /** Paths, headers and bodies of all requests: all that ever left the devices. */
  readonly sent: Bytes[] = [];
  /** Method, path and length of the body of each request, ids of nothing left out. */
  readonly trace: string[] = [];

  constructor(honest: MemoryServer) {
    this.honest = honest;
  }

  /** Lies from now on as `mutate` says. */
  tell(mutate: Mutate): void {
    this.fired = 0;
    this.mutate = mutate;
  }

  readonly transport: HttpTransport = {
    request: async (request, signal) => {
      signal.throwIfAborted();
      this.#record(request);
      const response = await this.honest.handle(request, signal);
      if (request.path.startsWith('/v1/events')) return this.#answer(request, response, undefined);
      const parts: Bytes[] = [];
      for await (const part of response.body) parts.push(part);
      signal.throwIfAborted();
      return this.#answer(request, response, concatBytes(...parts));
    },
  };

  #record(request: HttpRequest): void {
    const { method, path, headers, body } = request;
    this.trace.push(`${method} ${path} ${body?.length ?? 0}`);
    this.sent.push(utf8ToBytes(`${method} ${path} ${JSON.stringify(headers)}`));
    if (body !== undefined) this.sent.push(new Uint8Array(body));
  }

  /** `body` is undefined for the stream of events, which has no end. */
  #answer(request: HttpRequest, response: HttpResponse, body: Bytes | undefined): HttpResponse {
    const honest = body === undefined ? response : { ...response, headers: {}, body: one(body) };
    const exchange = { ...placeOf(request), request, status: response.status };
    const lie = this.mutate({ ...exchange, body: body ?? new Uint8Array() });
    if (lie === undefined) return honest;
    if (lie instanceof Uint8Array) {
      if (body === undefined || !sameBytes(lie, body)) this.fired++;
      return { ...honest, body: one(lie) };
    }
    this.fired++;
    if (lie === 'lost') throw networkFault('the answer was lost', undefined);
    const { body: other } = lie;
    return {
      status: lie.status ?? honest.status,
      headers: lie.headers ?? honest.headers,
      body: other === undefined ? honest.body : other instanceof Uint8Array ? one(other) : other,
    };
  }
}

/** Which call of the interface a request is. */
function placeOf({ method, path }: HttpRequest): Pick<Exchange, 'call' | 'space'> {
  const [plain = ''] = path.split('?');
  for (const call of CALL_NAMES) {
    if (CALLS[call].method !== method) continue;
    const names = CALLS[call].path.replaceAll(/:([a-z]+)/g, '(?<$1>[^/]+)');
    const found = new RegExp(`^${names}$`).exec(plain);
    if (found !== null) return { call, space: found.groups?.['space'] as SpaceId | undefined };
  }
  throw new RangeError(`no call of the interface: ${method} ${plain}`);
}

function sameBytes(a: Bytes, b: Bytes): boolean {
  return Buffer.compare(a, b) === 0;
}

export async function* one(bytes: Bytes): AsyncGenerator<Bytes, void, void> {
  if (bytes.length > 0) yield bytes;
}

/** `bytes` with one bit flipped, the last byte's when no place is given. */
export function flip(bytes: Bytes, at = bytes.length - 1, bit = 1): Bytes {
  const flipped = new Uint8Array(bytes);
  flipped[at] = (flipped[at] ?? 0) ^ bit;
  return flipped;
}
