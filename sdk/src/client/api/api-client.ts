/**
 * The calls of docs/api.md over a transport. Requests are built and answers parsed by the same table
 * and schemas as the server's; an answer that does not fit them is an IntegrityError `malformed`.
 */
import {
  CALLS,
  COMMITS_ANSWER_SIZE_BYTES_MAX,
  decodeJson,
  encodeJson,
  errorAnswer,
  errorEntry,
  isErrorCode,
  PROOF_ANSWER_SIZE_BYTES_MAX,
  type AnswerOf,
  type CallName,
  type ErrorCode,
  type JsonCallName,
  type RequestOf,
} from '@coffer/protocol/api';
import {
  COMMIT_BODY_SIZE_BYTES_MAX,
  FormatError,
  IntegrityError,
  type Bytes,
} from '@coffer/protocol/core';
import {
  RemoteFault,
  type Clock,
  type HttpRequest,
  type HttpResponse,
  type HttpTransport,
  type Random,
  type RetryAdvice,
} from '../../ports/index.ts';
import { discardBody, readBody } from './http-body.ts';
import { DEFAULT_RETRY, withRetry, type RetryPolicy } from './retry.ts';

type Encodable = Parameters<typeof encodeJson>[0];

export interface ApiOptions {
  readonly transport: HttpTransport;
  readonly clock: Clock;
  readonly random: Random;
  readonly retry?: RetryPolicy | undefined;
}

export interface CallInput<Body> {
  /** Values of the `:name` segments of the path. */
  readonly params?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string | number>>;
  readonly body?: Body;
  /** Bearer token. */
  readonly token?: string;
}

const KIB = 1024;
const MIB = 1024 * KIB;
const JSON_SIZE_BYTES_MAX = MIB;
const REFUSAL_SIZE_BYTES_MAX = 512 * KIB;
const SPACE_CALLS = '/v1/spaces/';
const SIZE_BYTES_MAX: Partial<Record<CallName, number>> = {
  accountBundle: 16 * MIB,
  recoveryBundle: 16 * MIB,
  chain: 16 * MIB,
  commits: COMMITS_ANSWER_SIZE_BYTES_MAX + COMMIT_BODY_SIZE_BYTES_MAX + MIB,
  missing: 512,
  proof: PROOF_ANSWER_SIZE_BYTES_MAX,
};

export class ApiClient {
  readonly #options: ApiOptions;
  #sent = 0;
  #received = 0;

  constructor(options: ApiOptions) {
    this.#options = options;
  }

  /** Bytes of request and answer bodies about spaces: what syncing costs, without sessions. */
  bytesOnWire(): { readonly sent: number; readonly received: number } {
    return { sent: this.#sent, received: this.#received };
  }

  /** A call whose answer is JSON. Throws RemoteFault for every refusal. */
  async call<N extends JsonCallName>(
    name: N,
    input: CallInput<RequestOf<N> | Bytes>,
    signal: AbortSignal,
  ): Promise<AnswerOf<N>> {
    const bytes = await this.callBinary(name, { ...input, body: encodeBody(name, input) }, signal);
    return parseAnswer(name, bytes);
  }

  /** `call` that is sent once: for what only makes sense again together with other calls. */
  async callOnce<N extends JsonCallName>(
    name: N,
    input: CallInput<RequestOf<N> | Bytes>,
    signal: AbortSignal,
  ): Promise<AnswerOf<N>> {
    const bytes = await this.#readOnce(name, { ...input, body: encodeBody(name, input) }, signal);
    return parseAnswer(name, bytes);
  }

  /** A call whose answer is taken as bytes. */
  async callBinary(
    name: CallName,
    input: CallInput<Bytes | undefined>,
    signal: AbortSignal,
  ): Promise<Uint8Array<ArrayBuffer>> {
    return this.retried(signal, () => this.#readOnce(name, input, signal));
  }

  /** A call whose answer is read as it comes. Only what happens before its body is retried. */
  async openStream(
    name: CallName,
    input: CallInput<Bytes | undefined>,
    signal: AbortSignal,
  ): Promise<HttpResponse> {
    return this.retried(signal, () => this.#exchange(name, input, signal));
  }

  /** Runs `action` as often as the policy lets one call be sent. */
  retried<T>(signal: AbortSignal, action: () => Promise<T>): Promise<T> {
    const { clock, random, retry } = this.#options;
    return withRetry({ policy: retry ?? DEFAULT_RETRY, clock, random, signal }, action);
  }

  async #readOnce(
    name: CallName,
    input: CallInput<Bytes | undefined>,
    signal: AbortSignal,
  ): Promise<Uint8Array<ArrayBuffer>> {
    const response = await this.#exchange(name, input, signal);
    return readBody(response, SIZE_BYTES_MAX[name] ?? JSON_SIZE_BYTES_MAX);
  }

  async #exchange(
    name: CallName,
    input: CallInput<Bytes | undefined>,
    signal: AbortSignal,
  ): Promise<HttpResponse> {
    const isCounted = CALLS[name].path.startsWith(SPACE_CALLS);
    if (isCounted) this.#sent += input.body?.length ?? 0;
    const response = await this.#options.transport.request(requestOf(name, input), signal);
    const counted = isCounted ? { ...response, body: this.#counted(response.body) } : response;
    if (response.headers['content-encoding'] !== undefined) {
      await discardBody(counted);
      throw new IntegrityError('malformed', 'an answer is encoded, which was not asked for');
    }
    if (response.status >= 200 && response.status < 300) return counted;
    throw await refusalOf(counted);
  }

  async *#counted(body: AsyncIterable<Bytes>): AsyncGenerator<Bytes, void, undefined> {
    for await (const part of body) {
      this.#received += part.length;
      yield part;
    }
  }
}

function requestOf(name: CallName, input: CallInput<Bytes | undefined>): HttpRequest {
  const call = CALLS[name];
  const path = call.path.replace(/:([a-z]+)/g, (_, segment: string) =>
    encodeURIComponent(input.params?.[segment] ?? ''),
  );
  const query = Object.entries(input.query ?? {})
    .map(([key, value]) => `${key}=${encodeURIComponent(value)}`)
    .join('&');
  const { body, token } = input;
  const contentType = call.request === 'binary' ? 'application/octet-stream' : 'application/json';
  return {
    method: call.method,
    path: query === '' ? path : `${path}?${query}`,
    headers: {
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { 'content-type': contentType }),
    },
    ...(body === undefined ? {} : { body }),
  };
}

