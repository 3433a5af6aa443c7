/** A long file on its way between two devices, and a server that changes what is read. */
import assert from 'node:assert/strict';
import { concatBytes, u32be, type Bytes } from '@coffer/protocol/core';
import { EvilPeer } from './evil-peer.ts';
import { HONEST, type Mutate } from './evil-server.ts';
import { codeOf, EvilWorld, signal, type Victim } from './evil-world.ts';
import { assertNothingLeaked, keysOf, textsOf } from './leaks.ts';

export const MIB = 1024 * 1024;
export const OLD = 'what was there before';

export interface Scene {
  readonly world: EvilWorld;
  readonly laptop: Victim;
  readonly desk: Victim;
}

/** The desk has the old version of a file; the new one has several chunks, and another file one more. */
export async function scene(bytes = 3 * MIB): Promise<Scene> {
  const world = await EvilWorld.create('laptop', 'desk');
  const laptop = await world.start('laptop');
  const desk = await world.start('desk');
  laptop.write('big', OLD);
  laptop.write('other', 'a chunk of another file');
  await laptop.sync();
  await desk.sync();
  laptop.user.write(laptop.at('big'), contentOf(bytes, 7));
  await laptop.sync();
  return { world, laptop, desk };
}

/** Bytes that no compression and no chunk boundary repeats. */
export function contentOf(length: number, seed: number): Bytes {
  const out = new Uint8Array(length);
  let state = seed;
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    out[i] = state >>> 24;
  }
  return out;
}

export interface Frame {
  readonly id: Bytes;
  readonly body: Bytes;
}

export function framesOf(answer: Bytes): readonly Frame[] {
  const frames: Frame[] = [];
  for (let at = 0; at < answer.length;) {
    const length = new DataView(answer.buffer, answer.byteOffset + at + 32).getUint32(0);
    const end = at + 36 + length;
    frames.push({ id: answer.subarray(at, at + 32), body: answer.subarray(at + 36, end) });
    at = end;
  }
  return frames;
}

export function toAnswer(frames: readonly Frame[]): Bytes {
  return concatBytes(...frames.flatMap(({ id, body }) => [id, u32be(body.length), body]));
}

/** Changes answers that bring the chunks of the big file: those of more than 100 KiB. */
export function onRead(change: (frames: readonly Frame[]) => readonly Frame[] | Bytes): Mutate {
  return ({ call, status, body }) => {
    if (call !== 'read' || status !== 200 || body.length < 100_000) return undefined;
    const changed = change(framesOf(body));
    return changed instanceof Uint8Array ? changed : toAnswer(changed);
  };
}

export const onFirst = (change: (body: Bytes) => Bytes): Mutate =>
  onRead(([first, ...rest]) =>
    first === undefined ? [] : [{ id: first.id, body: change(first.body) }, ...rest],
  );

/** Neither command nor sync takes what is told; the old version of the file stays where it is. */
export async function keepsOld(
  { world, desk }: Scene,
  lie: Mutate,
  codes: readonly string[],
  claim: string,
  path = 'big',
): Promise<void> {
  world.evil.tell(HONEST);
  // What was given up for a while is tried again.
  desk.clock.time += 10 * 60_000;
  await desk.drive.refresh(signal);
  const before = desk.tree();
  world.evil.tell(lie);
  const parts: Bytes[] = [];
  const got = await desk.drive
    .get(`/${path}`, { write: (part) => void parts.push(part) }, {}, signal)
    .then(
      () => 'was believed',
      (error: unknown) => codeOf(error, claim),
    );
  assert.ok(codes.includes(got), `${claim}: ${got}`);
  const summary = await desk.engine.syncNow({});
  assert.ok(world.evil.fired >= 2, `${claim}: was told to both`);
  const stalls = await desk.engine.stalls({});
  assert.ok(!summary.settled || stalls.length > 0, `${claim}: says that something is wrong`);
  assert.equal(desk.tree()['big'], before['big'], claim);
  assert.deepEqual(desk.disk.programs.readFolder(desk.at('.coffer/staging')), [], claim);
  world.evil.tell(HONEST);
}

/** The honest server brings the new version. */
export async function endsWell({ world, laptop, desk }: Scene): Promise<void> {
  world.evil.tell(HONEST);
  desk.clock.time += 10 * 60_000;
  await desk.sync();
  const [got, wanted] = [desk, laptop].map((victim) => victim.tree()['big']?.split(' ')[0]);
  assert.equal(got, wanted);
  assert.deepEqual(await desk.engine.stalls({}), []);
  const peer = await EvilPeer.of(world, laptop.secrets, laptop.drive.space.id);
  assertNothingLeaked(
    world.evil.sent,
    keysOf(laptop.secrets, peer.keys),
    textsOf(OLD, 'a chunk of another'),
  );
  const head = laptop.user.read(laptop.at('big')).slice(0, 64);
  assertNothingLeaked(world.evil.sent, { 'the first bytes of the file': head });
}
