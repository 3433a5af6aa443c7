/** Small changes that turn valid bytes into invalid ones. */
import { bytesToHex, hexToBytes } from '@coffer/protocol/core';

/** `hex` with the lowest bit of byte `at` changed; a negative `at` counts from the end. */
export function flipBit(hex: string, at: number): string {
  const bytes = hexToBytes(hex);
  const index = at < 0 ? bytes.length + at : at;
  bytes[index] = (bytes[index] ?? 0) ^ 1;
  return bytesToHex(bytes);
}

/** `hex` with byte `at` replaced. */
export function setByte(hex: string, at: number, value: number): string {
  const bytes = hexToBytes(hex);
  bytes[at] = value;
  return bytesToHex(bytes);
}
