/** What the control server sends: every answer with the same strict headers, and none for other origins. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { errorEntry, isErrorCode } from '@coffer/protocol/api/error-codes';
import type { FailureShape } from '../contract/index.ts';

export const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data: blob:",
  "font-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const HEADERS = {
  'cache-control': 'no-store',
  'content-security-policy': CONTENT_SECURITY_POLICY,
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
} as const;

export function send(
  response: ServerResponse,
  status: number,
  headers: Readonly<Record<string, string>>,
  body: string | Uint8Array = '',
): void {
  response.writeHead(status, { ...HEADERS, ...headers });
  response.end(body);
}

/** Begins an answer whose body comes in parts. */
export function begin(response: ServerResponse, type: string): void {
  response.writeHead(200, { ...HEADERS, 'content-type': type });
  response.flushHeaders();
}

export function sendJson(response: ServerResponse, status: number, value: unknown): void {
  send(response, status, { 'content-type': 'application/json' }, JSON.stringify(value));
}

export function sendFailure(response: ServerResponse, failure: FailureShape): void {
  const status = isErrorCode(failure.code) ? errorEntry(failure.code).status : null;
  sendJson(response, status ?? 422, { error: failure });
}

export function sendPage(response: ServerResponse, status: number, sentence: string): void {
  const body = `<!doctype html><html lang="en"><meta charset="utf-8"><title>Coffer</title><p>${sentence}</p></html>\n`;
  send(response, status, { 'content-type': 'text/html; charset=utf-8' }, body);
}

/** The body as text; undefined when it has more than `bytesMax`, without reading on. */
export async function readBody(
  request: IncomingMessage,
  bytesMax: number,
): Promise<string | undefined> {
  const parts: Buffer[] = [];
  let length = 0;
  if (Number(request.headers['content-length'] ?? 0) > bytesMax) return undefined;
  // What is not read is left there: the answer still has to go out on the same connection.
  const body = request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>;
  for await (const part of body) {
    length += part.length;
    if (length > bytesMax) return undefined;
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}
