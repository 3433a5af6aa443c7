/**
 * One space as a full client keeps it (protocol §4): every commit is judged before it is applied, and
 * nothing that does not descend from the pinned head is taken.
 */
import type { ListedCommit } from '@coffer/protocol/api';
import type { IntegrityError, SpaceId } from '@coffer/protocol/core';
import type { VerifySuite } from '@coffer/protocol/crypto';
import {
  accountsNamedBy,
  commitId,
  judgeCommit,
  type JudgedCommit,
  type SealedCommit,
  type StateView,
} from '@coffer/protocol/model';
import type { Clock, KeepEvidence, SignedHead, SpaceStore, StoredHead } from '../../ports/index.ts';
import type { HeadAnswer, SpaceApi } from '../api/space-api.ts';
import type { ChainBook } from './chain-book.ts';
import { bodyMissing, judgeUnderChains, malformed, parseHeader } from './commit-judge.ts';
import { headRefusal } from './head-refusal.ts';
import { HeadRefused } from './head-refused.ts';
import { fetchRestored, wholeStateOf, type RestoredSpace } from './restored-space.ts';

export interface VerifiedSpaceOptions {
  readonly space: SpaceId;
  readonly suite: VerifySuite;
  readonly store: SpaceStore;
  readonly api: SpaceApi;
  readonly chains: ChainBook;
  readonly clock: Clock;
  /** Where two heads that cannot both be right are kept for people. */
  readonly keepEvidence?: KeepEvidence | undefined;
}

/** What a commit that may stand does to the store. */
export type ApplicableCommit = Pick<JudgedCommit, 'head' | 'change' | 'header'>;

export interface ApplyHooks {
  /** Runs before a judged commit is applied, outside of the transaction. */
  readonly before: (commit: ApplicableCommit, signal: AbortSignal) => Promise<void>;
  /** Runs inside the transaction that applies it. */
  readonly during: (commit: ApplicableCommit) => void;
}

export class VerifiedSpace {
  readonly #options: VerifiedSpaceOptions;
  /** Server's clock minus ours, as its last answer showed it. */
  #clockOffsetMs: number | undefined;
  #revision = 0;

  constructor(options: VerifiedSpaceOptions) {
    this.#options = options;
  }

  get id(): SpaceId {
    return this.#options.space;
  }

  get view(): StateView {
    return this.#options.store.view(this.#options.space);
  }

  /** Another number whenever the stored state may be another one: what was read under it still holds. */
  get revision(): number {
    return this.#revision;
  }

  get head(): StoredHead | undefined {
    return this.#options.store.head(this.#options.space);
  }

  /** The server's clock minus ours; 0 before the first answer. */
  get clockOffsetMs(): number {
    return this.#clockOffsetMs ?? 0;
  }

