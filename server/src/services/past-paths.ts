/**
 * Inclusion paths in the tree over all commit ids of a space (protocol §4, Past). Commits never change,
 * so that the roots of its full subtrees are kept: only the first path of a space hashes all of it.
 */
import type { CommitId, Digest, SpaceId } from '@coffer/protocol/core';
import type { VerifySuite } from '@coffer/protocol/crypto';
import { extendEdge, pastRoot } from '@coffer/protocol/model';
import type { Schedule } from '../ports.ts';
import type { MetadataStore } from '../stores/metadata-store.ts';

interface PastSource {
  readonly store: Pick<MetadataStore, 'listCommitIds'>;
  readonly suite: VerifySuite;
  readonly schedule: Schedule;
}

/** Ids that are hashed anew for each path; a power of two. */
const BLOCK = 256;
/** Roots kept: some 150 bytes each, enough for 4 million commits. */
const ROOTS_KEPT_MAX = 1 << 15;

export class PastPaths {
  readonly #context: PastSource;
  readonly #roots = new Map<string, Digest>();

  constructor(context: PastSource) {
    this.#context = context;
  }

  /** What shows that the commit at `seq` is one of the first `size`, from the leaf upward. */
  pathOf(space: SpaceId, size: number, seq: number): Promise<Digest[]> {
    return this.#path(space, 0, size, seq - 1);
  }

  async #path(space: SpaceId, from: number, size: number, index: number): Promise<Digest[]> {
    if (size <= 1) return [];
    const left = largestPowerBelow(size);
    if (index < left) {
      const below = await this.#path(space, from, left, index);
      return [...below, await this.#root(space, from + left, size - left)];
    }
    const below = await this.#path(space, from + left, size - left, index - left);
    return [...below, await this.#root(space, from, left)];
  }

  /** Of ids that begin at a full subtree; largest subtree first, as an edge has them. */
  async #root(space: SpaceId, from: number, size: number): Promise<Digest> {
    const edge: Digest[] = [];
    for (let at = from, rest = size; rest > 0;) {
      const full = 2 ** Math.floor(Math.log2(rest));
      edge.push(await this.#fullRoot(space, at, full));
      at += full;
      rest -= full;
    }
    return pastRoot(this.#context.suite, edge);
  }

  async #fullRoot(space: SpaceId, from: number, size: number): Promise<Digest> {
    const { store, suite, schedule } = this.#context;
    if (size < BLOCK) {
      return rootOf(suite, await store.listCommitIds(space, from + 1, size));
    }
    const slot = `${space}/${from}/${size}`;
    const known = this.#roots.get(slot);
    if (known !== undefined) return known;
    // A long past is hashed in many turns of the event loop.
    if (size === BLOCK) await new Promise<void>(schedule);
    const half = size / 2;
    const root =
      size === BLOCK
        ? rootOf(suite, await store.listCommitIds(space, from + 1, size))
        : pastRoot(suite, [
            await this.#fullRoot(space, from, half),
            await this.#fullRoot(space, from + half, half),
          ]);
    this.#keep(slot, root);
    return root;
  }

  #keep(slot: string, root: Digest): void {
    this.#roots.set(slot, root);
    const [oldest] = this.#roots.keys();
    if (this.#roots.size > ROOTS_KEPT_MAX && oldest !== undefined) this.#roots.delete(oldest);
  }
}

function rootOf(suite: VerifySuite, ids: readonly CommitId[]): Digest {
  let edge: readonly Digest[] = [];
  for (const [i, id] of ids.entries()) edge = extendEdge(suite, edge, i, id);
  return pastRoot(suite, edge);
}

function largestPowerBelow(size: number): number {
  let power = 1;
  while (power * 2 < size) power *= 2;
  return power;
}
