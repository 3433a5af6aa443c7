/**
 * The one encoding of everything that is hashed, signed or sealed (protocol §1): CBOR arrays
 * (RFC 8949 §4.2.1) of integers, byte strings, text, booleans and null. No maps, floats or tags.
 */
import { FormatError, type Bytes } from '../core/index.ts';
import { readCbor } from './read-cbor.ts';
import type { Schema } from './schema.ts';
import { writeCbor } from './write-cbor.ts';

export type Cbor = number | string | boolean | null | Bytes | readonly Cbor[];

/** Canonical bytes of `value`; throws FormatError on what the encoding cannot hold. */
export function encodeCbor(value: Cbor): Uint8Array<ArrayBuffer> {
  return writeCbor(value);
}

/**
 * The value of `bytes`, which must be the canonical encoding of something that fits `schema`. Throws
 * FormatError.
 */
export function decodeCbor<T>(bytes: Bytes, schema: Schema<T>, sizeBytesMax: number): T {
  if (bytes.length > sizeBytesMax) throw new FormatError(`more than ${sizeBytesMax} bytes`);
  return schema(readCbor(bytes));
}
