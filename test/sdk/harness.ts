/**
 * A server in this process and devices of one account that reach it without sockets. Every exchange
 * goes through `answer`, where a test may put something else in the place of what the server said.
 */
import { concatBytes, type Bytes } from '@coffer/protocol/core';
import type { WholeSuite } from '@coffer/protocol/crypto';
import { createNodeOpenSuite } from '@coffer/protocol/suites/node-open';
import {
  networkFault,
  openDrive,
  type Clock,
  type DeviceSecrets,
  type Drive,
  type HttpRequest,
  type HttpTransport,
  type KeyStore,
  type SpaceStore,
} from '@coffer/sdk';
import { startNodeSha256, systemRandom, yieldNodeTurn } from '@coffer/sdk/node';
import { createMemoryKeyStore, createMemorySpaceStore } from '@coffer/sdk/testing';
import { createMemoryServer, type MemoryServer } from '@coffer/server/testing';
import { anyPassword, makeAccount } from '../simulation/accounts.ts';

export const signal = new AbortController().signal;

/** Stands still but for sleeps, which pass at once. */
export class TestClock implements Clock {
  time = Date.UTC(2030, 0, 1);
  readonly now = (): number => this.time;
  readonly sleep = async (ms: number, until?: AbortSignal): Promise<void> => {
    until?.throwIfAborted();
    this.time += ms;
    await yieldNodeTurn();
  };
}

export interface Exchange {
  readonly request: HttpRequest;
  readonly status: number;
  readonly body: Bytes;
}

/** What the client gets; `lost` breaks the connection after the server did its work. */
export type Answerer = (exchange: Exchange) => Bytes | 'lost';

export interface Device {
  readonly drive: Drive;
  readonly secrets: DeviceSecrets;
  readonly store: SpaceStore;
  readonly keyStore: KeyStore;
  /** Method and path of every request, ids left out. */
  readonly requests: string[];
  /** Changed by tests: honest at first. */
  answer: Answerer;
  /** Changed by tests: throws when the request must not arrive. */
  before: (request: HttpRequest) => void;
  /** The same device after a restart: what is stored stays. */
  readonly reopen: () => Promise<Drive>;
}

export const honest: Answerer = ({ body }) => body;

export class World implements AsyncDisposable {
  readonly clock: TestClock;
  readonly suite: WholeSuite;
  readonly server: MemoryServer;
  readonly devices: readonly Device[];

  private constructor(parts: Pick<World, 'clock' | 'suite' | 'server' | 'devices'>) {
    this.clock = parts.clock;
    this.suite = parts.suite;
    this.server = parts.server;
    this.devices = parts.devices;
  }

  /** One account with these devices, each with its drive open. */
  static create(...names: readonly string[]): Promise<World> {
    return World.createLimited(null, ...names);
  }

  /** The same, with so much storage. */
  static async createLimited(
    quotaBytes: number | null,
    ...names: readonly string[]
  ): Promise<World> {
    const clock = new TestClock();
    const suite = await createNodeOpenSuite();
    const server = await createMemoryServer({
      clock,
      random: systemRandom,
      passwords: anyPassword,
      policy: { quotaBytes },
    });
    const accounts = await makeAccount(withJsonBodies(server), suite, names, clock.now());
    const devices: Device[] = [];
    for (const secrets of accounts) devices.push(await openDevice(server, suite, clock, secrets));
    return new World({ clock, suite, server, devices });
  }

  /** The first two devices; one device stands for both where a test has only one. */
  get pair(): readonly [Device, Device] {
    const [first, second = first] = this.devices;
    if (first === undefined || second === undefined) throw new RangeError('a world has a device');
    return [first, second];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server.close();
  }
}

/** Every request of `makeAccount` is JSON. */
function withJsonBodies(server: MemoryServer): MemoryServer {
  const headers = { 'content-type': 'application/json' };
  return {
    ...server,
    handle: (request, until) =>
      server.handle({ ...request, headers: { ...headers, ...request.headers } }, until),
  };
}

async function openDevice(
  server: MemoryServer,
  suite: WholeSuite,
  clock: Clock,
  secrets: DeviceSecrets,
): Promise<Device> {
  const store = createMemorySpaceStore();
  const keyStore = createMemoryKeyStore(secrets);
  const requests: string[] = [];
  const hooks: Pick<Device, 'answer' | 'before'> = { answer: honest, before: () => {} };
  const transport: HttpTransport = {
    request: async (request, until) => {
      requests.push(`${request.method} ${request.path.replaceAll(/[0-9a-f]{32}/g, ':id')}`);
      hooks.before(request);
      until.throwIfAborted();
      const response = await server.handle(request, until);
      until.throwIfAborted();
      // The stream of events has no end; it is passed on as it comes.
      if (request.path.startsWith('/v1/events')) return response;
      const parts: Bytes[] = [];
      for await (const part of response.body) parts.push(part);
      const exchange = { request, status: response.status, body: concatBytes(...parts) };
      const answer = hooks.answer(exchange);
      if (answer === 'lost') throw networkFault('the answer was lost', undefined);
      return { ...response, headers: {}, body: once(answer) };
    },
  };
  const open = async (): Promise<Drive> =>
    openDrive(
      {
        transport,
        suite,
        clock,
        random: systemRandom,
        secrets: (await keyStore.load()) ?? secrets,
        keyStore,
        store,
        startSha256: startNodeSha256,
        yieldTurn: yieldNodeTurn,
        platform: 'test',
      },
      signal,
    );
  const drive = await open();
  return Object.assign(hooks, { drive, secrets, store, keyStore, requests, reopen: open });
}

async function* once(body: Bytes): AsyncGenerator<Bytes, void, undefined> {
  if (body.length > 0) yield body;
}

/** Puts a file of one chunk whose content is `text`. */
export async function putText(drive: Drive, path: string, text: string): Promise<void> {
  const source = [new TextEncoder().encode(text)];
  const made = await drive.put(path, source, { makeParents: true }, signal);
  if (!made.ok) throw new Error(`${path}: ${made.error.code}`);
}

export async function readText(drive: Drive, path: string, version?: number): Promise<string> {
  const parts: Bytes[] = [];
  const sink = { write: (part: Bytes) => void parts.push(new Uint8Array(part)) };
  const got = await drive.get(path, sink, version === undefined ? {} : { version }, signal);
  if (!got.ok) throw new Error(`${path}: ${got.error.code}`);
  return new TextDecoder().decode(concatBytes(...parts));
}

/** Every path of the drive. */
export function paths(drive: Drive): readonly string[] {
  const listed = drive.list('/', { recursive: true });
  if (!listed.ok) throw new Error(listed.error.code);
  return listed.value.entries.map(({ path }) => path);
}
