/**
 * Random lies about random answers while two devices work: whatever is told, nothing but a named error
 * comes of it, files stay, and the honest server makes everything right. The seed is printed; set
 * COFFER_FUZZ_SEED to play a run again.
 */
import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import test from 'node:test';
import * as fc from 'fast-check';
import { CALLS, decodeJson, type CallName } from '@coffer/protocol/api';
import { FormatError, type Bytes } from '@coffer/protocol/core';
import { HONEST, type Exchange, type Mutate } from './evil-server.ts';
import { EvilWorld, refusalOf, signal, type Victim } from './evil-world.ts';
import { assertNothingLeaked, keysOf, textsOf } from './leaks.ts';

const RUNS = 60;
const TARGETS: readonly CallName[] = [
  'head', 'commits', 'read', 'propose', 'missing', 'storePack', 'chain', 'accountBundle',
  'sessionChallenge', 'startSession',
]; // prettier-ignore

interface Lie {
  readonly target: CallName;
  readonly kind: 'flip' | 'cut' | 'splice' | 'repeat' | 'other' | 'lost' | 'status' | 'noise';
  /** From 0 to 1: where. */
  readonly at: number;
  readonly noise: Bytes;
  /** How many answers are lied about. */
  readonly times: number;
}

const lies: fc.Arbitrary<Lie> = fc.record({
  target: fc.constantFrom(...TARGETS),
  kind: fc.constantFrom('flip', 'cut', 'splice', 'repeat', 'other', 'lost', 'status', 'noise'),
  at: fc.double({ min: 0, max: 1, noNaN: true }),
  noise: fc.uint8Array({ minLength: 1, maxLength: 40 }),
  times: fc.integer({ min: 1, max: 3 }),
});

function changed(body: Bytes, { kind, at, noise }: Lie, other: Bytes): Bytes {
  const place = Math.min(body.length - 1, Math.floor(at * body.length));
  const out = Buffer.from(body);
  switch (kind) {
    case 'flip':
      if (place >= 0) out[place] = (out[place] ?? 0) ^ (1 << ((noise[0] ?? 0) & 7));
      return out;
    case 'cut':
      return out.subarray(0, Math.max(0, place));
    case 'splice':
      return Buffer.concat([out.subarray(0, place), noise, out.subarray(place)]);
    case 'repeat':
      return Buffer.concat([out, out]);
    case 'other':
      return Buffer.from(other);
    default:
      return noise;
  }
}

/** An era once raised stays raised: that is the server's to say, and no lie of this test. */
function raisesEra({ call, body }: Exchange, lie: Bytes): boolean {
  if (call !== 'head') return false;
  try {
    const { answer } = CALLS.head;
    return decodeJson(answer, lie).era !== decodeJson(answer, body).era;
  } catch (error) {
    if (error instanceof FormatError) return false;
    throw error;
  }
}

function tellerOf(lie: Lie): Mutate {
  let left = lie.times;
  let last: Bytes = new Uint8Array();
  return (exchange) => {
    const other = last;
    last = exchange.body;
    if (exchange.call !== lie.target || exchange.status !== 200 || left <= 0) return undefined;
    left--;
    if (lie.kind === 'lost') return 'lost';
    if (lie.kind === 'status') return { status: 400 + Math.floor(lie.at * 199), body: lie.noise };
    const body = changed(exchange.body, lie, other);
    return raisesEra(exchange, body) ? undefined : body;
  };
}

async function play(
  world: EvilWorld,
  devices: readonly Victim[],
  plan: readonly Lie[],
  run: number,
): Promise<void> {
  for (const [n, lie] of plan.entries()) {
    const victim = devices[n % devices.length];
    assert.ok(victim !== undefined);
    const text = `run ${run} of ${victim.name}: ${lie.target}`;
    const file = `${run % 7}/${victim.name}`;
    victim.write(file, text);
    // The session has ended by now: it is opened anew.
    world.clock.time += 16 * 60_000;
    world.evil.tell(tellerOf(lie));
    await refusalOf(() => victim.drive.refresh(signal), JSON.stringify(lie));
    await victim.engine.syncNow({});
    assert.equal(victim.read(file), text, `${text} is there after ${JSON.stringify(lie)}`);
  }
  world.evil.tell(HONEST);
  for (let turn = 0; turn < 2; turn++) {
    for (const victim of devices) {
      world.clock.time += 60 * 60_000;
      await victim.sync();
    }
  }
  const copies = devices
    .flatMap((victim) => Object.keys(victim.tree()))
    .filter((path) => path.includes('conflict'));
  assert.deepEqual(copies, [], 'nobody is in conflict with what was written here');
  const [first, ...others] = devices.map((victim) =>
    Object.entries(victim.tree()).map(([path, entry]) => [path, entry.replace(/ mode .*/, '')]),
  );
  for (const other of others) assert.deepEqual(other?.sort(), first?.sort());
}

test('random lies come to nothing but refusals', async (t) => {
  const given = process.env['COFFER_FUZZ_SEED'];
  const seed = given === undefined ? randomInt(2 ** 31) : Number(given);
  t.diagnostic(`COFFER_FUZZ_SEED=${seed}`);
  await using world = await EvilWorld.create('laptop', 'desk');
  const laptop = await world.start('laptop');
  laptop.write('private notes', 'nobody else reads this');
  await laptop.sync();
  const devices = [laptop, await world.start('desk')];
  let run = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(lies, { minLength: 1, maxLength: 3 }), (plan) =>
      play(world, devices, plan, run++),
    ),
    { numRuns: RUNS, seed, endOnFailure: true },
  );
  const keys = devices.map(({ secrets }) => keysOf(secrets));
  assertNothingLeaked(world.evil.sent, ...keys, textsOf('private notes', 'nobody else reads this'));
});
