import { encodeCbor, type Cbor } from '@coffer/protocol/codec';
import {
  bytesToHex,
  hexToBytes,
  idToBytes,
  parseId,
  type DeviceId,
  type Digest,
  type NodeId,
  type SpaceId,
} from '@coffer/protocol/core';
import type { OpenSuite } from '@coffer/protocol/crypto';
import { sealPadded } from '@coffer/protocol/crypto/open';
import { codeOf, NODE_KINDS, type NodeKind } from '@coffer/protocol/model';
import {
  nameTag,
  openNodeMeta,
  sealNodeMeta,
  unwrapNodeKey,
  wrapNodeKey,
  type MetaPlace,
  type NodeMeta,
  type WrapPlace,
} from '@coffer/protocol/model/open';
import { toPlainJson } from '../plain-json.ts';
import { defineFormat, type CaseInput } from '../vector.ts';
import { flipBit } from './change-bytes.ts';

type Place = {
  readonly space: string;
  readonly id: string;
  readonly parent: string;
  readonly kind: NodeKind;
  readonly rev: number;
  readonly kr: number;
  readonly pk: number;
};
type Input = {
  readonly place: Place;
  readonly parentKey: string;
  readonly wrappedKey: string;
  readonly meta: string;
};

/** What a node record seals: its key, its meta, and the tag of its name. */
export const sealedNodes = defineFormat<Input>({
  name: 'sealed-node',
  about: 'Wrapped key, meta and name tag of nodes: §3. Opened from the key of the parent.',
  cases: makeCases,
  read: (suite, input) => {
    const parentKey = hexToBytes(input.parentKey);
    const place = placeOf(input.place);
    const key = unwrapNodeKey(suite, parentKey, place, hexToBytes(input.wrappedKey));
    const meta = openNodeMeta(suite, key, place, hexToBytes(input.meta));
    const tag = nameTag(suite, parentKey, meta.name);
    return toPlainJson({ key, meta, tag });
  },
});

function placeOf(place: Place): MetaPlace & WrapPlace {
  return {
    ...place,
    space: parseId<SpaceId>(place.space),
    id: parseId<NodeId>(place.id),
    parent: parseId<NodeId>(place.parent),
  };
}

const KEY_CLOSED = 'open-failed: a sealed object (node-key) does not open';
const META_CLOSED = 'open-failed: a sealed object (node-meta) does not open';
const MALFORMED = 'malformed: meta of a node: ';
const TIME = 1_800_000_000_000;

