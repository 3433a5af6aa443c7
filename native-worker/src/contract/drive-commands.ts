/**
 * Commands about the account that the drive of a signed-in device answers, in the engine's thread.
 * Failures carry a code of the error table; `network` and `integrity` come with any of them.
 */
import { z } from 'zod';

const Count = z.int().nonnegative();
const Done = z.object({});
const Moment = z.iso.datetime();

/** Bytes as the server counts them; a total is null without a limit. */
export const UsageListing = z.object({
  usedBytes: Count,
  totalBytes: Count.nullable(),
  transferUsedBytes: Count,
  transferTotalBytes: Count.nullable(),
});
export type UsageListing = z.infer<typeof UsageListing>;

export const RemoteFolder = z.object({ name: z.string(), path: z.string(), bytes: Count });
export type RemoteFolder = z.infer<typeof RemoteFolder>;

export const DeviceListing = z.object({
  id: z.string(),
  /** Empty for a device that never said its name. */
  name: z.string(),
  isCurrent: z.boolean(),
  createdAt: Moment.nullable(),
  /** As the server says. */
  lastSeenAt: Moment.nullable(),
});
export type DeviceListing = z.infer<typeof DeviceListing>;

export const SecondFactorState = z.object({ isOn: z.boolean(), backupCodesLeft: Count });
export type SecondFactorState = z.infer<typeof SecondFactorState>;

/** A fresh proof of the password, and of the second factor where there is one. */
const Proof = z.object({
  password: z.string(),
  /** Six digits of the authenticator, or a backup code. */
  code: z.string().optional(),
});
/** The 24 words are in this answer and nowhere else; they count once `settleWords` said so. */
const Proposed = z.object({ change: z.string(), recoveryWords: z.array(z.string()) });

export const driveCommands = {
  /** Asks the server. Errors: `not-signed-in`. */
  usage: { input: z.object({}), output: UsageListing },
  /** Folders of the drive directly below `path`, with the bytes in them. Errors: `not-found`. */
  remoteFolders: { input: z.object({ path: z.string() }), output: z.array(RemoteFolder) },
  /** Every device that the account's key chain certifies. */
  devices: { input: z.object({}), output: z.array(DeviceListing) },
  /**
   * Begins to remove a device: nothing changes before `settleWords`. `change` is null when it is no
   * device of the account any more. Errors: `wrong-password`, `second-factor-needed` (call again with
   * a code), `wrong-code`, `rate-limited`, `refused` for the device that asks.
   */
  removeDevice: {
    input: Proof.extend({ device: z.string() }),
    output: Proposed.extend({ change: z.string().nullable() }),
  },
  /** Begins to make new recovery words: nothing changes before `settleWords`. Errors as `removeDevice`. */
  makeRecoveryWords: {
    input: Proof,
    output: Proposed.extend({ change: z.string().nullable() }),
  },
  /**
   * Whether the person has the new words: only then the change is made, the old words are void, and
   * removed devices are out. May be repeated when no answer came. Errors: `not-found` (too long ago,
   * or before this program started: nothing was changed by it), `not-signed-in` (a proof with a code
   * counts five minutes; nothing was changed); after `network` it is not known whether it was done.
   */
  settleWords: { input: z.object({ change: z.string(), isKept: z.boolean() }), output: Done },
  /**
   * Devices stay signed in, the recovery words stay. Errors as `removeDevice`, `usage` (a short
   * password); after `network` it is not known whether it was done.
   */
  changePassword: { input: Proof.extend({ newPassword: z.string() }), output: Done },
  secondFactor: { input: z.object({}), output: SecondFactorState },
  /** A secret for an authenticator, which does not count yet. Errors: `wrong-password`, `refused` (on already). */
  startSecondFactor: {
    input: z.object({ password: z.string() }),
    output: z.object({ change: z.string(), secret: z.string(), uri: z.string() }),
  },
  /**
   * Turns the second factor on. The backup codes are in this answer and nowhere else. Errors:
   * `wrong-code` (may be repeated), `not-found`, `not-signed-in` (five minutes are over): it stays off.
   */
  confirmSecondFactor: {
    input: z.object({ change: z.string(), code: z.string() }),
    output: z.object({ backupCodes: z.array(z.string()) }),
  },
  /** The password alone signs in again. Errors as `removeDevice`. */
  endSecondFactor: { input: Proof, output: Done },
  /** Words by which one device can join, for two minutes and while `awaitPairing` waits for it. */
  openPairing: {
    input: z.object({}),
    output: z.object({
      pairing: z.string(),
      words: z.array(z.string()),
      /** What a QR code holds. */
      text: z.string(),
    }),
  },
  /** The device that was let in. Errors: `timeout` (none came), `not-found`, `interrupted` (closed). */
  awaitPairing: {
    input: z.object({ pairing: z.string() }),
    output: z.object({ device: z.string() }),
  },
  /** Lets nobody in by these words any more. */
  closePairing: { input: z.object({ pairing: z.string() }), output: Done },
} as const;

export type DriveCommandName = keyof typeof driveCommands;
