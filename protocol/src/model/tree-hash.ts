/**
 * Hashes of the state tree (protocol §4):
 *
 *   leaf  H("leaf", key ‖ SHA-256(record))
 *   node  H("node", u8 d ‖ prefix[32] ‖ left ‖ right)
 *   empty 0^32
 */
import { concatBytes, DIGEST_SIZE_BYTES, writeHex, type Bytes } from '../core/index.ts';
import { labelBytes, type VerifySuite } from '../crypto/index.ts';

export const EMPTY_TREE_HASH: Bytes = new Uint8Array(DIGEST_SIZE_BYTES);

export interface TreeHasher {
  readonly recordDigest: (record: Bytes) => Bytes;
  readonly leaf: (key: string, recordDigest: Bytes) => Bytes;
  /** `prefix` has 64 digits; those after its first `d` bits are zero. */
  readonly node: (d: number, prefix: string, left: Bytes, right: Bytes) => Bytes;
}

/** Hashes through one buffer per shape: a big commit computes hundreds of thousands. */
export function createTreeHasher(suite: VerifySuite): TreeHasher {
  const leafLabel = labelBytes('leaf');
  const nodeLabel = labelBytes('node');
  const leafInput = concatBytes(leafLabel, new Uint8Array(2 * DIGEST_SIZE_BYTES));
  const nodeInput = concatBytes(nodeLabel, new Uint8Array(1 + 3 * DIGEST_SIZE_BYTES));
  const leafAt = leafLabel.length;
  const nodeAt = nodeLabel.length;
  return {
    recordDigest: (record) => suite.sha256(record),
    leaf: (key, recordDigest) => {
      writeHex(key, leafInput, leafAt);
      leafInput.set(recordDigest, leafAt + DIGEST_SIZE_BYTES);
      return suite.sha256(leafInput);
    },
    node: (d, prefix, left, right) => {
      nodeInput[nodeAt] = d;
      writeHex(prefix, nodeInput, nodeAt + 1);
      nodeInput.set(left, nodeAt + 1 + DIGEST_SIZE_BYTES);
      nodeInput.set(right, nodeAt + 1 + 2 * DIGEST_SIZE_BYTES);
      return suite.sha256(nodeInput);
    },
  };
}
