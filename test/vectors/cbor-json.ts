/** CBOR values as they stand in vector files: bytes as hexadecimal, text as {"text": …}. */
import type { Cbor } from '@coffer/protocol/codec';
import { bytesToHex, hexToBytes } from '@coffer/protocol/core';
import type { Json } from './vector.ts';

export type CborJson =
  number | boolean | null | string | { readonly text: string } | readonly CborJson[];

export function cborToJson(value: Cbor): Json {
  if (value instanceof Uint8Array) return bytesToHex(value);
  if (typeof value === 'string') return { text: value };
  if (Array.isArray(value)) return (value as readonly Cbor[]).map(cborToJson);
  return value as number | boolean | null;
}

export function jsonToCbor(value: CborJson): Cbor {
  if (typeof value === 'string') return hexToBytes(value);
  if (typeof value !== 'object' || value === null) return value;
  if ('text' in value) return value.text;
  return value.map(jsonToCbor);
}
