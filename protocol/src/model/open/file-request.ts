/**
 * File requests (protocol §7): anyone with the address may drop files that only the owner can open.
 * The address carries the hash of the request's KEM key, so that a server cannot put in its own.
 *
 *   https://host/r/<id, 22 digits>#1.<SHA-256 of the KEM key, 43 digits>      base64url
 *   drop = ENVELOPE(KEM key, "drop", [id, item no.], CBOR [name, size, SHA-256, [page key…]])
 */
import { encodeCbor, schema } from '../../codec/index.ts';
import {
  base64UrlToBytes,
  bytesToBase64Url,
  err,
  FILE_PAGES_MAX,
  FILE_SIZE_BYTES_MAX,
  idFromBytes,
  idToBytes,
  IntegrityError,
  NAME_SIZE_BYTES_MAX,
  ok,
  type Bytes,
  type Digest,
  type FileRequestId,
  type Result,
} from '../../core/index.ts';
import { KEY_SIZE_BYTES, type OpenSuite, type WholeSuite } from '../../crypto/index.ts';
import { openEnvelope, sealEnvelope } from '../../crypto/open/index.ts';
import { decodeOpened } from './decode-opened.ts';

/** What the address of a file request says. */
export interface FileRequestAddress {
  /** `scheme://host[:port]` */
  readonly origin: string;
  readonly id: FileRequestId;
  /** SHA-256 of the request's KEM key. */
  readonly kemDigest: Bytes;
}

/** One dropped file. It has no sender: whatever it says comes from anyone. */
export interface Drop {
  /** As the visitor's browser gave it: to be judged like any foreign name before use. */
  readonly name: string;
  readonly sizeBytes: number;
  /** SHA-256 of the content. */
  readonly digest: Digest;
  /** Key of each page of the chunk list, in order; each key seals one page only. */
  readonly pageKeys: readonly Bytes[];
}

const DROP_SIZE_BYTES_MAX = NAME_SIZE_BYTES_MAX + FILE_PAGES_MAX * (KEY_SIZE_BYTES + 2) + 64;
const ADDRESS =
  /^(?<origin>https?:\/\/[^/?#\s]+)\/r\/(?<id>[\w-]{22})#(?<version>\d+)\.(?<digest>[\w-]{43})$/;

const dropShape = schema.tuple(
  schema.text(NAME_SIZE_BYTES_MAX),
  schema.uint(FILE_SIZE_BYTES_MAX),
  schema.digest<Digest>(),
  schema.list(schema.bytes(KEY_SIZE_BYTES), FILE_PAGES_MAX),
);

export function formatFileRequest({ origin, id, kemDigest }: FileRequestAddress): string {
  return `${origin}/r/${bytesToBase64Url(idToBytes(id))}#1.${bytesToBase64Url(kemDigest)}`;
}

/** `unknown-version`: a file request, but of a newer kind than this program knows. */
export function parseFileRequest(
  text: string,
): Result<FileRequestAddress, 'not-a-file-request' | 'unknown-version'> {
  const parts = ADDRESS.exec(text)?.groups;
  if (parts === undefined) return err('not-a-file-request');
  const { origin = '', id = '', version, digest = '' } = parts;
  if (version !== '1') return err('unknown-version');
  try {
    const kemDigest = base64UrlToBytes(digest);
    return ok({ origin, id: idFromBytes<FileRequestId>(base64UrlToBytes(id)), kemDigest });
  } catch {
    return err('not-a-file-request');
  }
}

/** Throws IntegrityError `digest-mismatch` when the served key is not the one in the address. */
export function checkFileRequestKey(
  suite: OpenSuite,
  { kemDigest }: Pick<FileRequestAddress, 'kemDigest'>,
  kem: Bytes,
): void {
  if (suite.equalConstantTime(suite.sha256(kem), kemDigest)) return;
  throw new IntegrityError('digest-mismatch', 'file request: not the key of the address');
}

/** `item`: number of the drop within the request, from the server. */
export function sealDrop(
  suite: WholeSuite,
  kem: Bytes,
  { id, item }: { readonly id: FileRequestId; readonly item: number },
  drop: Drop,
): Uint8Array<ArrayBuffer> {
  const { name, sizeBytes, digest, pageKeys } = drop;
  const plaintext = encodeCbor([name, sizeBytes, idToBytes(digest), pageKeys]);
  return sealEnvelope(suite, kem, 'drop', [idToBytes(id), item], plaintext);
}

/** IntegrityError `open-failed` or `malformed`. */
export function openDrop(
  suite: WholeSuite,
  kemSeed: Bytes,
  { id, item }: { readonly id: FileRequestId; readonly item: number },
  sealed: Bytes,
): Drop {
  const plaintext = openEnvelope(suite, kemSeed, 'drop', [idToBytes(id), item], sealed);
  const [name, sizeBytes, digest, pageKeys] = decodeOpened(
    'drop',
    plaintext,
    dropShape,
    DROP_SIZE_BYTES_MAX,
  );
  return { name, sizeBytes, digest, pageKeys };
}
