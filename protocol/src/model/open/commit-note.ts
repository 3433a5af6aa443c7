/**
 * What a commit says to the other devices of its members (protocol §4):
 *
 *   PSEAL(KDF(E, "note-key"), "commit-note", [space, account, device], CBOR [[kind, …]…])
 *   kind 1  [1, batch[16], nodes]: the deletions of this commit belong to that approved hold
 *
 * E is the newest epoch that is not after the commit. Unknown kinds are ignored.
 */
import { encodeCbor, schema, type Schema } from '../../codec/index.ts';
import {
  bytesToHex,
  COMMIT_NOTE_SIZE_BYTES_MAX,
  FormatError,
  hexToBytes,
  idToBytes,
  type AccountId,
  type Bytes,
  type DeviceId,
  type SpaceId,
} from '../../core/index.ts';
import type { OpenSuite } from '../../crypto/index.ts';
import { openPadded, sealPadded } from '../../crypto/open/index.ts';
import { decodeOpened } from './decode-opened.ts';
import { epochKeyOf, noteKey, type SpaceKeys } from './space-keys.ts';

/** Deletions that a person approved as one batch. */
export interface ApprovedHold {
  readonly kind: 'approved-hold';
  /** 16 bytes as 32 hexadecimal digits. */
  readonly batch: string;
  /** How many nodes the hold has. */
  readonly nodes: number;
}

export type CommitNote = ApprovedHold;

export interface NotePlace {
  readonly space: SpaceId;
  readonly account: AccountId;
  readonly device: DeviceId;
  /** Seq of the commit. */
  readonly seq: number;
}

const NOTES_MAX = 64;
const HOLD = 1;
const holdTuple = schema.tuple(schema.literal(HOLD), schema.bytes(16), schema.uint());

const noteOf: Schema<CommitNote | null> = (value) => {
  if (!Array.isArray(value)) throw new FormatError('a note is an array');
  if (value[0] !== HOLD) return null;
  const [, batch, nodes] = holdTuple(value);
  return { kind: 'approved-hold', batch: bytesToHex(batch), nodes };
};

const notesShape = schema.list(noteOf, NOTES_MAX);

/** Sealed bytes for the header; throws FormatError above 4 KiB. */
export function sealNotes(
  suite: OpenSuite,
  keys: SpaceKeys,
  place: NotePlace,
  notes: readonly CommitNote[],
): Uint8Array<ArrayBuffer> {
  const fields = notes.map(({ batch, nodes }) => [HOLD, hexToBytes(batch), nodes]);
  const key = noteKey(suite, epochKeyOf(keys, noteEpoch(keys, place.seq)));
  const sealed = sealPadded(suite, key, 'commit-note', context(place), encodeCbor(fields));
  if (sealed.length > COMMIT_NOTE_SIZE_BYTES_MAX) throw new FormatError('the note is too long');
  return sealed;
}

/** The notes of a known kind. Throws IntegrityError. */
export function openNotes(
  suite: OpenSuite,
  keys: SpaceKeys,
  place: NotePlace,
  sealed: Bytes,
): readonly CommitNote[] {
  const key = noteKey(suite, epochKeyOf(keys, noteEpoch(keys, place.seq)));
  const plaintext = openPadded(suite, key, 'commit-note', context(place), sealed);
  const notes = decodeOpened('note', plaintext, notesShape, COMMIT_NOTE_SIZE_BYTES_MAX);
  return notes.filter((note) => note !== null);
}

function noteEpoch(keys: SpaceKeys, seq: number): number {
  return Math.max(...[...keys.epochKeys.keys()].filter((epoch) => epoch <= seq));
}

function context({ space, account, device }: NotePlace): readonly Bytes[] {
  return [idToBytes(space), idToBytes(account), idToBytes(device)];
}
