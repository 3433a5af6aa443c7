/** Whether the records that are stored here are those that a device of the space signed. */
import { Defect, equalBytes, type Bytes } from '@coffer/protocol/core';
import type { VerifySuite } from '@coffer/protocol/crypto';
import { ALL_KEYS, commitId, RunningRoot, type StateView } from '@coffer/protocol/model';
import type { Clock, StoredHead } from '../../ports/index.ts';
import type { Mutex } from '../mutex.ts';
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
   * of the space signed it. `state`: the records are not those that it signs. `tree`: the stored rows of
   * the state tree are not those of the records, so that what others write would be refused here.
   */
  readonly broken: readonly ('head' | 'signature' | 'state' | 'tree')[];
}

const NO_BYTES: Bytes = new Uint8Array();
/** Records after which others may have their turn. */
const RECORDS_PER_STEP = 32;
/** Tries in which others may write meanwhile; then they wait, so that it ends. */
const FREE_TRIES_MAX = 2;
/** How long one slice of the work holds up everything else. */
const SLICE_MS = 20;

/** Of what is proved: how many records were looked at so far; fewer again when it begins anew. */
export type OnProved = (records: number) => void;

/** A space whose records others may change between two turns. */
export interface ProvableSpace {
  readonly options: {
    readonly suite: VerifySuite;
    readonly chains: ChainBook;
    readonly clock: Clock;
  };
  readonly verified: {
    readonly revision: number;
    readonly head: StoredHead | undefined;
    readonly view: Pick<StateView, 'listRecords' | 'getTreeNode'>;
  };
  readonly mutex: Mutex;
}

/**
 * Computes the state tree anew from every record, holds its root against the signed header, and the
 * stored rows against its own. Asks nobody. Lets others have their turn every 20 ms, and begins anew when
 * they change the state; a third time they wait with that.
 */
export async function proveStored(
  space: ProvableSpace,
  signal: AbortSignal,
  onProved: OnProved = () => undefined,
): Promise<StoredProof> {
  for (let free = 0; free < FREE_TRIES_MAX; free++) {
    const proof = await proveOnce(space, signal, onProved);
    if (proof !== undefined) return proof;
  }
  return space.mutex.run(async () => {
    const proof = await proveOnce(space, signal, onProved);
    if (proof === undefined) throw new Defect('nobody writes to a space while it is held');
    return proof;
  });
}

/** Undefined when the state became another one meanwhile. */
async function proveOnce(
  { options, verified }: ProvableSpace,
  signal: AbortSignal,
  onProved: OnProved,
): Promise<StoredProof | undefined> {
  const { clock } = options;
  const { revision } = verified;
  const steps = provingSteps(options, verified);
  let sliceEndsMs = clock.now() + SLICE_MS;
  for (;;) {
    signal.throwIfAborted();
    const step = steps.next();
    if (step.done === true) return step.value;
    if (clock.now() < sliceEndsMs) continue;
    onProved(step.value);
    await clock.sleep(0, signal);
    if (verified.revision !== revision) return undefined;
    sliceEndsMs = clock.now() + SLICE_MS;
  }
}

/** Gives how many records it has looked at. */
function* provingSteps(
  { suite, chains }: Pick<ProvableSpace['options'], 'suite' | 'chains'>,
  { head, view }: ProvableSpace['verified'],
): Generator<number, StoredProof> {
  if (head === undefined) throw new Defect('an open space has a head');
  let isTree = true;
  const running = new RunningRoot(suite, (position, row) => {
    isTree &&= equalBytes(row, view.getTreeNode(position) ?? NO_BYTES);
  });
  let records = 0;
  for (const [key, record] of view.listRecords(...ALL_KEYS)) {
    running.take(key, record);
    if (++records % RECORDS_PER_STEP === 0) yield records;
  }
  const { account, device, root, seq } = parseHeader(head.header);
  const chain = chains.get(account);
  const isSigned = chain !== undefined && isSignedUnder(suite, chain, { account, device }, head);
  const isState = running.finish() === root;
  const isPinned = commitId(suite, head.header) === head.id && seq === head.seq;
  return {
    seq: head.seq,
    records,
    broken: [
      ...(isPinned ? [] : (['head'] as const)),
      ...(isSigned ? [] : (['signature'] as const)),
      ...(isState ? [] : (['state'] as const)),
      // Other records have other rows.
      ...(isTree || !isState ? [] : (['tree'] as const)),
    ],
  };
}
