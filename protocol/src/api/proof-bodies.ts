/**
 * The bodies of the call that proves parts of a state (protocol §4, docs/api.md): what a client wants to
 * see, and the head with everything that shows that it is so. All of it is for the client to verify.
 */
import { decodeCbor, encodeCbor, schema } from '../codec/index.ts';
import {
  bytesToHex,
  COMMIT_BODY_SIZE_BYTES_MAX,
  COMMIT_CHANGES_MAX,
  FormatError,
  hexToBytes,
  idToBytes,
  IDS_PER_REQUEST_MAX,
  PROOF_SIZE_BYTES_MAX,
  RECORD_SIZE_BYTES_MAX,
  type Bytes,
  type Digest,
  type NodeId,
} from '../core/index.ts';
import {
  COMMIT_HEADER_SIZE_BYTES_MAX,
  treeKeyFromBytes,
  type ProofRequest,
  type RecordChange,
  type SealedCommit,
} from '../model/index.ts';

/** Folders, or files with their versions, that one request may list. */
export const PROOF_LISTINGS_MAX = 64;
/** Rows of one answer, and their bytes beyond the first one. */
export const PROOF_ROWS_MAX = COMMIT_CHANGES_MAX;
export const PROOF_ROWS_SIZE_BYTES_MAX = 8 * 1024 * 1024;
/** Authority commits of one answer beyond the first one. */
export const PROOF_COMMITS_SIZE_BYTES_MAX = 8 * 1024 * 1024;
export const PROOF_REQUEST_SIZE_BYTES_MAX = 160 * 1024;
export const PROOF_ANSWER_SIZE_BYTES_MAX =
  PROOF_SIZE_BYTES_MAX +
  PROOF_ROWS_SIZE_BYTES_MAX +
  PROOF_COMMITS_SIZE_BYTES_MAX +
  COMMIT_BODY_SIZE_BYTES_MAX +
  1024 * 1024;

/** What a client wants to see of the state at the head. */
export interface ProofQuery extends ProofRequest {
  /** Seq of the newest authority commit that is known; 0 for none. */
  readonly authority: number;
  /** Seq of the pinned head, whose place in the past is to be shown; 0 for none. */
  readonly pin: number;
}

/** A head, and what shows that it is one and what stands in its state. Nothing in it is verified. */
export interface ProofAnswer {
  readonly era: number;
  /** Unix ms, by the server's clock. */
  readonly serverTime: number;
  readonly header: Bytes;
  readonly signature: Bytes;
  /** Inclusion path of the pinned commit id in the head's `past`; empty without an older pin. */
  readonly path: readonly Digest[];
  /** Authority commits after the known one, ascending; not all of them where they are large. */
  readonly authority: readonly SealedCommit[];
  /** Shows what was asked for, and always the space record and all member records. */
  readonly proof: Bytes;
  /**
   * The records that were asked for, null where there is none, ascending by key; as many as one answer
   * holds. The others are asked for by their keys, which the proof shows.
   */
  readonly rows: readonly RecordChange[];
}

const { uint, bytes, digest, list, nullable, tuple } = schema;
const queryTuple = tuple(
  uint(),
  uint(),
  list(bytes(32), IDS_PER_REQUEST_MAX),
  list(bytes(16), PROOF_LISTINGS_MAX),
);
const header = bytes(1, COMMIT_HEADER_SIZE_BYTES_MAX);
const answerTuple = tuple(
  uint(),
  uint(),
  header,
  bytes(64),
  list(digest<Digest>(), 64),
  list(tuple(header, bytes(64), bytes(1, COMMIT_BODY_SIZE_BYTES_MAX)), IDS_PER_REQUEST_MAX),
  bytes(1, PROOF_SIZE_BYTES_MAX),
  list(tuple(bytes(32), nullable(bytes(1, RECORD_SIZE_BYTES_MAX))), PROOF_ROWS_MAX),
);

/** CBOR [authority seq, pin seq, [key…], [parent…]]. */
export function encodeProofQuery(query: ProofQuery): Uint8Array<ArrayBuffer> {
  const { authority, pin, keys, listings } = query;
  return encodeCbor([authority, pin, keys.map(hexToBytes), listings.map(hexToBytes)]);
}

/** Throws FormatError. */
export function decodeProofQuery(encoded: Bytes): ProofQuery {
  const [authority, pin, keys, listings] = decodeCbor(
    encoded,
    queryTuple,
    PROOF_REQUEST_SIZE_BYTES_MAX,
  );
  return {
    authority,
    pin,
    keys: keys.map(treeKeyFromBytes),
    // Also those that are no nodes: the parents of member records and of items.
    listings: listings.map((parent) => bytesToHex(parent) as NodeId),
  };
}

/** CBOR [era, server time, header, signature, path, [[header, signature, body]…], proof, rows]. */
export function encodeProofAnswer(answer: ProofAnswer): Uint8Array<ArrayBuffer> {
  return encodeCbor([
    answer.era,
    answer.serverTime,
    answer.header,
    answer.signature,
    answer.path.map(idToBytes),
    answer.authority.map((commit) => [commit.header, commit.signature, commit.body]),
    answer.proof,
    answer.rows.map(([key, record]) => [hexToBytes(key), record]),
  ]);
}

/** Throws FormatError, also for rows that do not ascend by key. */
export function decodeProofAnswer(encoded: Bytes): ProofAnswer {
  const [era, serverTime, head, signature, path, commits, proof, listed] = decodeCbor(
    encoded,
    answerTuple,
    PROOF_ANSWER_SIZE_BYTES_MAX,
  );
  const rows = listed.map(([key, record]): RecordChange => [treeKeyFromBytes(key), record]);
  for (const [i, [key]] of rows.entries()) {
    const before = rows[i - 1];
    if (before !== undefined && before[0] >= key) throw new FormatError('rows do not ascend');
  }
  const authority = commits.map(([h, s, body]) => ({ header: h, signature: s, body }));
  return { era, serverTime, header: head, signature, path, authority, proof, rows };
}
