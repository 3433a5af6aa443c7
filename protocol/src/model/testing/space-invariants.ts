/**
 * What is true of every state of a space, checked slowly over all records: the rules judge changes, so
 * that these hold without anybody looking at everything.
 */
import { NO_PARENT, TREE_DEPTH_MAX, type NodeId } from '../../core/index.ts';
import { decodeRecord } from '../record-codec.ts';
import type { MemberRecord, NodeRecord, SpaceStateRecord, VersionRecord } from '../records.ts';
import { ALL_KEYS } from '../tree-keys.ts';
import { referenceRoot } from './reference-tree.ts';
import type { TestSpace } from './test-space.ts';

/** The first thing that is wrong, or undefined. */
export function brokenInvariant(space: TestSpace): string | undefined {
  const rows = [...space.view.listRecords(...ALL_KEYS)];
  if (referenceRoot(space.suite, rows) !== space.head.root) return 'the root is another one';
  const records = rows.map(([key, bytes]) => decodeRecord(key, bytes));
  if (records.some((record) => record.space !== space.created.space)) return 'a foreign record';
  const nodes = records.filter((record) => record.type === 'node');
  const versions = records.filter((record) => record.type === 'version');
  return (
    membersBroken(space, records) ??
    first(nodes, (node) => nodeBroken(space, node, nodes)) ??
    treeBroken(space, nodes) ??
    first(versions, (version) => versionBroken(version, nodes))
  );
}

function first<T>(rows: readonly T[], check: (row: T) => string | undefined): string | undefined {
  for (const row of rows) {
    const broken = check(row);
    if (broken !== undefined) return broken;
  }
  return undefined;
}

function membersBroken(space: TestSpace, records: readonly SpaceStateRecord[]): string | undefined {
  const spaces = records.filter((record) => record.type === 'space');
  const members = records.filter((record): record is MemberRecord => record.type === 'member');
  const [only] = spaces;
  if (only === undefined || spaces.length > 1) return 'not one space record';
  if (members.filter(({ role }) => role === 'owner').length !== 1) return 'not one owner';
  if (members.some(({ epoch }) => epoch !== only.epoch)) return 'a member without the epoch';
  return members.some(
    ({ account, chainSeq, chainHead }) => space.chains(account)?.headAt(chainSeq) !== chainHead,
  )
    ? 'a pin on another chain'
    : undefined;
}

function nodeBroken(
  space: TestSpace,
  node: NodeRecord,
  all: readonly NodeRecord[],
): string | undefined {
  const isRoot = node.parent === NO_PARENT;
  const isTrashed = node.parent === space.trash;
  const complaints: readonly (readonly [boolean, string])[] = [
    [isRoot === (node.id === space.root || node.id === space.trash), 'a wrong root'],
    [(node.tag === null) === (isRoot || isTrashed), 'a wrong tag'],
    [(node.wrappedKey === null) === isRoot, 'a wrong wrapped key'],
    [(node.keepUntil !== null) === isTrashed, 'a wrong date'],
    [(node.content !== null) === (node.kind === 'file'), 'a wrong content'],
    [node.rev >= 1 && node.kr >= 1 && node.kr <= space.head.seq, 'a wrong number'],
    [node.kr >= node.cut, 'a key older than the cut'],
    [all.filter(({ id }) => id === node.id).length === 1, 'an id that stands twice'],
    [space.view.findNode(node.id) === node.parent + node.id, 'a lost node'],
    [
      node.tag === null ||
        all.filter(({ parent, tag }) => parent === node.parent && tag === node.tag).length === 1,
      'a name that stands twice',
    ],
  ];
  const broken = complaints.find(([holds]) => !holds);
  return broken === undefined ? undefined : `${broken[1]}: ${node.id}`;
}

function treeBroken(space: TestSpace, nodes: readonly NodeRecord[]): string | undefined {
  const byId = new Map<NodeId, NodeRecord>(nodes.map((node) => [node.id, node]));
  if (!byId.has(space.root) || !byId.has(space.trash)) return 'a root is missing';
  return first(nodes, (node) => {
    let depth = 0;
    for (let at = node; at.parent !== NO_PARENT; depth++) {
      const parent = byId.get(at.parent);
      if (parent?.kind !== 'folder') return `no folder above ${at.id}`;
      if (parent.kr < at.pk && parent.id !== space.trash) return `a later parent key: ${at.id}`;
      if (depth > TREE_DEPTH_MAX) return `too deep or in a cycle: ${node.id}`;
      at = parent;
    }
    return undefined;
  });
}

function versionBroken(version: VersionRecord, nodes: readonly NodeRecord[]): string | undefined {
  const file = nodes.find(({ id }) => id === version.file);
  if (file?.kind !== 'file') return `a version of no file: ${version.file}`;
  return version.rev < file.rev ? undefined : `a version that is not replaced: ${version.file}`;
}
