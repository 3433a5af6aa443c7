/** Brings requests from sockets to the application: the one place that knows Fastify. */
import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { networkInterfaces } from 'node:os';
import { Readable } from 'node:stream';
import { CALL_NAMES, CALLS } from '@coffer/protocol/api';
import fastify, {
  LogController,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
} from 'fastify';
import { SECURITY_HEADERS, type Admitted, type Application } from '../application.ts';
import { errorAnswerOf, Failure } from '../failure.ts';
import type { Answer } from '../http.ts';
import { BodyBudget, BodyBuffers, readBody } from './read-body.ts';
import type { Clock, Log } from '../ports.ts';

/** How long a client may take. */
export interface Timeouts {
  /** For the head of a request. */
  readonly headMs: number;
  /** For all of it: a whole pack over a slow line. */
  readonly requestMs: number;
  /** How often that is looked at. */
  readonly checkMs: number;
}

const TIMEOUTS: Timeouts = { headMs: 20_000, requestMs: 5 * 60_000, checkMs: 5_000 };
const KEEP_ALIVE_TIMEOUT_MS = 65_000;
const CONNECTIONS_MAX = 20_000;
const DRAIN_MS = 10_000;
const DRAIN_STEP_MS = 20;
/** For a client to read why it is refused; then its connection goes, whether it hangs up or not. */
const LINGER_MS = 1_000;
const STREAM_BUFFER_BYTES = 1024 * 1024;

export type LogLevel = 'silent' | 'error' | 'info';

export interface HttpOptions {
  readonly log: LogLevel;
  readonly logTo: { readonly write: (line: string) => unknown };
  readonly timeouts?: Timeouts;
}

/** A Fastify instance that knows no route yet; its logger is what the application logs to. */
export function createHttp({ log: level, logTo, timeouts = TIMEOUTS }: HttpOptions): {
  readonly http: FastifyInstance;
  readonly log: Log;
} {
  const http = fastify({
    logger: level !== 'silent' && {
      level,
      base: null,
      stream: { write: (line) => logTo.write(line) },
    },
    logController: new LogController({ disableRequestLogging: true }),
    http: { headersTimeout: timeouts.headMs, connectionsCheckingInterval: timeouts.checkMs },
    requestTimeout: timeouts.requestMs,
    keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
    clientErrorHandler: refuseConnection,
    frameworkErrors: (_error, _request, reply) => {
      tell(reply, new Failure('malformed'));
    },
    routerOptions: { maxParamLength: 64 },
    bodyLimit: 1,
    exposeHeadRoutes: false,
  });
  http.server.maxConnections = CONNECTIONS_MAX;
  const log: Log = {
    info: (fields, message) => http.log.info(fields, message),
    error: (fields, message) => http.log.error(fields, message),
  };
  return { http, log };
}

