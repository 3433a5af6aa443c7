/** Decoded values as they stand in vector files: bytes as hexadecimal, maps as lists of pairs. */
import { bytesToHex } from '@coffer/protocol/core';
import type { Json } from './vector.ts';

export function toPlainJson(value: unknown): Json {
  if (value instanceof Uint8Array) return bytesToHex(value);
  if (value instanceof Map) return Array.from(value, toPlainJson);
  if (Array.isArray(value)) return value.map(toPlainJson);
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(
      Object.entries(value).map(([name, field]) => [name, toPlainJson(field)]),
    );
  }
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') {
    return value;
  }
  if (value === null) return null;
  throw new TypeError(`no place for a ${typeof value} in a vector file`);
}
