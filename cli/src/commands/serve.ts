/** `serve`: the server alone. */
import {
  checkServerOptions,
  createServer,
  keepHeapsSmall,
  type Server,
  type ServerOptions,
} from '@coffer/server';
import { once } from 'node:events';
import { resolve } from 'node:path';
import type { CommandRun, ParsedInput } from '../command.ts';
import type { CommandContext } from '../context.ts';
import { CliFailure, EXIT, UsageFailure } from '../failure.ts';

const DEFAULT_HOST = '127.0.0.1';
const DEFAULT_PORT = 8420;

type Urls = Awaited<ReturnType<Server['listen']>>;

interface Listen {
  readonly host: string;
  readonly port: number;
}

export const serve: CommandRun = async (context, input) => {
  const listen = parseListen(input.value('listen'));
  const options = optionsOf(context, input);
  const { dataDir } = options;
  if (input.has('check')) {
    await checkServerOptions(options);
    context.output.result({ data: dataDir, ...listen, ok: true }, () => [
      `The configuration is right: ${listen.host}:${listen.port}, data in ${dataDir}.`,
    ]);
    return EXIT.done;
  }
  return runServer(context, options, listen, ({ url, metricsUrl }) => {
    const metrics = metricsUrl === undefined ? {} : { metrics: metricsUrl };
    context.output.result({ event: 'ready', url, pid: process.pid, ...metrics }, () => [
      url,
      'ready',
    ]);
  });
};

export function optionsOf({ env }: CommandContext, input: ParsedInput): ServerOptions {
  const metrics = input.value('metrics');
  const token = env['COFFER_METRICS_TOKEN'];
  return {
    dataDir: resolve(input.value('data') ?? 'coffer-data'),
    log: parseLevel(input.value('log')),
    ...parsePublicUrl(input.value('public-url')),
    ...(metrics === undefined
      ? {}
      : { metrics: { ...parseListen(metrics), ...(token === undefined ? {} : { token }) } }),
  };
}

function parseLevel(text = 'error'): 'silent' | 'error' | 'info' {
  if (text === 'silent' || text === 'error' || text === 'info') return text;
  throw new UsageFailure(`'${text}' is no level of the log`, 'Write silent, error or info.');
}

/** Serves until `work` has ended; by itself it waits for the signal. */
export async function runServer(
  { signal }: CommandContext,
  options: ServerOptions,
  listen: Listen,
  work: (urls: Urls) => Promise<void> | void,
): Promise<number> {
  keepHeapsSmall();
  const server = await createServer(options);
  try {
    const urls = await server.listen(listen).catch((error: unknown) => {
      throw listenFailure(error, listen);
    });
    await work(urls);
    if (!signal.aborted) await once(signal, 'abort');
  } finally {
    await server.close();
  }
  return EXIT.done;
}

function listenFailure(error: unknown, { host, port }: Listen): unknown {
  if (!(error instanceof Error) || !('code' in error)) return error;
  if (error.code === 'EADDRINUSE') {
    return new CliFailure(
      'failed',
      `${host}:${port} is in use by another program`,
      'Choose another with --listen HOST:PORT; port 0 takes a free one.',
      { cause: error },
    );
  }
  if (error.code === 'EACCES' || error.code === 'EADDRNOTAVAIL') {
    return new CliFailure(
      'failed',
      `cannot listen on ${host}:${port}`,
      'Choose an address of this machine and a port above 1023.',
      { cause: error },
    );
  }
  return error;
}

export function parseListen(text: string | undefined): Listen {
  if (text === undefined) return { host: DEFAULT_HOST, port: DEFAULT_PORT };
  const { host, port } =
    /^(?<host>\[[0-9a-f:]+\]|[^:]+):(?<port>\d{1,5})$/i.exec(text)?.groups ?? {};
  if (host === undefined || Number(port) > 65_535) {
    throw new UsageFailure(`'${text}' is not HOST:PORT`, 'Write 127.0.0.1:8420 or [::1]:8420.');
  }
  return { host: host.replace(/^\[|\]$/g, ''), port: Number(port) };
}

function parsePublicUrl(text: string | undefined): { publicUrl?: string } {
  if (text === undefined) return {};
  if (!/^https?:$/.test(URL.parse(text)?.protocol ?? '')) {
    throw new UsageFailure(`'${text}' is not an http or https address`);
  }
  return { publicUrl: text };
}
