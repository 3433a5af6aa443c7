import { IntegrityError } from '@coffer/protocol/core';
import type { MemberRecord } from '@coffer/protocol/model';
import type { DeviceSecrets } from '../../ports/index.ts';
import type { ChainBook } from './chain-book.ts';

/**
 * Our member record as the next commit needs it: the same one where its chain position certifies this
 * device, else one with the longer pin (protocol §2: a new device's first commit in a space).
 */
export async function ownMemberRecord(
  chains: ChainBook,
  { account, device }: Pick<DeviceSecrets, 'account' | 'device'>,
  member: MemberRecord,
  signal: AbortSignal,
): Promise<MemberRecord> {
  let chain = chains.get(account) ?? (await chains.refresh(account, signal));
  if (chain.deviceAt(device, member.chainSeq) !== undefined) return member;
  if (chain.deviceAt(device, chain.seq) === undefined)
    chain = await chains.refresh(account, signal);
  if (chain.deviceAt(device, chain.seq) === undefined) {
    throw new IntegrityError('chain-broken', 'this device does not stand in the key chain');
  }
  return { ...member, rev: member.rev + 1, chainSeq: chain.seq, chainHead: chain.head };
}
