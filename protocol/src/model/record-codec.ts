/**
 * Bytes of the records of a space (protocol §3). Each record is one CBOR array whose first element is
 * its type:
 *
 *   0 space    [0, space, rev, kind, creator, creator identity, nonce, epoch, old epochs, [3 numbers]]
 *   1 node     [1, space, id, parent, kind, rev, kr, cut, pk, tag, wrapped key, meta, content, by, keepUntil]
 *   2 version  [2, space, file, rev, kr, meta, content, by, time, keepUntil]
 *   3 member   [3, space, account, rev, role, identity, chain seq, chain head, rotate, epoch, envelope]
 *   4 item     [4, space, id, rev, sealed, epoch]
 */
import { decodeCbor, encodeCbor, schema, type Cbor, type Schema } from '../codec/index.ts';
import {
  hexToBytes,
  FILE_VERSIONS_MAX,
  FormatError,
  idToBytes,
  RECORD_SIZE_BYTES_MAX,
  type AccountId,
  type Bytes,
  type Digest,
  type NodeId,
  type SpaceId,
} from '../core/index.ts';
import type {
  ItemRecord,
  MemberRecord,
  NodeRecord,
  SpaceRecord,
  SpaceStateRecord,
  TreeKey,
  VersionRecord,
} from './records.ts';
import { contentFields, contentOf } from './content-codec.ts';
import { recordKey, recordTypeAt } from './tree-keys.ts';
import { itemId, nameTagOf, parentId } from './wire-ids.ts';
import { codeOf, coded, NODE_KINDS, ROLES, SPACE_KINDS } from './wire-names.ts';

const { uint, bool, literal, bytes, id, digest, nullable, tuple } = schema;

/** What SEAL adds: the shortest sealed object. */
const SEALED_SIZE_BYTES_MIN = 73;
const DAYS_MAX = 36_500;

const sealedBytes = bytes(SEALED_SIZE_BYTES_MIN, RECORD_SIZE_BYTES_MAX);
const key32 = bytes(32);

const spaceTuple = tuple(
  literal(0),
  id<SpaceId>(),
  uint(),
  coded(SPACE_KINDS),
  id<AccountId>(),
  key32,
  key32,
  uint(),
  sealedBytes,
  tuple(uint(DAYS_MAX), uint(FILE_VERSIONS_MAX), uint(DAYS_MAX)),
);

const nodeTuple = tuple(
  literal(1),
  id<SpaceId>(),
  id<NodeId>(),
  parentId,
  coded(NODE_KINDS),
  uint(),
  uint(),
  uint(),
  uint(),
  nullable(nameTagOf),
  nullable(sealedBytes),
  sealedBytes,
  nullable(contentOf),
  id<AccountId>(),
  nullable(uint()),
);

const versionTuple = tuple(
  literal(2),
  id<SpaceId>(),
  id<NodeId>(),
  uint(),
  uint(),
  sealedBytes,
  contentOf,
  id<AccountId>(),
  uint(),
  uint(),
);

const memberTuple = tuple(
  literal(3),
  id<SpaceId>(),
  id<AccountId>(),
  uint(),
  coded(ROLES),
  key32,
  uint(),
  digest<Digest>(),
  bool,
  uint(),
  bytes(SEALED_SIZE_BYTES_MIN, RECORD_SIZE_BYTES_MAX),
);

const itemTuple = tuple(literal(4), id<SpaceId>(), itemId, uint(), sealedBytes, uint());

const spaceOf: Schema<SpaceRecord> = (value) => {
  const [, space, rev, kind, creator, creatorIdentity, nonce, epoch, oldEpochs, policy] =
    spaceTuple(value);
  const [versionDays, versionsKept, trashDays] = policy;
  return {
    type: 'space',
    space,
    rev,
    kind,
    creator,
    creatorIdentity,
    nonce,
    epoch,
    oldEpochs,
    versionDays,
    versionsKept,
    trashDays,
  };
};

const nodeOf: Schema<NodeRecord> = (value) => {
  const fields = nodeTuple(value);
  const [, space, node, parent, kind, rev, kr, cut, pk, tag] = fields;
  const [, , , , , , , , , , wrappedKey, meta, content, by, keepUntil] = fields;
  if ((content !== null) !== (kind === 'file')) throw new FormatError('files alone have content');
  return {
    type: 'node',
    space,
    id: node,
    parent,
    kind,
    rev,
    kr,
    cut,
    pk,
    tag,
    wrappedKey,
    meta,
    content,
    by,
    keepUntil,
  };
};

