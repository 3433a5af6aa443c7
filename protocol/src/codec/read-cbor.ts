/**
 * Reads canonical CBOR (protocol §1) in one pass: whatever is not the one encoding of its value is
 * refused where it stands, so that nothing has to be encoded again and compared. `cbor.property.test.ts` holds
 * it against the plain way, which does just that.
 */
import {
  bytesToUtf8,
  CBOR_DEPTH_MAX,
  CBOR_ITEMS_MAX,
  FormatError,
  type Bytes,
} from '../core/index.ts';
import type { Cbor } from './cbor.ts';

const MAJOR_UNSIGNED = 0;
const MAJOR_NEGATIVE = 1;
const MAJOR_BYTES = 2;
const MAJOR_TEXT = 3;
const MAJOR_ARRAY = 4;
const MAJOR_MAP = 5;
const FALSE = 0xf4;
const TRUE = 0xf5;
const NULL = 0xf6;
const HALF_FLOAT = 0xf9;
const SINGLE_FLOAT = 0xfa;
const DOUBLE_FLOAT = 0xfb;
const UINT32_SIZE = 2 ** 32;

/** The value that `bytes` encode; throws FormatError for any but the one canonical encoding. */
export function readCbor(bytes: Bytes): Cbor {
  const reader = new CanonicalReader(bytes);
  const value = reader.value(0);
  if (!reader.isAtEnd()) throw notCbor();
  return value;
}

class CanonicalReader {
  readonly #bytes: Uint8Array;
  #at = 0;
  #items = 0;

  constructor(bytes: Bytes) {
    // A plain view: `slice` of a Buffer would share its memory with what is decoded.
    this.#bytes = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  isAtEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  /** `depth`: how many arrays are open around the value. */
  value(depth: number): Cbor {
    if (++this.#items > CBOR_ITEMS_MAX) throw new FormatError('too many items');
    const head = this.#byte();
    if (head === NULL) return null;
    if (head === FALSE || head === TRUE) return head === TRUE;
    switch (head >> 5) {
      case MAJOR_UNSIGNED:
        return this.#argument(head);
      case MAJOR_NEGATIVE:
        return this.#negative(head);
      case MAJOR_BYTES:
        return this.#take(this.#argument(head)).slice();
      case MAJOR_TEXT:
        return this.#text(this.#argument(head));
      case MAJOR_ARRAY:
        return this.#array(this.#argument(head), depth);
      case MAJOR_MAP:
        throw new FormatError('not an encodable value');
      default:
        throw this.#refuseFloat(head);
    }
  }

  #array(length: number, depth: number): Cbor {
    if (depth === CBOR_DEPTH_MAX) throw new FormatError('nested too deep');
    const elements: Cbor[] = [];
    // Grows as it is read: the length is a claim, and the bytes may end before it.
    for (let i = 0; i < length; i++) elements.push(this.value(depth + 1));
    return elements;
  }

  #negative(head: number): number {
    const value = -1 - this.#argument(head);
    if (!Number.isSafeInteger(value)) throw notCbor();
    return value;
  }

  #text(length: number): string {
    try {
      return bytesToUtf8(this.#take(length));
    } catch (cause) {
      if (cause instanceof FormatError) throw cause;
      throw notCbor(cause);
    }
  }

  /** Tags, simple values and floats have no place here; a float tells which number it would be. */
  #refuseFloat(head: number): FormatError {
    const size = { [HALF_FLOAT]: 2, [SINGLE_FLOAT]: 4, [DOUBLE_FLOAT]: 8 }[head];
    if (size === undefined) return notCbor();
    const { buffer, byteOffset } = this.#take(size);
    const view = new DataView(buffer, byteOffset, size);
    const number =
      size === 2
        ? halfFloat(view.getUint16(0))
        : size === 4
          ? view.getFloat32(0)
          : view.getFloat64(0);
    return new FormatError(
      Number.isSafeInteger(number) ? 'not canonical CBOR' : 'not a safe integer',
    );
  }

  /** The number of a head, in the shortest of its forms. */
  #argument(head: number): number {
    const short = head & 0x1f;
    if (short < 24) return short;
    const number = this.#longArgument(short);
    if (number < (LEAST_BY_FORM[short - 24] ?? 0)) throw notCbor();
    if (number > Number.MAX_SAFE_INTEGER) throw notCbor();
    return number;
  }

  #longArgument(form: number): number {
    if (form === 24) return this.#byte();
    if (form === 25) return (this.#byte() << 8) | this.#byte();
    if (form === 26) return this.#uint32();
    if (form === 27) return this.#uint32() * UINT32_SIZE + this.#uint32();
    throw notCbor();
  }

  #uint32(): number {
    const high = (this.#byte() << 8) | this.#byte();
    return high * 0x1_0000 + ((this.#byte() << 8) | this.#byte());
  }

  #byte(): number {
    const byte = this.#bytes[this.#at++];
    if (byte === undefined) throw notCbor();
    return byte;
  }

  #take(length: number): Uint8Array {
    const end = this.#at + length;
    if (end > this.#bytes.length) throw notCbor();
    const taken = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return taken;
  }
}

function halfFloat(bits: number): number {
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0x1f) return Number.NaN;
  return exponent === 0 ? fraction * 2 ** -24 : (0x400 + fraction) * 2 ** (exponent - 25);
}

function notCbor(cause?: unknown): FormatError {
  return new FormatError('not CBOR', { cause });
}

/** The least number that needs 1, 2, 4 and 8 bytes after its head. */
const LEAST_BY_FORM: readonly number[] = [24, 0x100, 0x1_0000, UINT32_SIZE];
