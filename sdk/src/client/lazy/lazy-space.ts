/**
 * A space that is read without its commits (protocol §4, Who verifies what): a head that descends from
 * the pinned one, signed by a member under the authority chain from genesis on, and proofs against its
 * root. The same lies are refused in the same way as by a full client.
 */
import type { ProofAnswer, ProofQuery } from '@coffer/protocol/api';
import {
  IntegrityError,
  type AccountId,
  type CommitId,
  type Digest,
  type Result,
  type SpaceId,
} from '@coffer/protocol/core';
import type { VerifySuite } from '@coffer/protocol/crypto';
import {
  accountsNamedBy,
  advanceAuthority,
  commitId,
  judgeHead,
  MEMBERS_PARENT,
  SPACE_KEY,
  startAuthority,
  verifyPast,
  verifyProof,
  type Authority,
  type CommitHeader,
  type ProofRequest,
  type RuleBreak,
  type SealedCommit,
  type VerifiedProof,
} from '@coffer/protocol/model';
import { RemoteFault, type KeepEvidence, type SignedHead } from '../../ports/index.ts';
import type { Prove } from '../api/space-api.ts';
import { Mutex } from '../mutex.ts';
import type { ChainBook } from '../space/chain-book.ts';
import { judgeUnderChains, malformed, parseHeader } from '../space/commit-judge.ts';
import { headRefusal } from '../space/head-refusal.ts';
import { ProvenRows } from './proven-rows.ts';
import type { TrustedSpace } from './trusted-space.ts';

export interface LazySpaceOptions {
  readonly space: SpaceId;
  readonly suite: VerifySuite;
  readonly chains: ChainBook;
  readonly prove: Prove;
  /** Told before what an answer shows is used: the pin that no later answer may go behind. */
  readonly save: (trusted: TrustedSpace) => Promise<void>;
  readonly keepEvidence?: KeepEvidence | undefined;
}

/** How often a large listing is begun anew when others write while it comes. */
const ATTEMPTS_MAX = 5;
const KEYS_PER_REQUEST = 2048;
const NOTHING: ProofRequest = { keys: [], listings: [] };

interface OfferedHead extends SignedHead {
  readonly fields: CommitHeader;
}

export class LazySpace {
  readonly #options: LazySpaceOptions;
  readonly #mutex = new Mutex();
  #trusted: TrustedSpace | undefined;

  /** `trusted`: what this device knew of the space; without it the genesis is judged first. */
  constructor(options: LazySpaceOptions, trusted?: TrustedSpace) {
    this.#options = options;
    this.#trusted = trusted;
  }

  get id(): SpaceId {
    return this.#options.space;
  }

  /** The newest head that was verified, and who belongs to the space there. */
  get trusted(): TrustedSpace | undefined {
    return this.#trusted;
  }

