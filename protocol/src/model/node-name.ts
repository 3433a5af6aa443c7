import { err, NAME_SIZE_BYTES_MAX, ok, utf8ToBytes, type Result } from '../core/index.ts';

export type NodeNameProblem =
  'empty' | 'too-long' | 'reserved' | 'forbidden-character' | 'not-text';

/**
 * A name as protocol §3 allows it: 1 to 1,024 bytes of UTF-8 without `/` and NUL, not `.` or `..`. It
 * is kept code point for code point; what a device's own file system cannot hold is not judged here.
 */
export function parseNodeName(text: string): Result<string, NodeNameProblem> {
  if (!text.isWellFormed()) return err('not-text');
  if (text === '') return err('empty');
  if (text === '.' || text === '..') return err('reserved');
  if (text.includes('/') || text.includes('\0')) return err('forbidden-character');
  return utf8ToBytes(text).length > NAME_SIZE_BYTES_MAX ? err('too-long') : ok(text);
}
