/** `GET /metrics`, on an address of its own: who may use the service need not see how it does. */
import { createHash, timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { Metrics } from '../metrics.ts';
import { SetupError } from './password-setup-file.ts';
import type { Address } from './listener.ts';

export interface MetricsOptions extends Address {
  /** Asked for as a bearer token. Without one only this machine may ask. */
  readonly token?: string;
}

const TOKEN_LENGTH_MIN = 16;
const TIMEOUT_MS = 10_000;

/** Throws SetupError when others could ask without a token. */
export function checkMetricsOptions({ host, token }: MetricsOptions): void {
  const isLoopback = host === 'localhost' || host === '::1' || /^127(\.\d+){3}$/.test(host);
  if (token === undefined && !isLoopback) {
    throw new SetupError(
      `metrics on ${host} can be read by other machines. Set COFFER_METRICS_TOKEN, or listen on 127.0.0.1.`,
    );
  }
  if (token !== undefined && token.length < TOKEN_LENGTH_MIN) {
    throw new SetupError(`COFFER_METRICS_TOKEN has fewer than ${TOKEN_LENGTH_MIN} characters.`);
  }
}

export interface MetricsListener {
  readonly url: string;
  readonly close: () => Promise<void>;
}

export async function listenForMetrics(
  metrics: Metrics,
  options: MetricsOptions,
): Promise<MetricsListener> {
  checkMetricsOptions(options);
  const server = createServer((request, response) => {
    const isMetrics = request.method === 'GET' && request.url === '/metrics';
    const isAllowed = isRight(request.headers.authorization, options.token);
    const status = isAllowed ? (isMetrics ? 200 : 404) : 401;
    response.writeHead(status, {
      'content-type': 'text/plain; version=0.0.4; charset=utf-8',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      connection: 'close',
    });
    response.end(status === 200 ? metrics.render() : '');
  });
  server.setTimeout(TIMEOUT_MS);
  server.requestTimeout = TIMEOUT_MS;
  server.listen(options.port, options.host);
  await once(server, 'listening').catch((cause: unknown) => {
    const place = `${options.host}:${options.port}`;
    throw new SetupError(`metrics cannot be answered on ${place}. Choose another address.`, {
      cause,
    });
  });
  return { url: `${originOf(server)}/metrics`, close: () => close(server) };
}

function isRight(authorization: string | undefined, token: string | undefined): boolean {
  if (token === undefined) return true;
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(authorization ?? ''), digest(`Bearer ${token}`));
}

function originOf(server: Server): string {
  const bound = server.address();
  if (bound === null || typeof bound === 'string') throw new Error('not listening on a port');
  const host = bound.family === 'IPv6' ? `[${bound.address}]` : bound.address;
  return `http://${host}:${bound.port}`;
}

async function close(server: Server): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  server.closeAllConnections();
  await closed;
}
