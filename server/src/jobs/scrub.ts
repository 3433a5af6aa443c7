/**
 * Scrub: every stored body is read and hashed again from time to time, at a set pace. One whose bytes
 * are not what its id says is missing from then on, so that a device that still has it sends it again.
 */
import { isPackEntryGenuine } from '@coffer/protocol/content';
import type { BodyId } from '@coffer/protocol/api';
import { PackDamagedError } from '../packs/pack-store.ts';
import type { PackedBody, StoredPack } from '../stores/collection-store.ts';
import type { JobContext, JobSummary } from './job.ts';

const PACKS_PER_STEP = 100;
const DAY_MS = 24 * 60 * 60 * 1000;

export interface ScrubPolicy {
  /** Each pack is looked at once in this time. */
  readonly everyMs: number;
  readonly bytesPerSecond: number;
  /** A run ends after this much; the next goes on. */
  readonly runMs: number;
}

export const SCRUB_POLICY: ScrubPolicy = {
  everyMs: 30 * DAY_MS,
  bytesPerSecond: 8 * 1024 * 1024,
  runMs: DAY_MS / 4,
};

export async function scrub(
  context: JobContext,
  policy: ScrubPolicy,
  signal: AbortSignal,
): Promise<JobSummary> {
  const { store, clock } = context;
  const began = clock.now();
  const isOver = () => clock.now() - began >= policy.runMs;
  const unreadable = new Set<number>();
  let packsScrubbed = 0;
  let bytesScrubbed = 0;
  let bodiesDamaged = 0;
  for (;;) {
    const limit = PACKS_PER_STEP + unreadable.size;
    const due = await store.listUnscrubbed(began - policy.everyMs, limit);
    const next = due.filter(({ no }) => !unreadable.has(no));
    for (const pack of next) {
      signal.throwIfAborted();
      if (isOver()) break;
      const damaged = await scrubPack(context, pack);
      if (damaged === undefined) unreadable.add(pack.no);
      packsScrubbed++;
      bytesScrubbed += pack.sizeBytes;
      bodiesDamaged += damaged ?? 0;
      await clock.sleep((pack.sizeBytes * 1000) / policy.bytesPerSecond, signal);
    }
    if (next.length === 0 || isOver()) {
      return { packsScrubbed, bytesScrubbed, bodiesDamaged, packsUnreadable: unreadable.size };
    }
  }
}

/** How many bodies are damaged; undefined when reading failed for another reason. */
async function scrubPack(context: JobContext, pack: StoredPack): Promise<number | undefined> {
  const { store, clock, log } = context;
  const place = { space: pack.space, pack: pack.pack };
  try {
    const bodies = await store.listBodiesIn(pack.pack);
    const damaged = await findDamaged(context, pack, bodies);
    await store.noteScrub(pack.pack, { damaged, at: clock.now() });
    if (damaged.length > 0) {
      const ids = damaged.slice(0, 10);
      log.error({ ...place, damaged: damaged.length, ids }, 'scrub found damaged bodies');
    }
    return damaged.length;
  } catch (error) {
    log.error({ ...place, reason: String(error) }, 'scrub could not read a pack');
    return undefined;
  }
}

/** Those of `bodies` that cannot be read from the pack, or have another hash. */
export async function findDamaged(
  context: Pick<JobContext, 'packs' | 'suite'>,
  pack: StoredPack,
  bodies: readonly PackedBody[],
): Promise<readonly BodyId[]> {
  const { packs, suite } = context;
  const read = async (some: readonly PackedBody[]) => {
    const parts = await packs.read(pack.space, pack.pack, some);
    return some.flatMap(({ id, isPage, offset }, i) => {
      const entry = { id, isPage, offset, bytes: parts[i] ?? new Uint8Array(0) };
      return isPackEntryGenuine(suite, entry) ? [] : [id];
    });
  };
  try {
    return await read(bodies);
  } catch (error) {
    if (!(error instanceof PackDamagedError)) throw error;
  }
  const damaged: BodyId[] = [];
  for (const body of bodies) {
    try {
      damaged.push(...(await read([body])));
    } catch (error) {
      if (!(error instanceof PackDamagedError)) throw error;
      damaged.push(body.id);
    }
  }
  return damaged;
}
