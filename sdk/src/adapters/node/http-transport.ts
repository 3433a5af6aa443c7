/**
 * HTTP over node:http and node:https: kept-alive connections, no redirects, no decompression, no
 * retries. A connection on which nothing moves for `idleTimeoutMs` counts as lost.
 *
 * [Note: How node:http is loaded] As an import it brings fetch and WebSocket with it, since every
 * export is read: 45 ms of processor time at the start of each command. `getBuiltinModule` does not.
 *
 * [Note: Aborting] node:http is not given the signal. Once an answer has come whole, it would destroy the
 * connection that is on its way back into the pool, where nobody listens for the error of that.
 */
import type * as http from 'node:http';
import type { Bytes } from '@coffer/protocol/core';
import { isLoopback } from '../../client/server-origin.ts';
import {
  networkFault,
  type HttpRequest,
  type HttpResponse,
  type HttpTransport,
} from '../../ports/index.ts';

/** How a server is reached from Node.js. */
export interface NodeHttpOptions {
  /** Scheme, host and port, as `parseServerOrigin` gives them. */
  readonly origin: string;
  readonly idleTimeoutMs?: number;
  readonly connectionsMax?: number;
  /** Slows bodies down to what people allow; without it they go as fast as they can. */
  readonly pace?: Pace;
  /**
   * `http://host:port` of a proxy that every request goes through, also to this computer: but plain http
   * to this computer goes to no proxy elsewhere, which would read it all and look for the server at itself.
   */
  readonly proxy?: string;
}

/** Asked before each slice of a body; resolves when it may go, or be read. */
export interface Pace {
  readonly send: (bytes: number, signal: AbortSignal) => Promise<void>;
  readonly receive: (bytes: number, signal: AbortSignal) => Promise<void>;
}

/** A transport whose connections end when it is disposed. */
export interface NodeHttpTransport extends HttpTransport, Disposable {}

/** Longer than three of the server's comment lines on the event stream. */
const IDLE_TIMEOUT_MS = 65_000;
const CONNECTIONS_MAX = 16;
/** So small that the slowest pace keeps a connection from looking lost. */
const PACED_SLICE_BYTES = 16 * 1024;

/** A transport over node:http or node:https, for one server. */
export function createNodeHttpTransport(options: NodeHttpOptions): NodeHttpTransport {
  const url = new URL(options.origin);
  const isSecure = url.protocol === 'https:';
  const timeout = options.idleTimeoutMs ?? IDLE_TIMEOUT_MS;
  const proxy = proxyFor(url, options.proxy);
  const agentOptions = {
    keepAlive: true,
    maxSockets: options.connectionsMax ?? CONNECTIONS_MAX,
    ...(proxy === undefined ? {} : { proxyEnv: { HTTP_PROXY: proxy, HTTPS_PROXY: proxy } }),
  };
  const { Agent, request: send } = isSecure
    ? process.getBuiltinModule('node:https')
    : process.getBuiltinModule('node:http');
  const agent = new Agent(agentOptions);
  return {
    request: async (request, signal) => {
      signal.throwIfAborted();
      const target = new URL(request.path, url);
      if (target.origin !== url.origin) throw new RangeError('a request stays on its server');
      const outgoing = send(target, {
        agent,
        method: request.method,
        headers: headersOf(request),
        timeout,
      });
      const response = await exchange(outgoing, { ...request, pace: options.pace }, signal);
      return toHttpResponse(response, options.pace, signal);
    },
    [Symbol.dispose]: () => {
      agent.destroy();
    },
  };
}

/** Plain http is taken for this computer alone, since nobody is on the way there. */
function proxyFor(origin: URL, proxy: string | undefined): string | undefined {
  if (proxy === undefined || origin.protocol === 'https:' || !isLoopback(origin.hostname))
    return proxy;
  return isLoopback(new URL(proxy).hostname) ? proxy : undefined;
}

function headersOf(request: HttpRequest): Record<string, string> {
  const length = request.body?.length;
  return {
    ...request.headers,
    'accept-encoding': 'identity',
    ...(length === undefined ? {} : { 'content-length': String(length) }),
  };
}

function exchange(
  outgoing: http.ClientRequest,
  { body, pace }: { readonly body?: Bytes | undefined; readonly pace: Pace | undefined },
  signal: AbortSignal,
): Promise<http.IncomingMessage> {
  return new Promise((resolve, reject) => {
    let response: http.IncomingMessage | undefined;
    const abort = (): void => {
      if (response?.complete !== true) outgoing.destroy(new Error('aborted'));
    };
    signal.addEventListener('abort', abort, { once: true });
    outgoing.once('close', () => {
      signal.removeEventListener('abort', abort);
    });
    outgoing.once('response', (answer) => {
      response = answer;
      resolve(answer);
    });
    outgoing.on('timeout', () => {
      outgoing.destroy(new Error('nothing moved on the connection'));
    });
    outgoing.on('error', (cause) => {
      reject(toFault(cause, signal));
    });
    if (body === undefined || pace === undefined) outgoing.end(body);
    else sendSlowly(outgoing, { body, pace }, signal).catch(reject);
  });
}

async function sendSlowly(
  outgoing: http.ClientRequest,
  { body, pace }: { readonly body: Bytes; readonly pace: Pace },
  signal: AbortSignal,
): Promise<void> {
  for (let at = 0; at < body.length && !outgoing.destroyed; at += PACED_SLICE_BYTES) {
    const slice = body.subarray(at, at + PACED_SLICE_BYTES);
    await pace.send(slice.length, signal);
    outgoing.write(slice);
  }
  outgoing.end();
}

function toHttpResponse(
  response: http.IncomingMessage,
  pace: Pace | undefined,
  signal: AbortSignal,
): HttpResponse {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(response.headers)) {
    if (value !== undefined) headers[name] = Array.isArray(value) ? value.join(', ') : value;
  }
  return { status: response.statusCode ?? 0, headers, body: bodyOf(response, pace, signal) };
}

async function* bodyOf(
  response: http.IncomingMessage,
  pace: Pace | undefined,
  signal: AbortSignal,
): AsyncGenerator<Bytes, void, undefined> {
  try {
    for await (const part of response as AsyncIterable<Bytes>) {
      signal.throwIfAborted();
      await pace?.receive(part.length, signal);
      yield part;
    }
  } catch (cause) {
    throw toFault(cause, signal);
  }
}

function toFault(cause: unknown, signal: AbortSignal): unknown {
  if (signal.aborted) return signal.reason;
  return networkFault('the exchange with the server broke off', cause);
}
