/** The second factor (docs/protocol.md §2): codes of an authenticator, which the server asks for. */
import { BACKUP_CODES, type AnswerOf } from '@coffer/protocol/api';
import {
  digestFromBytes,
  ok,
  utf8ToBytes,
  type Bytes,
  type Digest,
  type Result,
} from '@coffer/protocol/core';
import { refused, type AccountRefusal } from './account-ports.ts';
import { withPassword, type OwnAccount } from './own-account.ts';
import type { PasswordInput } from './prove-password.ts';

const BASE32 = 'abcdefghijklmnopqrstuvwxyz234567';
const BACKUP_CODE_LENGTH = 10;
const ISSUER = 'Coffer';

/** A second factor that does not count yet. */
export interface StartedSecondFactor {
  /** For people who type: base32. */
  readonly secret: string;
  /** For an authenticator: `otpauth://totp/…`. */
  readonly uri: string;
  /** Shows six digits of the authenticator; from then on it counts. Answers the backup codes, once. */
  readonly confirm: (
    code: string,
    signal: AbortSignal,
  ) => Promise<Result<readonly string[], AccountRefusal>>;
}

type Proof = Omit<PasswordInput, 'email'>;

/** Name at the server, and whether a second factor is asked for. */
export function accountStatus(own: OwnAccount, signal: AbortSignal): Promise<AnswerOf<'account'>> {
  return own.session.run((token) => own.api.call('account', { token }, signal), signal);
}

/** A new secret; `refused` when the account has a second factor already. */
export async function startSecondFactor(
  own: OwnAccount,
  proof: Proof,
  signal: AbortSignal,
): Promise<Result<StartedSecondFactor, AccountRefusal>> {
  return withPassword(own, proof, signal, async ({ token }) => {
    const { secret } = await own.api.call('startSecondFactor', { token }, signal);
    const backupCodes = Array.from({ length: BACKUP_CODES }, () => newBackupCode(own));
    const digests = backupCodes.map((code) =>
      digestFromBytes<Digest>(own.suite.sha256(utf8ToBytes(code))),
    );
    return {
      secret: toBase32(secret).toUpperCase(),
      uri: otpauthUri(own.secrets.email, secret),
      confirm: async (code, until) => {
        const body = { code, backupCodes: digests };
        try {
          await own.api.call('confirmSecondFactor', { token, body }, until);
          return ok(backupCodes.map(shown));
        } catch (error) {
          return refused(error);
        }
      },
    };
  });
}

/** From now on the password alone is enough. */
export function endSecondFactor(
  own: OwnAccount,
  proof: Proof,
  signal: AbortSignal,
): Promise<Result<undefined, AccountRefusal>> {
  return withPassword(own, proof, signal, async ({ token }) => {
    await own.api.call('endSecondFactor', { token }, signal);
    return undefined;
  });
}

function otpauthUri(email: string, secret: Bytes): string {
  const label = `${ISSUER}:${encodeURIComponent(email)}`;
  const parameters = `secret=${toBase32(secret).toUpperCase()}&issuer=${ISSUER}`;
  return `otpauth://totp/${label}?${parameters}&algorithm=SHA1&digits=6&period=30`;
}

/** RFC 4648 without padding, in small letters. */
export function toBase32(bytes: Bytes): string {
  let bits = 0;
  let value = 0;
  let text = '';
  for (const byte of bytes) {
    value = ((value << 8) | byte) & 0xfff;
    bits += 8;
    for (; bits >= 5; bits -= 5) text += BASE32[(value >> (bits - 5)) & 31] ?? '';
  }
  return bits === 0 ? text : text + (BASE32[(value << (5 - bits)) & 31] ?? '');
}

/** Ten letters: 50 bits. */
function newBackupCode({ suite }: OwnAccount): string {
  return Array.from(suite.randomBytes(BACKUP_CODE_LENGTH), (byte) => BASE32[byte & 31]).join('');
}

function shown(code: string): string {
  return `${code.slice(0, BACKUP_CODE_LENGTH / 2)}-${code.slice(BACKUP_CODE_LENGTH / 2)}`;
}
