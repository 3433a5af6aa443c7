/** Short cuts of the rule cases about nodes. */
import { encodeCbor } from '../../codec/index.ts';
import { concatBytes, u32be } from '../../core/index.ts';
import { storedChunkLength } from '../chunk-lengths.ts';
import type { Content, ItemRecord, NodeRecord } from '../records.ts';
import { SETTINGS_ITEM } from '../tree-keys.ts';
import { put, replace, type TestSpace } from './test-space.ts';

/** Commits `node`, wherever it stood before. */
export function committed(space: TestSpace, node: NodeRecord): NodeRecord {
  const before = space.view.findNode(node.id);
  space.commit(before === undefined ? [put(node)] : replace(space.node(node.id), node));
  return node;
}

/** A new epoch, and the root folder with its key. */
export function freshEpoch(space: TestSpace): void {
  const root = space.revised(space.node(space.root), { kr: space.seq });
  space.commit([...space.newEpoch(), put(root)]);
}

/** The settings of an account space. */
export function item(space: TestSpace): ItemRecord {
  const { epoch, space: id } = space.spaceRecord();
  return { type: 'item', space: id, id: SETTINGS_ITEM, rev: 1, sealed: space.sealed(), epoch };
}

/** Content of two chunks, whose page stands in the record. */
export function inlineContent(space: TestSpace): Content {
  const lengths = [1, 300].map(storedChunkLength);
  const inlinePage = inlinePageOf(space, lengths, 145);
  const storedBytes = lengths.reduce((sum, length) => sum + length, 0);
  return { storedBytes, chunkCount: 2, inlinePage, pages: [] };
}

/** A page that names chunks of these stored lengths, with a sealed half of so many bytes. */
export function inlinePageOf(
  space: TestSpace,
  lengths: readonly number[],
  sealedBytes: number,
): Uint8Array<ArrayBuffer> {
  const entries = lengths.map((length) => concatBytes(space.suite.randomBytes(32), u32be(length)));
  return encodeCbor([1, 1, concatBytes(...entries), space.sealed(sealedBytes)]);
}
