/**
 * The Merkle tree over the ids of all commits so far (protocol §4; shape of RFC 9162 §2.1):
 *
 *   leaf H("past-leaf", id), node H("past-node", left ‖ right), empty 0^32
 *
 * A writer carries its edge: the roots of the perfect subtrees that the size decomposes into, largest
 * first. They give the root, and the edge after the next commit.
 */
import {
  assert,
  digestFromBytes,
  idToBytes,
  ZERO_DIGEST,
  type CommitId,
  type Digest,
} from '../core/index.ts';
import { hash, type VerifySuite } from '../crypto/index.ts';

/** Root over the ids that `edge` stands for; the zero digest for none. */
export function pastRoot(suite: VerifySuite, edge: readonly Digest[]): Digest {
  return (
    edge.reduceRight<Digest | null>(
      (right, left) => (right === null ? left : joinPast(suite, left, right)),
      null,
    ) ?? ZERO_DIGEST
  );
}

/** The edge after `id` was appended to `size` ids. */
export function extendEdge(
  suite: VerifySuite,
  edge: readonly Digest[],
  size: number,
  id: CommitId,
): readonly Digest[] {
  assert(edge.length === countBits(size), 'an edge has one root per binary digit of its size');
  const grown = [...edge];
  let node = pastLeaf(suite, id);
  for (let rest = size; rest % 2 === 1; rest = (rest - 1) / 2) {
    const left = grown.pop();
    assert(left !== undefined, 'an edge has one root per binary digit of its size');
    node = joinPast(suite, left, node);
  }
  grown.push(node);
  return grown;
}

/** What proves that the id at `index` (counted from 0: seq − 1) is one of the first `size` ids. */
export interface PastProof {
  readonly size: number;
  readonly index: number;
  readonly path: readonly Digest[];
}

/** Inclusion path, from the leaf upward (RFC 9162 §2.1.3.1). Hashes all `ids` once. */
export function provePast(suite: VerifySuite, ids: readonly CommitId[], index: number): PastProof {
  assert(index >= 0 && index < ids.length, 'the index lies among the ids');
  const leaves = ids.map((id) => pastLeaf(suite, id));
  return { size: ids.length, index, path: pathIn(suite, leaves, index) };
}

/**
 * True when `id` stands at `proof.index` among the `proof.size` ids under `root` (RFC 9162
 * §2.1.3.2).
 */
export function verifyPast(
  suite: VerifySuite,
  root: Digest,
  id: CommitId,
  proof: PastProof,
): boolean {
  const { size, index, path } = proof;
  if (!Number.isSafeInteger(size) || !Number.isSafeInteger(index)) return false;
  if (index < 0 || index >= size) return false;
  let node = pastLeaf(suite, id);
  let place = index;
  let last = size - 1;
  for (const sibling of path) {
    if (last === 0) return false;
    if (place % 2 === 1 || place === last) {
      node = joinPast(suite, sibling, node);
      while (place % 2 === 0 && place !== 0) {
        place = place / 2;
        last = Math.floor(last / 2);
      }
    } else {
      node = joinPast(suite, node, sibling);
    }
    place = Math.floor(place / 2);
    last = Math.floor(last / 2);
  }
  return last === 0 && node === root;
}

function pathIn(suite: VerifySuite, leaves: readonly Digest[], index: number): Digest[] {
  if (leaves.length <= 1) return [];
  const split = splitOf(leaves.length);
  const left = leaves.slice(0, split);
  const right = leaves.slice(split);
  return index < split
    ? [...pathIn(suite, left, index), rootOf(suite, right)]
    : [...pathIn(suite, right, index - split), rootOf(suite, left)];
}

function rootOf(suite: VerifySuite, leaves: readonly Digest[]): Digest {
  const [first] = leaves;
  if (first === undefined) return ZERO_DIGEST;
  if (leaves.length === 1) return first;
  const split = splitOf(leaves.length);
  const left = rootOf(suite, leaves.slice(0, split));
  return joinPast(suite, left, rootOf(suite, leaves.slice(split)));
}

/** The largest power of two below `size`. */
function splitOf(size: number): number {
  let split = 1;
  while (split * 2 < size) split *= 2;
  return split;
}

function pastLeaf(suite: VerifySuite, id: CommitId): Digest {
  return digestFromBytes<Digest>(hash(suite, 'past-leaf', idToBytes(id)));
}

function joinPast(suite: VerifySuite, left: Digest, right: Digest): Digest {
  return digestFromBytes<Digest>(hash(suite, 'past-node', idToBytes(left), idToBytes(right)));
}

function countBits(size: number): number {
  let count = 0;
  for (let rest = size; rest > 0; rest = Math.floor(rest / 2)) count += rest % 2;
  return count;
}
