/**
 * The control contract over loopback HTTP (docs/daemon.md): calls by POST, the event stream as
 * server-sent events, and the page. Who may ask for what is `HttpGuard`'s.
 */
import { once } from 'node:events';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { CONTROL_VERSION, type ControlTarget } from '../contract/index.ts';
import type { Clock, Random } from '../ports/index.ts';
import { isCommandName } from './engine-target.ts';
import { EventFeed, type Batch } from './event-feed.ts';
import { failureOf } from './failure-of.ts';
import { begin, readBody, send, sendFailure, sendJson, sendPage } from './http-answers.ts';
import { HttpGuard, type Caller } from './http-guard.ts';
import { pageFile } from './page-files.ts';

const HOST = '127.0.0.1';
/** A call's input; what is larger is refused unread. */
const BODY_BYTES_MAX = 1024 * 1024;
const HEADERS_TIMEOUT_MS = 10_000;
/** What is under way when the server ends is given this long. */
const CLOSE_MS_MAX = 1000;
const CONNECTIONS_MAX = 256;
/** A listener that does not read this much is cut off; it comes back and asks anew. */
const UNREAD_BYTES_MAX = 1024 * 1024;

/** A route of the program around the engine; only for callers with the token. */
export type OwnRoute = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

export interface ControlServerOptions {
  readonly target: ControlTarget;
  readonly token: string;
  readonly clock: Clock;
  readonly random: Random;
  /** What `GET /v1/hello` says besides the version of the contract. */
  readonly hello: Readonly<Record<string, string | number>>;
  /** By method and path: `POST /v1/stop`. */
  readonly ownRoutes: Readonly<Record<string, OwnRoute>>;
  /** Folder of the built page; a sentence stands in its place where it is not there. */
  readonly pageFolder: string;
}

export class ControlServer implements AsyncDisposable {
  readonly #options: ControlServerOptions;
  readonly #guard: HttpGuard;
  readonly #feed: EventFeed;
  readonly #server: Server;
  readonly #streams = new Set<ServerResponse>();
  #port = 0;

