/**
 * Padded lengths of chunks (protocol §5): P(n) = max(256, Padmé(n)). Padmé keeps as many leading
 * bits of a length as the length of its exponent has, so that at most 12 % is added and only
 * O(log log n) bits of the length stay visible.
 */
import { assert } from '../core/index.ts';

export const PADDED_LENGTH_MIN = 256;

/** P(n) in bytes for a plain length from 0 to 2^30. */
export function paddedLength(plainLength: number): number {
  assert(
    Number.isInteger(plainLength) && plainLength >= 0 && plainLength <= 2 ** 30,
    'a plain length is a count of bytes',
  );
  if (plainLength <= PADDED_LENGTH_MIN) return PADDED_LENGTH_MIN;
  const exponent = 31 - Math.clz32(plainLength);
  const keptBits = 32 - Math.clz32(exponent);
  const rest = 2 ** (exponent - keptBits) - 1;
  return (plainLength + rest) & ~rest;
}
