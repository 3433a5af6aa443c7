import {
  CALLS,
  decodeJson,
  encodeJson,
  errorAnswer,
  type Call,
  type CallName,
  type ErrorAnswer,
  type RequestOf,
} from '@coffer/protocol/api';
import { concatBytes, type Bytes } from '@coffer/protocol/core';
import type { HttpRequest, HttpResponse } from '../http.ts';

export type Handle = (request: HttpRequest, signal?: AbortSignal) => Promise<HttpResponse>;

export interface TestReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly bytes: Bytes;
  /** The JSON that travelled, not decoded; undefined for binary answers. */
  readonly json: Record<string, unknown> | undefined;
  /** Of an error answer. */
  readonly error: ErrorAnswer['error'] | undefined;
  readonly code: string | undefined;
}

export interface TestRequest<N extends CallName> {
  readonly json?: RequestOf<N>;
  readonly bytes?: Bytes;
  readonly params?: Readonly<Record<string, string>>;
  readonly query?: string;
  readonly token?: string | undefined;
  readonly address?: string;
}

export async function readAll(body: AsyncIterable<Bytes>): Promise<Uint8Array<ArrayBuffer>> {
  const parts: Bytes[] = [];
  for await (const part of body) parts.push(part);
  return concatBytes(...parts);
}

/** Makes one call by its name in the table. */
export async function makeCall<N extends CallName>(
  handle: Handle,
  name: N,
  given: TestRequest<N> = {},
): Promise<TestReply> {
  const call: Call = CALLS[name];
  const path = call.path.replace(/:(\w+)/g, (_, key: string) => given.params?.[key] ?? '');
  const { request } = call;
  const isJson = request !== null && request !== 'binary';
  const body = isJson ? encodeJson(request, given.json) : given.bytes;
  const reply = await handle({
    method: call.method,
    path: given.query === undefined ? path : `${path}?${given.query}`,
    headers: {
      ...(given.token === undefined ? {} : { authorization: `Bearer ${given.token}` }),
      ...(request === null
        ? {}
        : { 'content-type': isJson ? 'application/json' : 'application/octet-stream' }),
    },
    ...(body === undefined ? {} : { body }),
    address: given.address ?? '192.0.2.1',
  });
  return readReply(reply);
}

export async function readReply(reply: HttpResponse): Promise<TestReply> {
  const bytes = await readAll(reply.body);
  const isJson = reply.headers['content-type'] === 'application/json';
  const json = isJson
    ? (JSON.parse(new TextDecoder().decode(bytes)) as Record<string, unknown>)
    : undefined;
  const error = json?.['error'] === undefined ? undefined : decodeJson(errorAnswer, bytes).error;
  return { status: reply.status, headers: reply.headers, bytes, json, error, code: error?.code };
}
