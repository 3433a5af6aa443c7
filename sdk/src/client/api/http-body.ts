/** Bodies of answers, read with a cap: a server cannot make us hold more than we asked for. */
import { IntegrityError, joinBytes, type Bytes } from '@coffer/protocol/core';
import type { HttpResponse } from '../../ports/index.ts';

/** The whole body; IntegrityError `malformed` beyond `sizeBytesMax`, and then nothing more is read. */
export async function readBody(
  response: HttpResponse,
  sizeBytesMax: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const announced = response.headers['content-length'];
  if (announced !== undefined && Number(announced) > sizeBytesMax) {
    await discardBody(response);
    throw tooLong(sizeBytesMax);
  }
  const parts: Bytes[] = [];
  let sizeBytes = 0;
  for await (const part of response.body) {
    sizeBytes += part.length;
    if (sizeBytes > sizeBytesMax) throw tooLong(sizeBytesMax);
    parts.push(part);
  }
  return joinBytes(parts);
}

/** Ends the exchange without reading what is still to come. */
export async function discardBody(response: HttpResponse): Promise<void> {
  await response.body[Symbol.asyncIterator]().return?.(undefined);
}

function tooLong(sizeBytesMax: number): IntegrityError {
  return new IntegrityError('malformed', `an answer is longer than ${sizeBytesMax} bytes`);
}