function makeCases(suite: OpenSuite): readonly CaseInput<Input>[] {
  const [parentKey, key, oldKey, digest] = [0, 0, 0, 0].map(() => suite.randomBytes(32)) as [
    Uint8Array,
    Uint8Array,
    Uint8Array,
    Uint8Array,
  ];
  const id = (): string => bytesToHex(suite.randomBytes(16));
  const device = parseId<DeviceId>(id());
  const other = parseId<NodeId>(id());
  const at = { space: id(), id: id(), parent: id(), rev: 3, kr: 7, pk: 5 };
  const plain: NodeMeta = {
    name: 'Rechnung 2026.pdf',
    mtimeMs: null,
    executable: false,
    size: null,
    sha256: null,
    target: null,
    exposed: false,
    from: null,
    olds: [],
    written: null,
    changed: { time: TIME, device },
    copyOf: null,
  };
  const file: NodeMeta = {
    ...plain,
    mtimeMs: 1_790_000_000_123,
    executable: true,
    size: 5_000_000,
    sha256: bytesToHex(digest) as Digest,
    written: { number: 2, time: TIME, device },
  };
  const input = (kind: NodeKind, meta: NodeMeta): Input => {
    const place = { ...at, kind };
    return {
      place,
      parentKey: bytesToHex(parentKey),
      wrappedKey: bytesToHex(wrapNodeKey(suite, parentKey, placeOf(place), key)),
      meta: bytesToHex(sealNodeMeta(suite, key, placeOf(place), meta)),
    };
  };
  /** Meta that no writer may seal. */
  const raw = (fields: readonly Cbor[]): Input => {
    const place = placeOf({ ...at, kind: 'folder' });
    const { space, id: node, kind, rev, kr } = place;
    const aad = [idToBytes(space), idToBytes(node), codeOf(NODE_KINDS, kind), rev, kr];
    const meta = sealPadded(suite, key, 'node-meta', aad, encodeCbor(fields));
    return { ...input('folder', plain), meta: bytesToHex(meta) };
  };
  const changed = [TIME, idToBytes(device)];
  const row: Cbor[] = ['n', null, false, null, null, null, false, null, [], null, changed, null];
  const good = input('folder', plain);
  const wrong = (
    name: string,
    refused: string,
    change: Partial<Input> | { readonly at: Partial<Place> },
  ): CaseInput<Input> => {
    const bad = 'at' in change ? { place: { ...good.place, ...change.at } } : change;
    return { name, unlike: 'a folder', refused, input: { ...good, ...bad } };
  };
  const odd = (name: string, reason: string, index: number, value: Cbor): CaseInput<Input> => ({
    name,
    unlike: 'a folder',
    refused: MALFORMED + reason,
    input: raw(row.toSpliced(index, 1, value)),
  });
  const NAME = 'not a name that a node can have';
  const KIND = 'meta does not fit a folder';
  return [
    { name: 'a folder', input: good },
    { name: 'a file', input: input('file', file) },
    {
      name: 'a conflict copy in the trash',
      input: input('file', { ...file, copyOf: other, from: { parent: other, name: 'alt' } }),
    },
    { name: 'a symlink', input: input('symlink', { ...plain, target: '../Ordner/Ziel' }) },
    { name: 'a mount', input: input('mount', plain) },
    {
      name: 'a rotated folder with a link',
      input: input('folder', { ...plain, exposed: true, olds: [{ kr: 4, key: oldKey }] }),
    },
    {
      name: 'a name in NFD, whose tag is that of NFC',
      input: input('folder', { ...plain, name: 'Bu\u0308cher' }),
    },
    { name: 'a name in NFC', input: input('folder', { ...plain, name: 'Bücher' }) },
    wrong('another parent', KEY_CLOSED, { at: { parent: other } }),
    wrong('another node', KEY_CLOSED, { at: { id: other } }),
    wrong('another key number', KEY_CLOSED, { at: { kr: 8 } }),
    wrong('another number of the parent key', KEY_CLOSED, { at: { pk: 6 } }),
    wrong('another key of the parent', KEY_CLOSED, { parentKey: flipBit(good.parentKey, 0) }),
    wrong('another revision', META_CLOSED, { at: { rev: 4 } }),
    wrong('another kind', META_CLOSED, { at: { kind: 'mount' } }),
    wrong('a flipped bit of the meta', META_CLOSED, { meta: flipBit(good.meta, -1) }),
    odd('no name', NAME, 0, ''),
    odd('a name with a slash', NAME, 0, 'a/b'),
    odd('a name with NUL', NAME, 0, 'a\0'),
    odd('the name of the folder above', NAME, 0, '..'),
    odd('a name of 1,025 bytes', NAME, 0, 'é'.repeat(512) + 'x'),
    odd('a folder with a size', KIND, 3, 1),
    odd('a folder with a link target', KIND, 5, 'x'),
    odd('a folder that is executable', KIND, 2, true),
    odd('an old key that is not older', 'old keys do not descend', 8, [[7, oldKey]]),
    odd('old keys out of order', 'old keys do not descend', 8, [
      [3, oldKey],
      [4, oldKey],
    ]),
    odd(
      'five old keys',
      'too many old keys',
      8,
      [6, 5, 4, 3, 2].map((kr) => [kr, oldKey]),
    ),
    odd('a deletion from a place without a name', 'not a name that a node could have had', 7, [
      idToBytes(other),
      '.',
    ]),
    {
      name: 'a field too many',
      unlike: 'a folder',
      refused: `${MALFORMED}not an array of 12`,
      input: raw([...row, null]),
    },
  ];
}
