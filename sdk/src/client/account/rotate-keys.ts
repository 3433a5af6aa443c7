/** Account-key rotation (protocol §2): after a lost device, or for new recovery words. */
import { err, ok, type DeviceId, type Result } from '@coffer/protocol/core';
import { KEY_SIZE_BYTES } from '@coffer/protocol/crypto';
import { rotateAccountKey } from '@coffer/protocol/model/open';
import { refused, type AccountRefusal } from './account-ports.ts';
import {
  entriesAfter,
  keepAccountKey,
  proveOwnPassword,
  readOwnAccount,
  untilUnraced,
  withLiveToken,
  type OwnAccount,
} from './own-account.ts';
import { recoveryKeyToWords } from './recovery-words.ts';

/**
 * Shows the new recovery words, before anything changes. False: the person does not have them, and
 * nothing is to change.
 */
export type ConfirmWords = (words: readonly string[]) => Promise<boolean>;

/** Which devices are removed, and how the new words reach a person. */
export interface Rotation {
  readonly password: string;
  readonly code?: string | undefined;
  /** Devices that are certified no more after it; none for new words alone. */
  readonly revoke: readonly DeviceId[];
  readonly confirmWords: ConfirmWords;
}

/** What a rotation did. */
export interface Rotated {
  /** False when the devices were revoked before: there was nothing to do but to finish. */
  readonly isChanged: boolean;
}

/**
 * A new account key, KEM key and recovery words, sealed to the devices that remain, in one step at the
 * server; then new epoch keys for the own spaces. Breaking off before the step changes nothing; after
 * it any device finishes. Throws faults and IntegrityError.
 */
export async function rotateKeys(
  own: OwnAccount,
  { password, code, revoke, confirmWords }: Rotation,
  signal: AbortSignal,
): Promise<Result<Rotated, AccountRefusal>> {
  try {
    const proof = await proveOwnPassword(own, { password, code }, signal);
    if (proof === undefined) return err({ code: 'wrong-password' });
    const { token, exportKey } = proof;
    const known = await readOwnAccount(own, token, signal);
    const unknown = revoke.filter((device) => !isKnown(known.opened.chain, device));
    if (unknown.length > 0) return err({ code: 'not-found' });
    const isDone = ({ chain }: typeof known.opened): boolean =>
      revoke.length > 0 && revoke.every((device) => chain.revokedDevice(device) !== undefined);
    if (isDone(known.opened)) {
      await own.renewSpaces(signal);
      return ok({ isChanged: false });
    }
    const recoveryKey = own.suite.randomBytes(KEY_SIZE_BYTES);
    if (!(await confirmWords(recoveryKeyToWords(recoveryKey)))) {
      return err({ code: 'confirmation-needed' });
    }
    const suite = await own.suite.whole();
    const replace = (live: string): Promise<OpenedRotation> =>
      untilUnraced(async () => {
        const { opened, previous } = await readOwnAccount(own, live, signal);
        const next = rotateAccountKey(suite, opened, {
          revoke: revoke.filter((device) => opened.chain.revokedDevice(device) === undefined),
          exportKey,
          recoveryKey,
          time: own.clock.now(),
        });
        const entries = entriesAfter(next.chain, opened.chain.seq);
        const body = { entries, bundle: next.bundle, previous };
        await own.api.call('replaceKeys', { token: live, body }, signal);
        return next;
      });
    // A code counts once: with one, the proof cannot be renewed.
    const renew = async (): Promise<string | undefined> =>
      code === undefined ? (await proveOwnPassword(own, { password }, signal))?.token : undefined;
    const rotated = await withLiveToken(token, renew, replace);
    await keepAccountKey(own.keyStore, own.secrets, rotated.accountKey);
    own.chains.put(rotated.chain);
    await own.renewSpaces(signal);
    return ok({ isChanged: true });
  } catch (error) {
    return refused(error);
  }
}

type OpenedRotation = ReturnType<typeof rotateAccountKey>;

function isKnown(
  chain: Awaited<ReturnType<typeof readOwnAccount>>['opened']['chain'],
  device: DeviceId,
): boolean {
  return (
    chain.deviceAt(device, chain.seq) !== undefined || chain.revokedDevice(device) !== undefined
  );
}
