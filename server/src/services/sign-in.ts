import type { AnswerOf, RequestOf } from '@coffer/protocol/api';
import { bytesToBase64Url, bytesToHex, idFromBytes, type AccountId } from '@coffer/protocol/core';
import { AUTH_SUITE, decodeAccountBundle, isRecoveryAuth } from '@coffer/protocol/model';
import { Failure } from '../failure.ts';
import { SingleUse } from '../single-use.ts';
import { normalizeName } from './account-name.ts';
import type { Context } from './context.ts';
import type { SecondFactors } from './second-factors.ts';
import type { Sessions } from './sessions.ts';
import type { TryLimits } from './try-limits.ts';

const LOGIN_STATE_LIFE_MS = 60_000;
const LOGIN_STATES_MAX = 10_000;
const HANDLE_SIZE_BYTES = 32;

interface Login {
  readonly state: string;
  /** Undefined for a name that nobody has: nothing can finish it. */
  readonly account: AccountId | undefined;
  readonly name: string;
  readonly address: string;
}

/** By password or recovery key. An unknown name is answered like a known one. */
export class SignIn {
  readonly #context: Context;
  readonly #sessions: Sessions;
  readonly #limits: TryLimits;
  readonly #secondFactors: SecondFactors;
  readonly #logins = new SingleUse<Login>(LOGIN_STATES_MAX);

  constructor(
    context: Context,
    by: {
      readonly sessions: Sessions;
      readonly limits: TryLimits;
      readonly secondFactors: SecondFactors;
    },
  ) {
    this.#context = context;
    this.#sessions = by.sessions;
    this.#limits = by.limits;
    this.#secondFactors = by.secondFactors;
  }

  async start(
    { name, request }: RequestOf<'signInStart'>,
    address: string,
  ): Promise<AnswerOf<'signInStart'>> {
    const { store, passwords, clock, random } = this.#context;
    this.#limits.signIn(name, address);
    const account = await store.findAccountByName(normalizeName(name));
    const identifier = account?.id ?? this.#accountOfNobody(name);
    const record = account?.authSuite === AUTH_SUITE ? account.passwordRecord : undefined;
    const login = passwords.startLogin({ identifier, record, request });
    if (login === undefined) throw new Failure('malformed');
    const handle = bytesToBase64Url(random.bytes(HANDLE_SIZE_BYTES));
    const kept = { state: login.state, account: account?.id, name, address };
    this.#logins.put(handle, kept, clock.now() + LOGIN_STATE_LIFE_MS);
    return { account: identifier, answer: login.answer, handle };
  }

  /**
   * One error for every cause until the password is right; then the second factor's. The handle is
   * used up either way.
   */
  async finish(request: RequestOf<'signInFinish'>): Promise<AnswerOf<'signInFinish'>> {
    const { handle, finish, code } = request;
    const { passwords, clock } = this.#context;
    const login = this.#logins.take(handle, clock.now());
    const isRight = login !== undefined && passwords.finishLogin(login.state, finish);
    if (!isRight || login.account === undefined) throw new Failure('wrong-password');
    this.#limits.signedIn(login.name, login.address);
    await this.#secondFactors.check(login.account, code);
    const { token, expiresAt } = await this.#sessions.startEnrolment(login.account);
    return { enrolToken: token, expiresAt };
  }

  /** What a recovery key opens, to whoever proves to have it: it asks for no second factor. */
  async recover(
    { name, recoveryAuth }: RequestOf<'recoveryBundle'>,
    address: string,
  ): Promise<AnswerOf<'recoveryBundle'>> {
    const { store, suite } = this.#context;
    this.#limits.signIn(name, address);
    const account = await store.findAccountByName(normalizeName(name));
    const isRight =
      account !== undefined &&
      isRecoveryAuth(suite, decodeAccountBundle(account.bundle), recoveryAuth);
    if (!isRight) throw new Failure('wrong-recovery-key');
    this.#limits.signedIn(name, address);
    const chain = await store.getChain(account.id, 0);
    const { token, expiresAt } = await this.#sessions.startEnrolment(account.id, 'recovery');
    const { id, bundle } = account;
    return { account: id, bundle, chain: [...chain], enrolToken: token, expiresAt };
  }

  /** The same for the same name whenever it is asked, and like an account's id to look at. */
  #accountOfNobody(name: string): AccountId {
    const digest = this.#context.passwords.secretDigest(normalizeName(name)).subarray(0, 16);
    try {
      return idFromBytes<AccountId>(digest);
    } catch {
      // One in 2^64 is a reserved id.
      return bytesToHex(digest.map((byte) => byte ^ 0xff)) as AccountId;
    }
  }
}
