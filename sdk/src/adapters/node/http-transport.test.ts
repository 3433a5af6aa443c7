import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import test from 'node:test';
import { gzipSync } from 'node:zlib';
import { concatBytes, type Bytes } from '@coffer/protocol/core';
import { RemoteFault, type HttpRequest, type HttpResponse } from '../../ports/index.ts';
import { createNodeHttpTransport, type NodeHttpTransport } from './http-transport.ts';

const never = new AbortController().signal;
const GET: HttpRequest = { method: 'GET', path: '/', headers: {} };

class TestServer implements AsyncDisposable {
  readonly #server: Server;
  connections = 0;
  readonly origin: string;
  readonly transport: NodeHttpTransport;

  private constructor(server: Server, idleTimeoutMs: number) {
    this.#server = server;
    const { port } = server.address() as AddressInfo;
    server.on('connection', () => this.connections++);
    this.origin = `http://127.0.0.1:${port}`;
    this.transport = createNodeHttpTransport({ origin: this.origin, idleTimeoutMs });
  }

  static async start(listener: RequestListener, idleTimeoutMs = 2000): Promise<TestServer> {
    const server = createServer(listener).listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new TestServer(server, idleTimeoutMs);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.transport[Symbol.dispose]();
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }
}

async function bodyOf(response: HttpResponse): Promise<Bytes> {
  const parts: Bytes[] = [];
  for await (const part of response.body) parts.push(part);
  return concatBytes(...parts);
}

function isNetworkFault(error: unknown): boolean {
  return error instanceof RemoteFault && error.code === 'network' && error.retry.kind === 'after';
}

test('a request carries its body and headers, and the answer comes as it was sent', async () => {
  await using server = await TestServer.start((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      response.writeHead(201, { 'x-seen': request.headers['content-type'] });
      response.end(Buffer.concat(parts).reverse());
    });
  });
  const body = Uint8Array.of(1, 2, 3);
  const headers = { 'content-type': 'application/octet-stream' };
  const request: HttpRequest = { method: 'POST', path: '/x?y=1', headers, body };
  const response = await server.transport.request(request, never);
  assert.equal(response.status, 201);
  assert.equal(response.headers['x-seen'], 'application/octet-stream');
  assert.deepEqual([...(await bodyOf(response))], [3, 2, 1]);
});

test('connections are kept for the next request', async () => {
  await using server = await TestServer.start((_, response) => response.end('x'));
  for (let i = 0; i < 3; i++) await bodyOf(await server.transport.request(GET, never));
  assert.equal(server.connections, 1);
});

test('a redirect is an answer like any other, and is not followed', async () => {
  let seen = 0;
  await using server = await TestServer.start((_, response) => {
    seen++;
    response.writeHead(307, { location: '/elsewhere' }).end();
  });
  const response = await server.transport.request(GET, never);
  assert.deepEqual([response.status, seen], [307, 1]);
});

test('a request does not leave its server', async () => {
  await using server = await TestServer.start((_, response) => response.end());
  const request = { ...GET, path: '//other.example/x' };
  await assert.rejects(server.transport.request(request, never), RangeError);
});

test('nothing is decompressed, and nothing compressed is asked for', async () => {
  const packed = gzipSync(Buffer.alloc(100_000));
  let asked: unknown;
  await using server = await TestServer.start((request, response) => {
    asked = request.headers['accept-encoding'];
    response.writeHead(200, { 'content-encoding': 'gzip' }).end(packed);
  });
  const response = await server.transport.request(GET, never);
  assert.deepEqual(Buffer.from(await bodyOf(response)), packed);
  assert.equal(asked, 'identity');
});

test('an answer that breaks off is a fault that may be tried again', async () => {
  await using server = await TestServer.start((_, response) => {
    response.writeHead(200, { 'content-length': '100' });
    response.write('half', () => response.destroy());
  });
  const response = await server.transport.request(GET, never);
  await assert.rejects(bodyOf(response), isNetworkFault);
});

test('a server that does not answer at all is a fault that may be tried again', async () => {
  await using silent = await TestServer.start(() => undefined, 50);
  await assert.rejects(silent.transport.request(GET, never), isNetworkFault);
  const closed = createNodeHttpTransport({ origin: 'http://127.0.0.1:9' });
  await assert.rejects(closed.request(GET, never), isNetworkFault);
});

