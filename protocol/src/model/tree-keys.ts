/**
 * Keys of the state tree (protocol §3): where each record of a space stands. Everything here works on
 * the hexadecimal form, whose code-unit order is the order of the tree.
 */
import {
  digestFromBytes,
  type AccountId,
  type Bytes,
  FormatError,
  type ItemId,
  NO_PARENT,
  type NodeId,
} from '../core/index.ts';
import type { SpaceStateRecord, TreeKey } from './records.ts';

const SPACE_PREFIX = '1'.padStart(32, '0');
const MEMBER_PREFIX = '2'.padStart(32, '0');
const ITEM_PREFIX = '3'.padStart(32, '0');
const RESERVED = '0'.repeat(16);
const LOWEST = '0'.repeat(32);
const HIGHEST = 'f'.repeat(32);

/** Settings are one item under an id of their own (protocol §3). */
export const SETTINGS_ITEM = SPACE_PREFIX as ItemId;

export const SPACE_KEY = (SPACE_PREFIX + LOWEST) as TreeKey;
export const MEMBER_RANGE = rangeOf(MEMBER_PREFIX);
export const ITEM_RANGE = rangeOf(ITEM_PREFIX);
/** What member records and items stand below in listings; neither is a node. */
export const MEMBERS_PARENT = MEMBER_PREFIX as NodeId;
export const ITEMS_PARENT = ITEM_PREFIX as NodeId;
/** First and last possible key of all. */
export const ALL_KEYS = ['0'.repeat(64) as TreeKey, 'f'.repeat(64) as TreeKey] as const;

export function memberKey(account: AccountId): TreeKey {
  return (MEMBER_PREFIX + account) as TreeKey;
}

export function itemKey(id: ItemId): TreeKey {
  return (ITEM_PREFIX + id) as TreeKey;
}

export function nodeKey(parent: NodeId, id: NodeId): TreeKey {
  return (parent + id) as TreeKey;
}

/** Root folder and trash stand under the parent that is no node. */
export function rootNodeKey(id: NodeId): TreeKey {
  return nodeKey(NO_PARENT, id);
}

export function versionKey(file: NodeId, rev: number): TreeKey {
  return (file + RESERVED + rev.toString(16).padStart(16, '0')) as TreeKey;
}

/** First and last possible key below `parent`: children of a folder, versions of a file. */
export function childrenRange(parent: NodeId): readonly [from: TreeKey, to: TreeKey] {
  return rangeOf(parent);
}

export function treeKeyFromBytes(bytes: Bytes): TreeKey {
  return digestFromBytes(bytes) as string as TreeKey;
}

/** The key written as 64 lower-case hexadecimal digits; throws FormatError on anything else. */
export function parseTreeKey(text: string): TreeKey {
  if (!/^[0-9a-f]{64}$/.test(text)) throw new FormatError('a tree key has 64 hexadecimal digits');
  return text as TreeKey;
}

/** Which record may stand under `key`; null where the protocol defines none. */
export function recordTypeAt(key: TreeKey): SpaceStateRecord['type'] | null {
  const parent = key.slice(0, 32);
  if (parent.startsWith(RESERVED)) {
    if (key === SPACE_KEY) return 'space';
    if (parent === MEMBER_PREFIX) return 'member';
    if (parent === ITEM_PREFIX) return 'item';
    return parent === NO_PARENT && !isReservedBelow(key) ? 'node' : null;
  }
  return isReservedBelow(key) ? 'version' : 'node';
}

/** The key under which `record` stands. */
export function recordKey(record: SpaceStateRecord): TreeKey {
  switch (record.type) {
    case 'space':
      return SPACE_KEY;
    case 'member':
      return memberKey(record.account);
    case 'item':
      return itemKey(record.id);
    case 'node':
      return nodeKey(record.parent, record.id);
    case 'version':
      break;
  }
  return versionKey(record.file, record.rev);
}

function isReservedBelow(key: TreeKey): boolean {
  return key.startsWith(RESERVED, 32);
}

function rangeOf(prefix: string): readonly [TreeKey, TreeKey] {
  return [(prefix + LOWEST) as TreeKey, (prefix + HIGHEST) as TreeKey];
}
