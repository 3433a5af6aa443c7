import { encodeSessionProof, type AnswerOf, type RequestOf } from '@coffer/protocol/api';
import {
  bytesToBase64Url,
  concatBytes,
  digestFromBytes,
  equalBytes,
  hexToBytes,
  u64be,
  utf8ToBytes,
  type AccountId,
  type Bytes,
  type DeviceId,
  type Digest,
} from '@coffer/protocol/core';
import { verifySignature } from '@coffer/protocol/crypto';
import type { CertifiedDevice } from '@coffer/protocol/model';
import { Failure } from '../failure.ts';
import { ClaimedOnce } from '../single-use.ts';
import type { Session } from '../stores/metadata-store.ts';
import type { Context } from './context.ts';
import type { KeyChains } from './key-chains.ts';

const CHALLENGE_LIFE_MS = 60_000;
const SESSION_LIFE_MS = 15 * 60_000;
const ENROL_LIFE_MS = 5 * 60_000;
const TOKEN_SIZE_BYTES = 32;
/** So that a token in a file or a log can be told for what it is. */
const SESSION_PREFIX = 'cof_sess_';
const ENROL_PREFIX = 'cof_enrol_';

interface NewToken {
  readonly token: string;
  readonly expiresAt: number;
}

/**
 * Sessions are opened by a device's signature over a challenge of the server. Challenges are not
 * kept: one is its expiry and a nonce under a key of this process, so asking for many costs nothing.
 *
 *   challenge = u64be expiry ‖ nonce[8] ‖ HMAC(key, account ‖ device ‖ expiry ‖ nonce)[0..16]
 */
export class Sessions {
  readonly #context: Context;
  readonly #chains: KeyChains;
  readonly #challengeKey: Bytes;
  readonly #used = new ClaimedOnce();

  constructor(context: Context, chains: KeyChains) {
    this.#context = context;
    this.#chains = chains;
    this.#challengeKey = context.random.bytes(32);
  }

  async challenge(request: RequestOf<'sessionChallenge'>): Promise<AnswerOf<'sessionChallenge'>> {
    const { clock, random } = this.#context;
    const stamp = concatBytes(u64be(clock.now() + CHALLENGE_LIFE_MS), random.bytes(8));
    return { challenge: concatBytes(stamp, this.#seal(request, stamp)) };
  }

  /** One error for every cause, but for a device that proves to have been removed. */
  async start(request: RequestOf<'startSession'>): Promise<AnswerOf<'startSession'>> {
    const { clock } = this.#context;
    const { account, device, challenge } = request;
    const now = clock.now();
    const expiresAt = this.#expiryOf(request, challenge, now);
    const chain = await this.#chains.load(account);
    const revoked = chain?.revokedDevice(device);
    if (expiresAt !== undefined && revoked && this.#isSigned(request, revoked)) {
      throw new Failure('device-revoked');
    }
    const certified = await this.#certified(account, device, now);
    const isProven = expiresAt !== undefined && certified && this.#isSigned(request, certified);
    // Claimed only by who has signed it, so that nobody can fill the memory with claims.
    if (!isProven || !this.#used.claim(bytesToBase64Url(challenge), expiresAt, now)) {
      throw new Failure('not-signed-in');
    }
    return this.#create(SESSION_PREFIX, { account, device, now, lifeMs: SESSION_LIFE_MS });
  }

  /** A token for what a fresh password, or the recovery words, may do with the account's keys. */
  startEnrolment(account: AccountId, proof?: 'recovery'): Promise<NewToken> {
    const now = this.#context.clock.now();
    const lifeMs = ENROL_LIFE_MS;
    return this.#create(ENROL_PREFIX, {
      account,
      device: null,
      now,
      lifeMs,
      ...(proof === undefined ? {} : { proof }),
    });
  }

  /** The session of a bearer token while it lasts and its device is certified. */
  async find(token: string): Promise<Session | undefined> {
    const { store, clock } = this.#context;
    const session = await store.getSession(this.digestOf(token));
    const now = clock.now();
    if (session === undefined || session.expiresAt <= now) return undefined;
    const { account, device } = session;
    if (device !== null && !(await this.#certified(account, device, now))) return undefined;
    return session;
  }

  async end(tokenDigest: Digest): Promise<void> {
    await this.#context.store.deleteSession(tokenDigest);
    this.#context.bus.sessionEnded(tokenDigest);
  }

  async #create(
    prefix: string,
    session: {
      readonly account: AccountId;
      readonly device: DeviceId | null;
      readonly now: number;
      readonly lifeMs: number;
      readonly proof?: 'recovery';
    },
  ): Promise<NewToken> {
    const { store, random } = this.#context;
    const { now, lifeMs, ...owner } = session;
    const token = prefix + bytesToBase64Url(random.bytes(TOKEN_SIZE_BYTES));
    const expiresAt = now + lifeMs;
    await store.createSession({ tokenDigest: this.digestOf(token), ...owner, expiresAt }, now);
    return { token, expiresAt };
  }

  #isSigned(
    request: RequestOf<'startSession'>,
    { publicKey }: Pick<CertifiedDevice, 'publicKey'>,
  ): boolean {
    const { suite, policy } = this.#context;
    const { account, device, challenge, signature } = request;
    return policy.origins().some((origin) => {
      const proof = encodeSessionProof({ origin, account, device, challenge });
      return verifySignature(suite, publicKey, 'session', proof, signature);
    });
  }

  /** The device, if the newest chain certifies it and it has not expired. */
  async #certified(account: AccountId, device: DeviceId, now: number) {
    const chain = await this.#chains.load(account);
    const certified = chain?.deviceAt(device, chain.seq);
    if (certified === undefined) return undefined;
    return certified.expires === null || certified.expires > now ? certified : undefined;
  }

  #expiryOf(
    owner: { readonly account: AccountId; readonly device: DeviceId },
    challenge: Bytes,
    now: number,
  ): number | undefined {
    const stamp = challenge.subarray(0, 16);
    if (!this.#context.suite.equalConstantTime(this.#seal(owner, stamp), challenge.slice(16))) {
      return undefined;
    }
    const view = new DataView(stamp.buffer, stamp.byteOffset);
    const expiresAt = Number(view.getBigUint64(0));
    return equalBytes(u64be(expiresAt), stamp.subarray(0, 8)) && expiresAt > now
      ? expiresAt
      : undefined;
  }

  #seal(
    owner: { readonly account: AccountId; readonly device: DeviceId },
    stamp: Bytes,
  ): Uint8Array<ArrayBuffer> {
    const { account, device } = owner;
    const parts = [hexToBytes(account), hexToBytes(device), stamp];
    return this.#context.suite.hmacSha256(this.#challengeKey, ...parts).slice(0, 16);
  }

  /** What stands for a token in the store. */
  digestOf(token: string): Digest {
    return digestFromBytes<Digest>(this.#context.suite.sha256(utf8ToBytes(token)));
  }
}
