import type { CallName, CALLS, JsonCallName, RequestOf, AnswerOf } from '@coffer/protocol/api';
import type { Bytes, SpaceId } from '@coffer/protocol/core';
import type { AccountKeys } from '../services/account-keys.ts';
import type { Commits } from '../services/commits.ts';
import type { ContentService } from '../services/content.ts';
import type { Context } from '../services/context.ts';
import type { Devices } from '../services/devices.ts';
import type { KeyChains } from '../services/key-chains.ts';
import type { Pairings } from '../services/pairings.ts';
import type { Proofs } from '../services/proofs.ts';
import type { SecondFactors } from '../services/second-factors.ts';
import type { Sessions } from '../services/sessions.ts';
import type { SignIn } from '../services/sign-in.ts';
import type { SignUp } from '../services/sign-up.ts';
import type { TransferCount } from '../services/transfer-count.ts';
import type { Session } from '../stores/metadata-store.ts';

export interface Services {
  readonly context: Context;
  readonly chains: KeyChains;
  readonly signUp: SignUp;
  readonly signIn: SignIn;
  readonly devices: Devices;
  readonly keys: AccountKeys;
  readonly secondFactors: SecondFactors;
  readonly pairings: Pairings;
  readonly sessions: Sessions;
  readonly commits: Commits;
  readonly proofs: Proofs;
  readonly content: ContentService;
  readonly transfer: TransferCount;
}

type CallerOf<N extends CallName> = (typeof CALLS)[N]['caller'];

/** A request that was authorised and parsed. */
export interface Incoming<N extends CallName> {
  readonly json: RequestOf<N>;
  /** Of binary requests. */
  readonly bytes: Bytes;
  readonly session: CallerOf<N> extends 'anyone' ? undefined : Session;
  readonly space: CallerOf<N> extends 'member' | 'writer' ? SpaceId : undefined;
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly address: string;
  /** Aborts when nobody waits for the answer any more. */
  readonly signal: AbortSignal;
}

export type Outgoing<N extends CallName> = N extends JsonCallName
  ? AnswerOf<N>
  : Bytes | AsyncIterable<Bytes>;

/** Calls one service and gives back what it says. */
export type Route<N extends CallName> = (
  services: Services,
  incoming: Incoming<N>,
) => Outgoing<N> | Promise<Outgoing<N>>;

export type Routes = { readonly [N in CallName]: Route<N> };
