/**
 * Entries that cannot be looked at, nodes that cannot be opened, what is ignored and what selective
 * sync leaves out, strewn over a case. A stream of its own: the case stays what it is without them.
 */
import type { NodeId } from '@coffer/protocol/core';
import type { LocalId, LocalNode, RemoteNode } from '../types.ts';
import { checkNothingLost, checkShape, claim, type Memory } from './oracles.ts';
import { LOCAL_ROOT, ROOT, type PretendPair } from './pretend-pair.ts';
import { SeededRandom } from './random.ts';

const STREAM = 0x5e_ed_00_01;

export class Troubles {
  readonly excluded = new Set<NodeId>();
  readonly #random: SeededRandom;
  readonly #unknown = new Map<LocalId, LocalNode>();
  readonly #unreadable = new Map<NodeId, RemoteNode>();
  #isSomethingLeftAlone = false;

  constructor(seed: number) {
    this.#random = new SeededRandom(seed ^ STREAM);
  }

  cause(pair: PretendPair): void {
    const count = 1 + this.#random.below(2);
    for (let n = 0; n < count; n++) this.#causeOne(pair);
  }

  #causeOne(pair: PretendPair): void {
    const entries = [...pair.local.rows.values()].filter(
      ({ id, state }) => id !== LOCAL_ROOT && state === 'seen',
    );
    const nodes = [...pair.remote.rows.values()].filter(({ state }) => state === 'live');
    const [entry, node] = [this.#random.pick(entries), this.#random.pick(nodes)];
    const draw = this.#random.next();
    if (draw < 0.3 && entry !== undefined) {
      const row: LocalNode = { ...entry, state: 'unknown' };
      pair.writeLocal(row);
      this.#unknown.set(row.id, row);
      this.#isSomethingLeftAlone = true;
    } else if (draw < 0.5 && entry !== undefined) {
      this.#isSomethingLeftAlone = true;
      for (const row of pair.local.below(entry.id)) {
        if (row.state === 'seen') pair.writeLocal({ ...row, state: 'detached' });
      }
    } else if (draw < 0.75 && node !== undefined) {
      const row: RemoteNode = { ...node, state: 'unreadable' };
      pair.putRemote(row);
      this.#unreadable.set(row.id, row);
      this.#isSomethingLeftAlone = true;
    } else if (node !== undefined) {
      this.excluded.add(node.id);
      pair.dirtyRemote.add(node.id);
    }
  }

  /** Where nothing is in the way, no entry stands for a node that is left out. */
  #checkLeftOut(pair: PretendPair): void {
    for (const base of pair.base.rows.values()) {
      if (pair.local.get(base.localId)?.state !== 'seen') continue;
      for (let at = base.id; at !== ROOT; at = pair.remote.get(at)?.parent ?? ROOT) {
        claim(!this.excluded.has(at), `${base.name} is left out and still here`);
      }
    }
  }

  /** Nothing is lost, and what is in trouble was left alone. */
  check(pair: PretendPair, memory: Memory): void {
    checkShape(pair);
    checkNothingLost(pair, memory);
    for (const [id, before] of this.#unknown) {
      const now = pair.local.get(id);
      claim(now?.state === 'unknown', 'an unknown entry was touched');
      claim(
        now?.parent === before.parent && now.name === before.name,
        'an unknown entry was moved',
      );
    }
    for (const [id, before] of this.#unreadable) {
      const now = pair.remote.get(id);
      claim(now?.state === 'unreadable', 'an unreadable node was touched');
      claim(
        now?.parent === before.parent && now.rev === before.rev,
        'an unreadable node was changed',
      );
    }
    if (memory.mode === 'two-way' && !this.#isSomethingLeftAlone) this.#checkLeftOut(pair);
    for (const id of this.excluded) {
      claim(pair.remote.get(id)?.state !== 'trashed', 'what is left out was deleted remotely');
    }
  }
}