  /**
   * What was asked for, in the state at the head that the server has now. IntegrityError for everything
   * that does not hold; the pin is then what it was.
   */
  read(request: ProofRequest, signal: AbortSignal): Promise<ProvenRows> {
    return this.#mutex.run(async () => {
      for (let attempt = 1; ; attempt++) {
        const rows = await this.#readOnce(request, signal);
        if (rows !== undefined) return rows;
        if (attempt === ATTEMPTS_MAX) {
          throw new RemoteFault('head-moved', 'other devices wrote while a folder was read', {
            retry: { kind: 'after', delayMs: null },
          });
        }
      }
    });
  }

  async #readOnce(request: ProofRequest, signal: AbortSignal): Promise<ProvenRows | undefined> {
    const { suite, save } = this.#options;
    const answer = await this.#options.prove(this.#query(request), signal);
    const head = this.#headOf(answer);
    await this.#checkDescent(head, answer.path, signal);
    const authority = await this.#advance(head, answer.authority, signal);
    await this.#checkSigned(head, authority, signal);
    const proof = verifyProof(suite, head.fields.root, answer.proof);
    checkMembers(proof, authority);
    const rows = new ProvenRows(suite, head.fields, proof, request);
    rows.take(answer.rows);
    if (!(await this.#takeRest(rows, head.id, signal))) return undefined;
    const trusted = { head: signedHeadOf(head), authority };
    if (this.#trusted?.head.id !== head.id || this.#trusted.head.era !== head.era) {
      await save(trusted);
    }
    this.#trusted = trusted;
    return rows;
  }

  /** Brings the records that one answer did not hold; false when some are no longer there. */
  async #takeRest(rows: ProvenRows, head: CommitId, signal: AbortSignal): Promise<boolean> {
    for (let missing = rows.missing(); missing.length > 0;) {
      const keys = missing.slice(0, KEYS_PER_REQUEST);
      const answer = await this.#options.prove(this.#query({ keys, listings: [] }), signal);
      const hasMoved = commitId(this.#options.suite, answer.header) !== head;
      if (hasMoved && !rows.areOfThisState(answer.rows)) return false;
      rows.take(answer.rows);
      const left = rows.missing();
      if (left.length === missing.length) {
        throw new IntegrityError('data-missing', 'the server holds back records of the state');
      }
      missing = left;
    }
    return true;
  }

  #query(request: ProofRequest): ProofQuery {
    const known = this.#trusted;
    return { ...request, authority: known?.authority.seq ?? 0, pin: known?.head.seq ?? 0 };
  }

  #headOf({ era, header, signature }: ProofAnswer): OfferedHead {
    const fields = parseHeader(header);
    if (fields.space !== this.id) throw malformed('the server shows the head of another space');
    const id = commitId(this.#options.suite, header);
    return { seq: fields.seq, id, era, header, signature, fields };
  }

  /** Whether the head is the pinned one or was shown to come after it. */
  async #checkDescent(
    offered: OfferedHead,
    path: readonly Digest[],
    signal: AbortSignal,
  ): Promise<void> {
    const pinned = this.#trusted?.head;
    if (pinned === undefined) return;
    const refuse = async (code: 'head-rolled-back' | 'head-forked'): Promise<never> => {
      const heads = { space: this.id, pinned, offered: signedHeadOf(offered) };
      throw await headRefusal(this.#options, code, heads, signal);
    };
    if (offered.seq < pinned.seq || offered.era < pinned.era) await refuse('head-rolled-back');
    const place = { size: offered.seq - 1, index: pinned.seq - 1, path };
    const descends =
      offered.seq === pinned.seq
        ? offered.id === pinned.id
        : verifyPast(this.#options.suite, offered.fields.past, pinned.id, place);
    if (!descends) await refuse('head-forked');
  }

  /** Judges the authority commits up to the head; asks for more while the server has some. */
  async #advance(
    head: OfferedHead,
    first: readonly SealedCommit[],
    signal: AbortSignal,
  ): Promise<Authority> {
    let authority = this.#trusted?.authority;
    for (let commits = first; commits.length > 0;) {
      for (const commit of commits) {
        if (parseHeader(commit.header).seq > head.seq) break;
        authority = await this.#judgeAuthority(authority, commit, signal);
      }
      if (authority === undefined || isNewest(authority, head)) break;
      const query = { ...NOTHING, authority: authority.seq, pin: 0 };
      commits = (await this.#options.prove(query, signal)).authority;
      const [next] = commits;
      if (next !== undefined && parseHeader(next.header).seq > head.seq) break;
    }
    if (authority === undefined) throw malformed('the server does not show how the space began');
    return authority;
  }

  #judgeAuthority(
    authority: Authority | undefined,
    commit: SealedCommit,
    signal: AbortSignal,
  ): Promise<Authority> {
    const { suite, space } = this.#options;
    const { seq } = parseHeader(commit.header);
    if (seq <= (this.#trusted?.head.seq ?? 0)) {
      throw malformed('an authority commit from before the pinned head was not there before');
    }
    return this.#judge(
      () => accountsNamedBy(commit),
      (chains) =>
        authority === undefined
          ? startAuthority({ suite, space, commit, chains })
          : advanceAuthority({ suite, authority, commit, chains }),
      signal,
    );
  }

  async #checkSigned(head: OfferedHead, authority: Authority, signal: AbortSignal): Promise<void> {
    const { suite } = this.#options;
    const { header, signature } = head;
    await this.#judge(
      () => [head.fields.account],
      (chains) => judgeHead({ suite, authority, header, signature, chains }),
      signal,
    );
  }

  #judge<T>(
    accounts: () => readonly AccountId[],
    judge: (chains: ChainBook['get']) => Result<T, RuleBreak>,
    signal: AbortSignal,
  ): Promise<T> {
    const { chains } = this.#options;
    return judgeUnderChains(
      () => judge((account) => chains.get(account)),
      async () => {
        for (const account of accounts()) await chains.refreshIfThere(account, signal);
      },
    );
  }
}

function isNewest(authority: Authority, head: OfferedHead): boolean {
  return authority.id === head.id || authority.id === head.fields.auth;
}

function signedHeadOf({ seq, id, era, header, signature }: SignedHead): SignedHead {
  return { seq, id, era, header, signature };
}

/** The records of the authority chain are those in the state: no member is left out or added. */
function checkMembers(proof: VerifiedProof, { records }: Authority): void {
  for (const [key, record] of records) proof.checkRecord(key, record);
  const members = [...records.keys()].filter((key) => key !== SPACE_KEY).sort();
  const shown = proof.listing(MEMBERS_PARENT).map(([key]) => key);
  if (shown.length !== members.length || shown.some((key, i) => key !== members[i])) {
    throw new IntegrityError('proof-invalid', 'the state has other members than the space');
  }
}
