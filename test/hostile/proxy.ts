/**
 * A proxy between a client and its server: it records what leaves the client and may answer with
 * something else than the server said. Loopback only.
 */
import { createServer, request, type IncomingMessage, type Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';

export interface Exchange {
  readonly method: string;
  readonly path: string;
  readonly requestBody: Buffer;
  readonly status: number;
  readonly body: Buffer;
}

/** The answer that the client gets; undefined breaks the connection off. */
export type Mutation = (
  exchange: Exchange,
) => { readonly status: number; readonly body: Buffer } | undefined;

export const HONEST: Mutation = ({ status, body }) => ({ status, body });

export class HostileProxy implements AsyncDisposable {
  /** Everything that left the client since the proxy was made: request lines, headers and bodies. */
  readonly sent: Buffer[] = [];
  /** Exchanges that the current mutation changed: a test whose mutation never fired proves nothing. */
  fired = 0;
  #mutation: Mutation = HONEST;
  readonly #server: Server;
  /** Set once the server behind it runs: the server must know the proxy's address first. */
  upstream = '';

  private constructor() {
    this.#server = createServer((incoming, outgoing) => {
      this.#forward(incoming)
        .then((exchange) => {
          const answer = this.#mutation(exchange);
          if (
            answer === undefined ||
            answer.status !== exchange.status ||
            !answer.body.equals(exchange.body)
          ) {
            this.fired++;
          }
          if (answer === undefined) {
            outgoing.destroy();
            return;
          }
          outgoing.writeHead(answer.status, {
            'content-type': this.#contentType,
            'content-length': answer.body.length,
          });
          outgoing.end(answer.body);
        })
        .catch(() => outgoing.destroy());
    });
  }

  #contentType = 'application/octet-stream';

  static async start(): Promise<HostileProxy> {
    const proxy = new HostileProxy();
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    return proxy;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Answers pass through `mutation` until the next call. */
  answerWith(mutation: Mutation): void {
    this.fired = 0;
    this.#mutation = mutation;
  }

  async #forward(incoming: IncomingMessage): Promise<Exchange> {
    const requestBody = await readAll(incoming);
    this.sent.push(
      Buffer.from(`${incoming.method} ${incoming.url}\n${incoming.rawHeaders.join('\n')}\n`),
      requestBody,
    );
    const outgoing = request(this.upstream + (incoming.url ?? ''), {
      method: incoming.method ?? 'GET',
      headers: { ...incoming.headers, host: new URL(this.upstream).host },
    });
    outgoing.end(requestBody);
    const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
    this.#contentType = response.headers['content-type'] ?? 'application/octet-stream';
    return {
      method: incoming.method ?? 'GET',
      path: incoming.url ?? '',
      requestBody,
      status: response.statusCode ?? 0,
      body: await readAll(response),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }
}

async function readAll(stream: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of stream) parts.push(part as Buffer);
  return Buffer.concat(parts);
}
