import { encodeMissing, encodeReadFrame, type AnswerOf, type BodyId } from '@coffer/protocol/api';
import { bytesToHex, type Bytes, type SpaceId } from '@coffer/protocol/core';
import { encodePack, parsePage, readPack, type PackEntry } from '@coffer/protocol/content';
import { Failure } from '../failure.ts';
import { smallPackName } from '../packs/small-packs.ts';
import type { BodyPlace, NewBody } from '../stores/metadata-store.ts';
import type { Context } from './context.ts';
import { planReads, type PlannedRead } from './read-plan.ts';
import type { TransferCount } from './transfer-count.ts';

const LEASE_MS = 24 * 60 * 60 * 1000;
const UID_SIZE_BYTES = 16;

/** Chunks and pages: which are missing, taking them in, giving them out. */
export class ContentService {
  readonly #context: Context;
  readonly #transfer: TransferCount;

  constructor(context: Context, transfer: TransferCount) {
    this.#context = context;
    this.#transfer = transfer;
  }

  /** Leases what is there. */
  async missing(space: SpaceId, ids: readonly BodyId[]): Promise<Bytes> {
    const { store, clock } = this.#context;
    const now = clock.now();
    const lease = { leaseUntil: now + LEASE_MS, now };
    return encodeMissing(await store.leaseBodies(space, ids, lease));
  }

  /** Every body is hashed; what is new is on the disk and leased when it resolves. */
  async storePack(space: SpaceId, bytes: Bytes): Promise<AnswerOf<'storePack'>> {
    const { store, suite } = this.#context;
    const entries = readPack(suite, bytes);
    // Devices ask first what is missing, so nearly always nothing of it is known.
    const whole = await this.#keep(space, { pack: bytes, entries, known: [], isAllOrNone: true });
    if (whole.kind === 'stored') return whole.answer;
    const places = await store.findBodies(
      space,
      entries.map(({ id }) => id),
    );
    const fresh = entries.filter((_, i) => places[i] === undefined);
    const known = entries.flatMap(({ id }, i) => (places[i] === undefined ? [] : [id]));
    const kept = { pack: packOf(fresh), entries: fresh, known, isAllOrNone: false };
    const rest = await this.#keep(space, kept);
    if (rest.kind !== 'stored') throw new Error('a pack may hold what is known');
    return rest.answer;
  }

  /** Makes the pack durable and its bodies known. */
  async #keep(
    space: SpaceId,
    given: {
      readonly pack: Bytes;
      /** What is in `pack`. */
      readonly entries: readonly PackEntry[];
      readonly known: readonly BodyId[];
      readonly isAllOrNone: boolean;
    },
  ): Promise<
    | { readonly kind: 'stored'; readonly answer: AnswerOf<'storePack'> }
    | { readonly kind: 'partly-known' }
  > {
    const { store, packs, random, clock, policy } = this.#context;
    const { pack, entries, known, isAllOrNone } = given;
    const uid = bytesToHex(random.bytes(UID_SIZE_BYTES));
    const isSmall = pack.length <= policy.smallPackSizeBytesMax;
    const name = isSmall ? smallPackName(uid) : uid;
    const isFile = !isSmall && entries.length > 0;
    if (isFile) await packs.put(space, name, pack);

    const now = clock.now();
    const outcome = await store.registerPack({
      space,
      pack: name,
      sizeBytes: pack.length,
      bodies: placeBodies(entries, pack),
      known,
      bytes: isSmall ? pack : null,
      isAllOrNone,
      leaseUntil: now + LEASE_MS,
      now,
    });
    const isKept = outcome.kind === 'stored' && outcome.stored > 0;
    if (isFile && !isKept) await packs.remove(space, name);
    if (outcome.kind === 'quota-exceeded') throw new Failure('quota-exceeded');
    if (outcome.kind === 'partly-known') return outcome;
    const { stored, storedBytes } = outcome;
    return { kind: 'stored', answer: { stored, storedBytes } };
  }

  /** The bodies in the order of `ids`, each behind its frame; a length of 0 says that it is absent. */
  async *read(space: SpaceId, ids: readonly BodyId[]): AsyncGenerator<Bytes, void, void> {
    const places = await this.#context.store.findBodies(space, ids);
    for (const window of planReads(places)) {
      const bodies = await this.#readWindow(space, window.reads);
      let sentBytes = 0;
      for (let i = window.from; i < window.to; i++) {
        const id = ids[i];
        const place = places[i];
        if (id === undefined) continue;
        const body = place && bodies.get(place);
        yield encodeReadFrame(id, body?.length ?? 0);
        if (body === undefined) continue;
        yield body;
        sentBytes += body.length;
      }
      await this.#transfer.add(space, sentBytes);
    }
  }

  async #readWindow(
    space: SpaceId,
    reads: readonly PlannedRead[],
  ): Promise<ReadonlyMap<BodyPlace, Bytes>> {
    const bodies = new Map<BodyPlace, Bytes>();
    await Promise.all(
      reads.map(async ({ pack, ranges }) => {
        const parts = await this.#context.packs.read(space, pack, ranges);
        for (const [i, range] of ranges.entries()) {
          const part = parts[i];
          if (part === undefined) continue;
          for (const place of range.places) {
            const at = place.offset - range.offset;
            bodies.set(place, part.subarray(at, at + place.lengthBytes));
          }
        }
      }),
    );
    return bodies;
  }
}

function packOf(entries: readonly PackEntry[]): Bytes {
  if (entries.length === 0) return new Uint8Array(0);
  return encodePack(entries.map(({ id, isPage, bytes }) => ({ id, isPage, parts: [bytes] })));
}

/** Where the bodies, which stand in `pack` in this order and without gaps, begin. */
function placeBodies(entries: readonly PackEntry[], pack: Bytes): NewBody[] {
  let offset = pack.length - entries.reduce((sum, { bytes }) => sum + bytes.length, 0);
  return entries.map((entry) => {
    const body = { ...bodyOf(entry), offset };
    offset += body.lengthBytes;
    return body;
  });
}

function bodyOf({ id, isPage, offset, bytes }: PackEntry): NewBody {
  const pageEntries = isPage ? parsePage(bytes).public : null;
  return { id, offset, lengthBytes: bytes.length, pageEntries };
}
