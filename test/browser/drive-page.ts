/** What the browser test loads into a page: both clients of the library, over a transport of the test. */
import { base64UrlToBytes, bytesToBase64Url, concatBytes, type Bytes } from '@coffer/protocol/core';
import { createWebOpenSuite } from '@coffer/protocol/suites/web-open';
import {
  openDrive,
  openLazyDrive,
  type Clock,
  type DeviceSecrets,
  type HttpTransport,
} from '@coffer/sdk';
import {
  createMemoryKeyStore,
  createMemoryPinStore,
  createMemorySpaceStore,
} from '@coffer/sdk/testing';

/** An exchange as it crosses into the page: bytes are base64url. */
export interface CarriedRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface CarriedAnswer {
  readonly status: number;
  readonly body: string;
}

/** Device secrets whose bytes are base64url. */
export type CarriedSecrets = Readonly<Record<string, string | number>>;

/** What the page offers to the test, and what the test gives it. */
export interface DrivePage {
  exchange: (request: CarriedRequest) => Promise<CarriedAnswer>;
  /** Names in the root by the full and by the lazy client, and a content by each; or what it threw. */
  look: (secrets: CarriedSecrets) => Promise<string>;
}

const page = globalThis as unknown as DrivePage;
const { signal } = new AbortController();
const clock: Clock = {
  now: () => Date.UTC(2030, 0, 1),
  sleep: (ms) => new Promise((resolve) => setTimeout(resolve, Math.min(ms, 10))),
};
const transport: HttpTransport = {
  request: async ({ body, ...request }) => {
    const carried = body === undefined ? {} : { body: bytesToBase64Url(body) };
    const answer = await page.exchange({ ...request, ...carried });
    return { status: answer.status, headers: {}, body: once(base64UrlToBytes(answer.body)) };
  },
};

page.look = async (carried) => {
  try {
    return await look(secretsOf(carried));
  } catch (error) {
    return `${String(error)} ${String(Object(error)['code'])}`;
  }
};

async function look(secrets: DeviceSecrets): Promise<string> {
  const suite = await createWebOpenSuite();
  const options = {
    transport,
    suite,
    clock,
    random: { bytes: (length: number) => crypto.getRandomValues(new Uint8Array(length)) },
    secrets,
    keyStore: createMemoryKeyStore(secrets),
    startSha256: () => {
      const parts: Bytes[] = [];
      return {
        update: (part: Bytes) => void parts.push(part.slice()),
        digest: () => suite.sha256(concatBytes(...parts)),
      };
    },
    yieldTurn: () => new Promise<void>((resolve) => setTimeout(resolve, 0)),
  };
  const lazy = await openLazyDrive({ ...options, pins: createMemoryPinStore() }, signal);
  const store = createMemorySpaceStore();
  const full = await openDrive({ ...options, store, platform: 'browser' }, signal);
  await full.put(
    '/from the page',
    [new TextEncoder().encode('written in the page')],
    { makeParents: false },
    signal,
  );
  const lazily = await lazy.list('/', signal);
  const fully = full.list('/');
  if (!lazily.ok || !fully.ok) return 'refused';
  const names = [lazily, fully].map(({ value }) => value.entries.map(({ path }) => path).join(' '));
  const parts: Bytes[] = [];
  const sink = { write: (part: Bytes) => void parts.push(part.slice()) };
  const whole = await lazy.get('/note', sink, {}, signal);
  const part = await full.get('/from the page', sink, { range: { offset: 8, length: 6 } }, signal);
  if (!whole.ok || !part.ok) return 'refused';
  return [...names, new TextDecoder().decode(concatBytes(...parts))].join('\n');
}

function secretsOf(carried: CarriedSecrets): DeviceSecrets {
  const bytes = ['deviceSeed', 'deviceKemSeed', 'accountKey', 'databaseKey'].map(
    (name) => [name, base64UrlToBytes(String(carried[name]))] as const,
  );
  return { ...carried, ...Object.fromEntries(bytes) } as unknown as DeviceSecrets;
}

async function* once(body: Bytes): AsyncGenerator<Bytes, void, undefined> {
  if (body.length > 0) yield body;
}
