/** Requests and answers as the application sees them, whatever brings them. */
import type { Bytes } from '@coffer/protocol/core';

export interface HttpRequest {
  readonly method: string;
  /** Path and query, beginning with `/`. */
  readonly path: string;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Bytes;
  /** Of the peer, for limits on tries. */
  readonly address?: string;
}

export interface HttpResponse {
  readonly status: number;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  /** To be consumed once. Breaks off with an error when the server cannot go on. */
  readonly body: AsyncIterable<Bytes>;
}

/** As the application makes it: bytes where all of them are known. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Bytes | AsyncIterable<Bytes>;
}

export async function* bodyOf({ body }: Answer): AsyncGenerator<Bytes, void, void> {
  if (!(body instanceof Uint8Array)) yield* body;
  else if (body.length > 0) yield body;
}
