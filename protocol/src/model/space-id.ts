import {
  ID_SIZE_BYTES,
  idFromBytes,
  idToBytes,
  type AccountId,
  type Bytes,
  type NodeId,
  type SpaceId,
} from '../core/index.ts';
import { hash, type VerifySuite } from '../crypto/index.ts';

/** H("space-id", creator account ‖ creator identity pk ‖ nonce)[0..16] (protocol §3). */
export function spaceIdOf(
  suite: VerifySuite,
  creator: AccountId,
  creatorIdentity: Bytes,
  nonce: Bytes,
): SpaceId {
  const digest = hash(suite, 'space-id', idToBytes(creator), creatorIdentity, nonce);
  return idFromBytes<SpaceId>(digest.subarray(0, ID_SIZE_BYTES));
}

/** The root folder's id is the space's. */
export function rootFolderId(space: SpaceId): NodeId {
  return space as string as NodeId;
}

/** H("trash-id", space)[0..16]. */
export function trashId(suite: VerifySuite, space: SpaceId): NodeId {
  const digest = hash(suite, 'trash-id', idToBytes(space));
  return idFromBytes<NodeId>(digest.subarray(0, ID_SIZE_BYTES));
}
