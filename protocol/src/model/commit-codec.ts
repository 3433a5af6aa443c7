/**
 * Bytes of a commit (protocol §4):
 *
 *   header  [1, space, seq, prev, past, auth, account, device, time, H("changes", body), root, note]
 *   body    [[key, record or null]…], strictly ascending by key
 *   sent    [header, SIGN(device, "commit-sign", header), body]
 */
import { decodeCbor, encodeCbor, schema, type Schema } from '../codec/index.ts';
import {
  COMMIT_BODY_SIZE_BYTES_MAX,
  COMMIT_CHANGES_MAX,
  COMMIT_NOTE_SIZE_BYTES_MAX,
  digestFromBytes,
  FormatError,
  hexToBytes,
  idToBytes,
  PROTOCOL_VERSION,
  RECORD_SIZE_BYTES_MAX,
  type AccountId,
  type Bytes,
  type CommitId,
  type DeviceId,
  type Digest,
  type SpaceId,
} from '../core/index.ts';
import { hash, SIGNATURE_SIZE_BYTES, type VerifySuite } from '../crypto/index.ts';
import type { CommitHeader, RecordChange, SealedCommit } from './commit.ts';
import { treeKeyFromBytes } from './tree-keys.ts';

const { uint, literal, bytes, id, digest, nullable, tuple, list } = schema;

/** Fixed fields and a note of the largest size stay below this. */
export const COMMIT_HEADER_SIZE_BYTES_MAX = COMMIT_NOTE_SIZE_BYTES_MAX + 512;
const SEALED_COMMIT_SIZE_BYTES_MAX =
  COMMIT_BODY_SIZE_BYTES_MAX + COMMIT_HEADER_SIZE_BYTES_MAX + SIGNATURE_SIZE_BYTES + 16;

/** What SEAL adds, and what PSEAL pads to (protocol §1). */
const NOTE_OVERHEAD_BYTES = 73;
const NOTE_BLOCK_BYTES = 256;
const sealedNote = bytes(NOTE_OVERHEAD_BYTES + NOTE_BLOCK_BYTES, COMMIT_NOTE_SIZE_BYTES_MAX);
const noteOf: Schema<Bytes> = (value) => {
  const note = sealedNote(value);
  if ((note.length - NOTE_OVERHEAD_BYTES) % NOTE_BLOCK_BYTES !== 0) {
    throw new FormatError('a note has whole blocks');
  }
  return note;
};

const headerTuple = tuple(
  literal(PROTOCOL_VERSION),
  id<SpaceId>(),
  uint(),
  digest<CommitId>(),
  digest<Digest>(),
  digest<CommitId>(),
  id<AccountId>(),
  id<DeviceId>(),
  uint(),
  digest<Digest>(),
  digest<Digest>(),
  nullable(noteOf),
);

const bodyList = list(
  tuple(bytes(32), nullable(bytes(1, RECORD_SIZE_BYTES_MAX))),
  COMMIT_CHANGES_MAX,
);

const sealedTuple = tuple(
  bytes(1, COMMIT_HEADER_SIZE_BYTES_MAX),
  bytes(SIGNATURE_SIZE_BYTES),
  bytes(1, COMMIT_BODY_SIZE_BYTES_MAX),
);

export function encodeHeader(header: CommitHeader): Uint8Array<ArrayBuffer> {
  return encodeCbor([
    PROTOCOL_VERSION,
    idToBytes(header.space),
    header.seq,
    idToBytes(header.prev),
    idToBytes(header.past),
    idToBytes(header.auth),
    idToBytes(header.account),
    idToBytes(header.device),
    header.time,
    idToBytes(header.changes),
    idToBytes(header.root),
    header.note,
  ]);
}

/** Throws FormatError. */
export function decodeHeader(encoded: Bytes): CommitHeader {
  const [, space, seq, prev, past, auth, account, device, time, changes, root, note] = decodeCbor(
    encoded,
    headerTuple,
    COMMIT_HEADER_SIZE_BYTES_MAX,
  );
  return { space, seq, prev, past, auth, account, device, time, changes, root, note };
}

/** Changes ascend by key, each key once; throws FormatError otherwise and above the limits of §10. */
export function encodeBody(changes: readonly RecordChange[]): Uint8Array<ArrayBuffer> {
  checkAscending(changes);
  if (changes.length > COMMIT_CHANGES_MAX) throw new FormatError('too many changes');
  const encoded = encodeCbor(changes.map(([key, record]) => [hexToBytes(key), record]));
  if (encoded.length > COMMIT_BODY_SIZE_BYTES_MAX) throw new FormatError('body too large');
  return encoded;
}

/** Throws FormatError. The records themselves are not looked at. */
export function decodeBody(encoded: Bytes): readonly RecordChange[] {
  const rows = decodeCbor(encoded, bodyList, COMMIT_BODY_SIZE_BYTES_MAX);
  const changes = rows.map(([key, record]): RecordChange => [treeKeyFromBytes(key), record]);
  checkAscending(changes);
  return changes;
}

export function encodeSealedCommit(commit: SealedCommit): Uint8Array<ArrayBuffer> {
  return encodeCbor([commit.header, commit.signature, commit.body]);
}

/** Throws FormatError. Header and body are not looked at. */
export function decodeSealedCommit(encoded: Bytes): SealedCommit {
  const [header, signature, body] = decodeCbor(encoded, sealedTuple, SEALED_COMMIT_SIZE_BYTES_MAX);
  return { header, signature, body };
}

/** H("commit", header). */
export function commitId(suite: VerifySuite, header: Bytes): CommitId {
  return digestFromBytes<CommitId>(hash(suite, 'commit', header));
}

/** H("changes", body). */
export function changesDigest(suite: VerifySuite, body: Bytes): Digest {
  return digestFromBytes<Digest>(hash(suite, 'changes', body));
}

function checkAscending(changes: readonly RecordChange[]): void {
  for (let i = 1; i < changes.length; i++) {
    const before = changes[i - 1];
    const here = changes[i];
    if (before !== undefined && here !== undefined && before[0] >= here[0]) {
      throw new FormatError('changes do not ascend by key');
    }
  }
}
