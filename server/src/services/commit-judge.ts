import type { AccountId, Bytes, CommitId, SpaceId } from '@coffer/protocol/core';
import type { AnswerOf } from '@coffer/protocol/api';
import type { VerifySuite } from '@coffer/protocol/crypto';
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
import type { Session, SpaceStore } from '../stores/metadata-store.ts';
import type { CommitOutcome } from '../stores/proposal.ts';
import type { KeyChains } from './key-chains.ts';
import { checkKeepUntil } from './keep-until.ts';
import { proposalOf } from './proposals.ts';

/** A commit on its way into a space. */
export interface ProposedCommit {
  /** Whose session brought it. */
  readonly actor: Pick<Session, 'account' | 'device'>;
  readonly space: SpaceId;
  readonly bytes: Bytes;
  /** By the clock of the server. */
  readonly now: number;
}

/** Takes commits into their spaces, in whatever thread. */
export interface CommitJudge {
  /**
   * Judges the commit on the state at the head, then compares and swaps that head; durable when it
   * resolves. A commit that is in the space already is answered as if it came for the first time.
   * Throws Failure, or FormatError.
   */
  readonly propose: (proposed: ProposedCommit) => Promise<AnswerOf<'propose'>>;
}

/** What judging one commit said. */
type Judgement =
  | { readonly kind: 'judged'; readonly commit: JudgedCommit; readonly previous: CommitId }
  | { readonly kind: 'elsewhere'; readonly head: HeadState }
  /** Chains that the rules ask for and nobody has loaded yet. */
  | { readonly kind: 'chains-wanted'; readonly accounts: readonly AccountId[] };

interface ParsedCommit extends ProposedCommit {
  readonly commit: SealedCommit;
  readonly header: CommitHeader;
}

/** Judges where it is called, on the state in `store`. */
export class StoreJudge implements CommitJudge {
  readonly #store: Pick<SpaceStore, 'readState' | 'commit' | 'getCommitId'>;
  readonly #suite: VerifySuite;
  readonly #chains: Pick<KeyChains, 'load'>;

  constructor(given: {
    readonly store: Pick<SpaceStore, 'readState' | 'commit' | 'getCommitId'>;
    readonly suite: VerifySuite;
    readonly chains: Pick<KeyChains, 'load'>;
  }) {
    this.#store = given.store;
    this.#suite = given.suite;
    this.#chains = given.chains;
  }

  async propose(proposed: ProposedCommit): Promise<AnswerOf<'propose'>> {
    const { actor, space, now } = proposed;
    const commit = decodeSealedCommit(proposed.bytes);
    const header = decodeHeader(commit.header);
    if (header.space !== space) throw new Failure('malformed');
    // The signature alone would allow it, but a session speaks for its own device only.
    const isOwn = header.account === actor.account && header.device === actor.device;
    if (!isOwn) throw new Failure('refused');
    // It may have been removed while the commit was on its way.
    const chain = await this.#chains.load(header.account);
    if (chain?.revokedDevice(header.device)) throw new Failure('device-revoked');

    const accepted = { seq: header.seq, id: commitId(this.#suite, commit.header) };
    const judgement = await this.#judge({ ...proposed, commit, header });
    if (judgement.kind === 'elsewhere') {
      if ((await this.#store.getCommitId(space, header.seq)) === accepted.id) return accepted;
      throw new Failure('head-moved', { seq: judgement.head.seq });
    }
    const place = { space, previous: judgement.previous, now };
    failUnlessAccepted(await this.#store.commit(proposalOf(judgement.commit, commit, place)));
    return accepted;
  }

  async #judge(parsed: ParsedCommit): Promise<Exclude<Judgement, { kind: 'chains-wanted' }>> {
    const { account } = parsed.header;
    const chains = new Map<AccountId, KeyChain | undefined>();
    chains.set(account, await this.#chains.load(account));
    for (;;) {
      const judgement = await this.#store.readState(parsed.space, (head, view) =>
        this.#judgeOn(parsed, { head, view, chains }),
      );
      if (judgement === undefined) throw new Failure('not-found');
      if (judgement.kind !== 'chains-wanted') return judgement;
      for (const wanted of judgement.accounts) {
        chains.set(wanted, await this.#chains.load(wanted));
      }
    }
  }

  #judgeOn(
    { commit, header, space, now }: ParsedCommit,
    on: {
      readonly head: HeadState;
      readonly view: StateView;
      readonly chains: ReadonlyMap<AccountId, KeyChain | undefined>;
    },
  ): Judgement {
    const { head, view, chains } = on;
    if (header.seq !== head.seq + 1 || header.prev !== head.id) return { kind: 'elsewhere', head };
    const wanted = new Set<AccountId>();
    const verdict = judgeCommit({
      suite: this.#suite,
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
    checkKeepUntil(view, verdict.value.keepUntils, now);
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