/** What never became a request: no HTTP, a head without end, a client that takes for ever. */
function refuseConnection(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy();
  const code = error.code === 'ERR_HTTP_REQUEST_TIMEOUT' ? 'timeout' : 'malformed';
  const { status, body } = errorAnswerOf(new Failure(code));
  const headers = { ...SECURITY_HEADERS, 'content-type': 'application/json', connection: 'close' };
  const head = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  const text = JSON.stringify(body);
  const size = `content-length: ${Buffer.byteLength(text)}`;
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n${head.join('')}${size}\r\n\r\n${text}`,
  );
  const linger = setTimeout(() => socket.destroy(), LINGER_MS);
  socket.once('close', () => clearTimeout(linger));
}

const admittedByRequest = new WeakMap<FastifyRequest, Admitted>();
/** What gives the room of the body back. */
const roomByRequest = new WeakMap<FastifyRequest, () => void>();

/** Registers a route for every call of the table. */
export function serve(http: FastifyInstance, application: Application): void {
  http.removeAllContentTypeParsers();
  const buffers = new BodyBuffers();
  const budget = new BodyBudget();
  http.addContentTypeParser('*', (request: FastifyRequest, stream: Readable) =>
    readBody(stream, buffers, {
      announced: request.headers['content-length'],
      sizeBytesMax: request.routeOptions.bodyLimit ?? 0,
    }),
  );
  http.addHook('preParsing', async (request, reply) => {
    const { 'content-length': announced, 'transfer-encoding': encoding } = request.headers;
    if (announced === undefined && encoding === undefined) return;
    const sizeBytesMax = request.routeOptions.bodyLimit ?? 0;
    const sender = admittedByRequest.get(request)?.authorized.session?.account ?? request.ip;
    const lengthBytes = Math.min(Number(announced ?? sizeBytesMax) || 0, sizeBytesMax);
    const giveBack = budget.reserve(sender, lengthBytes);
    roomByRequest.set(request, giveBack);
    reply.raw.once('close', giveBack);
  });
  const admit = async (request: FastifyRequest, reply: FastifyReply) => {
    const admitted = await application.admit({
      method: request.method,
      path: request.url,
      headers: request.headers as Record<string, string>,
      address: request.ip,
    });
    if ('status' in admitted) return send(reply, admitted);
    admittedByRequest.set(request, admitted);
    return undefined;
  };
  const perform = async (request: FastifyRequest, reply: FastifyReply) => {
    const admitted = admittedByRequest.get(request);
    if (admitted === undefined) throw new Error('a request is admitted before it is performed');
    const gone = new AbortController();
    reply.raw.once('close', () => {
      if (!reply.raw.writableFinished) gone.abort();
    });
    const body = Buffer.isBuffer(request.body) ? request.body : undefined;
    const answer = await application.perform(admitted, body, gone.signal);
    // Streams are made from small bodies; all others have been stored or read by now.
    if (body !== undefined && answer.body instanceof Uint8Array) {
      buffers.giveBack(body);
      // Not at the close: a client may take its time to read the answer.
      roomByRequest.get(request)?.();
    }
    return send(reply, answer);
  };
  for (const name of CALL_NAMES) {
    const { method, path, bodySizeBytesMax } = CALLS[name];
    const bodyLimit = Math.max(bodySizeBytesMax, 1);
    // Before the body is read: who may not send one costs no memory.
    http.route({ method, url: path, bodyLimit, onRequest: admit, handler: perform });
  }
  http.setNotFoundHandler(async (request, reply) => admit(request, reply));
  http.setErrorHandler((error: { readonly statusCode?: number }, _request, reply) => {
    if (error instanceof Failure) return tell(reply, error);
    const status = error.statusCode ?? 500;
    const codes = { 413: 'too-large', 503: 'unavailable' } as const;
    const known = status === 413 || status === 503 ? codes[status] : undefined;
    return tell(reply, new Failure(known ?? (status < 500 ? 'malformed' : 'internal')));
  });
}

/** An error that never came to the application. */
function tell(reply: FastifyReply, failure: Failure): FastifyReply {
  const { status, body } = errorAnswerOf(failure);
  return reply.code(status).headers(SECURITY_HEADERS).send(body);
}

/**
 * Takes no new requests and lets those that run come to their end, for `DRAIN_MS` at most. A
 * connection that has just become idle would stay for the next request otherwise.
 */
export async function drain(http: FastifyInstance, clock: Clock): Promise<void> {
  const drained = new AbortController();
  const closed = http.close().finally(() => drained.abort());
  for (let waitedMs = 0; !drained.signal.aborted; waitedMs += DRAIN_STEP_MS) {
    if (waitedMs < DRAIN_MS) http.server.closeIdleConnections();
    else http.server.closeAllConnections();
    await clock.sleep(DRAIN_STEP_MS, drained.signal).catch(() => {});
  }
  await closed;
}

async function send(reply: FastifyReply, answer: Answer): Promise<FastifyReply> {
  reply.code(answer.status).headers(answer.headers);
  const { body } = answer;
  if (body instanceof Uint8Array) {
    return reply.send(Buffer.from(body.buffer, body.byteOffset, body.byteLength));
  }
  const options = { objectMode: false, highWaterMark: STREAM_BUFFER_BYTES };
  return reply.send(Readable.from(body, options));
}

export interface Address {
  readonly host: string;
  readonly port: number;
}

/** Listens and answers where; port 0 takes a free one. */
export async function listen(http: FastifyInstance, { host, port }: Address): Promise<Address> {
  await http.listen({ host, port });
  const bound = http.server.address();
  if (bound === null || typeof bound === 'string') throw new Error('not listening on a port');
  return { host: bound.address, port: bound.port };
}

/** The origins under which a server that listens there is reached, if nobody stands before it. */
export function originsOf({ host, port }: Address): string[] {
  const isAny = host === '0.0.0.0' || host === '::';
  const isLoopback = isAny || host === '::1' || host.startsWith('127.');
  const addresses = Object.values(networkInterfaces()).flatMap((all) => all ?? []);
  const own = addresses.map(({ address, family }) => hostOf(address, family === 'IPv6'));
  const hosts = new Set(isAny ? own : [hostOf(host, host.includes(':'))]);
  if (isLoopback) for (const name of ['127.0.0.1', '[::1]', 'localhost']) hosts.add(name);
  return [...hosts].map((name) => new URL(`http://${name}:${port}`).origin);
}

function hostOf(address: string, isIpv6: boolean): string {
  return isIpv6 ? `[${address.split('%', 1)[0] ?? ''}]` : address;
}
