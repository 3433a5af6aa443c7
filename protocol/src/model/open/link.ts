/**
 * Public links (protocol §7). The address carries the secret behind `#`, which no request contains.
 *
 *   https://host/s/<id, 22 digits>#1.<secret, 43 digits>                      base64url
 *   k = secret, or KDF(secret, "link-password", Argon2id(NFKC password,
 *                      salt = KDF(secret, "link-salt", id)[0..16]))
 *   link key = KDF(k, "link-key", id); proof = KDF(k, "link-auth", id)
 *   payload  = PSEAL(link key, "link", [id, link rev], CBOR [space, node, kind, kr, F, flags,
 *                    owner account, owner identity pk, pinned seq, pinned commit id])
 */
import { encodeCbor, schema } from '../../codec/index.ts';
import {
  base64UrlToBytes,
  bytesToBase64Url,
  err,
  idFromBytes,
  idToBytes,
  ok,
  utf8ToBytes,
  type AccountId,
  type Bytes,
  type CommitId,
  type LinkId,
  type NodeId,
  type Result,
  type SpaceId,
} from '../../core/index.ts';
import {
  deriveKey,
  ED25519_PUBLIC_KEY_SIZE_BYTES,
  KEY_SIZE_BYTES,
  type OpenSuite,
  type WholeSuite,
} from '../../crypto/index.ts';
import { openPadded, sealPadded } from '../../crypto/open/index.ts';
import type { NodeKind } from '../records.ts';
import { codeOf, coded, NODE_KINDS } from '../wire-names.ts';
import { decodeOpened } from './decode-opened.ts';

/** What the address of a link says. */
export interface LinkAddress {
  /** `scheme://host[:port]` */
  readonly origin: string;
  readonly id: LinkId;
  /** 32 random bytes. */
  readonly secret: Bytes;
}

export interface LinkKeys {
  /** Opens the payload. */
  readonly key: Bytes;
  /** Shown to the server, which stores its SHA-256. */
  readonly proof: Bytes;
}

export interface LinkPayload {
  readonly space: SpaceId;
  readonly node: NodeId;
  readonly kind: NodeKind;
  /** Number of the node's key. */
  readonly kr: number;
  readonly nodeKey: Bytes;
  /** Bits of what the visitor's page offers; 0 so far. */
  readonly flags: number;
  readonly owner: AccountId;
  readonly ownerIdentity: Bytes;
  /** The head of the space that the visitor pins: theirs must descend from it. */
  readonly pinnedSeq: number;
  readonly pinnedCommit: CommitId;
}

const FLAGS_MAX = 0xffff;
const PAYLOAD_SIZE_BYTES_MAX = 512;
const ADDRESS =
  /^(?<origin>https?:\/\/[^/?#\s]+)\/s\/(?<id>[\w-]{22})#(?<version>\d+)\.(?<secret>[\w-]{43})$/;

const payloadShape = schema.tuple(
  schema.id<SpaceId>(),
  schema.id<NodeId>(),
  coded<NodeKind>(NODE_KINDS),
  schema.uint(),
  schema.bytes(KEY_SIZE_BYTES),
  schema.uint(FLAGS_MAX),
  schema.id<AccountId>(),
  schema.bytes(ED25519_PUBLIC_KEY_SIZE_BYTES),
  schema.uint(),
  schema.digest<CommitId>(),
);

export function formatLink({ origin, id, secret }: LinkAddress): string {
  return `${origin}/s/${bytesToBase64Url(idToBytes(id))}#1.${bytesToBase64Url(secret)}`;
}

/** `unknown-version`: a link, but of a newer kind than this program knows. */
export function parseLink(text: string): Result<LinkAddress, 'not-a-link' | 'unknown-version'> {
  const parts = ADDRESS.exec(text)?.groups;
  if (parts === undefined) return err('not-a-link');
  const { origin = '', id = '', version, secret = '' } = parts;
  if (version !== '1') return err('unknown-version');
  try {
    const secretBytes = base64UrlToBytes(secret);
    return ok({ origin, id: idFromBytes<LinkId>(base64UrlToBytes(id)), secret: secretBytes });
  } catch {
    return err('not-a-link');
  }
}

/** With a password this takes about half a second and 64 MiB. */
export function deriveLinkKeys(
  suite: WholeSuite,
  { id, secret }: Pick<LinkAddress, 'id' | 'secret'>,
  password?: string,
): LinkKeys {
  const idBytes = idToBytes(id);
  const k = password === undefined ? secret : passwordedSecret(suite, secret, idBytes, password);
  return {
    key: deriveKey(suite, k, 'link-key', idBytes),
    proof: deriveKey(suite, k, 'link-auth', idBytes),
  };
}

/** `rev` grows with each new payload of the link. */
export function sealLinkPayload(
  suite: OpenSuite,
  key: Bytes,
  { id, rev }: { readonly id: LinkId; readonly rev: number },
  payload: LinkPayload,
): Uint8Array<ArrayBuffer> {
  const plaintext = encodeCbor([
    idToBytes(payload.space),
    idToBytes(payload.node),
    codeOf(NODE_KINDS, payload.kind),
    payload.kr,
    payload.nodeKey,
    payload.flags,
    idToBytes(payload.owner),
    payload.ownerIdentity,
    payload.pinnedSeq,
    idToBytes(payload.pinnedCommit),
  ]);
  return sealPadded(suite, key, 'link', [idToBytes(id), rev], plaintext);
}

/** IntegrityError `open-failed` or `malformed`. */
export function openLinkPayload(
  suite: OpenSuite,
  key: Bytes,
  { id, rev }: { readonly id: LinkId; readonly rev: number },
  sealed: Bytes,
): LinkPayload {
  const plaintext = openPadded(suite, key, 'link', [idToBytes(id), rev], sealed);
  const [space, node, kind, kr, nodeKey, flags, owner, ownerIdentity, pinnedSeq, pinnedCommit] =
    decodeOpened('link payload', plaintext, payloadShape, PAYLOAD_SIZE_BYTES_MAX);
  return {
    space,
    node,
    kind,
    kr,
    nodeKey,
    flags,
    owner,
    ownerIdentity,
    pinnedSeq,
    pinnedCommit,
  };
}

function passwordedSecret(
  suite: WholeSuite,
  secret: Bytes,
  id: Bytes,
  password: string,
): Uint8Array<ArrayBuffer> {
  const salt = deriveKey(suite, secret, 'link-salt', id).subarray(0, 16);
  const stretched = suite.argon2id(utf8ToBytes(password.normalize('NFKC')), salt);
  return deriveKey(suite, secret, 'link-password', stretched);
}
