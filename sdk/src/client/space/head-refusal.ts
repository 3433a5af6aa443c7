/** What a client answers a server whose head does not descend from the one pinned here. */
import { IntegrityError } from '@coffer/protocol/core';
import type { VerifySuite } from '@coffer/protocol/crypto';
import type { HeadEvidence, KeepEvidence, SignedHead } from '../../ports/index.ts';
import type { ChainBook } from './chain-book.ts';
import { isSignedUnder, signerOf } from './head-evidence.ts';
import { HeadRefused } from './head-refused.ts';

interface Refusing {
  readonly suite: VerifySuite;
  readonly chains: ChainBook;
  readonly keepEvidence?: KeepEvidence | undefined;
}

/** A head is evidence only when a device of the space signed it: any other is a plain lie. */
export async function headRefusal(
  { suite, chains, keepEvidence }: Refusing,
  code: 'head-rolled-back' | 'head-forked',
  evidence: HeadEvidence,
  signal: AbortSignal,
): Promise<IntegrityError> {
  if (await isSigned({ suite, chains }, evidence.offered, signal)) {
    return new HeadRefused(code, { ...evidence, keptAt: keepEvidence?.(evidence) });
  }
  const { seq } = evidence.offered;
  const message = `the server shows another commit ${seq}, which no device of the space signed`;
  return new IntegrityError('signature-invalid', message);
}

/** By a device that we know of, or by one that an honest restore may have made us know too little of. */
async function isSigned(
  { suite, chains }: Refusing,
  head: SignedHead,
  signal: AbortSignal,
): Promise<boolean> {
  const signer = signerOf(head);
  const known = signer === undefined ? undefined : chains.get(signer.account);
  if (signer === undefined || known === undefined) return false;
  if (isSignedUnder(suite, known, signer, head)) return true;
  return isSignedUnder(suite, await chains.fetchAnew(signer.account, signal), signer, head);
}
