/**
 * SHA-256 of kind, ids, target place and preconditions, cut to 16 bytes (engine §5): the same plan, the
 * same ids.
 */
import { bytesToHex, utf8ToBytes, type Bytes } from '@coffer/protocol/core';
import type { OperationId, Saw } from './types.ts';

const OPERATION_ID_SIZE_BYTES = 16;

export function operationId(
  sha256: (bytes: Bytes) => Bytes,
  parts: {
    readonly kind: string;
    readonly node: string | null;
    readonly local: number | null;
    readonly saw: Saw;
    /** Where the operation puts something: id of the folder and name; empty where it moves nothing. */
    readonly place: string;
  },
): OperationId {
  const { kind, node, local, saw, place } = parts;
  const { kind: entry = '', ino = '', size = '', mtimeNs = '', ctimeNs = '' } = saw.local ?? {};
  const text = `${kind}|${node ?? ''}|${local ?? ''}|${saw.rev ?? ''}|${entry}|${ino}|${size}|${mtimeNs}|${ctimeNs}|${place}`;
  return bytesToHex(sha256(utf8ToBytes(text)).subarray(0, OPERATION_ID_SIZE_BYTES)) as OperationId;
}
