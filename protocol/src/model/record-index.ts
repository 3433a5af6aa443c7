import { bytesToHex, FormatError, type Bytes, type NodeId } from '../core/index.ts';
import type { NameTag, TreeKey } from './records.ts';
import { recordTypeAt } from './tree-keys.ts';

/** What the indexes behind `StateView.findNode` and `findTag` hold of one record. */
export interface RecordIndex {
  readonly node: NodeId | null;
  readonly tag: NameTag | null;
}

const NO_INDEX: RecordIndex = { node: null, tag: null };
/** Where the tag stands among the fields of a node record. */
const TAG_FIELD = 9;
const PARENT_DIGITS = 32;
const MAJOR_BYTES = 2;
const NULL = 0xf6;

/**
 * Index entries of a record that was verified: null for all but nodes; roots and trash have no tag.
 * Verified records are canonical and belong under their key, so that nothing is decoded here.
 */
export function indexRecord(key: TreeKey, bytes: Bytes): RecordIndex {
  if (recordTypeAt(key) !== 'node') return NO_INDEX;
  return { node: key.slice(PARENT_DIGITS) as NodeId, tag: tagOf(bytes) };
}

function tagOf(bytes: Bytes): NameTag | null {
  let at = 1; // The head of an array of up to 23 fields is one byte.
  for (let field = 0; field < TAG_FIELD; field++) at = endOfItem(bytes, at);
  if (bytes[at] === NULL) return null;
  return bytesToHex(bytes.subarray(startOfBytes(bytes, at), endOfItem(bytes, at))) as NameTag;
}

/** The fields before the tag are numbers and short byte strings. */
function endOfItem(bytes: Bytes, at: number): number {
  const head = bytes[at] ?? 0xff;
  const size = head & 0x1f;
  if (head >> 5 !== MAJOR_BYTES) return size < 24 ? at + 1 : at + 1 + (1 << (size - 24));
  return startOfBytes(bytes, at) + (size < 24 ? size : (bytes[at + 1] ?? 0));
}

function startOfBytes(bytes: Bytes, at: number): number {
  const head = bytes[at] ?? 0xff;
  if (head >> 5 !== MAJOR_BYTES || (head & 0x1f) > 24) throw new FormatError('no node record');
  return (head & 0x1f) < 24 ? at + 1 : at + 2;
}
