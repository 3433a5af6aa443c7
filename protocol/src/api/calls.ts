/**
 * Every call of docs/api.md: method, path, who may make it, what travels. The server registers its
 * routes from this table and clients build their requests from it, so neither can drift.
 */
import {
  COMMIT_BODY_SIZE_BYTES_MAX,
  IDS_PER_REQUEST_MAX,
  PACK_SIZE_BYTES_MAX,
} from '../core/index.ts';
import type { DecodedOf, Form } from './form.ts';
import { PROOF_REQUEST_SIZE_BYTES_MAX } from './proof-bodies.ts';
import * as schemas from './schemas.ts';

/**
 * `member`: a session whose account is a member of the space in the path; `writer`: one that is at
 * least an editor there. `enrol`: a token that a password or the recovery words just gave; `password`:
 * one that a password gave.
 */
export type Caller =
  'anyone' | 'session' | 'enrol-or-session' | 'enrol' | 'password' | 'member' | 'writer';

export interface Call {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** With `:name` segments. */
  readonly path: string;
  readonly caller: Caller;
  /** The most that a request's body may have. */
  readonly bodySizeBytesMax: number;
  readonly request: Form | 'binary' | null;
  readonly answer: Form | 'binary' | 'events';
}

const KIB = 1024;
const SMALL = 4 * KIB;
const IDS = IDS_PER_REQUEST_MAX * 32;
/** A commit's body with header, signature and framing. */
const COMMIT = COMMIT_BODY_SIZE_BYTES_MAX + 16 * KIB;
const s = schemas;