test('a stream that stalls is a fault, one that trickles is not', async () => {
  await using server = await TestServer.start((request, response) => {
    response.write('a');
    if (request.url === '/stalls') return;
    let left = 5;
    const timer = setInterval(() => {
      response.write('b');
      if (--left > 0) return;
      clearInterval(timer);
      response.end();
    }, 30);
  }, 100);
  const trickles = await server.transport.request(GET, never);
  assert.equal((await bodyOf(trickles)).length, 6);
  const stalls = await server.transport.request({ ...GET, path: '/stalls' }, never);
  await assert.rejects(bodyOf(stalls), isNetworkFault);
});

test('an abort ends a request with its own reason, before and while the answer comes', async () => {
  await using server = await TestServer.start((request, response) => {
    if (request.url === '/streams') response.write('a');
  });
  const reason = new Error('enough');
  const early = new AbortController();
  const waiting = server.transport.request(GET, early.signal);
  early.abort(reason);
  await assert.rejects(waiting, reason);
  const late = new AbortController();
  const response = await server.transport.request({ ...GET, path: '/streams' }, late.signal);
  const reading = bodyOf(response);
  late.abort(reason);
  await assert.rejects(reading, reason);
  await assert.rejects(server.transport.request(GET, late.signal), reason);
});

test('leaving the body of an answer early ends the exchange', async () => {
  await using server = await TestServer.start((_, response) => {
    const more = (): void => {
      while (!response.destroyed && response.write(Buffer.alloc(65_536)));
    };
    response.on('drain', more);
    more();
  });
  const response = await server.transport.request(GET, never);
  for await (const part of response.body) {
    assert.ok(part.length > 0);
    break;
  }
  const again = await server.transport.request(GET, never);
  assert.equal(again.status, 200);
});

test('bodies go and come in slices, each after its pace was asked', async () => {
  const body = Buffer.alloc(100_000, 7);
  await using server = await TestServer.start((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => response.end(Buffer.concat(parts)));
  });
  const asked: Record<'sent' | 'received', number[]> = { sent: [], received: [] };
  const pace = {
    send: async (bytes: number) => void asked.sent.push(bytes),
    receive: async (bytes: number) => void asked.received.push(bytes),
  };
  using transport = createNodeHttpTransport({ origin: server.origin, pace });
  const request: HttpRequest = { method: 'POST', path: '/', headers: {}, body };
  const response = await transport.request(request, never);
  assert.deepEqual(Buffer.from(await bodyOf(response)), body);
  const sum = (list: readonly number[]): number => list.reduce((a, b) => a + b, 0);
  assert.deepEqual([sum(asked.sent), sum(asked.received)], [100_000, 100_000]);
  assert.ok(Math.max(...asked.sent) <= 16_384);
});

test('with a proxy every request goes through it, also to this computer', async () => {
  const asked: string[] = [];
  await using server = await TestServer.start((_, response) => response.end('direct'));
  await using proxy = await TestServer.start((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    response.end('by the proxy');
  });
  using transport = createNodeHttpTransport({ origin: server.origin, proxy: proxy.origin });
  const body = await bodyOf(await transport.request(GET, never));
  assert.equal(Buffer.from(body).toString(), 'by the proxy');
  assert.deepEqual(asked, [`GET ${server.origin}/`]);
  assert.equal(server.connections, 0);
});

test('no proxy elsewhere sees plain http to this computer', async () => {
  await using server = await TestServer.start((_, response) => response.end('direct'));
  const proxy = 'http://192.0.2.1:3128';
  for (const origin of [server.origin, server.origin.replace('127.0.0.1', 'localhost')]) {
    using transport = createNodeHttpTransport({ origin, proxy });
    const body = await bodyOf(await transport.request(GET, AbortSignal.timeout(5000)));
    assert.equal(Buffer.from(body).toString(), 'direct');
  }
});

test('a proxy that does not answer is a fault that may be tried again', async () => {
  const origin = 'https://drive.example.org';
  using transport = createNodeHttpTransport({ origin, proxy: 'http://127.0.0.1:9' });
  await assert.rejects(transport.request(GET, never), isNetworkFault);
});

test('an abort while the last bytes are read ends nothing but this answer', async () => {
  const size = 300_000;
  await using server = await TestServer.start((_, response) => {
    response.write(Buffer.alloc(size));
    setImmediate(() => response.end());
  });
  for (let i = 0; i < 20; i++) {
    const ending = new AbortController();
    const { body } = await server.transport.request(GET, ending.signal);
    let received = 0;
    try {
      for await (const part of body) {
        received += part.length;
        if (received === size) ending.abort();
      }
    } catch (error) {
      assert.equal(error, ending.signal.reason);
    }
    assert.equal(received, size);
  }
  // An error of a connection that nobody listens to would have come by now.
  await new Promise(setImmediate);
  assert.equal((await bodyOf(await server.transport.request(GET, never))).length, size);
});
