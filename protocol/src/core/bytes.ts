/** Bytes as the protocol uses them: fixed-width numbers are unsigned and big-endian. */

declare const TextEncoder: new () => { encode(text: string): Uint8Array<ArrayBuffer> };
declare const TextDecoder: new (
  label: string,
  options: { fatal: boolean; ignoreBOM: boolean },
) => { decode(bytes: Uint8Array): string };

export type Bytes = Uint8Array;

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** UTF-8 of `text`. A lone surrogate is refused, not replaced. */
export function utf8ToBytes(text: string): Uint8Array<ArrayBuffer> {
  if (!text.isWellFormed()) throw new RangeError('text holds a lone surrogate');
  return encoder.encode(text);
}

/** Text of UTF-8 `bytes`; throws a TypeError when they are not valid UTF-8. */
export function bytesToUtf8(bytes: Bytes): string {
  return decoder.decode(bytes);
}

export function concatBytes(...parts: readonly Bytes[]): Uint8Array<ArrayBuffer> {
  return joinBytes(parts);
}

/** As `concatBytes`, however many there are: a hundred thousand arguments would overflow the stack. */
export function joinBytes(parts: readonly Bytes[]): Uint8Array<ArrayBuffer> {
  let length = 0;
  for (const part of parts) length += part.length;
  const out = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

export function equalBytes(a: Bytes, b: Bytes): boolean {
  return a.length === b.length && compareBytes(a, b) === 0;
}

/** Lexicographic order of unsigned bytes: negative, zero or positive. */
export function compareBytes(a: Bytes, b: Bytes): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

export function isZeroBytes(bytes: Bytes): boolean {
  return bytes.every((byte) => byte === 0);
}

const HEX_DIGITS = '0123456789abcdef';
const hexCodeByValue = Uint8Array.from(HEX_DIGITS, (digit) => digit.charCodeAt(0));
const HEX_PIECE_BYTES = 32;
/** For each number of bytes the character codes of its digits, filled anew each time. */
const hexCodes = Array.from({ length: HEX_PIECE_BYTES + 1 }, (_, bytes) =>
  Array.from({ length: 2 * bytes }, () => 0),
);

/** Lower-case hexadecimal. Its code-unit order is the order of the bytes. */
export function bytesToHex(bytes: Bytes): string {
  if (bytes.length <= HEX_PIECE_BYTES) return hexOf(bytes, 0, bytes.length);
  let text = '';
  for (let from = 0; from < bytes.length; from += HEX_PIECE_BYTES) {
    text += hexOf(bytes, from, Math.min(from + HEX_PIECE_BYTES, bytes.length));
  }
  return text;
}

/** In one piece: digit by digit an id would be a chain of strings of a kilobyte. */
function hexOf(bytes: Bytes, from: number, to: number): string {
  const codes = hexCodes[to - from] ?? [];
  for (let i = from, at = 0; i < to; i++) {
    const byte = bytes[i] ?? 0;
    codes[at++] = hexCodeByValue[byte >> 4] ?? 0;
    codes[at++] = hexCodeByValue[byte & 15] ?? 0;
  }
  return String.fromCharCode(...codes);
}

const NOT_A_DIGIT = 0xff;
const valueByHexCode = new Uint8Array(128).fill(NOT_A_DIGIT);
for (let value = 0; value < 16; value++) valueByHexCode[HEX_DIGITS.charCodeAt(value)] = value;

/** Bytes of lower-case hexadecimal; throws a RangeError on anything else. */
export function hexToBytes(text: string): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(text.length >>> 1);
  writeHex(text, out, 0);
  return out;
}

/** Writes the bytes of lower-case hexadecimal at `at` of `out`; throws a RangeError on anything else. */
export function writeHex(text: string, out: Uint8Array, at: number): void {
  let invalid = text.length & 1;
  const length = text.length >>> 1;
  for (let i = 0; i < length; i++) {
    const high = valueByHexCode[text.charCodeAt(2 * i)] ?? NOT_A_DIGIT;
    const low = valueByHexCode[text.charCodeAt(2 * i + 1)] ?? NOT_A_DIGIT;
    invalid |= (high | low) & 0xf0;
    out[at + i] = (high << 4) | low;
  }
  if (invalid !== 0) throw new RangeError('not hexadecimal');
}

const BASE64URL = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

/** Base64url without padding (RFC 4648 §5). */
export function bytesToBase64Url(bytes: Bytes): string {
  let text = '';
  for (let i = 0; i < bytes.length; i += 3) {
    const group = ((bytes[i] ?? 0) << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0);
    const digits = Math.min(bytes.length - i, 3) + 1;
    for (let d = 0; d < digits; d++) text += BASE64URL[(group >> (18 - 6 * d)) & 63] ?? '';
  }
  return text;
}

/** Bytes of unpadded base64url; throws a RangeError unless it is the one encoding of its bytes. */
export function base64UrlToBytes(text: string): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(Math.floor((text.length * 3) / 4));
  let bits = 0;
  let bitCount = 0;
  let at = 0;
  for (const digit of text) {
    const value = BASE64URL.indexOf(digit);
    if (value < 0) throw new RangeError('not base64url');
    bits = ((bits << 6) | value) & 0xffff;
    bitCount += 6;
    if (bitCount >= 8) {
      bitCount -= 8;
      out[at++] = (bits >> bitCount) & 0xff;
    }
  }
  if (text.length % 4 === 1 || (bits & ((1 << bitCount) - 1)) !== 0) {
    throw new RangeError('not canonical base64url');
  }
  return out;
}

export function u8(value: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.of(value);
}

export function u32be(value: number): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(4);
  new DataView(out.buffer).setUint32(0, value);
  return out;
}

/** Eight bytes of an integer from 0 to 2^53−1. */
export function u64be(value: number): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(8);
  new DataView(out.buffer).setBigUint64(0, BigInt(value));
  return out;
}

export function readU32be(bytes: Bytes, at: number): number {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(at);
}
