import type { Readable } from 'node:stream';
import { Failure } from '../failure.ts';

/**
 * A request's body, of at most `sizeBytesMax`, in one buffer that is made once where the length was
 * announced: gathering parts and joining them would take twice the memory. Throws Failure.
 */
export async function readBody(
  stream: Readable,
  announced: string | undefined,
  sizeBytesMax: number,
): Promise<Buffer> {
  const lengthBytes = announced === undefined ? undefined : Number(announced);
  if (lengthBytes !== undefined && lengthBytes > sizeBytesMax) throw new Failure('too-large');
  const whole = lengthBytes === undefined ? undefined : Buffer.allocUnsafeSlow(lengthBytes);
  const parts: Buffer[] = [];
  let readBytes = 0;
  for await (const part of stream as AsyncIterable<Buffer>) {
    if (readBytes + part.length > (lengthBytes ?? sizeBytesMax)) throw new Failure('too-large');
    if (whole) part.copy(whole, readBytes);
    else parts.push(part);
    readBytes += part.length;
  }
  if (lengthBytes !== undefined && readBytes !== lengthBytes) throw new Failure('malformed');
  return whole ?? Buffer.concat(parts);
}
