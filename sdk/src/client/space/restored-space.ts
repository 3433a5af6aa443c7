/**
 * The state that a restored server has (protocol §4, Freshness): every commit from the first one on is
 * judged again, under the key chains that the server has now. Nothing is kept here.
 */
import type { ListedCommit } from '@coffer/protocol/api';
import type { AccountId, SpaceId } from '@coffer/protocol/core';
import type { VerifySuite } from '@coffer/protocol/crypto';
import {
  accountsNamedBy,
  ALL_KEYS,
  judgeCommit,
  MemoryState,
  type HeadState,
  type KeyChain,
  type StateChange,
} from '@coffer/protocol/model';
import type { StoredHead } from '../../ports/index.ts';
import type { HeadAnswer, SpaceApi } from '../api/space-api.ts';
import type { ChainBook } from './chain-book.ts';
import { bodyMissing, judgeUnderChains, malformed } from './commit-judge.ts';

export interface RestoredSpaceOptions {
  readonly space: SpaceId;
  readonly suite: VerifySuite;
  readonly api: SpaceApi;
  readonly chains: ChainBook;
}

/** All of a space as it was verified anew. */
export interface RestoredSpace {
  readonly head: StoredHead;
  readonly state: MemoryState;
  readonly chains: readonly KeyChain[];
}

/** IntegrityError when a commit may not stand, or they do not lead to the offered head. */
export async function fetchRestored(
  options: RestoredSpaceOptions,
  offered: HeadAnswer,
  signal: AbortSignal,
): Promise<RestoredSpace> {
  const judge = new RestoredJudge(options, signal);
  while ((judge.head?.seq ?? 0) < offered.seq) {
    const { commits } = await options.api.commits((judge.head?.seq ?? 0) + 1, signal);
    if (commits.length === 0) throw malformed('the server holds back commits that it announced');
    for (const listed of commits) {
      if (judge.head?.seq === offered.seq) break;
      await judge.take(listed);
    }
  }
  if (judge.head?.id !== offered.id) throw malformed('the commits do not lead to the offered head');
  const { era, header, signature } = offered;
  return {
    head: { ...judge.head, era, header, signature },
    state: judge.state,
    chains: [...judge.chains.values()],
  };
}

/** The whole state as one change of nothing. */
export function wholeStateOf(state: MemoryState): StateChange {
  return {
    records: [...state.listRecords(...ALL_KEYS)],
    treeNodes: state.treeNodes(),
  };
}

class RestoredJudge {
  readonly state = new MemoryState();
  readonly chains = new Map<AccountId, KeyChain>();
  head: HeadState | undefined;
  readonly #options: RestoredSpaceOptions;
  readonly #signal: AbortSignal;

  constructor(options: RestoredSpaceOptions, signal: AbortSignal) {
    this.#options = options;
    this.#signal = signal;
  }

  async take({ header, signature, body }: ListedCommit): Promise<void> {
    if (body === null) throw bodyMissing();
    const commit = { header, signature, body };
    const { change, head } = await judgeUnderChains(
      () => this.#judge(commit),
      async () => {
        for (const account of accountsNamedBy(commit)) await this.#fetchChain(account);
      },
    );
    this.state.apply(change);
    this.head = head;
  }

  async #fetchChain(account: AccountId): Promise<void> {
    if (this.chains.has(account)) return;
    this.chains.set(account, await this.#options.chains.fetchAnew(account, this.#signal));
  }

  #judge(commit: Parameters<typeof accountsNamedBy>[0]): ReturnType<typeof judgeCommit> {
    const { suite, space } = this.#options;
    return judgeCommit({
      suite,
      space,
      view: this.state,
      head: this.head,
      commit,
      chains: (account) => this.chains.get(account),
    });
  }
}
