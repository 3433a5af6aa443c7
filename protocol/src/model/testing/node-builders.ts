/** Short cuts of the rule cases about nodes. */
import { encodeCbor } from '../../codec/index.ts';
import { concatBytes, u32be } from '../../core/index.ts';
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
  const entries = [300, 400].map((length) =>
    concatBytes(space.suite.randomBytes(32), u32be(length)),
  );
  const inlinePage = encodeCbor([1, 1, concatBytes(...entries), space.sealed(145)]);
  return { storedBytes: 700, chunkCount: 2, inlinePage, pages: [] };
}
