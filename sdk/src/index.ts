/** The client library: accounts, and a drive of a signed-in device. Adapters: `@coffer/sdk/node`. */
export * from './ports/index.ts';
export type * from './client/space-changes.ts';
export { parseServerOrigin, type ServerOriginError } from './client/server-origin.ts';
export { normaliseAccountName } from './client/account/account-name.ts';
export type { AccountPorts, AccountRefusal } from './client/account/account-ports.ts';
export { changePassword, type PasswordChange } from './client/account/change-password.ts';
export { confirmSignUp } from './client/account/confirm-sign-up.ts';
export { deleteAccount } from './client/account/delete-account.ts';
export { joinByPairing, type JoinInput } from './client/account/join-by-pairing.ts';
export type { OwnAccount } from './client/account/own-account.ts';
export {
  openPairing,
  type PairedDevice,
  type WaitingPairing,
} from './client/account/pair-device.ts';
export { parsePairing, type PairingSecret } from './client/account/pairing-words.ts';
export { parseSecondFactorCode } from './client/account/prove-password.ts';
export { recoverAccount, type Recovered, type RecoveryInput } from './client/account/recover.ts';
export { parseRecoveryWords, recoveryKeyToWords } from './client/account/recovery-words.ts';
export {
  rotateKeys,
  type ConfirmWords,
  type Rotated,
  type Rotation,
} from './client/account/rotate-keys.ts';
export {
  accountStatus,
  endSecondFactor,
  startSecondFactor,
  type StartedSecondFactor,
} from './client/account/second-factor.ts';
export { signIn, type SignedIn, type SignInInput } from './client/account/sign-in.ts';
export {
  PASSWORD_LENGTH_MIN,
  signUp,
  type SignedUp,
  type SignUpInput,
} from './client/account/sign-up.ts';
export type { HeadMoved } from './client/api/account-api.ts';
export { DEFAULT_RETRY, type RetryPolicy } from './client/api/retry.ts';
export type { RunningSha256 } from './client/content/content-api.ts';
export {
  Drive,
  type AcceptedSpaces,
  type ContentSink,
  type DriveDevice,
  type Usage,
} from './client/drive/drive.ts';
export type { ByteRange } from './client/content/read-range.ts';
export { LazyDrive, type LazyListing } from './client/lazy/lazy-drive.ts';
export { openLazyDrive, type LazyDriveOptions } from './client/lazy/open-lazy-drive.ts';
export type { DriveEditor } from './client/drive/drive-editor.ts';
export type { EditProgress, OnEditProgress } from './client/drive/edit-progress.ts';
export { formatDrivePath, parseDrivePath, type DrivePath } from './client/drive/drive-paths.ts';
export type { DriveRefusal } from './client/drive/drive-refusal.ts';
export type { DriveEntry, DriveListing } from './client/drive/drive-tree.ts';
export type { RewindPreview, RewindStep, Rewound } from './client/drive/rewind.ts';
export type { OnProved, StoredProof } from './client/space/prove-stored.ts';
export type { Moment } from './client/space/past-tree.ts';
export type { EventOptions } from './client/drive/events.ts';
export { openDrive, type DriveOptions } from './client/drive/open-drive.ts';
export type { PutItem, PutOptions, PutOutcome } from './client/drive/put.ts';
export type { RangeWrite, RangeWriteOptions } from './client/drive/write-range.ts';
export type { VersionView } from './client/space/file-contents.ts';
export { encodeHeadEvidence } from './client/space/head-evidence.ts';
export { HeadRefused } from './client/space/head-refused.ts';