  constructor(options: ControlServerOptions) {
    this.#options = options;
    this.#guard = new HttpGuard(options);
    this.#feed = new EventFeed(options.target, options.clock);
    const { createServer } = process.getBuiltinModule('node:http');
    // A command's request lasts as long as the command.
    const timeouts = { requestTimeout: 0, headersTimeout: HEADERS_TIMEOUT_MS };
    this.#server = createServer(timeouts, (request, response) => {
      void this.#answer(request, response);
    });
    this.#server.maxConnections = CONNECTIONS_MAX;
  }

  get url(): string {
    return `http://${HOST}:${this.#port}`;
  }

  get port(): number {
    return this.#port;
  }

  /** On a free port of 127.0.0.1. */
  async listen(): Promise<void> {
    this.#server.listen(0, HOST);
    await once(this.#server, 'listening');
    const address = this.#server.address();
    this.#port = typeof address === 'object' && address !== null ? address.port : 0;
    this.#guard.listensOn(this.#port);
  }

  /** Answers under way are finished; streams end at once. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const stream of this.#streams) stream.end();
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#server.closeIdleConnections();
    const over = new AbortController();
    const patience = this.#options.clock.sleep(CLOSE_MS_MAX, over.signal).catch(() => undefined);
    await Promise.race([closed, patience]);
    over.abort();
    this.#server.closeAllConnections();
    await closed;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.on('error', () => undefined); // Whoever asked is gone.
    try {
      if (!this.#guard.isMeantForUs(request)) {
        sendFailure(response, {
          code: 'refused',
          message: 'this request comes from somewhere else',
          hint: '',
        });
        return;
      }
      await this.#route(request, response);
    } catch (error) {
      if (response.headersSent) response.destroy();
      else sendFailure(response, failureOf(error));
    }
  }

  async #route(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(`http://x${request.url ?? '/'}`);
    if (!url.pathname.startsWith('/v1/')) {
      this.#page(request, response, url);
      return;
    }
    const caller = this.#guard.callerOf(request);
    const route = `${request.method} ${url.pathname}`;
    const own = this.#ownRoute(route);
    if (caller === undefined || (own !== undefined && caller !== 'token')) {
      sendJson(response, 401, {
        error: { code: 'refused', message: 'the token of the profile is needed', hint: '' },
      });
    } else if (own !== undefined) await own(request, response);
    else await this.#contract(route, caller, request, response);
  }

  #ownRoute(route: string): OwnRoute | undefined {
    if (route === 'POST /v1/ui')
      return async (_, response) => sendJson(response, 200, { url: this.offerPage() });
    return Object.hasOwn(this.#options.ownRoutes, route)
      ? this.#options.ownRoutes[route]
      : undefined;
  }

  async #contract(
    route: string,
    caller: Caller,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    const [, name] = /^POST \/v1\/call\/(\w+)$/.exec(route) ?? [];
    if (name !== undefined && isCommandName(name)) {
      const input = await parseInput(request, response);
      if (input === undefined) return;
      const aborting = new AbortController();
      response.on('close', () => aborting.abort());
      sendJson(response, 200, await this.#options.target.call(name, input.value, aborting.signal));
    } else if (route === 'GET /v1/events') this.#stream(response);
    else if (route === 'GET /v1/hello')
      sendJson(response, 200, { ...this.#options.hello, control: CONTROL_VERSION, caller });
    else sendFailure(response, { code: 'not-found', message: 'there is no such call', hint: '' });
  }

  #stream(response: ServerResponse): void {
    begin(response, 'text/event-stream');
    const tell = (batch: Batch): void => {
      if (response.writableLength > UNREAD_BYTES_MAX) response.destroy();
      else response.write(`id: ${batch.at(-1)?.number ?? 0}\ndata: ${JSON.stringify(batch)}\n\n`);
    };
    const unsubscribe = this.#feed.subscribe(tell);
    this.#streams.add(response);
    response.on('close', () => {
      unsubscribe();
      this.#streams.delete(response);
    });
    // From here on: a client whose last number is another one asks for what it missed.
    response.write(`event: here\ndata: ${this.#feed.lastNumber}\n\n`);
  }

  /** An address that opens the page once, within a minute. */
  offerPage(): string {
    return `${this.url}/open?once=${this.#guard.offerOnce()}`;
  }

  #page(request: IncomingMessage, response: ServerResponse, url: URL): void {
    if (request.method !== 'GET') {
      sendPage(response, 405, 'There is nothing to send here.');
    } else if (url.pathname === '/open') {
      const cookie = this.#guard.redeem(url.searchParams.get('once') ?? '');
      if (cookie === undefined) sendPage(response, 401, EXPIRED);
      else send(response, 303, { location: '/', 'set-cookie': cookie });
    } else if (!this.#guard.hasSession(request)) sendPage(response, 401, EXPIRED);
    else {
      const file = pageFile(this.#options.pageFolder, url.pathname);
      if (file !== undefined) send(response, 200, { 'content-type': file.type }, file.bytes);
      else if (url.pathname === '/') sendPage(response, 200, NO_PAGE);
      else sendPage(response, 404, 'There is no such page.');
    }
  }
}

const EXPIRED = 'This address was used or is too old. Run <code>coffer ui</code> for a new one.';
const NO_PAGE =
  'Coffer is running. The page is not built here; <code>coffer status</code> shows how things are.';

/** Undefined after an answer that says what is wrong with the body. */
async function parseInput(
  request: IncomingMessage,
  response: ServerResponse,
): Promise<{ readonly value: unknown } | undefined> {
  const malformed = (code: string, message: string): undefined => {
    // What is left of the body is not read: the connection ends with the answer.
    response.setHeader('connection', 'close');
    sendFailure(response, { code, message, hint: '' });
    return undefined;
  };
  const type = request.headers['content-type']?.split(';')[0];
  if (type !== 'application/json') return malformed('malformed', 'a call is JSON');
  const text = await readBody(request, BODY_BYTES_MAX);
  if (text === undefined) return malformed('too-large', 'the call is too large');
  try {
    return { value: text === '' ? {} : JSON.parse(text) };
  } catch {
    return malformed('malformed', 'the call is no JSON');
  }
}
