/** How ids and digests stand in rows. */
import type { Bytes, Digest } from '@coffer/protocol/core';

export function toBlob(hex: string): Buffer {
  return Buffer.from(hex, 'hex');
}

/** Lower-case hexadecimal of a blob. */
export function toHex(blob: Bytes): string {
  if (Buffer.isBuffer(blob)) return blob.toString('hex');
  return Buffer.from(blob.buffer, blob.byteOffset, blob.byteLength).toString('hex');
}

const DIGEST_HEX = 64;

export function joinDigests(digests: readonly Digest[]): Buffer {
  return toBlob(digests.join(''));
}

export function splitDigests(blob: Bytes): Digest[] {
  const hex = toHex(blob);
  return Array.from(
    { length: hex.length / DIGEST_HEX },
    (_, i) => hex.slice(i * DIGEST_HEX, (i + 1) * DIGEST_HEX) as Digest,
  );
}
