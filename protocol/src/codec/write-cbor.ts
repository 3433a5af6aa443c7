/** Writes canonical CBOR (protocol §1): shortest heads, definite lengths. */
import { CBOR_DEPTH_MAX, FormatError, type Bytes } from '../core/index.ts';
import type { Cbor } from './cbor.ts';

declare const TextEncoder: new () => { encode(text: string): Uint8Array<ArrayBuffer> };

const MAJOR_UNSIGNED = 0x00;
const MAJOR_NEGATIVE = 0x20;
const MAJOR_BYTES = 0x40;
const MAJOR_TEXT = 0x60;
const MAJOR_ARRAY = 0x80;
const FALSE = 0xf4;
const TRUE = 0xf5;
const NULL = 0xf6;
const HEAD_SIZE_BYTES_MAX = 9;
const UINT32_SIZE = 2 ** 32;
const FIRST_SIZE_BYTES = 1024;

const encoder = new TextEncoder();

/** Bytes of `value`; throws FormatError on what the encoding cannot hold. */
export function writeCbor(value: Cbor): Uint8Array<ArrayBuffer> {
  try {
    writer.value(value, 0);
    return writer.written();
  } finally {
    writer.forget();
  }
}

class Writer {
  /** Most values are short: the first bytes are written here again and again. */
  readonly #first = new Uint8Array(FIRST_SIZE_BYTES);
  #bytes = this.#first;
  #at = 0;

  written(): Uint8Array<ArrayBuffer> {
    return this.#bytes.slice(0, this.#at);
  }

  /** What was written, or begun, may be a secret. */
  forget(): void {
    this.#first.fill(0, 0, Math.min(this.#at, FIRST_SIZE_BYTES));
    this.#bytes = this.#first;
    this.#at = 0;
  }

  value(value: Cbor, depth: number): void {
    if (typeof value === 'number') this.#integer(value);
    else if (value instanceof Uint8Array) this.#string(MAJOR_BYTES, value);
    else if (value === null) this.#one(NULL);
    else if (typeof value === 'string') this.#string(MAJOR_TEXT, utf8Of(value));
    else if (typeof value === 'boolean') this.#one(value ? TRUE : FALSE);
    else if (Array.isArray(value)) this.#array(value, depth);
    else throw new FormatError('not an encodable value');
  }

  #array(values: readonly Cbor[], depth: number): void {
    if (depth === CBOR_DEPTH_MAX) throw new FormatError('nested too deep');
    this.#head(MAJOR_ARRAY, values.length);
    for (const element of values) this.value(element, depth + 1);
  }

  #integer(value: number): void {
    if (!Number.isSafeInteger(value)) throw new FormatError('not a safe integer');
    if (value < 0) this.#head(MAJOR_NEGATIVE, -1 - value);
    else this.#head(MAJOR_UNSIGNED, value);
  }

  #string(major: number, bytes: Bytes): void {
    this.#head(major, bytes.length);
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#at);
    this.#at += bytes.length;
  }

  #one(byte: number): void {
    this.#reserve(1);
    this.#bytes[this.#at++] = byte;
  }

  #head(major: number, number: number): void {
    this.#reserve(HEAD_SIZE_BYTES_MAX);
    if (number < 24) {
      this.#bytes[this.#at++] = major | number;
    } else if (number < 0x100) {
      this.#bytes[this.#at++] = major | 24;
      this.#bytes[this.#at++] = number;
    } else if (number < 0x1_0000) {
      this.#bytes[this.#at++] = major | 25;
      this.#bigEndian(number, 2);
    } else if (number < UINT32_SIZE) {
      this.#bytes[this.#at++] = major | 26;
      this.#bigEndian(number, 4);
    } else {
      this.#bytes[this.#at++] = major | 27;
      this.#bigEndian(Math.floor(number / UINT32_SIZE), 4);
      this.#bigEndian(number % UINT32_SIZE, 4);
    }
  }

  #bigEndian(number: number, size: number): void {
    for (let shift = 8 * (size - 1); shift >= 0; shift -= 8) {
      this.#bytes[this.#at++] = (number >>> shift) & 0xff;
    }
  }

  #reserve(size: number): void {
    const needed = this.#at + size;
    if (needed <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(needed, 2 * this.#bytes.length));
    grown.set(this.#bytes.subarray(0, this.#at));
    this.#bytes = grown;
  }
}

const writer = new Writer();

function utf8Of(text: string): Bytes {
  if (!text.isWellFormed()) throw new FormatError('text holds a lone surrogate');
  return encoder.encode(text);
}
