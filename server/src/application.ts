/**
 * From a request to its answer: find the call, hold its limit, authorise, parse, call one service,
 * serialise; and tell what was thrown. No sockets: a listener or a simulation brings the requests.
 */
import {
  CALLS,
  decodeJson,
  encodeJson,
  errorAnswer,
  type Call,
  type CallName,
} from '@coffer/protocol/api';
import { bytesToHex, FormatError, type Bytes } from '@coffer/protocol/core';
import { authorize, type Authorized } from './authorize.ts';
import { errorAnswerOf, Failure, failureOf } from './failure.ts';
import type { Answer, HttpRequest } from './http.ts';
import { findCall } from './router.ts';
import { ROUTES } from './routes/index.ts';
import type { Incoming, Outgoing, Route, Services } from './routes/route.ts';
import { AccountKeys } from './services/account-keys.ts';
import { StoreJudge } from './services/commit-judge.ts';
import { Commits } from './services/commits.ts';
import { ContentService } from './services/content.ts';
import type { Context } from './services/context.ts';
import { Devices } from './services/devices.ts';
import { KeyChains } from './services/key-chains.ts';
import { Pairings } from './services/pairings.ts';
import { Proofs } from './services/proofs.ts';
import { SecondFactors } from './services/second-factors.ts';
import { Sessions } from './services/sessions.ts';
import { SignIn } from './services/sign-in.ts';
import { SignUp } from './services/sign-up.ts';
import { TransferCount } from './services/transfer-count.ts';
import { TryLimits } from './services/try-limits.ts';

const NO_BYTES = new Uint8Array(0);

/** On every answer. Nothing here is ever a page, so nothing may be run, framed or guessed. */
export const SECURITY_HEADERS = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
};

/** What the log says of an exchange. */
interface Trace {
  readonly requestId: string;
  readonly call: CallName | undefined;
  readonly began: number;
}

/** A request whose sender may make it; its body was not looked at. */
export interface Admitted {
  readonly trace: Trace;
  readonly name: CallName;
  readonly params: Readonly<Record<string, string>>;
  readonly query: string;
  readonly request: Omit<HttpRequest, 'body'>;
  readonly authorized: Authorized;
}

export class Application {
  readonly services: Services;
  readonly #context: Context;
  readonly #closing = new AbortController();
  readonly #requestPrefix: string;
  #requests = 0;

  constructor(context: Context) {
    const chains = new KeyChains(context);
    const sessions = new Sessions(context, chains);
    const limits = new TryLimits(context);
    const secondFactors = new SecondFactors(context, limits);
    const transfer = new TransferCount(context);
    this.#context = context;
    this.#requestPrefix = bytesToHex(context.random.bytes(4));
    this.services = {
      context,
      chains,
      sessions,
      transfer,
      signUp: new SignUp(context, limits),
      signIn: new SignIn(context, { sessions, limits, secondFactors }),
      secondFactors,
      keys: new AccountKeys(context, chains),
      pairings: new Pairings(context, limits),
      devices: new Devices(context, chains),
      commits: new Commits(context, context.judge ?? new StoreJudge({ ...context, chains })),
      proofs: new Proofs(context),
      content: new ContentService(context, transfer),
    };
  }

  /** The whole exchange. Never rejects; the body of the answer may, when it cannot go on. */
  async answer(request: HttpRequest, signal: AbortSignal): Promise<Answer> {
    const admitted = await this.admit(request);
    return 'status' in admitted ? admitted : this.perform(admitted, request.body, signal);
  }

  /** The first half, before anyone has read a body: what may go on, or the answer that ends it. */
  async admit(request: Omit<HttpRequest, 'body'>): Promise<Admitted | Answer> {
    const requestId = `${this.#requestPrefix}-${(++this.#requests).toString(36)}`;
    const [path = '', query = ''] = request.path.split('?', 2);
    const found = findCall(request.method, path);
    const trace = { requestId, call: found?.name, began: this.#context.clock.now() };
    return this.#guard(trace, async () => {
      if (found === undefined) throw new Failure('not-found');
      const { name, params } = found;
      const authorized = await authorize(
        { sessions: this.services.sessions, store: this.#context.store },
        CALLS[name].caller,
        { authorization: request.headers['authorization'], space: params['space'] },
      );
      return { trace, name, params, query, request, authorized };
    });
  }

