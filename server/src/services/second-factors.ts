import type { AnswerOf, RequestOf } from '@coffer/protocol/api';
import {
  bytesToHex,
  digestFromBytes,
  utf8ToBytes,
  type AccountId,
  type Bytes,
  type Digest,
} from '@coffer/protocol/core';
import { Failure } from '../failure.ts';
import type { Context } from './context.ts';
import { stepsOfCode } from './one-time-code.ts';
import type { TryLimits } from './try-limits.ts';

const NONCE_SIZE_BYTES = 16;
const SECRET_SIZE_BYTES = 20;
const IS_BACKUP_CODE = /^[a-z2-7]{10}$/;

/**
 * The second factor of an account: codes of an authenticator, each usable once, and backup codes. It
 * is the server that asks for it, so it keeps out who knows the password, and not the server.
 *
 *   secret = HMAC-SHA-256(set-up secret, "second-factor" account nonce)[0..20]
 */
export class SecondFactors {
  readonly #context: Context;
  readonly #limits: TryLimits;

  constructor(context: Context, limits: TryLimits) {
    this.#context = context;
    this.#limits = limits;
  }

  async account(account: AccountId): Promise<AnswerOf<'account'>> {
    const { store } = this.#context;
    const found = await store.getAccount(account);
    if (found === undefined) throw new Failure('not-signed-in');
    const factor = await store.getSecondFactor(account);
    const isOn = factor?.isConfirmed === true;
    const backupCodesLeft = isOn ? factor.backupCodesLeft : 0;
    return { name: found.name, secondFactor: isOn, backupCodesLeft };
  }

  /** A new secret, which counts once a code of it was shown. */
  async start(account: AccountId): Promise<AnswerOf<'startSecondFactor'>> {
    const { store, random } = this.#context;
    const nonce = random.bytes(NONCE_SIZE_BYTES);
    if ((await store.startSecondFactor(account, nonce)) === 'on') throw new Failure('refused');
    return { secret: this.#secretOf(account, nonce) };
  }

  /** The same request may come again. */
  async confirm(
    account: AccountId,
    { code, backupCodes }: RequestOf<'confirmSecondFactor'>,
  ): Promise<AnswerOf<'confirmSecondFactor'>> {
    const { store, clock } = this.#context;
    const factor = await store.getSecondFactor(account);
    if (factor === undefined) throw new Failure('refused');
    this.#limits.secondFactor(account);
    const [step] = stepsOfCode(this.#secretOf(account, factor.nonce), code, clock.now());
    if (step === undefined) throw new Failure('wrong-code');
    const outcome = await store.confirmSecondFactor(account, { step, backupCodes });
    if (outcome === 'refused') throw new Failure('refused');
    this.#limits.secondFactorShown(account);
    return {};
  }

  async end(account: AccountId): Promise<AnswerOf<'endSecondFactor'>> {
    await this.#context.store.deleteSecondFactor(account);
    return {};
  }

  /** Passes when the account has none, or `code` is right and was never used. */
  async check(account: AccountId, code: string | undefined): Promise<void> {
    const factor = await this.#context.store.getSecondFactor(account);
    if (factor?.isConfirmed !== true) return;
    if (code === undefined) throw new Failure('second-factor-needed');
    this.#limits.secondFactor(account);
    const isRight = IS_BACKUP_CODE.test(code)
      ? await this.#context.store.useBackupCode(account, this.#digestOf(code))
      : await this.#useStep(account, factor.nonce, code);
    if (!isRight) throw new Failure('wrong-code');
    this.#limits.secondFactorShown(account);
  }

  async #useStep(account: AccountId, nonce: Bytes, code: string): Promise<boolean> {
    const { store, clock } = this.#context;
    for (const step of stepsOfCode(this.#secretOf(account, nonce), code, clock.now())) {
      if (await store.useSecondFactorStep(account, step)) return true;
    }
    return false;
  }

  #secretOf(account: AccountId, nonce: Bytes): Bytes {
    const text = `second-factor ${account} ${bytesToHex(nonce)}`;
    return this.#context.passwords.secretDigest(text).slice(0, SECRET_SIZE_BYTES);
  }

  #digestOf(code: string): Digest {
    return digestFromBytes<Digest>(this.#context.suite.sha256(utf8ToBytes(code)));
  }
}
