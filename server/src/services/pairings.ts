import type { AnswerOf, RequestOf } from '@coffer/protocol/api';
import {
  equalBytes,
  FormatError,
  parseId,
  type AccountId,
  type Bytes,
  type PairingId,
} from '@coffer/protocol/core';
import { Failure } from '../failure.ts';
import type { Context } from './context.ts';
import type { TryLimits } from './try-limits.ts';

const PAIRING_LIFE_MS = 120_000;
const PAIRINGS_MAX = 10_000;
const PAIRINGS_PER_ACCOUNT_MAX = 8;

interface Pairing {
  readonly account: AccountId;
  readonly expiresAt: number;
  offer: Bytes | null;
  answer: Bytes | null;
}

/**
 * Where two devices meet (protocol §2): a device of an account opens a place whose id nobody can guess,
 * another one leaves its offer there, once, and takes the answer. Both messages are sealed under a
 * secret that never comes here. Kept in memory, for two minutes.
 */
export class Pairings {
  readonly #context: Pick<Context, 'clock'>;
  readonly #limits: TryLimits;
  /** In the order in which they expire. */
  readonly #pairings = new Map<PairingId, Pairing>();

  constructor(context: Pick<Context, 'clock'>, limits: TryLimits) {
    this.#context = context;
    this.#limits = limits;
  }

  async open(
    account: AccountId,
    { pairing: id }: RequestOf<'openPairing'>,
  ): Promise<AnswerOf<'openPairing'>> {
    const now = this.#forgetExpired();
    const known = this.#pairings.get(id);
    if (known?.account === account) return { expiresAt: known.expiresAt };
    let own = 0;
    for (const pairing of this.#pairings.values()) if (pairing.account === account) own++;
    const isFull = own >= PAIRINGS_PER_ACCOUNT_MAX || this.#pairings.size >= PAIRINGS_MAX;
    if (known !== undefined || isFull) throw new Failure('limit-reached');
    const expiresAt = now + PAIRING_LIFE_MS;
    this.#pairings.set(id, { account, expiresAt, offer: null, answer: null });
    return { expiresAt };
  }

  /** The first offer counts; the same one may come again. */
  async offer(
    id: string | undefined,
    { offer }: RequestOf<'offerPairing'>,
    address: string,
  ): Promise<AnswerOf<'offerPairing'>> {
    const pairing = this.#findOrCount(id, address);
    pairing.offer ??= offer;
    if (!equalBytes(pairing.offer, offer)) throw new Failure('refused');
    return {};
  }

  async offerOf(account: AccountId, id: string | undefined): Promise<AnswerOf<'pairingOffer'>> {
    return { offer: this.#findOwn(account, id).offer };
  }

  /** The first answer counts; the same one may come again. */
  async answer(
    account: AccountId,
    id: string | undefined,
    { answer }: RequestOf<'answerPairing'>,
  ): Promise<AnswerOf<'answerPairing'>> {
    const pairing = this.#findOwn(account, id);
    if (pairing.offer === null) throw new Failure('refused');
    pairing.answer ??= answer;
    if (!equalBytes(pairing.answer, answer)) throw new Failure('refused');
    return {};
  }

  async answerOf(id: string | undefined, address: string): Promise<AnswerOf<'pairingAnswer'>> {
    return { answer: this.#findOrCount(id, address).answer };
  }

  #findOwn(account: AccountId, id: string | undefined): Pairing {
    const pairing = this.#find(id);
    if (pairing?.account !== account) throw new Failure('not-found');
    return pairing;
  }

  /** Who asks for what is not there has typed wrong words, or tries them. */
  #findOrCount(id: string | undefined, address: string): Pairing {
    const pairing = this.#find(id);
    if (pairing !== undefined) return pairing;
    this.#limits.pairing(address);
    throw new Failure('not-found');
  }

  #find(id: string | undefined): Pairing | undefined {
    this.#forgetExpired();
    try {
      return this.#pairings.get(parseId<PairingId>(id ?? ''));
    } catch (error) {
      if (error instanceof FormatError) return undefined;
      throw error;
    }
  }

  #forgetExpired(): number {
    const now = this.#context.clock.now();
    for (const [id, { expiresAt }] of this.#pairings) {
      if (expiresAt > now) break;
      this.#pairings.delete(id);
    }
    return now;
  }
}
