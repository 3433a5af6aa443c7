/**
 * The sealed half of a node record (protocol §3):
 *
 *   PSEAL(F, "node-meta", [space, id, kind, rev, kr], CBOR [name, mtime, executable, size, SHA-256,
 *         link target, exposed, from, olds, written, changed, copy of])
 *
 * What does not apply to a kind is null, and is refused where it is not.
 */
import { encodeCbor, schema, type Cbor, type Schema } from '../../codec/index.ts';
import {
  FormatError,
  idToBytes,
  LINK_TARGET_SIZE_BYTES_MAX,
  NAME_SIZE_BYTES_MAX,
  NO_PARENT,
  RECORD_SIZE_BYTES_MAX,
  utf8ToBytes,
  type Bytes,
  type DeviceId,
  type Digest,
  type NodeId,
} from '../../core/index.ts';
import { KEY_SIZE_BYTES, type OpenSuite } from '../../crypto/index.ts';
import { openPadded, sealPadded } from '../../crypto/open/index.ts';
import { parseNodeName } from '../node-name.ts';
import type { NodeKind, NodeRecord } from '../records.ts';
import { codeOf, NODE_KINDS } from '../wire-names.ts';
import { decodeOpened } from './decode-opened.ts';

/** A key that a node had, kept while children, pages or versions are sealed under it. */
export interface OldKey {
  readonly kr: number;
  readonly key: Bytes;
}

export interface NodeMeta {
  /** Empty for the roots alone. */
  readonly name: string;
  /** Null for folders and mounts. */
  readonly mtimeMs: number | null;
  readonly executable: boolean;
  /** Plain bytes; null for all but files. */
  readonly size: number | null;
  /** SHA-256 of the plain content; null for all but files. */
  readonly sha256: Digest | null;
  /** Null for all but symlinks. */
  readonly target: string | null;
  /** A link to this node was made: what moves out of its subtree gets new keys. */
  readonly exposed: boolean;
  /** Where a node directly under the trash was. */
  readonly from: { readonly parent: NodeId; readonly name: string } | null;
  /** Newest first. */
  readonly olds: readonly OldKey[];
  /** Number, time and device of the content; null for all but files. */
  readonly written: {
    readonly number: number;
    readonly time: number;
    readonly device: DeviceId;
  } | null;
  /** Time and device of this revision. */
  readonly changed: { readonly time: number; readonly device: DeviceId };
  /** The file that this one is a conflict copy of, until resolved. */
  readonly copyOf: NodeId | null;
}

/** What a sealed meta is bound to; `parent` tells roots, which alone have no name. */
export type MetaPlace = Pick<NodeRecord, 'space' | 'id' | 'parent' | 'kind' | 'rev' | 'kr'>;

export const FOLDER_OLD_KEYS_MAX = 4;
export const FILE_OLD_KEYS_MAX = 64;

const { uint, int, bool, bytes, text, id, digest, nullable, tuple, list } = schema;

const metaTuple = tuple(
  text(NAME_SIZE_BYTES_MAX),
  nullable(int),
  bool,
  nullable(uint()),
  nullable(digest<Digest>()),
  nullable(text(LINK_TARGET_SIZE_BYTES_MAX)),
  bool,
  nullable(tuple(id<NodeId>(), text(NAME_SIZE_BYTES_MAX))),
  list(tuple(uint(), bytes(KEY_SIZE_BYTES)), FILE_OLD_KEYS_MAX),
  nullable(tuple(uint(), uint(), id<DeviceId>())),
  tuple(uint(), id<DeviceId>()),
  nullable(id<NodeId>()),
);

/** Throws FormatError when `meta` does not fit the kind of the node. */
export function sealNodeMeta(
  suite: OpenSuite,
  key: Bytes,
  place: MetaPlace,
  meta: NodeMeta,
): Uint8Array<ArrayBuffer> {
  checkMeta(place, meta);
  return sealPadded(suite, key, 'node-meta', metaContext(place), encodeCbor(metaFields(meta)));
}