  /** The server's time, learnt from its answers; asks when no answer came yet. */
  async serverTime(signal: AbortSignal): Promise<number> {
    if (this.#clockOffsetMs === undefined) await this.#askHead(signal);
    return this.#options.clock.now() + (this.#clockOffsetMs ?? 0);
  }

  /**
   * Brings the store to the server's head, commit by commit, each in a transaction of its own.
   * IntegrityError when one fails a check: what was applied before it stays, nothing else changes.
   */
  async pull(signal: AbortSignal, hooks: ApplyHooks): Promise<void> {
    const offered = await this.#askHead(signal);
    const pinned = this.head;
    if (pinned !== undefined && (await this.#isUnmoved(pinned, offered, signal))) return;
    for (let next = (pinned?.seq ?? 0) + 1; next <= offered.seq; next = (this.head?.seq ?? 0) + 1) {
      const { commits } = await this.#options.api.commits(next, signal);
      if (commits.length === 0) throw malformed('the server holds back commits that it announced');
      for (const listed of commits) await this.#take(listed, offered, signal, hooks);
    }
  }

  /** Applies a commit of our own that the server accepted. */
  applyOwn(made: ApplicableCommit, commit: SealedCommit, hooks: Pick<ApplyHooks, 'during'>): void {
    this.#apply(made, commit, this.head?.era ?? 0, hooks);
  }

  /**
   * What a server that says that it was restored has, verified from the first commit on; undefined
   * where its head descends from ours. IntegrityError for all that a pull refuses in an era that is
   * not newer.
   */
  async fetchRestored(signal: AbortSignal, hooks: ApplyHooks): Promise<RestoredSpace | undefined> {
    try {
      await this.pull(signal, hooks);
      return undefined;
    } catch (error) {
      if (!(error instanceof HeadRefused && error.isDeclaredRestore)) throw error;
    }
    const offered = await this.#askHead(signal);
    if (offered.era <= (this.head?.era ?? 0)) throw malformed('the era of the server falls again');
    return fetchRestored(this.#options, offered, signal);
  }

  /** Takes the verified state of a restored server in place of ours; `during` in one transaction with it. */
  becomeRestored({ head, state }: RestoredSpace, during: () => void): void {
    const { store, space } = this.#options;
    this.#write(() => {
      store.forget(space);
      store.apply(space, head, wholeStateOf(state));
      during();
    });
  }

  /** Judges a commit against the stored state; fetches key chains where they are too short. */
  async judge(commit: SealedCommit, signal: AbortSignal): Promise<JudgedCommit> {
    return judgeUnderChains(
      () => this.#judge(commit),
      async () => {
        for (const account of accountsNamedBy(commit)) {
          await this.#options.chains.refreshIfThere(account, signal);
        }
      },
    );
  }

  async #askHead(signal: AbortSignal): Promise<HeadAnswer> {
    const offered = await this.#options.api.head(signal);
    this.#clockOffsetMs = offered.serverTime - this.#options.clock.now();
    const { seq, space } = parseHeader(offered.header);
    const isWhole =
      seq === offered.seq &&
      space === this.id &&
      commitId(this.#options.suite, offered.header) === offered.id;
    if (!isWhole) throw malformed('the offered head is not what its header says');
    return offered;
  }

  async #isUnmoved(pinned: StoredHead, offered: HeadAnswer, signal: AbortSignal): Promise<boolean> {
    if (offered.seq < pinned.seq || offered.era < pinned.era) {
      throw await this.#refusal('head-rolled-back', { pinned, offered }, signal);
    }
    if (offered.seq > pinned.seq) return false;
    if (offered.id !== pinned.id) {
      throw await this.#refusal('head-forked', { pinned, offered }, signal);
    }
    if (offered.era > pinned.era) this.#raiseEra(pinned, offered.era);
    return true;
  }

  /** The server was restored, and what it has still descends from our pin. */
  #raiseEra(pinned: StoredHead, era: number): void {
    const { store, space } = this.#options;
    store.apply(space, { ...pinned, era }, { records: [], treeNodes: [] });
  }

  async #take(
    listed: ListedCommit,
    offered: HeadAnswer,
    signal: AbortSignal,
    hooks: ApplyHooks,
  ): Promise<void> {
    const { header, signature, body } = listed;
    if (body === null) throw bodyMissing();
    await this.#checkDescent({ header, signature }, offered, signal);
    const commit = { header, signature, body };
    const judged = await this.judge(commit, signal);
    await hooks.before(judged, signal);
    this.#apply(judged, commit, offered.era, hooks);
  }

  /** Whether the next commit continues ours and is the one that the server called its head. */
  async #checkDescent(
    commit: Pick<SealedCommit, 'header' | 'signature'>,
    offered: HeadAnswer,
    signal: AbortSignal,
  ): Promise<void> {
    const pinned = this.head;
    const { seq, prev } = parseHeader(commit.header);
    if (seq !== (pinned?.seq ?? 0) + 1) throw malformed('the server leaves out or repeats commits');
    const id = commitId(this.#options.suite, commit.header);
    const shown: SignedHead = { ...commit, seq, id, era: offered.era };
    if (pinned !== undefined && prev !== pinned.id) {
      throw await this.#refusal('head-forked', { pinned, offered: shown }, signal);
    }
    if (seq === offered.seq && id !== offered.id) {
      throw await this.#refusal('head-forked', { pinned: offered, offered: shown }, signal);
    }
  }

  #refusal(
    code: 'head-rolled-back' | 'head-forked',
    heads: { readonly pinned: SignedHead; readonly offered: SignedHead },
    signal: AbortSignal,
  ): Promise<IntegrityError> {
    return headRefusal(this.#options, code, { space: this.id, ...heads }, signal);
  }

  #apply(
    judged: ApplicableCommit,
    { header, signature }: SealedCommit,
    era: number,
    hooks: Pick<ApplyHooks, 'during'>,
  ): void {
    const { store, space } = this.#options;
    this.#write(() => {
      store.apply(space, { ...judged.head, era, header, signature }, judged.change);
      hooks.during(judged);
    });
  }

  #write(action: () => void): void {
    this.#revision++;
    try {
      this.#options.store.transaction(action);
    } catch (error) {
      this.#revision++; // Rolled back, or not even begun.
      throw error;
    }
  }

  #judge(commit: SealedCommit): ReturnType<typeof judgeCommit> {
    const { suite, space, chains } = this.#options;
    return judgeCommit({
      suite,
      space,
      view: this.view,
      head: this.head,
      commit,
      chains: (account) => chains.get(account),
    });
  }
}
