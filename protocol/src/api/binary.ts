/** Bodies that are CBOR (docs/api.md): listed commits, and what a device signs to open a session. */
import { decodeCbor, encodeCbor, schema } from '../codec/index.ts';
import {
  COMMIT_BODY_SIZE_BYTES_MAX,
  hexToBytes,
  type AccountId,
  type Bytes,
  type DeviceId,
} from '../core/index.ts';

/** A commit as an answer lists it; null where the server keeps no body any more. */
export interface ListedCommit {
  readonly header: Bytes;
  readonly signature: Bytes;
  readonly body: Bytes | null;
}

export interface CommitsAnswer {
  readonly era: number;
  /** Seq of the head at the time of the answer: more commits may follow the last listed one. */
  readonly headSeq: number;
  readonly commits: readonly ListedCommit[];
}

/** What an answer holds beyond its first commit. */
export const COMMITS_ANSWER_SIZE_BYTES_MAX = 8 * 1024 * 1024;
const HEADER_SIZE_BYTES_MAX = 8 * 1024;
const listedCommit = schema.tuple(
  schema.bytes(1, HEADER_SIZE_BYTES_MAX),
  schema.bytes(64),
  schema.nullable(schema.bytes(1, COMMIT_BODY_SIZE_BYTES_MAX)),
);
const commitsAnswer = schema.tuple(
  schema.uint(),
  schema.uint(),
  schema.list(listedCommit, COMMITS_ANSWER_SIZE_BYTES_MAX),
);

export function encodeCommitsAnswer(answer: CommitsAnswer): Uint8Array<ArrayBuffer> {
  const commits = answer.commits.map((c) => [c.header, c.signature, c.body]);
  return encodeCbor([answer.era, answer.headSeq, commits]);
}

/** Throws FormatError. What it holds is not verified. */
export function decodeCommitsAnswer(bytes: Bytes): CommitsAnswer {
  const sizeMax = COMMITS_ANSWER_SIZE_BYTES_MAX + COMMIT_BODY_SIZE_BYTES_MAX + 64 * 1024;
  const [era, headSeq, commits] = decodeCbor(bytes, commitsAnswer, sizeMax);
  return {
    era,
    headSeq,
    commits: commits.map(([header, signature, body]) => ({ header, signature, body })),
  };
}

/**
 * What a device signs with label "session" to open one (protocol §2). `origin` is the server's, as
 * `https://host[:port]`, so that the answer to one server's challenge is worthless at another.
 */
export function encodeSessionProof(proof: {
  readonly origin: string;
  readonly account: AccountId;
  readonly device: DeviceId;
  readonly challenge: Bytes;
}): Uint8Array<ArrayBuffer> {
  const { origin, account, device, challenge } = proof;
  return encodeCbor([origin, hexToBytes(account), hexToBytes(device), challenge]);
}
