import {
  COMMITS_ANSWER_SIZE_BYTES_MAX,
  encodeCommitsAnswer,
  type AnswerOf,
} from '@coffer/protocol/api';
import type { AccountId, Bytes, CommitId, SpaceId } from '@coffer/protocol/core';
import {
  commitId,
  decodeHeader,
  decodeSealedCommit,
  judgeCommit,
  type CommitHeader,
  type HeadState,
  type JudgedCommit,
  type KeyChain,
  type SealedCommit,
  type StateView,
} from '@coffer/protocol/model';
import { Failure } from '../failure.ts';
import type { Session } from '../stores/metadata-store.ts';
import type { CommitOutcome } from '../stores/proposal.ts';
import type { Context } from './context.ts';
import type { KeyChains } from './key-chains.ts';
import { checkKeepUntil } from './keep-until.ts';
import { proposalOf } from './proposals.ts';

/** What judging one commit said. */
type Judgement =
  | { readonly kind: 'judged'; readonly commit: JudgedCommit; readonly previous: CommitId }
  | { readonly kind: 'elsewhere'; readonly head: HeadState }
  /** Chains that the rules ask for and nobody has loaded yet. */
  | { readonly kind: 'chains-wanted'; readonly accounts: readonly AccountId[] };

/** Reading and extending the commits of a space. */
export class Commits {
  readonly #context: Context;
  readonly #chains: KeyChains;

  constructor(context: Context, chains: KeyChains) {
    this.#context = context;
    this.#chains = chains;
  }

  async head(space: SpaceId): Promise<AnswerOf<'head'>> {
    const head = await this.#context.store.getHead(space);
    if (head === undefined) throw new Failure('not-found');
    const { era, state, header, signature } = head;
    const serverTime = this.#context.clock.now();
    return { era, seq: state.seq, id: state.id, header, signature, serverTime };
  }

  async list(space: SpaceId, from: number): Promise<Bytes> {
    const { store } = this.#context;
    const answer = await store.readCommits(space, from, COMMITS_ANSWER_SIZE_BYTES_MAX);
    if (answer === undefined) throw new Failure('not-found');
    return encodeCommitsAnswer(answer);
  }

  /**
   * Judges the commit on the state at the head, then compares and swaps that head. A commit that is
   * in the space already is answered as if it came for the first time.
   */
  async propose(actor: Session, space: SpaceId, bytes: Bytes): Promise<AnswerOf<'propose'>> {
    const { store, suite, clock, bus } = this.#context;
    const commit = decodeSealedCommit(bytes);
    const header = decodeHeader(commit.header);
    if (header.space !== space) throw new Failure('malformed');
    // The signature alone would allow it, but a session speaks for its own device only.
    const isOwn = header.account === actor.account && header.device === actor.device;
    if (!isOwn) throw new Failure('refused');
    // It may have been removed while the commit was on its way.
    const chain = await this.#chains.load(header.account);
    if (chain?.revokedDevice(header.device)) throw new Failure('device-revoked');

    const accepted = { seq: header.seq, id: commitId(suite, commit.header) };
    const judgement = await this.#judge(space, commit, header);
    if (judgement.kind === 'elsewhere') {
      if ((await store.getCommitId(space, header.seq)) === accepted.id) return accepted;
      throw new Failure('head-moved', { seq: judgement.head.seq });
    }
    const place = { space, previous: judgement.previous, now: clock.now() };
    failUnlessAccepted(await store.commit(proposalOf(judgement.commit, commit, place)));
    if (!bus.isIdle()) bus.notify(await store.listMembers(space));
    return accepted;
  }

  async #judge(
    space: SpaceId,
    commit: SealedCommit,
    header: CommitHeader,
  ): Promise<Exclude<Judgement, { kind: 'chains-wanted' }>> {
    const chains = new Map<AccountId, KeyChain | undefined>();
    chains.set(header.account, await this.#chains.load(header.account));
    for (;;) {
      const judgement = await this.#context.store.readState(space, (head, view) =>
        this.#judgeOn({ head, view, chains, space, commit, header }),
      );
      if (judgement === undefined) throw new Failure('not-found');
      if (judgement.kind !== 'chains-wanted') return judgement;
      for (const account of judgement.accounts) {
        chains.set(account, await this.#chains.load(account));
      }
    }
  }

  #judgeOn(given: {
    readonly head: HeadState;
    readonly view: StateView;
    readonly chains: ReadonlyMap<AccountId, KeyChain | undefined>;
    readonly space: SpaceId;
    readonly commit: SealedCommit;
    readonly header: CommitHeader;
  }): Judgement {
    const { head, view, chains, space, commit, header } = given;
    if (header.seq !== head.seq + 1 || header.prev !== head.id) return { kind: 'elsewhere', head };
    const wanted = new Set<AccountId>();
    const { suite, clock } = this.#context;
    const verdict = judgeCommit({
      suite,
      view,
      head,
      commit,
      space,
      chains: (account) => {
        if (!chains.has(account)) wanted.add(account);
        return chains.get(account);
      },
    });
    if (wanted.size > 0) return { kind: 'chains-wanted', accounts: [...wanted] };
    if (!verdict.ok) throw new Failure('rule-broken', { rule: verdict.error.rule });
    checkKeepUntil(view, verdict.value.keepUntils, clock.now());
    return { kind: 'judged', commit: verdict.value, previous: head.id };
  }
}

function failUnlessAccepted(outcome: CommitOutcome): void {
  switch (outcome.kind) {
    case 'accepted':
    case 'known':
      return;
    case 'head-moved':
      throw new Failure('head-moved', { seq: outcome.seq });
    case 'content-missing':
      throw new Failure('content-missing', { ids: [...outcome.ids] });
    case 'length-wrong':
      throw new Failure('rule-broken', { rule: 'stored-length' });
    case 'quota-exceeded':
      throw new Failure('quota-exceeded');
  }
}
