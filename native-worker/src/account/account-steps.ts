/**
 * What a window does to the account of this device, in steps that a person answers: devices, new
 * recovery words, a second factor, letting another device in.
 */
import { bytesToHex, type DeviceId } from '@coffer/protocol/core';
import {
  accountStatus,
  changePassword,
  endSecondFactor,
  openPairing,
  parseSecondFactorCode,
  rotateKeys,
  startSecondFactor,
  type Drive,
  type StartedSecondFactor,
  type WaitingPairing,
} from '@coffer/sdk';
import {
  ControlFailure,
  type AccountCommandInput as Input,
  type AccountCommandOutput as Output,
  type FailureShape,
} from '../contract/index.ts';
import type { Clock, Random } from '../ports/index.ts';
import { acceptedValue, checkPasswordLength } from './account-refusal.ts';
import { PendingWords } from './pending-words.ts';

const STEP_ID_BYTES = 16;

export interface AccountStepsOptions {
  readonly drive: Drive;
  /** Of the account. */
  readonly server: string;
  readonly clock: Clock;
  readonly random: Random;
}

export class AccountSteps implements Disposable {
  readonly #options: AccountStepsOptions;
  readonly #words: PendingWords;
  #factor: { readonly id: string; readonly started: StartedSecondFactor } | undefined;
  #pairing:
    | { readonly id: string; readonly open: WaitingPairing; readonly closing: AbortController }
    | undefined;

  constructor(options: AccountStepsOptions) {
    this.#options = options;
    this.#words = new PendingWords(options);
  }

  async devices(signal: AbortSignal): Promise<Output<'devices'>> {
    const devices = await this.#options.drive.devices(signal);
    return devices.map(({ createdAt, lastSeenAt, ...device }) => ({
      ...device,
      createdAt: isoOf(createdAt),
      lastSeenAt: isoOf(lastSeenAt),
    }));
  }