function encodeBody<N extends JsonCallName>(
  name: N,
  { body }: CallInput<RequestOf<N> | Bytes>,
): Bytes | undefined {
  if (body === undefined) return undefined;
  if (body instanceof Uint8Array) return body;
  const schema = CALLS[name].request;
  if (schema === null || schema === 'binary') return undefined;
  return encodeJson(schema as Encodable, body);
}

function parseAnswer<N extends JsonCallName>(name: N, bytes: Bytes): AnswerOf<N> {
  try {
    return decodeJson(CALLS[name].answer as Encodable, bytes) as AnswerOf<N>;
  } catch (cause) {
    if (!(cause instanceof FormatError)) throw cause;
    throw new IntegrityError('malformed', `the answer to ${name} is malformed`, { cause });
  }
}

/** The fault that a refusing answer means. One that is not in our form came from something between. */
async function refusalOf(response: HttpResponse): Promise<RemoteFault> {
  const { status } = response;
  const error = await readRefusal(response);
  if (error === undefined) {
    const code: ErrorCode = status >= 500 ? 'unavailable' : 'internal';
    const retry: RetryAdvice = status >= 500 ? { kind: 'after', delayMs: null } : { kind: 'never' };
    return new RemoteFault(code, `the server answered ${status}`, { retry, details: { status } });
  }
  const code = isErrorCode(error.code) ? error.code : 'internal';
  const isRemoved = code === 'device-revoked';
  const what = isRemoved
    ? 'this device was removed from the account'
    : `the server refused: ${code}`;
  return new RemoteFault(code, what, {
    retry: adviceFor(code, error.retryAfterMs),
    details: { status, seq: error.seq, ids: error.ids, rule: error.rule },
  });
}

async function readRefusal(response: HttpResponse) {
  try {
    return decodeJson(errorAnswer, await readBody(response, REFUSAL_SIZE_BYTES_MAX)).error;
  } catch (error) {
    if (error instanceof IntegrityError || error instanceof FormatError) return undefined;
    throw error;
  }
}

/** Codes that say "look again first": sending the same once more would be refused once more. */
const NEEDS_ANOTHER_REQUEST: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'head-moved',
  'content-missing',
  'bundle-moved',
  'chain-moved',
]);

function adviceFor(code: ErrorCode, retryAfterMs: number | undefined): RetryAdvice {
  const { retry } = errorEntry(code);
  if (retry === 'after-user') return { kind: 'after-user-action' };
  if (retry === 'never' || NEEDS_ANOTHER_REQUEST.has(code)) return { kind: 'never' };
  return { kind: 'after', delayMs: retryAfterMs ?? null };
}
