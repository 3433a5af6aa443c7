import type { Handle } from './test-client.ts';

/** Brings requests to a server that listens at `url`. */
export function createHttpHandle(url: string): Handle {
  return async ({ method, path, headers, body }, signal) => {
    const reply = await fetch(url + path, {
      method,
      headers,
      redirect: 'error',
      ...(body === undefined ? {} : { body: Uint8Array.from(body) }),
      ...(signal === undefined ? {} : { signal }),
    });
    const parts = reply.body ?? new ReadableStream({ start: (stream) => stream.close() });
    return {
      status: reply.status,
      headers: Object.fromEntries(reply.headers),
      body: parts as AsyncIterable<Uint8Array>,
    };
  };
}
