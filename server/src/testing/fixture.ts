import type { WholeSuite } from '@coffer/protocol/crypto';
import { createNodeOpenSuite } from '@coffer/protocol/suites/node-open';
import { ManualClock, createSeededRandom } from './clock.ts';
import {
  createMemoryServer,
  type MemoryServer,
  type MemoryServerOptions,
} from './memory-server.ts';
import { Person, signedInPerson, type PersonOptions } from './person.ts';

export interface Fixture {
  readonly server: MemoryServer;
  readonly clock: ManualClock;
  readonly suite: WholeSuite;
  /** Somebody who has not signed up yet. */
  readonly stranger: (name: string, changed?: Partial<PersonOptions>) => Person;
  /** Somebody with an account and a session. */
  readonly person: (name: string) => Promise<Person>;
}

/** A server in memory and people who use it; the same for the same seed. */
export async function createFixture(
  options: Partial<MemoryServerOptions> & { readonly seed?: string } = {},
): Promise<Fixture> {
  const clock = new ManualClock();
  const { seed = 'fixture', ...changed } = options;
  const suite = await createNodeOpenSuite(createSeededRandom(`${seed} clients`).bytes);
  const random = createSeededRandom(`${seed} server`);
  const server = await createMemoryServer({ clock, random, ...changed });
  const personOptions = (name: string): PersonOptions => ({
    suite,
    handle: server.handle,
    origin: server.origin,
    name,
    time: clock.now(),
  });
  return {
    server,
    clock,
    suite,
    stranger: (name, change = {}) => new Person({ ...personOptions(name), ...change }),
    person: (name) => signedInPerson(personOptions(name)),
  };
}
