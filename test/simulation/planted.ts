/** A world at rest in which a test plants a fault, and what the oracles see of it. */
import assert from 'node:assert/strict';
import { deedOf } from './deed.ts';
import { ROOT, type SimDevice } from './device.ts';
import { FEATURES } from './options.ts';
import { checkWorld } from './oracles.ts';
import { MARK } from './person.ts';
import { World, type WorldDevice } from './world.ts';

const SEED = 5;
export const CONTENT = `${MARK} planted`;
export const PATH = `/${MARK}-planted`;

export interface Stage {
  readonly world: World;
  readonly actor: WorldDevice;
  readonly sim: SimDevice;
  readonly other: SimDevice;
  /** A file of the actor's person, known to the ledger or not. */
  readonly write: (path: string, content: string, isKnown?: boolean) => void;
}

/** A world without features and faults at rest, with one file; then `plant`, and what is seen. */
export async function seen(
  plant: (stage: Stage) => Promise<readonly string[] | void>,
): Promise<string> {
  const world = await World.create({ seed: SEED, noFaults: true, without: { features: FEATURES } });
  try {
    const [actor, other] = world.devices;
    assert.ok(actor !== undefined && other !== undefined);
    const { sim } = actor;
    const write = (path: string, content: string, isKnown = true): void => {
      sim.user.write(`${ROOT}${path}`, content);
      const deed = deedOf(sim.name, world.scheduler.now(), 'write', { wrote: [content] });
      if (isKnown) world.ledger.record(deed);
    };
    await world.through(world.addPairs());
    world.ledger.startPhase(1);
    write(PATH, CONTENT);
    await world.through(world.rest());
    assert.deepEqual(await world.through(checkWorld(world)), []);
    const own = await world.through(plant({ world, actor, sim, other: other.sim, write }));
    const violations = [...(own ?? []), ...(await world.through(checkWorld(world)))];
    return violations.join('\n');
  } finally {
    await world.close();
  }
}
