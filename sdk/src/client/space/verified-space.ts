/**
 * One space as a full client keeps it (protocol §4): every commit is judged before it is applied, and
 * nothing that does not descend from the pinned head is taken.
 */
import type { ListedCommit } from '@coffer/protocol/api';
import {
  FormatError,
  IntegrityError,
  type AccountId,
  type IntegrityCode,
  type SpaceId,
} from '@coffer/protocol/core';
import type { VerifySuite } from '@coffer/protocol/crypto';
import {
  accountsNamedBy,
  commitId,
  decodeHeader,
  judgeCommit,
  type CommitHeader,
  type JudgedCommit,
  type RuleBreak,
  type RuleName,
  type SealedCommit,
  type StateView,
} from '@coffer/protocol/model';
import { isRefusal, type Clock, type SpaceStore, type StoredHead } from '../../ports/index.ts';
import type { HeadAnswer, SpaceApi } from '../api/space-api.ts';
import type { ChainBook } from './chain-book.ts';
import { HeadRefused, type SignedHead } from './head-refused.ts';

export interface VerifiedSpaceOptions {
  readonly space: SpaceId;
  readonly suite: VerifySuite;
  readonly store: SpaceStore;
  readonly api: SpaceApi;
  readonly chains: ChainBook;
  readonly clock: Clock;
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
    if (pinned !== undefined && this.#isUnmoved(pinned, offered)) return;
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

  /** Judges a commit against the stored state; fetches key chains where they are too short. */
  async judge(commit: SealedCommit, signal: AbortSignal): Promise<JudgedCommit> {
    const first = this.#judge(commit);
    if (first.ok) return first.value;
    if (!CHAIN_RULES.has(first.error.rule)) throw integrityOf(first.error);
    for (const account of accountsNamedBy(commit)) await this.#refreshChain(account, signal);
    const second = this.#judge(commit);
    if (second.ok) return second.value;
    throw integrityOf(second.error);
  }

  /** Asks for the chain of an account that a commit names; who it is not even known for has none. */
  async #refreshChain(account: AccountId, signal: AbortSignal): Promise<void> {
    try {
      await this.#options.chains.refresh(account, signal);
    } catch (error) {
      if (!isRefusal(error, 'not-found')) throw error;
    }
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

  #isUnmoved(pinned: StoredHead, offered: HeadAnswer): boolean {
    if (offered.seq < pinned.seq || offered.era < pinned.era) {
      throw new HeadRefused('head-rolled-back', pinned, offered);
    }
    if (offered.seq > pinned.seq) return false;
    if (offered.id !== pinned.id) throw new HeadRefused('head-forked', pinned, offered);
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
    if (body === null) {
      throw new IntegrityError('data-missing', 'the server no longer has the body of a commit');
    }
    this.#checkDescent({ header, signature }, offered);
    const commit = { header, signature, body };
    const judged = await this.judge(commit, signal);
    await hooks.before(judged, signal);
    this.#apply(judged, commit, offered.era, hooks);
  }

  /** Whether the next commit continues ours and is the one that the server called its head. */
  #checkDescent(commit: Pick<SealedCommit, 'header' | 'signature'>, offered: HeadAnswer): void {
    const pinned = this.head;
    const { seq, prev } = parseHeader(commit.header);
    if (seq !== (pinned?.seq ?? 0) + 1) throw malformed('the server leaves out or repeats commits');
    const id = commitId(this.#options.suite, commit.header);
    const shown: SignedHead = { ...commit, seq, id, era: offered.era };
    if (pinned !== undefined && prev !== pinned.id) {
      throw new HeadRefused('head-forked', pinned, shown);
    }
    if (seq === offered.seq && id !== offered.id) {
      throw new HeadRefused('head-forked', offered, shown);
    }
  }

  #apply(
    judged: ApplicableCommit,
    { header, signature }: SealedCommit,
    era: number,
    hooks: Pick<ApplyHooks, 'during'>,
  ): void {
    const { store, space } = this.#options;
    try {
      store.transaction(() => {
        this.#revision++;
        store.apply(space, { ...judged.head, era, header, signature }, judged.change);
        hooks.during(judged);
      });
    } catch (error) {
      this.#revision++; // Rolled back.
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

/** Rules that an account's longer key chain may satisfy. */
const CHAIN_RULES: ReadonlySet<RuleName> = new Set<RuleName>([
  'genesis',
  'signer',
  'signature',
  'member-pin',
  'member-identity',
]);

const CODE_BY_RULE: Partial<Record<RuleName, IntegrityCode>> = {
  format: 'malformed',
  signer: 'signature-invalid',
  signature: 'signature-invalid',
  changes: 'digest-mismatch',
  root: 'root-mismatch',
};

function integrityOf({ rule, detail }: RuleBreak): IntegrityError {
  const code = CODE_BY_RULE[rule] ?? 'rule-broken';
  return new IntegrityError(code, `a commit breaks the rule ${rule}: ${detail}`);
}

function parseHeader(header: SealedCommit['header']): CommitHeader {
  try {
    return decodeHeader(header);
  } catch (cause) {
    if (!(cause instanceof FormatError)) throw cause;
    throw new IntegrityError('malformed', 'the header of a commit is malformed', { cause });
  }
}

function malformed(message: string): IntegrityError {
  return new IntegrityError('malformed', message);
}
