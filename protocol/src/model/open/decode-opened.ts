import { decodeCbor, type Schema } from '../../codec/index.ts';
import { FormatError, IntegrityError, type Bytes } from '../../core/index.ts';

/**
 * The value of opened bytes. They passed the seal, so whoever holds the key wrote them wrong:
 * IntegrityError `malformed`, in the name of `what`.
 */
export function decodeOpened<T>(
  what: string,
  plaintext: Bytes,
  shape: Schema<T>,
  sizeBytesMax: number,
): T {
  try {
    return decodeCbor(plaintext, shape, sizeBytesMax);
  } catch (cause) {
    if (!(cause instanceof FormatError)) throw cause;
    throw new IntegrityError('malformed', `${what}: ${cause.message}`, { cause });
  }
}
