/**
 * Contents that a power cut, or pulling out a disk, may have changed under equal sizes and times are
 * hashed again: once in each boot of the system, and when the root was away.
 */
import type { Digest } from '@coffer/protocol/core';
import type { EngineOptions } from './engine-options.ts';
import type { LocalRow, Scanner } from './scanner/index.ts';
import { ProofTable, type PairTrees } from './trees/index.ts';

export class ContentProof {
  readonly #trees: PairTrees;
  readonly #scanner: Scanner;
  readonly #options: EngineOptions;
  readonly #proofs: ProofTable;
  /** Undefined: not asked yet in this life, or since the root was away. */
  #isProven: boolean | undefined;

  constructor(pair: string, trees: PairTrees, scanner: Scanner, options: EngineOptions) {
    this.#trees = trees;
    this.#scanner = scanner;
    this.#options = options;
    this.#proofs = new ProofTable(trees.db, pair);
  }

  rootHolds(): void {
    if (this.#isProven !== undefined) return;
    const { host, clock } = this.#options;
    this.#isProven = this.#proofs.isProved(host.bootId);
    if (!this.#isProven) this.#scanner.prove(this.#proofs.unproved(clock.now()));
  }

  rootIsAway(): void {
    if (this.#isProven !== undefined) this.#proofs.setProved(null);
    this.#isProven = undefined;
  }

  /** Everything was looked at. */
  scanned(): void {
    if (this.#isProven !== false || !this.#scanner.isProven()) return;
    this.#isProven = true;
    this.#proofs.setProved(this.#options.host.bootId);
  }

  /** What both sides had agreed on comes from the drive again: as if that had changed there. */
  lost({ id, sha256 }: LocalRow, found: Digest): void {
    const base = this.#trees.base.byLocalId(id);
    if (base?.sha256 === sha256) this.#trees.base.put({ ...base, sha256: found });
  }
}
