/**
 * The server with the account that every scenario begins with. All of it follows from fixed choices, so it
 * is made once and each world gets its own copy.
 */
import { createNodeOpenSuite } from '@coffer/protocol/suites/node-open';
import type { DeviceSecrets } from '@coffer/sdk';
import {
  createMemoryServer,
  type MemoryServer,
  type MemoryServerOptions,
  type Snapshot,
} from '@coffer/server/testing';
import { anyPassword, makeAccount } from '../simulation/accounts.ts';
import type { Choices } from '../simulation/choices.ts';
import type { Scheduler } from '../simulation/scheduler.ts';

type OpenSuite = Awaited<ReturnType<typeof createNodeOpenSuite>>;

/** What each world begins with. */
export interface ScenarioAccount {
  readonly server: MemoryServer;
  readonly suite: OpenSuite;
  /** Of devices `anna`, `bert` and `web`. */
  readonly secrets: readonly DeviceSecrets[];
}

interface Begun {
  readonly snapshot: Snapshot;
  readonly secrets: readonly DeviceSecrets[];
  /** How many random values were drawn for it: the worlds go on with the next ones. */
  readonly drawn: Readonly<Record<Drawer, number>>;
}

type Drawer = 'server' | 'clients';

const NAMES = ['anna', 'bert', 'web'] as const;

/** By what the account may store. */
const begun = new Map<number | null, Promise<Begun>>();

/** A server of its own at the moment when the account has its three devices. */
export async function openScenarioAccount(
  scheduler: Scheduler,
  choices: Choices,
  quotaBytes: number | null,
): Promise<ScenarioAccount> {
  const early = begun.get(quotaBytes) ?? begin(scheduler, choices, quotaBytes);
  begun.set(quotaBytes, early);
  const { snapshot, secrets, drawn } = await early;
  const random = new SeededRandom(choices, 'server', drawn.server);
  const server = await createMemoryServer({
    ...serverOptions(scheduler, random, quotaBytes),
    snapshot,
  });
  const suite = await createNodeOpenSuite(
    new SeededRandom(choices, 'clients', drawn.clients).bytes,
  );
  return { server, suite, secrets: structuredClone(secrets) };
}

async function begin(
  scheduler: Scheduler,
  choices: Choices,
  quotaBytes: number | null,
): Promise<Begun> {
  const randoms = {
    server: new SeededRandom(choices, 'server', 0),
    clients: new SeededRandom(choices, 'clients', 0),
  };
  const server = await createMemoryServer(serverOptions(scheduler, randoms.server, quotaBytes));
  try {
    const suite = await createNodeOpenSuite(randoms.clients.bytes);
    const secrets = await makeAccount(server, suite, NAMES, scheduler.now());
    const drawn = { server: randoms.server.drawn, clients: randoms.clients.drawn };
    return { snapshot: await server.snapshot(), secrets, drawn };
  } finally {
    await server.close();
  }
}

function serverOptions(
  scheduler: Scheduler,
  random: SeededRandom,
  quotaBytes: number | null,
): MemoryServerOptions {
  return {
    clock: scheduler.clock('server'),
    random,
    passwords: anyPassword,
    policy: { quotaBytes },
  };
}

/** The n-th value of a drawer is the same in every world. */
class SeededRandom {
  drawn: number;
  readonly #choices: Choices;
  readonly #drawer: Drawer;

  constructor(choices: Choices, drawer: Drawer, drawn: number) {
    this.#choices = choices;
    this.#drawer = drawer;
    this.drawn = drawn;
  }

  readonly bytes = (length: number): Uint8Array<ArrayBuffer> =>
    this.#choices.bytes(`${this.#drawer} random ${++this.drawn}`, length);
}
