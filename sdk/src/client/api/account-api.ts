/** The calls about the signed-in account itself. */
import { decodeJson, headMovedEvent, type AnswerOf } from '@coffer/protocol/api';
import {
  FormatError,
  IntegrityError,
  utf8ToBytes,
  type AccountId,
  type Bytes,
  type SpaceId,
} from '@coffer/protocol/core';
import type { ApiClient } from './api-client.ts';
import { readEventLines } from './event-lines.ts';
import type { Session } from './session.ts';

/** A space has a newer head. `cursor` grows with every commit of the whole server. */
export interface HeadMoved {
  readonly cursor: number;
  readonly space: SpaceId;
  readonly seq: number;
  readonly era: number;
}

export interface AccountApi {
  readonly bundle: (signal: AbortSignal) => Promise<AnswerOf<'accountBundle'>>;
  /** Key chain entries of any account from `from` upward; nothing in them is verified. */
  readonly chain: (
    account: AccountId,
    from: number,
    signal: AbortSignal,
  ) => Promise<readonly Bytes[]>;
  readonly spaces: (signal: AbortSignal) => Promise<AnswerOf<'spaces'>['spaces']>;
  readonly devices: (signal: AbortSignal) => Promise<AnswerOf<'devices'>['devices']>;
  readonly quota: (signal: AbortSignal) => Promise<AnswerOf<'quota'>>;
  /** One connection to the event stream; ends or throws when the connection does. */
  readonly events: (
    options: {
      /** Of the last event that was heard; without it events come from now on. */
      readonly cursor: number | undefined;
      readonly onOpen: () => void;
    },
    signal: AbortSignal,
  ) => AsyncGenerator<HeadMoved, void, undefined>;
}

export function createAccountApi(api: ApiClient, session: Session): AccountApi {
  const withToken = <T>(signal: AbortSignal, action: (token: string) => Promise<T>): Promise<T> =>
    session.run(action, signal);
  return {
    bundle: (signal) => withToken(signal, (token) => api.call('accountBundle', { token }, signal)),
    chain: async (account, from, signal) => {
      const input = { params: { account }, query: { from } };
      const answer = await withToken(signal, (token) =>
        api.call('chain', { ...input, token }, signal),
      );
      return answer.entries;
    },
    spaces: async (signal) =>
      (await withToken(signal, (token) => api.call('spaces', { token }, signal))).spaces,
    devices: async (signal) =>
      (await withToken(signal, (token) => api.call('devices', { token }, signal))).devices,
    quota: (signal) => withToken(signal, (token) => api.call('quota', { token }, signal)),
    events: (options, signal) => readEvents(api, session, options, signal),
  };
}

async function* readEvents(
  api: ApiClient,
  session: Session,
  { cursor, onOpen }: Parameters<AccountApi['events']>[0],
  signal: AbortSignal,
): AsyncGenerator<HeadMoved, void, undefined> {
  const query = cursor === undefined ? {} : { cursor };
  const response = await session.run(
    (token) => api.openStream('events', { query, token }, signal),
    signal,
  );
  onOpen();
  for await (const line of readEventLines(response.body)) yield parseEvent(line);
}

function parseEvent(line: string): HeadMoved {
  try {
    return decodeJson(headMovedEvent, utf8ToBytes(line));
  } catch (cause) {
    if (!(cause instanceof FormatError)) throw cause;
    throw new IntegrityError('malformed', 'an event is malformed', { cause });
  }
}
