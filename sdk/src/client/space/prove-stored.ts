/** Whether the records that are stored here are those that a device of the space signed. */
import { Defect } from '@coffer/protocol/core';
import type { VerifySuite } from '@coffer/protocol/crypto';
import {
  ALL_KEYS,
  commitId,
  MemoryState,
  planTreeUpdate,
  type RecordChange,
  type StateView,
} from '@coffer/protocol/model';
import type { StoredHead } from '../../ports/index.ts';
import type { ChainBook } from './chain-book.ts';
import { parseHeader } from './commit-judge.ts';
import { isSignedUnder } from './head-evidence.ts';

/** What a check of the stored state found. */
export interface StoredProof {
  /** Of the head that the state was held against. */
  readonly seq: number;
  readonly records: number;
  /**
   * Empty when all of it holds. `head`: its header is not the one that was pinned. `signature`: no device
   * of the space signed it. `state`: the records are not those that it signs.
   */
  readonly broken: readonly ('head' | 'signature' | 'state')[];
}

/**
 * Computes the state tree anew from every record, trusting none of its stored rows, and holds its root
 * against the signed header. Asks nobody; synchronous: some seconds for a million records.
 */
export function proveStored(
  { suite, chains }: { readonly suite: VerifySuite; readonly chains: ChainBook },
  head: StoredHead | undefined,
  view: Pick<StateView, 'listRecords'>,
): StoredProof {
  if (head === undefined) throw new Defect('an open space has a head');
  const records: readonly RecordChange[] = [...view.listRecords(...ALL_KEYS)];
  const { account, device, root, seq } = parseHeader(head.header);
  const chain = chains.get(account);
  const isSigned = chain !== undefined && isSignedUnder(suite, chain, { account, device }, head);
  const isState = planTreeUpdate(suite, new MemoryState(), records).root === root;
  const isPinned = commitId(suite, head.header) === head.id && seq === head.seq;
  return {
    seq: head.seq,
    records: records.length,
    broken: [
      ...(isPinned ? [] : (['head'] as const)),
      ...(isSigned ? [] : (['signature'] as const)),
      ...(isState ? [] : (['state'] as const)),
    ],
  };
}
