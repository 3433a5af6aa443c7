/**
 * The plain way to read and write the encoding, with a library: decode, encode again and compare. What
 * `read-cbor.ts` and `write-cbor.ts` do in one pass is held against it.
 */
import { decode, encode } from 'cborg';
import { CBOR_DEPTH_MAX, equalBytes, FormatError, type Bytes } from '../../core/index.ts';
import type { Cbor } from '../cbor.ts';
import { BoundedTokenizer } from './bounded-tokenizer.ts';

const OPTIONS = { strict: true, allowIndefinite: false, allowUndefined: false, allowBigInt: false };

/** Checked first: the library turns a lone surrogate into U+FFFD and an unsafe integer into a float. */
export function referenceEncode(value: Cbor): Uint8Array<ArrayBuffer> {
  checkEncodable(value, 0);
  return encode(value);
}

export function referenceDecode(bytes: Bytes): Cbor {
  const value = decodeStrictly(bytes);
  if (!equalBytes(referenceEncode(value), bytes)) throw new FormatError('not canonical CBOR');
  return value;
}

function decodeStrictly(bytes: Bytes): Cbor {
  const tokenizer = new BoundedTokenizer(bytes, OPTIONS);
  try {
    return decode(bytes, { ...OPTIONS, tokenizer }) as Cbor;
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
