import {
  bytesToHex,
  compareBytes,
  concatBytes,
  idToBytes,
  type AccountId,
  type Bytes,
} from '../../core/index.ts';
import { hash, type VerifySuite } from '../../crypto/index.ts';

const DIGITS = 60;

/** The account and identity that one of two people pinned of the other, or has. */
export interface PersonKeys {
  readonly account: AccountId;
  readonly identity: Bytes;
}

/**
 * The 60 digits that two people compare (protocol §8): H("safety-number", the two strings
 * account ‖ identity pk in ascending order), as a number modulo 10^60. The same for both.
 */
export function safetyNumber(suite: VerifySuite, one: PersonKeys, other: PersonKeys): string {
  const people = [one, other]
    .map(({ account, identity }) => concatBytes(idToBytes(account), identity))
    .sort(compareBytes);
  const digest = hash(suite, 'safety-number', ...people);
  const number = BigInt(`0x${bytesToHex(digest)}`) % 10n ** BigInt(DIGITS);
  return number.toString().padStart(DIGITS, '0');
}
