/**
 * Who signed (protocol §4, rule 1): a device certified and not revoked at the chain position that the
 * signer's member record pins in the old state; at seq 1, and where the commit moves the signer's own
 * pin forward, in the new record.
 */
import type { Bytes } from '../../core/index.ts';
import { verifySignature, type VerifySuite } from '../../crypto/index.ts';
import type { MemberRecord } from '../records.ts';
import type { CommitInState } from './commit-in-state.ts';
import type { RuleBreak } from './rule.ts';

export function judgeSigner(
  commit: CommitInState,
  sealed: { readonly header: Bytes; readonly signature: Bytes },
): RuleBreak | undefined {
  const { header, suite } = commit;
  const pin = signerPin(commit);
  if (pin === undefined) return { rule: 'signer', detail: `${header.account} is no member` };
  const chain = commit.chains(header.account);
  if (chain === undefined) return { rule: 'signer', detail: `no key chain of ${header.account}` };
  if (chain.headAt(pin.chainSeq) !== pin.chainHead) {
    return { rule: 'signer', detail: `the key chain of ${header.account} leaves its pin` };
  }
  const device = chain.deviceAt(header.device, pin.chainSeq);
  if (device === undefined) {
    return {
      rule: 'signer',
      detail: `device ${header.device} is not certified at ${pin.chainSeq}`,
    };
  }
  return isSignedBy(suite, device.publicKey, sealed)
    ? undefined
    : { rule: 'signature', detail: `not by device ${header.device}` };
}

/** Whether the device of this key signed the header of a commit. */
export function isSignedBy(
  suite: VerifySuite,
  publicKey: Bytes,
  { header, signature }: { readonly header: Bytes; readonly signature: Bytes },
): boolean {
  return verifySignature(suite, publicKey, 'commit-sign', header, signature);
}

/** The member record whose pin counts. A new one extends the old: the rule member-pin says so. */
function signerPin(commit: CommitInState): MemberRecord | undefined {
  const own = commit.members.find(
    ({ next }) => next !== undefined && next.account === commit.header.account,
  );
  const isGenesis = commit.header.seq === 1;
  if (own?.next !== undefined && (isGenesis || own.old !== undefined)) return own.next;
  return commit.signer;
}
