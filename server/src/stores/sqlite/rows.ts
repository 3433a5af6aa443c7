/** How ids and digests stand in rows. */
import type { Bytes, Id16, Id32 } from '@coffer/protocol/core';

export function toBlob(hex: string): Buffer {
  return Buffer.from(hex, 'hex');
}

/** Of a blob whose length the schema holds. */
export function toId<T extends Id16 | Id32>(blob: Bytes): T {
  return Buffer.from(blob.buffer, blob.byteOffset, blob.byteLength).toString('hex') as T;
}

const DIGEST_HEX = 64;

export function joinDigests(digests: readonly Id32[]): Buffer {
  return toBlob(digests.join(''));
}

export function splitDigests<T extends Id32>(blob: Bytes): T[] {
  const hex = toId(blob);
  return Array.from(
    { length: hex.length / DIGEST_HEX },
    (_, i) => hex.slice(i * DIGEST_HEX, (i + 1) * DIGEST_HEX) as T,
  );
}