/** IntegrityError `open-failed`, or `malformed` for what no writer may seal. */
export function openNodeMeta(
  suite: OpenSuite,
  key: Bytes,
  place: MetaPlace,
  sealed: Bytes,
): NodeMeta {
  const plaintext = openPadded(suite, key, 'node-meta', metaContext(place), sealed);
  const shape: Schema<NodeMeta> = (value) => {
    const meta = metaOf(value);
    checkMeta(place, meta);
    return meta;
  };
  return decodeOpened('meta of a node', plaintext, shape, RECORD_SIZE_BYTES_MAX);
}

function metaOf(value: unknown): NodeMeta {
  const [
    name,
    mtimeMs,
    executable,
    size,
    sha256,
    target,
    exposed,
    from,
    olds,
    written,
    changed,
    copyOf,
  ] = metaTuple(value);
  return {
    name,
    mtimeMs,
    executable,
    size,
    sha256,
    target,
    exposed,
    from: from === null ? null : { parent: from[0], name: from[1] },
    olds: olds.map(([kr, oldKey]) => ({ kr, key: oldKey })),
    written: written === null ? null : { number: written[0], time: written[1], device: written[2] },
    changed: { time: changed[0], device: changed[1] },
    copyOf,
  };
}

function metaFields(meta: NodeMeta): Cbor {
  const { from, written, changed } = meta;
  return [
    meta.name,
    meta.mtimeMs,
    meta.executable,
    meta.size,
    meta.sha256 === null ? null : idToBytes(meta.sha256),
    meta.target,
    meta.exposed,
    from === null ? null : [idToBytes(from.parent), from.name],
    meta.olds.map(({ kr, key }) => [kr, key]),
    written === null ? null : [written.number, written.time, idToBytes(written.device)],
    [changed.time, idToBytes(changed.device)],
    meta.copyOf === null ? null : idToBytes(meta.copyOf),
  ];
}

/** Which fields a kind has. True: must be there. False: must be null. */
const FIELDS: Readonly<
  Record<
    NodeKind,
    { readonly isFile: boolean; readonly hasTarget: boolean; readonly hasTime: boolean }
  >
> = {
  folder: { isFile: false, hasTarget: false, hasTime: false },
  file: { isFile: true, hasTarget: false, hasTime: true },
  symlink: { isFile: false, hasTarget: true, hasTime: true },
  mount: { isFile: false, hasTarget: false, hasTime: false },
};

function checkMeta(place: MetaPlace, meta: NodeMeta): void {
  const { isFile, hasTarget, hasTime } = FIELDS[place.kind];
  const fits =
    (meta.size !== null) === isFile &&
    (meta.sha256 !== null) === isFile &&
    (meta.written !== null) === isFile &&
    (meta.target !== null) === hasTarget &&
    (hasTime || meta.mtimeMs === null) &&
    (isFile || !meta.executable) &&
    (isFile || meta.copyOf === null);
  if (!fits) throw new FormatError(`meta does not fit a ${place.kind}`);
  checkNames(place, meta);
  const oldsMax = isFile ? FILE_OLD_KEYS_MAX : FOLDER_OLD_KEYS_MAX;
  if (meta.olds.length > oldsMax) throw new FormatError('too many old keys');
  if (meta.olds.some(({ kr }, i) => kr >= (meta.olds[i - 1]?.kr ?? place.kr))) {
    throw new FormatError('old keys do not descend');
  }
}

function checkNames(place: MetaPlace, meta: NodeMeta): void {
  const isRoot = place.parent === NO_PARENT;
  if (isRoot ? meta.name !== '' : !parseNodeName(meta.name).ok) {
    throw new FormatError('not a name that a node can have');
  }
  if (meta.from !== null && !parseNodeName(meta.from.name).ok) {
    throw new FormatError('not a name that a node could have had');
  }
  if (meta.target === null) return;
  const targetSize = utf8ToBytes(meta.target).length;
  if (targetSize === 0 || targetSize > LINK_TARGET_SIZE_BYTES_MAX || meta.target.includes('\0')) {
    throw new FormatError('not a link target');
  }
}

function metaContext({ space, id, kind, rev, kr }: MetaPlace): readonly (Bytes | number)[] {
  return [idToBytes(space), idToBytes(id), codeOf(NODE_KINDS, kind), rev, kr];
}