  async removeDevice(
    { device, ...given }: Input<'removeDevice'>,
    signal: AbortSignal,
  ): Promise<Output<'removeDevice'>> {
    if (device === this.#options.drive.device) throw new ControlFailure(OWN_DEVICE);
    const known = await this.#options.drive.devices(signal);
    const revoke = known.flatMap(({ id }) => (id === device ? [id] : []));
    // Removed meanwhile: it is as the person wants it.
    return revoke.length === 0 ? NO_WORDS : this.#rotate(given, revoke, signal);
  }

  makeRecoveryWords(
    given: Input<'makeRecoveryWords'>,
    signal: AbortSignal,
  ): Promise<Output<'makeRecoveryWords'>> {
    return this.#rotate(given, [], signal);
  }

  settleWords({ change, isKept }: Input<'settleWords'>): Promise<void> {
    return this.#words.settle(change, isKept);
  }

  async changePassword(
    { newPassword, ...given }: Input<'changePassword'>,
    signal: AbortSignal,
  ): Promise<void> {
    checkPasswordLength(newPassword, 'Nothing was changed.');
    const { drive, server } = this.#options;
    const change = { ...proofOf(given), newPassword };
    acceptedValue(await changePassword(drive.own, change, signal), server);
  }

  async secondFactor(signal: AbortSignal): Promise<Output<'secondFactor'>> {
    const status = await accountStatus(this.#options.drive.own, signal);
    return { isOn: status.secondFactor, backupCodesLeft: status.backupCodesLeft };
  }

  async startSecondFactor(
    { password }: Input<'startSecondFactor'>,
    signal: AbortSignal,
  ): Promise<Output<'startSecondFactor'>> {
    const { drive, server } = this.#options;
    const started = acceptedValue(await startSecondFactor(drive.own, { password }, signal), server);
    const id = this.#newId();
    this.#factor = { id, started };
    return { change: id, secret: started.secret, uri: started.uri };
  }

  /** A wrong code may be followed by another one. */
  async confirmSecondFactor(
    { change, code }: Input<'confirmSecondFactor'>,
    signal: AbortSignal,
  ): Promise<Output<'confirmSecondFactor'>> {
    const factor = this.#factor;
    if (factor?.id !== change) throw new ControlFailure(UNKNOWN_STEP);
    const confirmed = await factor.started.confirm(codeOf(code), signal);
    const backupCodes = acceptedValue(confirmed, this.#options.server);
    this.#factor = undefined;
    return { backupCodes: [...backupCodes] };
  }

  async endSecondFactor(given: Input<'endSecondFactor'>, signal: AbortSignal): Promise<void> {
    const { drive, server } = this.#options;
    acceptedValue(await endSecondFactor(drive.own, proofOf(given), signal), server);
  }

  async openPairing(signal: AbortSignal): Promise<Output<'openPairing'>> {
    this.#endPairing();
    const open = await openPairing(this.#options.drive.own, signal);
    this.#endPairing();
    const id = this.#newId();
    this.#pairing = { id, open, closing: new AbortController() };
    return { pairing: id, words: [...open.words], text: open.text };
  }

  /** Lets the device in that comes. Nobody is let in once the caller is gone. */
  async awaitPairing(
    { pairing }: Input<'awaitPairing'>,
    signal: AbortSignal,
  ): Promise<Output<'awaitPairing'>> {
    const current = this.#pairing;
    if (current?.id !== pairing) throw new ControlFailure(UNKNOWN_STEP);
    const until = AbortSignal.any([signal, current.closing.signal]);
    const { device } = acceptedValue(await current.open.wait(until), this.#options.server);
    return { device };
  }

  closePairing({ pairing }: Input<'closePairing'>): void {
    if (this.#pairing?.id === pairing) this.#endPairing();
  }

  [Symbol.dispose](): void {
    this.#words[Symbol.dispose]();
    this.#endPairing();
    this.#factor = undefined;
  }

  async #rotate(
    given: Input<'makeRecoveryWords'>,
    revoke: readonly DeviceId[],
    signal: AbortSignal,
  ): Promise<Output<'removeDevice'>> {
    const { drive, server } = this.#options;
    const proof = proofOf(given);
    const proposed = await this.#words.propose(async (confirmWords, until) => {
      const rotation = { ...proof, revoke, confirmWords };
      acceptedValue(await rotateKeys(drive.own, rotation, until), server);
    }, signal);
    if (proposed === undefined) return NO_WORDS;
    return { change: proposed.change, recoveryWords: [...proposed.recoveryWords] };
  }

  #endPairing(): void {
    this.#pairing?.closing.abort();
    this.#pairing = undefined;
  }

  #newId(): string {
    return bytesToHex(this.#options.random.bytes(STEP_ID_BYTES));
  }
}

/** Nothing was left to do. */
const NO_WORDS: Output<'removeDevice'> = { change: null, recoveryWords: [] };
const OWN_DEVICE: FailureShape = {
  code: 'refused',
  message: 'this is the device that you are working on',
  hint: 'Signing out forgets it here; another device can remove it.',
};
const UNKNOWN_STEP: FailureShape = {
  code: 'not-found',
  message: 'this was begun too long ago, or before Coffer started anew',
  hint: 'Nothing was changed. Begin again.',
};
const NO_CODE: FailureShape = {
  code: 'wrong-code',
  message: 'this is no code of a second factor',
  hint: 'It has the six digits that the authenticator shows, or is one of the backup codes.',
};

function proofOf({ password, code }: Input<'endSecondFactor'>): {
  readonly password: string;
  readonly code: string | undefined;
} {
  return { password, code: code === undefined ? undefined : codeOf(code) };
}

function codeOf(text: string): string {
  const code = parseSecondFactorCode(text);
  if (code === undefined) throw new ControlFailure(NO_CODE);
  return code;
}

function isoOf(at: number | null): string | null {
  return at === null ? null : new Date(at).toISOString();
}
