/**
 * Two heads of one space that cannot both be right, as evidence (protocol §4, Freshness). A head counts
 * only when a device of the space signed it: a server can invent heads, and a false alarm is no proof.
 */
import { encodeCbor } from '@coffer/protocol/codec';
import { FormatError, idToBytes, type AccountId, type DeviceId } from '@coffer/protocol/core';
import type { VerifySuite } from '@coffer/protocol/crypto';
import { decodeHeader, isSignedBy, type CommitHeader, type KeyChain } from '@coffer/protocol/model';
import type { HeadEvidence, SignedHead } from '../../ports/index.ts';

const EVIDENCE_VERSION = 1;

/** CBOR [1, space, [era, header, signature] as pinned, the same as offered]. */
export function encodeHeadEvidence({
  space,
  pinned,
  offered,
}: HeadEvidence): Uint8Array<ArrayBuffer> {
  const fields = ({ era, header, signature }: SignedHead) => [era, header, signature];
  return encodeCbor([EVIDENCE_VERSION, idToBytes(space), fields(pinned), fields(offered)]);
}

/** Who says that they signed the head; undefined when its header does not decode. */
export function signerOf({
  header,
}: Pick<SignedHead, 'header'>): Pick<CommitHeader, 'account' | 'device'> | undefined {
  try {
    return decodeHeader(header);
  } catch (error) {
    if (error instanceof FormatError) return undefined;
    throw error;
  }
}

/** Whether a device of this chain, revoked since or not, signed the head. */
export function isSignedUnder(
  suite: VerifySuite,
  chain: KeyChain,
  signer: { readonly account: AccountId; readonly device: DeviceId },
  head: SignedHead,
): boolean {
  if (signer.account !== chain.account) return false;
  const device = chain.deviceAt(signer.device, chain.seq) ?? chain.revokedDevice(signer.device);
  if (device === undefined) return false;
  return isSignedBy(suite, device.publicKey, head);
}
