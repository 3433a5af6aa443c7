/** The `data:` lines of an event stream (text/event-stream), each given as it is complete. */
import { bytesToUtf8, concatBytes, IntegrityError, type Bytes } from '@coffer/protocol/core';

/** Longer lines are no events of ours. */
const LINE_SIZE_BYTES_MAX = 4096;
const LINE_FEED = 10;

/** Yields the payload of every data line; comment and other lines only prove that the stream lives. */
export async function* readEventLines(
  body: AsyncIterable<Bytes>,
): AsyncGenerator<string, void, undefined> {
  let rest: Bytes = new Uint8Array();
  for await (const part of body) {
    rest = concatBytes(rest, part);
    for (let end = rest.indexOf(LINE_FEED); end >= 0; end = rest.indexOf(LINE_FEED)) {
      const line = decodeLine(rest.subarray(0, end));
      rest = rest.subarray(end + 1);
      if (line.startsWith('data:')) yield line.slice('data:'.length).trim();
    }
    if (rest.length > LINE_SIZE_BYTES_MAX) throw malformed(undefined);
  }
}

function decodeLine(bytes: Bytes): string {
  try {
    return bytesToUtf8(bytes);
  } catch (cause) {
    throw malformed(cause);
  }
}

function malformed(cause: unknown): IntegrityError {
  return new IntegrityError('malformed', 'a line of the event stream is malformed', { cause });
}
