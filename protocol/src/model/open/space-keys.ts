/**
 * Keys of a space (protocol §3):
 *
 *   epoch key E   32 random bytes, sealed to each member: ENVELOPE(member KEM, "epoch-key",
 *                 [space, epoch, account, role], E ‖ chunker key)
 *   old epochs    SEAL(E, "old-epochs", [space, epoch], CBOR [[epoch, key]…]), in the space record
 *   derived       root, trash, content, note and item key: KDF(E, label)
 */
import { encodeCbor, schema } from '../../codec/index.ts';
import {
  concatBytes,
  idToBytes,
  IntegrityError,
  RECORD_SIZE_BYTES_MAX,
  type AccountId,
  type Bytes,
  type SpaceId,
} from '../../core/index.ts';
import { deriveKey, KEY_SIZE_BYTES, type OpenSuite, type WholeSuite } from '../../crypto/index.ts';
import { open, openEnvelope, seal, sealEnvelope } from '../../crypto/open/index.ts';
import type { MemberRecord, Role, SpaceRecord } from '../records.ts';
import { codeOf, ROLES } from '../wire-names.ts';
import { decodeOpened } from './decode-opened.ts';

export interface SpaceKeys {
  /** Number of the newest epoch. */
  readonly epoch: number;
  /** Epoch key by number, the newest included. */
  readonly epochKeys: ReadonlyMap<number, Bytes>;
  /** Decides where contents are cut; made once per space. */
  readonly chunkerKey: Bytes;
}

/** What an envelope is bound to. */
export interface EnvelopePlace {
  readonly space: SpaceId;
  readonly epoch: number;
  readonly account: AccountId;
  readonly role: Role;
}

const { uint, bytes, tuple, list } = schema;
const oldEpochsShape = list(tuple(uint(), bytes(KEY_SIZE_BYTES)), RECORD_SIZE_BYTES_MAX);

/**
 * The keys that `member`, our own record, gives. `kemSeeds` are tried in their order, newest first.
 * IntegrityError `open-failed` when none opens the envelope.
 */
export function openSpaceKeys(
  suite: WholeSuite,
  space: SpaceRecord,
  member: MemberRecord,
  kemSeeds: readonly Bytes[],
): SpaceKeys {
  const opened = openMemberEnvelope(suite, member, kemSeeds);
  if (opened.length !== 2 * KEY_SIZE_BYTES || member.epoch !== space.epoch) {
    throw new IntegrityError(
      'malformed',
      'the envelope does not hold the keys of the newest epoch',
    );
  }
  const epochKey = opened.slice(0, KEY_SIZE_BYTES);
  return openOldEpochs(suite, space, epochKey, opened.slice(KEY_SIZE_BYTES));
}

/** The keys that follow from the newest epoch key and the space record. Throws IntegrityError. */
export function openOldEpochs(
  suite: OpenSuite,
  space: SpaceRecord,
  epochKey: Bytes,
  chunkerKey: Bytes,
): SpaceKeys {
  const aad = [idToBytes(space.space), space.epoch];
  const plaintext = open(suite, epochKey, 'old-epochs', aad, space.oldEpochs);
  const olds = decodeOpened('old epochs', plaintext, oldEpochsShape, RECORD_SIZE_BYTES_MAX);
  const epochKeys = new Map<number, Bytes>([...olds, [space.epoch, epochKey]]);
  return { epoch: space.epoch, epochKeys, chunkerKey };
}

/** The newest epoch key, which is always there. */
export function newestEpochKey(keys: SpaceKeys): Bytes {
  return epochKeyOf(keys, keys.epoch);
}

/** IntegrityError `open-failed` when the space never had this epoch. */
export function epochKeyOf(keys: SpaceKeys, epoch: number): Bytes {
  const key = keys.epochKeys.get(epoch);
  if (key === undefined) throw new IntegrityError('open-failed', `there is no epoch ${epoch}`);
  return key;
}

export function sealMemberEnvelope(
  suite: WholeSuite,
  memberKem: Bytes,
  place: EnvelopePlace,
  keys: SpaceKeys,
): Uint8Array<ArrayBuffer> {
  const plaintext = concatBytes(epochKeyOf(keys, place.epoch), keys.chunkerKey);
  return sealEnvelope(suite, memberKem, 'epoch-key', envelopeContext(place), plaintext);
}

/** All epochs but the newest, sealed for the space record. */
export function sealOldEpochs(
  suite: OpenSuite,
  space: SpaceId,
  keys: SpaceKeys,
): Uint8Array<ArrayBuffer> {
  const olds = [...keys.epochKeys]
    .filter(([epoch]) => epoch !== keys.epoch)
    .sort(([a], [b]) => a - b);
  const aad = [idToBytes(space), keys.epoch];
  return seal(suite, newestEpochKey(keys), 'old-epochs', aad, encodeCbor(olds));
}

/** `keys` with a fresh epoch, made in the commit with this seq. The chunker key stays. */
export function addEpoch(suite: OpenSuite, keys: SpaceKeys, seq: number): SpaceKeys {
  const epochKeys = new Map([...keys.epochKeys, [seq, suite.randomBytes(KEY_SIZE_BYTES)]]);
  return { epoch: seq, epochKeys, chunkerKey: keys.chunkerKey };
}

/** The key of the root folder in the epoch with this key. */
export function rootKey(suite: OpenSuite, epochKey: Bytes): Uint8Array<ArrayBuffer> {
  return deriveKey(suite, epochKey, 'root-key');
}

/** The key of the trash. */
export function trashKey(suite: OpenSuite, epochKey: Bytes): Uint8Array<ArrayBuffer> {
  return deriveKey(suite, epochKey, 'trash-key');
}

/** The key that chunk keys are derived from: equal chunks of a space and epoch are equal. */
export function contentKey(suite: OpenSuite, epochKey: Bytes): Uint8Array<ArrayBuffer> {
  return deriveKey(suite, epochKey, 'content-key');
}

export function noteKey(suite: OpenSuite, epochKey: Bytes): Uint8Array<ArrayBuffer> {
  return deriveKey(suite, epochKey, 'note-key');
}

export function itemSealingKey(suite: OpenSuite, epochKey: Bytes): Uint8Array<ArrayBuffer> {
  return deriveKey(suite, epochKey, 'item-key');
}

function openMemberEnvelope(
  suite: WholeSuite,
  member: MemberRecord,
  kemSeeds: readonly Bytes[],
): Uint8Array<ArrayBuffer> {
  const context = envelopeContext(member);
  for (const seed of kemSeeds) {
    try {
      return openEnvelope(suite, seed, 'epoch-key', context, member.envelope);
    } catch (error) {
      if (!(error instanceof IntegrityError)) throw error;
    }
  }
  throw new IntegrityError('open-failed', 'no key of the account opens the envelope of the space');
}

function envelopeContext(place: EnvelopePlace): readonly (Bytes | number)[] {
  const role = codeOf(ROLES, place.role);
  return [idToBytes(place.space), place.epoch, idToBytes(place.account), role];
}
