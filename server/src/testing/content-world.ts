/** A store and packs with bodies of every fate, for tests of the jobs. */
import assert from 'node:assert/strict';
import { createNodeVerifySuite } from '@coffer/protocol/suites/node-verify';
import { chunkId, encodePack, pageId, type PackBody } from '@coffer/protocol/content';
import {
  concatBytes,
  hexToBytes,
  u32be,
  type Bytes,
  type ChunkId,
  type PageId,
} from '@coffer/protocol/core';
import type { BodyId } from '@coffer/protocol/api';
import type { JobContext } from '../jobs/job.ts';
import { createMemoryPackStore } from '../packs/memory-packs.ts';
import type { PackStore } from '../packs/pack-store.ts';
import type { MetadataStore } from '../stores/metadata-store.ts';
import type { ContentReference } from '../stores/proposal.ts';
import { openDatabase } from '../stores/sqlite/open-database.ts';
import { createSqliteMetadataStore } from '../stores/sqlite/sqlite-metadata-store.ts';
import { createSeededRandom, ManualClock } from './clock.ts';
import { accountId, digest, headAt, newAccount, proposalTo, spaceId } from './store-rows.ts';

const SPACE = spaceId('ann');
const SIZE_BYTES = 308;
const HEAD_BYTES = 8;
const ENTRY_BYTES = 36;
const suite = createNodeVerifySuite();

export interface Body {
  readonly id: BodyId;
  readonly bytes: Bytes;
  readonly isPage: boolean;
}

export class ContentWorld {
  readonly clock = new ManualClock(1_000_000);
  readonly store: MetadataStore = createSqliteMetadataStore(
    openDatabase(':memory:'),
    queueMicrotask,
  );
  readonly packs: PackStore = createMemoryPackStore();
  readonly log: string[] = [];
  readonly space = SPACE;
  readonly #random = createSeededRandom('jobs');
  readonly account = accountId('ann');
  #seq = 1;

  static async open(): Promise<ContentWorld> {
    const world = new ContentWorld();
    await world.store.createAccount(newAccount('ann'), digest('b'));
    return world;
  }

  context(changed: Partial<JobContext> = {}): JobContext {
    const write = (level: string) => (fields: object, message: string) =>
      void this.log.push(JSON.stringify([level, message, fields]));
    const { store, packs, clock } = this;
    const random = this.#random;
    const log = { info: write('info'), error: write('error') };
    return { store, packs, suite, clock, random, log, ...changed };
  }

  chunk(name: string): Body & { readonly id: ChunkId } {
    const bytes = new Uint8Array(SIZE_BYTES).fill(7);
    bytes.set(new TextEncoder().encode(name));
    return { id: chunkId(suite, bytes), bytes, isPage: false };
  }

  /** Names `chunks`; what the server cannot read of a page is left out. */
  page(chunks: readonly Body[]): Body & { readonly id: PageId } {
    const bytes = concatBytes(...chunks.map(({ id }) => hexToBytes(id)));
    return { id: pageId(suite, bytes), bytes, isPage: true };
  }

  /** Stores a pack as the service does, leased for `leaseMs`. */
  async put(pack: string, bodies: readonly Body[], leaseMs = 1000): Promise<void> {
    const encoded = packOf(bodies);
    await this.packs.put(SPACE, pack, encoded);
    const now = this.clock.now();
    let offset = HEAD_BYTES + bodies.length * ENTRY_BYTES;
    const placed = bodies.map(({ id, bytes, isPage }) => {
      const place = {
        id,
        offset,
        lengthBytes: bytes.length,
        pageEntries: entriesOf(bytes, isPage),
      };
      offset += bytes.length;
      return place;
    });
    const sizeBytes = encoded.length;
    const leaseUntil = now + leaseMs;
    const outcome = await this.store.registerPack({
      space: SPACE,
      pack,
      sizeBytes,
      bodies: placed,
      known: [],
      bytes: null,
      isAllOrNone: true,
      leaseUntil,
      now,
    });
    assert.equal(outcome.kind, 'stored');
  }

  async commit(gained: readonly ContentReference[], lost: readonly ContentReference[] = []) {
    const head = headAt(this.#seq + 1);
    const proposal = proposalTo(SPACE, head, { gained, lost, now: this.clock.now() });
    const outcome = await this.store.commit(proposal);
    if (outcome.kind === 'accepted') this.#seq++;
    return outcome;
  }

  /** Every one of `bodies` is looked up and read as it was put. */
  async assertReadable(bodies: readonly Body[]): Promise<void> {
    const places = await this.store.findBodies(
      SPACE,
      bodies.map(({ id }) => id),
    );
    for (const [i, body] of bodies.entries()) {
      const place = places[i];
      assert.ok(place, `body ${i} is known`);
      const [bytes] = await this.packs.read(SPACE, place.pack, [place]);
      assert.deepEqual(Buffer.from(bytes ?? []), Buffer.from(body.bytes));
    }
  }

  async packNames(): Promise<string[]> {
    const names: string[] = [];
    for await (const { pack } of this.packs.list()) names.push(pack);
    return names.sort();
  }

  async usedBytes(): Promise<number> {
    return (await this.store.usage(this.account, this.clock.now())).usedBytes;
  }
}

export function packOf(bodies: readonly Body[]): Bytes {
  const given: PackBody[] = bodies.map(({ id, bytes, isPage }) => ({ id, isPage, parts: [bytes] }));
  return encodePack(given);
}

export function referenceOf(bodies: readonly Body[]): ContentReference {
  const chunks = bodies.filter(({ isPage }) => !isPage);
  return {
    chunks: chunks.map(({ id, bytes }) => ({ id: id as ChunkId, storedLength: bytes.length })),
    pages: bodies.flatMap(({ id, isPage }) => (isPage ? [id as PageId] : [])),
  };
}

function entriesOf(page: Bytes, isPage: boolean): Bytes | null {
  if (!isPage) return null;
  const entries: Bytes[] = [];
  for (let at = 0; at < page.length; at += 32) {
    entries.push(page.subarray(at, at + 32), u32be(SIZE_BYTES));
  }
  return concatBytes(...entries);
}