const versionOf: Schema<VersionRecord> = (value) => {
  const [, space, file, rev, kr, meta, content, by, time, keepUntil] = versionTuple(value);
  return { type: 'version', space, file, rev, kr, meta, content, by, time, keepUntil };
};

const memberOf: Schema<MemberRecord> = (value) => {
  const [, space, account, rev, role, identity, chainSeq, chainHead, rotate, epoch, envelope] =
    memberTuple(value);
  return {
    type: 'member',
    space,
    account,
    rev,
    role,
    identity,
    chainSeq,
    chainHead,
    rotate,
    epoch,
    envelope,
  };
};

const itemOf: Schema<ItemRecord> = (value) => {
  const [, space, item, rev, sealed, epoch] = itemTuple(value);
  return { type: 'item', space, id: item, rev, sealed, epoch };
};

const schemaByType: { readonly [T in SpaceStateRecord['type']]: Schema<SpaceStateRecord> } = {
  space: spaceOf,
  node: nodeOf,
  version: versionOf,
  member: memberOf,
  item: itemOf,
};

/** Canonical bytes of `record`; throws FormatError when they exceed the record limit. */
export function encodeRecord(record: SpaceStateRecord): Uint8Array<ArrayBuffer> {
  const encoded = encodeCbor(fieldsOf(record));
  if (encoded.length > RECORD_SIZE_BYTES_MAX) throw new FormatError('record too large');
  return encoded;
}

/**
 * The record that `bytes` hold and that belongs under `key`. Throws FormatError: not canonical, not
 * the type that stands at such a key, or a record of another key.
 */
export function decodeRecord(key: TreeKey, bytes: Bytes): SpaceStateRecord {
  const type = recordTypeAt(key);
  if (type === null) throw new FormatError('no record stands under this key');
  const record = decodeCbor(bytes, schemaByType[type], RECORD_SIZE_BYTES_MAX);
  if (recordKey(record) !== key) throw new FormatError('the record belongs under another key');
  return record;
}

function fieldsOf(record: SpaceStateRecord): Cbor {
  switch (record.type) {
    case 'space':
      return spaceFields(record);
    case 'node':
      return nodeFields(record);
    case 'version':
      return versionFields(record);
    case 'member':
      return memberFields(record);
    case 'item':
      break;
  }
  return [
    4,
    idToBytes(record.space),
    idToBytes(record.id),
    record.rev,
    record.sealed,
    record.epoch,
  ];
}

function spaceFields(record: SpaceRecord): Cbor {
  return [
    0,
    idToBytes(record.space),
    record.rev,
    codeOf(SPACE_KINDS, record.kind),
    idToBytes(record.creator),
    record.creatorIdentity,
    record.nonce,
    record.epoch,
    record.oldEpochs,
    [record.versionDays, record.versionsKept, record.trashDays],
  ];
}

function nodeFields(record: NodeRecord): Cbor {
  return [
    1,
    idToBytes(record.space),
    idToBytes(record.id),
    idToBytes(record.parent),
    codeOf(NODE_KINDS, record.kind),
    record.rev,
    record.kr,
    record.cut,
    record.pk,
    record.tag === null ? null : hexToBytes(record.tag),
    record.wrappedKey,
    record.meta,
    record.content === null ? null : contentFields(record.content),
    idToBytes(record.by),
    record.keepUntil,
  ];
}

function versionFields(record: VersionRecord): Cbor {
  return [
    2,
    idToBytes(record.space),
    idToBytes(record.file),
    record.rev,
    record.kr,
    record.meta,
    contentFields(record.content),
    idToBytes(record.by),
    record.time,
    record.keepUntil,
  ];
}

function memberFields(record: MemberRecord): Cbor {
  return [
    3,
    idToBytes(record.space),
    idToBytes(record.account),
    record.rev,
    codeOf(ROLES, record.role),
    record.identity,
    record.chainSeq,
    idToBytes(record.chainHead),
    record.rotate,
    record.epoch,
    record.envelope,
  ];
}
