import type { Bytes, NodeId } from '../core/index.ts';
import { decodeRecord } from './record-codec.ts';
import type { NameTag, TreeKey } from './records.ts';
import { recordTypeAt } from './tree-keys.ts';

/** What the indexes behind `StateView.findNode` and `findTag` hold of one record. */
export interface RecordIndex {
  readonly node: NodeId | null;
  readonly tag: NameTag | null;
}

const NO_INDEX: RecordIndex = { node: null, tag: null };

/** Index entries of a record that was verified: null for all but nodes; roots and trash have no tag. */
export function indexRecord(key: TreeKey, bytes: Bytes): RecordIndex {
  if (recordTypeAt(key) !== 'node') return NO_INDEX;
  const record = decodeRecord(key, bytes);
  return record.type === 'node' ? { node: record.id, tag: record.tag } : NO_INDEX;
}
