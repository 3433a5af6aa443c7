import { Tokenizer, Type, type DecodeOptions, type Token } from 'cborg';
import {
  bytesToUtf8,
  CBOR_DEPTH_MAX,
  CBOR_ITEMS_MAX,
  FormatError,
  type Bytes,
} from '../../core/index.ts';

/**
 * Reads the items of one value and stops at the first that the encoding does not have, that is
 * nested too deep or that is one too many. Without it a body of 16 MiB could become 16 million empty
 * arrays before any schema has looked at it.
 */
export class BoundedTokenizer extends Tokenizer {
  #items = 0;
  /** How many elements each open array still lacks, the innermost last. */
  readonly #lacking: number[] = [];

  constructor(bytes: Bytes, options: DecodeOptions) {
    // A plain view: `slice` of a Buffer would share its memory with what is decoded.
    super(new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength), {
      ...options,
      retainStringBytes: true,
    });
  }

  override next(): Token {
    if (++this.#items > CBOR_ITEMS_MAX) throw new FormatError('too many items');
    const token = super.next();
    if (token.type === Type.map) throw new FormatError('not an encodable value');
    // The library's own text loses a leading U+FEFF, which a name may begin with.
    if (token.byteValue !== undefined) token.value = bytesToUtf8(token.byteValue);
    this.#countElement();
    if (token.type === Type.array) this.#openArray(token.value as number);
    return token;
  }

  #countElement(): void {
    while (this.#lacking.at(-1) === 0) this.#lacking.pop();
    const innermost = this.#lacking.length - 1;
    const lacking = this.#lacking[innermost];
    if (lacking !== undefined) this.#lacking[innermost] = lacking - 1;
  }

  #openArray(length: number): void {
    if (this.#lacking.length === CBOR_DEPTH_MAX) throw new FormatError('nested too deep');
    this.#lacking.push(length);
  }
}
