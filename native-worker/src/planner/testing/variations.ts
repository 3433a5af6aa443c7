/**
 * What random edits of small trees hardly ever come to: conflicts of equal bytes, crowds of copies, nodes
 * that were purged, files that were not hashed, names that a root cannot hold, deletions that wait for a
 * person. Strewn over a case from a stream of its own: the case stays what it is without them.
 */
import type { Digest, NodeId } from '@coffer/protocol/core';
import type { Caps, HeldBatch, LocalId, PairMode, Policy } from '../types.ts';
import { checkAgreement, checkNothingLost, checkShape, type Memory } from './oracles.ts';
import { contentOf, LOCAL_ROOT, ROOT, type PretendPair } from './pretend-pair.ts';
import { localSide, remoteSide } from './pretend-users.ts';
import { SeededRandom } from './random.ts';

const STREAM = 0x5e_ed_00_02;
/** Holds a conflict name, and not what these names are. */
const NAME_MAX = 48;
const LONG = 'long '.repeat(12);
const LONG_NAMES = [`${LONG}one.txt`, `${LONG}two.txt`, `${LONG}.txt`] as const;
/** One name in two forms, for a root that tells them apart. */
const FORMS = ['\u00e4', 'a\u0308'] as const;

interface Paired {
  readonly node: NodeId;
  readonly local: LocalId;
}

export class Variations {
  readonly policy: Partial<Policy>;
  readonly #random: SeededRandom;
  readonly #hasLongNames: boolean;
  #hasTwins = false;
  #labels = 0;

  constructor(seed: number) {
    const random = new SeededRandom(seed ^ STREAM);
    this.#random = random;
    this.#hasLongNames = random.chance(0.25);
    this.policy = {
      openCopiesMax: random.below(4),
      ...(random.chance(0.5) ? { holdCountMax: random.below(3) } : { holdShareCountMin: 2 }),
    };
  }

  caps(caps: Caps): Caps {
    return this.#hasLongNames ? { ...caps, nameMax: NAME_MAX } : caps;
  }

  remoteNames(names: readonly string[]): readonly string[] {
    return this.#hasLongNames ? [...names, ...LONG_NAMES] : names;
  }

  /** What is decided on a batch: at once, or after the rest has come to rest. */
  decision(isAtRest: boolean): HeldBatch['decision'] {
    const draw = this.#random.next();
    if (!isAtRest && draw < 0.4) return 'none';
    return draw < 0.7 ? 'approved' : 'undone';
  }

  cause(pair: PretendPair, mode: PairMode): void {
    const count = 1 + this.#random.below(3);
    for (let n = 0; n < count; n++) this.#causeOne(pair, mode);
  }

  /** Files whose bytes nobody has read yet. */
  hide(pair: PretendPair): void {
    for (const row of pair.local.rows.values()) {
      if (row.state !== 'seen' || row.sha256 === null || !this.#random.chance(0.2)) continue;
      if (pair.baseByLocal.has(row.id)) continue;
      pair.unread.set(row.id, row.sha256);
      pair.putLocal({ ...row, sha256: null });
    }
  }

  #causeOne(pair: PretendPair, mode: PairMode): void {
    const paired = this.#random.pick(this.#pairedFiles(pair));
    const draw = this.#random.next();
    if (draw < 0.1) this.#makeTwins(pair);
    else if (draw < 0.2) this.#purge(pair);
    else if (draw < 0.3) this.#deleteAll(pair, mode);
    else if (draw < 0.45) this.#meet(pair);
    else if (paired !== undefined) this.#conflict(pair, paired, draw);
  }

  #conflict(pair: PretendPair, { node, local }: Paired, draw: number): void {
    const [ours, theirs] = [this.#content(), this.#content()];
    localSide(pair).edit(local, ours);
    remoteSide(pair).edit(node, draw < 0.65 ? ours : theirs);
    if (draw < 0.75) return;
    const isSame = draw < 0.9;
    const parent = pair.remote.get(node)?.parent ?? ROOT;
    const copies = isSame ? 1 : 1 + this.#random.below(4);
    for (let n = 0; n < copies; n++) {
      const content = isSame ? ours : this.#content();
      remoteSide(pair).create(parent, `copy ${this.#labels}`, {
        kind: 'file',
        content,
        copyOf: node,
      });
    }
  }

  /** New files at one slot, of equal size and often of equal bytes. */
  #meet(pair: PretendPair): void {
    const content = this.#content();
    const name = `new ${this.#labels}`;
    localSide(pair).create(LOCAL_ROOT, name, { kind: 'file', content });
    const isSame = this.#random.chance(0.5);
    remoteSide(pair).create(ROOT, name, {
      kind: 'file',
      content: isSame ? content : this.#content(),
    });
  }

  #makeTwins(pair: PretendPair): void {
    const { caseSensitive, normalising } = pair.caps;
    if (!caseSensitive || normalising || this.#hasTwins) return;
    this.#hasTwins = true;
    for (const name of FORMS)
      pair.addLocal(LOCAL_ROOT, name, { kind: 'file', content: this.#content() });
  }

  #purge(pair: PretendPair): void {
    const node = this.#random.pick([...pair.base.rows.values()]);
    if (node === undefined) return;
    const entry = pair.local.get(node.localId);
    if (node.kind === 'file' && entry?.state === 'seen' && this.#random.chance(0.7))
      localSide(pair).edit(entry.id, this.#content());
    for (const row of pair.remote.below(node.id)) {
      pair.remote.remove(row.id);
      pair.dirtyRemote.add(row.id);
    }
  }

  #deleteAll(pair: PretendPair, mode: PairMode): void {
    const isLocal = mode === 'two-way' && this.#random.chance(0.5);
    if (isLocal) for (const { id } of pair.local.children(LOCAL_ROOT)) localSide(pair).remove(id);
    else for (const { id } of pair.remote.children(ROOT)) remoteSide(pair).remove(id);
  }

  #pairedFiles(pair: PretendPair): readonly Paired[] {
    return [...pair.base.rows.values()]
      .filter(({ id, localId, kind }) => {
        const isThere = pair.remote.get(id)?.state === 'live';
        return kind === 'file' && isThere && pair.local.get(localId)?.state === 'seen';
      })
      .map(({ id, localId }) => ({ node: id, local: localId }));
  }

  #content(): Digest {
    return contentOf(`varied ${this.#labels++}`);
  }

  check(pair: PretendPair, memory: Memory): void {
    checkShape(pair);
    checkNothingLost(pair, memory);
    if (memory.mode === 'two-way' && !this.#hasTwins) checkAgreement(pair);
  }
}