// prettier-ignore
export const CALLS = {
  health: { method: 'GET', path: '/health', caller: 'anyone', bodySizeBytesMax: 0, request: null, answer: s.healthAnswer },
  signUpStart: { method: 'POST', path: '/v1/signup/start', caller: 'anyone', bodySizeBytesMax: SMALL, request: s.signUpStartRequest, answer: s.signUpStartAnswer },
  signUpFinish: { method: 'POST', path: '/v1/signup/finish', caller: 'anyone', bodySizeBytesMax: 768 * KIB, request: s.signUpFinishRequest, answer: s.signUpFinishAnswer },
  signUpConfirm: { method: 'POST', path: '/v1/signup/confirm', caller: 'anyone', bodySizeBytesMax: SMALL, request: s.signUpConfirmRequest, answer: s.signUpConfirmAnswer },
  signInStart: { method: 'POST', path: '/v1/signin/start', caller: 'anyone', bodySizeBytesMax: SMALL, request: s.signInStartRequest, answer: s.signInStartAnswer },
  signInFinish: { method: 'POST', path: '/v1/signin/finish', caller: 'anyone', bodySizeBytesMax: SMALL, request: s.signInFinishRequest, answer: s.signInFinishAnswer },
  recoveryBundle: { method: 'POST', path: '/v1/recovery/bundle', caller: 'anyone', bodySizeBytesMax: SMALL, request: s.recoveryBundleRequest, answer: s.recoveryBundleAnswer },
  accountBundle: { method: 'GET', path: '/v1/account/bundle', caller: 'enrol-or-session', bodySizeBytesMax: 0, request: null, answer: s.accountBundleAnswer },
  addDevice: { method: 'POST', path: '/v1/account/devices', caller: 'enrol-or-session', bodySizeBytesMax: 512 * KIB, request: s.addDeviceRequest, answer: s.emptyAnswer },
  account: { method: 'GET', path: '/v1/account', caller: 'session', bodySizeBytesMax: 0, request: null, answer: s.accountAnswer },
  registerPassword: { method: 'POST', path: '/v1/account/password', caller: 'enrol', bodySizeBytesMax: SMALL, request: s.registerPasswordRequest, answer: s.registerPasswordAnswer },
  replaceKeys: { method: 'POST', path: '/v1/account/keys', caller: 'enrol', bodySizeBytesMax: 1024 * KIB, request: s.replaceKeysRequest, answer: s.emptyAnswer },
  startSecondFactor: { method: 'POST', path: '/v1/account/second-factor/start', caller: 'password', bodySizeBytesMax: 0, request: null, answer: s.startSecondFactorAnswer },
  confirmSecondFactor: { method: 'POST', path: '/v1/account/second-factor', caller: 'password', bodySizeBytesMax: SMALL, request: s.confirmSecondFactorRequest, answer: s.emptyAnswer },
  endSecondFactor: { method: 'DELETE', path: '/v1/account/second-factor', caller: 'password', bodySizeBytesMax: 0, request: null, answer: s.emptyAnswer },
  deleteAccount: { method: 'DELETE', path: '/v1/account', caller: 'password', bodySizeBytesMax: 0, request: null, answer: s.emptyAnswer },
  openPairing: { method: 'POST', path: '/v1/pairings', caller: 'session', bodySizeBytesMax: SMALL, request: s.openPairingRequest, answer: s.openPairingAnswer },
  pairingOffer: { method: 'GET', path: '/v1/pairings/:pairing', caller: 'session', bodySizeBytesMax: 0, request: null, answer: s.pairingOfferAnswer },
  offerPairing: { method: 'POST', path: '/v1/pairings/:pairing/offer', caller: 'anyone', bodySizeBytesMax: SMALL, request: s.pairingOfferRequest, answer: s.emptyAnswer },
  answerPairing: { method: 'POST', path: '/v1/pairings/:pairing/answer', caller: 'session', bodySizeBytesMax: SMALL, request: s.pairingAnswerRequest, answer: s.emptyAnswer },
  pairingAnswer: { method: 'GET', path: '/v1/pairings/:pairing/answer', caller: 'anyone', bodySizeBytesMax: 0, request: null, answer: s.pairingAnswerAnswer },
  devices: { method: 'GET', path: '/v1/account/devices', caller: 'session', bodySizeBytesMax: 0, request: null, answer: s.devicesAnswer },
  sessionChallenge: { method: 'POST', path: '/v1/sessions/challenge', caller: 'anyone', bodySizeBytesMax: SMALL, request: s.sessionChallengeRequest, answer: s.sessionChallengeAnswer },
  startSession: { method: 'POST', path: '/v1/sessions', caller: 'anyone', bodySizeBytesMax: SMALL, request: s.sessionRequest, answer: s.sessionAnswer },
  endSession: { method: 'DELETE', path: '/v1/sessions', caller: 'session', bodySizeBytesMax: 0, request: null, answer: s.emptyAnswer },
  chain: { method: 'GET', path: '/v1/accounts/:account/chain', caller: 'session', bodySizeBytesMax: 0, request: null, answer: s.chainAnswer },
  spaces: { method: 'GET', path: '/v1/spaces', caller: 'session', bodySizeBytesMax: 0, request: null, answer: s.spacesAnswer },
  head: { method: 'GET', path: '/v1/spaces/:space/head', caller: 'member', bodySizeBytesMax: 0, request: null, answer: s.headAnswer },
  commits: { method: 'GET', path: '/v1/spaces/:space/commits', caller: 'member', bodySizeBytesMax: 0, request: null, answer: 'binary' },
  propose: { method: 'POST', path: '/v1/spaces/:space/commits', caller: 'member', bodySizeBytesMax: COMMIT, request: 'binary', answer: s.proposeAnswer },
  proof: { method: 'POST', path: '/v1/spaces/:space/proof', caller: 'member', bodySizeBytesMax: PROOF_REQUEST_SIZE_BYTES_MAX, request: 'binary', answer: 'binary' },
  missing: { method: 'POST', path: '/v1/spaces/:space/missing', caller: 'writer', bodySizeBytesMax: IDS, request: 'binary', answer: 'binary' },
  storePack: { method: 'POST', path: '/v1/spaces/:space/packs', caller: 'writer', bodySizeBytesMax: PACK_SIZE_BYTES_MAX, request: 'binary', answer: s.storePackAnswer },
  read: { method: 'POST', path: '/v1/spaces/:space/read', caller: 'member', bodySizeBytesMax: IDS, request: 'binary', answer: 'binary' },
  events: { method: 'GET', path: '/v1/events', caller: 'session', bodySizeBytesMax: 0, request: null, answer: 'events' },
  quota: { method: 'GET', path: '/v1/quota', caller: 'session', bodySizeBytesMax: 0, request: null, answer: s.quotaAnswer },
} as const satisfies Record<string, Call>;

export type CallName = keyof typeof CALLS;
export const CALL_NAMES = Object.keys(CALLS) as readonly CallName[];

/** What code on either side works with, decoded; undefined where no JSON travels. */
export type RequestOf<N extends CallName> = (typeof CALLS)[N]['request'] extends Form
  ? DecodedOf<(typeof CALLS)[N]['request']>
  : undefined;
export type AnswerOf<N extends CallName> = (typeof CALLS)[N]['answer'] extends Form
  ? DecodedOf<(typeof CALLS)[N]['answer']>
  : undefined;
/** Names of the calls whose answer is JSON. */
export type JsonCallName = {
  [N in CallName]: (typeof CALLS)[N]['answer'] extends Form ? N : never;
}[CallName];
