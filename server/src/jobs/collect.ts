/**
 * Collection (protocol §6): bodies that nobody has needed for the grace are forgotten, packs of which
 * less than half lives are copied into new ones, packs without bodies leave the disk.
 *
 * Each step is one transaction or can be repeated, in this order: rows say that a pack is not needed
 * before its file goes, and a new file is durable before rows name it. A crash leaves dead packs, which
 * the next run removes, or strays, which `sweepStrays` finds.
 */
import { encodePack, isPackEntryGenuine } from '@coffer/protocol/content';
import { bytesToHex, type Bytes } from '@coffer/protocol/core';
import { PackDamagedError } from '../packs/pack-store.ts';
import type { PackedBody, PackName, StoredPack } from '../stores/collection-store.ts';
import type { JobContext, JobSummary } from './job.ts';
import { unnamedPacks } from './unnamed-packs.ts';

const HOUR_MS = 60 * 60 * 1000;
const DAY_MS = 24 * HOUR_MS;
const BODIES_PER_STEP = 1000;
const PACKS_PER_STEP = 100;
const UID_SIZE_BYTES = 16;

export interface CollectionPolicy {
  /** How long a body stays after it was needed last: what it belonged to may come back till then. */
  readonly graceMs: number;
  /** How long a pack without bodies stays for readers that looked a body up before. */
  readonly deadPackMs: number;
  /** How long a pack that no row names stays: its upload may still be under way. */
  readonly strayMs: number;
}

export const COLLECTION_POLICY: CollectionPolicy = {
  graceMs: 7 * DAY_MS,
  deadPackMs: 2 * HOUR_MS,
  strayMs: 7 * DAY_MS,
};

/** One whole run: collects, compacts, removes dead packs and strays. */
export async function collect(
  context: JobContext,
  policy: CollectionPolicy,
  signal: AbortSignal,
): Promise<JobSummary> {
  const collected = await forgetBodies(context, policy, signal);
  const compacted = await compactPacks(context, signal);
  const removed = await removeDeadPacks(context, policy, signal);
  const strays = await sweepStrays(context, policy, signal);
  return { ...collected, ...compacted, ...removed, ...strays };
}

async function forgetBodies(
  { store, clock }: JobContext,
  { graceMs }: CollectionPolicy,
  signal: AbortSignal,
): Promise<{ readonly bodies: number; readonly bytes: number }> {
  let bodies = 0;
  let bytes = 0;
  for (;;) {
    signal.throwIfAborted();
    const now = clock.now();
    const which = { unneededSince: now - graceMs, now, limit: BODIES_PER_STEP };
    const step = await store.collectBodies(which);
    bodies += step.bodies;
    bytes += step.bytes;
    if (step.bodies < BODIES_PER_STEP) return { bodies, bytes };
  }
}

async function compactPacks(
  context: JobContext,
  signal: AbortSignal,
): Promise<{ readonly packsCompacted: number }> {
  let packsCompacted = 0;
  for (let after = 0; ;) {
    const sparse = await context.store.listSparsePacks(after, PACKS_PER_STEP);
    for (const pack of sparse) {
      signal.throwIfAborted();
      if (await compactPack(context, pack)) packsCompacted++;
      after = pack.no;
    }
    if (sparse.length < PACKS_PER_STEP) return { packsCompacted };
  }
}

/** Copies what lives in `pack` into a new one. False when there is nothing whole to copy. */
async function compactPack(context: JobContext, pack: StoredPack): Promise<boolean> {
  const { store, packs, random, clock } = context;
  const bodies = (await store.listBodiesIn(pack.pack)).filter(({ isDamaged }) => !isDamaged);
  if (bodies.length === 0) return false;
  const parts = await readGenuine(context, pack, bodies);
  if (parts === undefined) return false;
  const copy = encodePack(
    bodies.map(({ id, isPage }, i) => ({ id, isPage, parts: [parts[i] ?? new Uint8Array(0)] })),
  );
  let offset = copy.length - bodies.reduce((sum, { lengthBytes }) => sum + lengthBytes, 0);
  const places = bodies.map(({ id, lengthBytes }) => {
    const place = { id, offset };
    offset += lengthBytes;
    return place;
  });
  const to = bytesToHex(random.bytes(UID_SIZE_BYTES));
  await packs.put(pack.space, to, copy);
  const move = { from: pack.pack, to, sizeBytes: copy.length, bodies: places, now: clock.now() };
  if ((await store.moveBodies(move)) > 0) return true;
  await packs.remove(pack.space, to);
  return false;
}

/** Undefined unless every body is what its id says: what is damaged stays for the scrub to find. */
async function readGenuine(
  { packs, suite, log }: JobContext,
  { space, pack }: PackName,
  bodies: readonly PackedBody[],
): Promise<readonly Bytes[] | undefined> {
  try {
    const parts = await packs.read(space, pack, bodies);
    const isGenuine = bodies.every(({ id, isPage, offset }, i) =>
      isPackEntryGenuine(suite, { id, isPage, offset, bytes: parts[i] ?? new Uint8Array(0) }),
    );
    if (isGenuine) return parts;
  } catch (error) {
    if (!(error instanceof PackDamagedError)) throw error;
  }
  log.error({ space, pack }, 'a pack is damaged and was not compacted');
  return undefined;
}

async function removeDeadPacks(
  { store, packs, clock }: JobContext,
  { deadPackMs }: CollectionPolicy,
  signal: AbortSignal,
): Promise<{ readonly packsRemoved: number; readonly bytesFreed: number }> {
  let packsRemoved = 0;
  let bytesFreed = 0;
  for (;;) {
    const now = clock.now();
    // Packs that died before a hold began are not in its backup; those that died since, may be.
    if (await store.isHeld(now)) return { packsRemoved, bytesFreed };
    const dead = await store.listDeadPacks(now - deadPackMs, PACKS_PER_STEP);
    for (const { space, pack, sizeBytes } of dead) {
      signal.throwIfAborted();
      await packs.remove(space, pack);
      await store.forgetPack(pack);
      packsRemoved++;
      bytesFreed += sizeBytes;
    }
    if (dead.length < PACKS_PER_STEP) return { packsRemoved, bytesFreed };
  }
}

/** Packs that an upload or a copy has left behind: seen without a row, and still so much later. */
async function sweepStrays(
  { store, packs, clock }: JobContext,
  { strayMs }: CollectionPolicy,
  signal: AbortSignal,
): Promise<{ readonly straysSeen: number; readonly straysRemoved: number }> {
  let straysSeen = 0;
  for await (const strays of unnamedPacks(store, packs, signal)) {
    straysSeen += strays.length;
    if (strays.length > 0) await store.noteStrays(strays, clock.now());
  }
  const old = await store.listStrays(clock.now() - strayMs);
  for (const { space, pack } of old) {
    signal.throwIfAborted();
    await packs.remove(space, pack);
    await store.forgetStray(pack);
  }
  return { straysSeen, straysRemoved: old.length };
}
