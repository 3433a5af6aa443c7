/**
 * The one encoding of everything that is hashed, signed or sealed (protocol §1): CBOR arrays
 * (RFC 8949 §4.2.1) of integers, byte strings, text, booleans and null. No maps, floats or tags.
 */
import { decode, encode } from 'cborg';
import { CBOR_DEPTH_MAX, equalBytes, FormatError, type Bytes } from '../core/index.ts';
import { BoundedTokenizer } from './bounded-tokenizer.ts';
import type { Schema } from './schema.ts';

const OPTIONS = { strict: true, allowIndefinite: false, allowUndefined: false, allowBigInt: false };

export type Cbor = number | string | boolean | null | Bytes | readonly Cbor[];

/**
 * Canonical bytes of `value`; throws FormatError on what the encoding cannot hold: the library would
 * turn a lone surrogate into U+FFFD and an unsafe integer into a float, silently.
 */
export function encodeCbor(value: Cbor): Uint8Array<ArrayBuffer> {
  checkEncodable(value, 0);
  return encode(value);
}

/**
 * The value of `bytes`, which must be the canonical encoding of something that fits `schema`: it is
 * encoded again and compared. Throws FormatError.
 */
export function decodeCbor<T>(bytes: Bytes, schema: Schema<T>, sizeBytesMax: number): T {
  if (bytes.length > sizeBytesMax) throw new FormatError(`more than ${sizeBytesMax} bytes`);
  const value = decodeStrictly(bytes);
  const parsed = schema(value);
  if (!equalBytes(encodeCbor(value as Cbor), bytes)) throw new FormatError('not canonical CBOR');
  return parsed;
}

function decodeStrictly(bytes: Bytes): unknown {
  const tokenizer = new BoundedTokenizer(bytes, OPTIONS);
  try {
    return decode(bytes, { ...OPTIONS, tokenizer });
  } catch (cause) {
    if (cause instanceof FormatError) throw cause;
    throw new FormatError('not CBOR', { cause });
  }
}

function checkEncodable(value: Cbor, depth: number): void {
  if (typeof value === 'string') {
    if (!value.isWellFormed()) throw new FormatError('text holds a lone surrogate');
  } else if (typeof value === 'number') {
    if (!Number.isSafeInteger(value)) throw new FormatError('not a safe integer');
  } else if (Array.isArray(value)) {
    if (depth === CBOR_DEPTH_MAX) throw new FormatError('nested too deep');
    for (const element of value as readonly Cbor[]) checkEncodable(element, depth + 1);
  } else if (value !== null && typeof value !== 'boolean' && !(value instanceof Uint8Array)) {
    throw new FormatError('not an encodable value');
  }
}