  /** The second half of an exchange that `admit` let through. */
  async perform(admitted: Admitted, body: Bytes | undefined, signal: AbortSignal): Promise<Answer> {
    // Only event streams outlast their answer and have to be told that the server closes.
    const isStream = CALLS[admitted.name].answer === 'events';
    const ends = isStream ? AbortSignal.any([signal, this.#closing.signal]) : signal;
    const answer = await this.#guard(admitted.trace, () =>
      this.#dispatch(admitted, body ?? NO_BYTES, ends),
    );
    return answer.status === 200 ? this.#finish(admitted.trace, answer) : answer;
  }

  /** Event streams would keep a closing server open; nobody else is told anything. */
  endStreams(): void {
    this.#closing.abort();
  }

  /** Ends the event streams and writes what was only counted. */
  async close(): Promise<void> {
    this.endStreams();
    await this.services.transfer.writeAll();
  }

  /** What `action` gives, or the answer that tells what it threw. */
  async #guard<T>(trace: Trace, action: () => Promise<T>): Promise<T | Answer> {
    try {
      return await action();
    } catch (error) {
      const failure = failureOf(error);
      const { requestId, call } = trace;
      if (failure.code === 'internal') {
        const { cause } = failure;
        const reason = cause instanceof Error ? (cause.stack ?? cause.message) : String(cause);
        this.#context.log.error({ requestId, call, reason }, 'failed');
      }
      const { status, body } = errorAnswerOf(failure);
      return this.#finish(trace, jsonAnswer(status, encodeJson(errorAnswer, body)));
    }
  }

  #finish({ requestId, call, began }: Trace, answer: Answer): Answer {
    const ms = this.#context.clock.now() - began;
    this.#context.log.info({ requestId, call, status: answer.status, ms }, 'answered');
    this.#context.metrics.countRequest(call, answer.status, ms);
    const headers = { ...answer.headers, ...SECURITY_HEADERS, 'x-request-id': requestId };
    return { ...answer, headers };
  }

  async #dispatch(admitted: Admitted, body: Bytes, signal: AbortSignal): Promise<Answer> {
    const { name, params, query, request, authorized } = admitted;
    const call: Call = CALLS[name];
    if (body.length > call.bodySizeBytesMax) throw new Failure('too-large');
    this.#context.metrics.countReceived(body.length);
    const incoming = {
      ...authorized,
      json: parseBody(call, request.headers['content-type'], body),
      bytes: body,
      params,
      query: new URLSearchParams(query),
      address: request.address ?? '',
      signal,
    };
    // The table of calls ties name, schema and caller together; here they are looked up in it.
    const route = ROUTES[name] as Route<CallName>;
    const outgoing = await route(this.services, incoming as Incoming<CallName>);
    return serialize(call, outgoing);
  }
}

function parseBody(call: Call, contentType: string | undefined, body: Bytes): unknown {
  if (call.request === null) return undefined;
  const expected = call.request === 'binary' ? 'application/octet-stream' : 'application/json';
  if (contentType?.split(';', 1)[0]?.trim().toLowerCase() !== expected) {
    throw new FormatError(`the content type is not ${expected}`);
  }
  return call.request === 'binary' ? undefined : decodeJson(call.request, body);
}

function serialize(call: Call, outgoing: Outgoing<CallName>): Answer {
  if (call.answer === 'binary' || call.answer === 'events') {
    const type = call.answer === 'binary' ? 'application/octet-stream' : 'text/event-stream';
    const body = outgoing as Bytes | AsyncIterable<Bytes>;
    return { status: 200, headers: { 'content-type': type }, body };
  }
  return jsonAnswer(200, encodeJson(call.answer, outgoing));
}

function jsonAnswer(status: number, body: Bytes): Answer {
  return { status, headers: { 'content-type': 'application/json' }, body };
}
