/**
 * Keys and tags of nodes (protocol §3): every node but the roots has a random key F, sealed under its
 * parent's, and a tag that makes equal names within one folder collide.
 */
import { bytesToHex, ID_SIZE_BYTES, idToBytes, utf8ToBytes, type Bytes } from '../../core/index.ts';
import { deriveKey, type OpenSuite } from '../../crypto/index.ts';
import { open, seal } from '../../crypto/open/index.ts';
import type { NameTag, NodeRecord } from '../records.ts';

/** What a wrapped key is bound to. */
export type WrapPlace = Pick<NodeRecord, 'space' | 'id' | 'parent' | 'kr' | 'pk'>;

/** SEAL(parent's F, "node-key", [space, id, parent, kr, pk], F). */
export function wrapNodeKey(
  suite: OpenSuite,
  parentKey: Bytes,
  place: WrapPlace,
  key: Bytes,
): Uint8Array<ArrayBuffer> {
  return seal(suite, parentKey, 'node-key', wrapContext(place), key);
}

/** The node's key; IntegrityError `open-failed`. */
export function unwrapNodeKey(
  suite: OpenSuite,
  parentKey: Bytes,
  place: WrapPlace,
  wrappedKey: Bytes,
): Uint8Array<ArrayBuffer> {
  return open(suite, parentKey, 'node-key', wrapContext(place), wrappedKey);
}

/** KDF(parent's F, "name-tag", UTF-8 of NFC(name))[0..16]: made by the writer, checked by no reader. */
export function nameTag(suite: OpenSuite, parentKey: Bytes, name: string): NameTag {
  const digest = deriveKey(suite, parentKey, 'name-tag', utf8ToBytes(name.normalize('NFC')));
  return bytesToHex(digest.subarray(0, ID_SIZE_BYTES)) as NameTag;
}

function wrapContext({ space, id, parent, kr, pk }: WrapPlace): readonly (Bytes | number)[] {
  return [idToBytes(space), idToBytes(id), idToBytes(parent), kr, pk];
}
