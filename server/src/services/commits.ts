import {
  COMMITS_ANSWER_SIZE_BYTES_MAX,
  encodeCommitsAnswer,
  type AnswerOf,
} from '@coffer/protocol/api';
import type { Bytes, SpaceId } from '@coffer/protocol/core';
import { Failure } from '../failure.ts';
import type { Session } from '../stores/metadata-store.ts';
import type { CommitJudge } from './commit-judge.ts';
import type { Context } from './context.ts';

/** Reading and extending the commits of a space. */
export class Commits {
  readonly #context: Context;
  readonly #judge: CommitJudge;

  constructor(context: Context, judge: CommitJudge) {
    this.#context = context;
    this.#judge = judge;
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

  /** See CommitJudge; devices of members are told. */
  async propose(actor: Session, space: SpaceId, bytes: Bytes): Promise<AnswerOf<'propose'>> {
    const { store, clock, bus } = this.#context;
    const accepted = await this.#judge.propose({ actor, space, bytes, now: clock.now() });
    if (!bus.isIdle()) bus.notify(await store.listMembers(space));
    return accepted;
  }
}
