/**
 * Commands about the account and this computer: what a window needs beside the engine's own, some
 * of it before there is an engine. Answered by whoever holds the profile (the daemon, the desktop's
 * main process) or by the drive (drive-commands.ts), never by the engine. Failures carry a code of the error table.
 */
import { z } from 'zod';
import { driveCommands } from './drive-commands.ts';

const Done = z.object({});

export const AccountListing = z.discriminatedUnion('signedIn', [
  z.object({
    signedIn: z.literal(false),
    /** One that runs here: offered to who makes an account. */
    server: z.string().optional(),
  }),
  z.object({
    signedIn: z.literal(true),
    /** Origin, `https://drive.example.org`. */
    server: z.string(),
    email: z.string(),
    device: z.object({ id: z.string(), name: z.string() }),
  }),
]);
export type AccountListing = z.infer<typeof AccountListing>;

export const LocalFolderListing = z.object({
  /** Absolute. */
  path: z.string(),
  /** Null at the top. */
  parent: z.string().nullable(),
  /** Folders only, without hidden ones, by name. */
  folders: z.array(z.object({ name: z.string(), path: z.string() })),
  /** Where a first synced folder could be; need not exist. */
  suggested: z.string(),
});
export type LocalFolderListing = z.infer<typeof LocalFolderListing>;

/** Those that need no engine: answered by the program that holds the profile. */
export const deskCommands = {
  account: { input: z.object({}), output: AccountListing },
  /**
   * Asks whether a Coffer server answers there; gives its origin. Errors: `usage` (no address),
   * `refused` (plain http to another machine), `network`.
   */
  checkServer: {
    input: z.object({ server: z.string() }),
    output: z.object({ server: z.string() }),
  },
  /**
   * The 24 words are in this answer and nowhere else. `active` is false while the address waits to
   * be confirmed. Errors: `usage`, `name-taken`, `already-signed-in`, `rate-limited`, `network`.
   */
  signUp: {
    input: z.object({
      server: z.string(),
      email: z.string(),
      password: z.string(),
      deviceName: z.string().optional(),
    }),
    output: z.object({ recoveryWords: z.array(z.string()), active: z.boolean() }),
  },
  /**
   * Errors: `usage`, `wrong-password`, `second-factor-needed` (call again with a code), `wrong-code`,
   * `already-signed-in`, `rate-limited`, `network`.
   */
  signIn: {
    input: z.object({
      server: z.string(),
      email: z.string(),
      password: z.string(),
      deviceName: z.string().optional(),
      /** Six digits of the authenticator, or a backup code. */
      code: z.string().optional(),
    }),
    output: Done,
  },
  /**
   * Begins to open an account by its 24 words, with a new password and new words, which are in this
   * answer and nowhere else: nothing changes before `settleRecovery`. Errors: `usage` (a short
   * password), `wrong-recovery-key` (also words that are none: nothing was sent), `limit-reached` (too
   * many devices to add one), `already-signed-in`, `rate-limited`, `network`.
   */
  recoverAccount: {
    input: z.object({
      server: z.string(),
      email: z.string(),
      /** As a person wrote them, in their order, with spaces between. */
      words: z.string(),
      newPassword: z.string(),
      deviceName: z.string().optional(),
      /** Whether all devices that the account had are removed from it. */
      revokeOthers: z.boolean().default(false),
    }),
    output: z.object({ change: z.string(), recoveryWords: z.array(z.string()) }),
  },
  /**
   * Whether the person has the new words. Then the old words and the old password are void, a second
   * factor is off, and this device is signed in. May be repeated when no answer came. Errors:
   * `not-found` (too long ago, or before this program started: nothing was changed by it),
   * `already-signed-in`; after `network` it is not known whether it was done: the new password tells.
   */
  settleRecovery: {
    input: z.object({ change: z.string(), isKept: z.boolean() }),
    output: Done,
  },
  /**
   * Joins the account of a device that shows 8 words ('coffer pair'), without a password; waits for
   * that device, at most the two minutes that its words count. Errors: `usage` (these are no such
   * words), `not-found` (no device shows them), `refused` (they were used), `timeout`,
   * `limit-reached`, `already-signed-in`, `network`.
   */
  joinByPairing: {
    input: z.object({
      server: z.string(),
      /** 8 words, or the text of a QR code, which names the server itself. */
      words: z.string(),
      deviceName: z.string().optional(),
    }),
    output: Done,
  },
  /** Stops syncing and wipes the keys of this device; the files stay. */
  signOut: { input: z.object({}), output: Done },
  /** A folder of this computer; the home folder when left out. Errors: `not-found`, `file-access`. */
  localFolders: { input: z.object({ path: z.string().optional() }), output: LocalFolderListing },
} as const;

export const accountCommands = { ...deskCommands, ...driveCommands } as const;

export type DeskCommandName = keyof typeof deskCommands;
export type AccountCommandName = keyof typeof accountCommands;
export type AccountCommandInput<K extends AccountCommandName> = z.input<
  (typeof accountCommands)[K]['input']
>;
export type AccountCommandOutput<K extends AccountCommandName> = z.output<
  (typeof accountCommands)[K]['output']
>;
