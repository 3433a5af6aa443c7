/** Ids of records that are not simply 16 bytes of anything (protocol §3). */
import { schema, type Schema } from '../codec/index.ts';
import {
  bytesToHex,
  idFromBytes,
  isZeroBytes,
  NO_PARENT,
  type ItemId,
  type NodeId,
} from '../core/index.ts';
import type { NameTag } from './records.ts';
import { SETTINGS_ITEM } from './tree-keys.ts';

const { bytes } = schema;

/** A node, or the parent that is none: of root folder and trash. */
export const parentId: Schema<NodeId> = (value) => {
  const raw = bytes(16)(value);
  return isZeroBytes(raw) ? NO_PARENT : idFromBytes<NodeId>(raw);
};

/** An item, the one with the settings included. */
export const itemId: Schema<ItemId> = (value) => {
  const raw = bytes(16)(value);
  return bytesToHex(raw) === SETTINGS_ITEM ? SETTINGS_ITEM : idFromBytes<ItemId>(raw);
};

export const nameTagOf: Schema<NameTag> = (value) => bytesToHex(bytes(16)(value)) as NameTag;
