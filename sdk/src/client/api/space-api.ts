/** The calls about one space, made by a member's session. */
import {
  decodeCommitsAnswer,
  decodeProofAnswer,
  encodeIds,
  encodeProofQuery,
  type AnswerOf,
  type CommitsAnswer,
  type ProofAnswer,
  type ProofQuery,
} from '@coffer/protocol/api';
import { FormatError, IntegrityError, type SpaceId } from '@coffer/protocol/core';
import { encodeSealedCommit, type SealedCommit } from '@coffer/protocol/model';
import { RemoteFault, type ProposeOutcome } from '../../ports/index.ts';
import type { ContentApi } from '../content/content-api.ts';
import type { ApiClient } from './api-client.ts';
import type { Session } from './session.ts';

export type HeadAnswer = AnswerOf<'head'>;
/** `rule-broken` is a refusal that the writer answers by taking the commit apart. */
export type ProposeAnswer =
  ProposeOutcome | { readonly kind: 'rule-broken'; readonly rule: string };

export interface SpaceApi {
  readonly space: SpaceId;
  readonly head: (signal: AbortSignal) => Promise<HeadAnswer>;
  /** Commits from `from` upward, as many as one answer holds. Nothing in it is verified. */
  readonly commits: (from: number, signal: AbortSignal) => Promise<CommitsAnswer>;
  readonly propose: (commit: SealedCommit, signal: AbortSignal) => Promise<ProposeAnswer>;
  readonly content: ContentApi;
}

export function createSpaceApi(api: ApiClient, session: Session, space: SpaceId): SpaceApi {
  const params = { space };
  return {
    space,
    head: (signal) => session.run((token) => api.call('head', { params, token }, signal), signal),
    commits: async (from, signal) => {
      const input = { params, query: { from } };
      const bytes = await session.run(
        (token) => api.callBinary('commits', { ...input, token }, signal),
        signal,
      );
      return parsed('a list of commits', () => decodeCommitsAnswer(bytes));
    },
    propose: async (commit, signal) => {
      const body = encodeSealedCommit(commit);
      try {
        const { seq, id } = await session.run(
          (token) => api.call('propose', { params, body, token }, signal),
          signal,
        );
        return { kind: 'accepted', seq, id };
      } catch (error) {
        const outcome = proposeOutcome(error);
        if (outcome === undefined) throw error;
        return outcome;
      }
    },
    content: createContentApi(api, session, space),
  };
}

/** Asks for a part of the state with what shows that it is so. Nothing in the answer is verified. */
export type Prove = (query: ProofQuery, signal: AbortSignal) => Promise<ProofAnswer>;

export function createProofApi(api: ApiClient, session: Session, space: SpaceId): Prove {
  const params = { space };
  return async (query, signal) => {
    const body = encodeProofQuery(query);
    const bytes = await session.run(
      (token) => api.callBinary('proof', { params, body, token }, signal),
      signal,
    );
    return parsed('a proof', () => decodeProofAnswer(bytes));
  };
}

/** What a refusal means to a writer; undefined for those that are faults. */
function proposeOutcome(error: unknown): ProposeAnswer | undefined {
  if (!(error instanceof RemoteFault)) return undefined;
  const { code, details } = error;
  if (code === 'head-moved') return { kind: 'head-moved', seq: details?.seq ?? 0 };
  if (code === 'content-missing') return { kind: 'content-missing', ids: details?.ids ?? [] };
  if (code === 'quota-exceeded') return { kind: 'quota-exceeded' };
  if (code === 'rule-broken' || code === 'limit-reached') {
    return { kind: 'rule-broken', rule: details?.rule ?? code };
  }
  return undefined;
}

function createContentApi(api: ApiClient, session: Session, space: SpaceId): ContentApi {
  const params = { space };
  return {
    missing: (ids, signal) =>
      session.run(
        (token) => api.callBinary('missing', { params, body: encodeIds(ids), token }, signal),
        signal,
      ),
    putPack: async (pack, signal) => {
      await session.run(
        (token) => api.call('storePack', { params, body: pack, token }, signal),
        signal,
      );
    },
    read: async (ids, signal) => {
      const response = await session.run(
        (token) => api.openStream('read', { params, body: encodeIds(ids), token }, signal),
        signal,
      );
      return response.body;
    },
  };
}

function parsed<T>(what: string, decode: () => T): T {
  try {
    return decode();
  } catch (cause) {
    if (!(cause instanceof FormatError)) throw cause;
    throw new IntegrityError('malformed', `${what} is malformed`, { cause });
  }
}
