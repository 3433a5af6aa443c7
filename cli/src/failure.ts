/** Every error that a person meets: what failed, why, what to do; and the exit code of `cli.md`. */
import { IntegrityError } from '@coffer/protocol/core';
import { errorEntry, isErrorCode, type ErrorCode } from '@coffer/protocol/api/error-codes';
import {
  ControlFailure,
  EngineFault,
  storeDamage,
  type FailureShape,
} from '@coffer/native-worker/fault';
import { RemoteFault } from '@coffer/sdk/faults';
import type { Output } from './output.ts';
import { serverRefusal } from './server-refusal.ts';

export const EXIT = {
  done: 0,
  failed: 1,
  usage: 2,
  attention: 3,
  refused: 4,
  quota: 5,
  network: 6,
  integrity: 7,
  interrupted: 130,
} as const;

/** A failure with a stable code. `message` completes "coffer: …". */
export class CliFailure extends Error {
  override readonly name: string = 'CliFailure';
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  readonly path: string | undefined;
  constructor(
    code: ErrorCode,
    message: string,
    hint?: string,
    options: { path?: string; cause?: unknown } = {},
  ) {
    super(message, { cause: options.cause });
    this.code = code;
    this.hint = hint;
    this.path = options.path;
  }

  /** What another process or thread said. */
  static of({ code, message, hint }: FailureShape): CliFailure {
    return new CliFailure(isErrorCode(code) ? code : 'failed', message, hint || undefined);
  }
}

/** Words, flags or arguments that no command takes. */
export class UsageFailure extends CliFailure {
  override readonly name = 'UsageFailure';
  constructor(message: string, hint?: string) {
    super('usage', message, hint);
  }
}

const INTEGRITY_HINT =
  "No local file was touched. 'coffer verify' tells whether this computer's own records are damaged; if they are whole, do not trust this server until you know why (--verbose says more).";
const RESTORED_HINT =
  "No local file was touched. Ask whoever runs the server: if it was restored, 'coffer stalls do accept-restored' takes its state over and sends again what it lost.";

/** True for the SDK's `HeadRefused` under a raised era, which short commands do not load. */
function isDeclaredRestore(error: IntegrityError): boolean {
  return 'isDeclaredRestore' in error && error.isDeclaredRestore === true;
}

/** Any thrown value as a failure that a person can read. */
export function toFailure(error: unknown): CliFailure {
  if (error instanceof CliFailure) return error;
  if (error instanceof IntegrityError) {
    const isRestored = isDeclaredRestore(error);
    return new CliFailure(
      isRestored ? 'era-changed' : 'integrity',
      `what the server sent failed a check (${error.code}): ${error.message}`,
      isRestored ? RESTORED_HINT : INTEGRITY_HINT,
      { cause: error },
    );
  }
  if (error instanceof RemoteFault) return fromRemoteFault(error);
  if (error instanceof EngineFault || error instanceof ControlFailure)
    return fromEngineFault(error);
  if (error instanceof Error && error.name === 'AbortError')
    return new CliFailure('interrupted', 'interrupted');
  const message = error instanceof Error ? error.message : String(error);
  return (
    fromDamage(error) ??
    fromOwnWords(error) ??
    fromSystem(error) ??
    new CliFailure('failed', message, DEFECT_HINT, { cause: error })
  );
}

/** The same, of one of several things: with its path. */
export function failureAt(path: string, error: unknown): CliFailure {
  const { code, message, hint } = toFailure(error);
  return new CliFailure(code, message, hint, { path, cause: error });
}

function fromDamage(error: unknown): CliFailure | undefined {
  const damage = storeDamage(error);
  if (damage === undefined) return undefined;
  return new CliFailure('damaged-profile', damage.message, damage.hint, { cause: error });
}

const DAMAGED_HINT =
  "Put the profile folder back from a backup, or sign in again in a new one with --home; 'coffer devices revoke' removes this device.";

/** Errors of other parts that are written for people, by name: this file loads none of those parts. */
const OWN_WORDS: Readonly<Record<string, readonly [code: ErrorCode, hint: string]>> = {
  SetupError: ['failed', 'Nothing was changed.'],
  NewerSchemaError: ['failed', 'Start that version again, or a newer one. Nothing was changed.'],
  KeyFileDamaged: ['damaged-profile', DAMAGED_HINT],
};

/** Their first sentence says what is the matter, the rest what to do. */
function fromOwnWords(error: unknown): CliFailure | undefined {
  const words = error instanceof Error ? OWN_WORDS[error.name] : undefined;
  if (words === undefined || !(error instanceof Error)) return undefined;
  const [code, otherwise] = words;
  const { what, rest } = /^(?<what>.+?)(?:\. (?<rest>.+))?\.?$/s.exec(error.message)?.groups ?? {};
  return new CliFailure(code, what ?? error.message, rest ?? otherwise, {
    cause: error,
  });
}

const DEFECT_HINT =
  "Nothing on either side was overwritten. Run it again; 'coffer doctor --bundle F' gathers what a report needs.";

const SYSTEM_TEXTS: Readonly<Record<string, readonly [message: string, hint: string]>> = {
  ENOENT: ['there is no such local file or folder', 'Look at its name, or make the folder first.'],
  EEXIST: ['there is something at this local place already', 'Give another place.'],
  ENOTDIR: ['a part of this local path is no folder', 'Give another place.'],
  EISDIR: ['this local path is a folder', 'Give the path of a file.'],
  EROFS: ['this disk is read-only', 'Give a place on another disk.'],
  ENAMETOOLONG: ['this name is too long for the local disk', 'Give a shorter one.'],
};

/** What the system said of a local file, without its own words; undefined for other errors. */
function fromSystem(error: unknown): CliFailure | undefined {
  if (!(error instanceof Error) || !('code' in error) || !('syscall' in error)) return undefined;
  const code = String(error.code);
  const path = 'path' in error && typeof error.path === 'string' ? error.path : undefined;
  const options = { cause: error, ...(path === undefined ? {} : { path }) };
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    const hint = 'Make room on it, then run it again. What was complete is kept.';
    return new CliFailure('disk-full', 'the local disk is full', hint, options);
  }
  if (path === undefined) return undefined;
  const [message, hint] = SYSTEM_TEXTS[code] ?? [
    `this local path may not be read or written (${code})`,
    'Look at its permissions, or give another place.',
  ];
  return new CliFailure('file-access', message, hint, options);
}

function fromRemoteFault(error: RemoteFault): CliFailure {
  const code = isErrorCode(error.code) ? error.code : 'network';
  if (code === 'device-revoked') {
    return new CliFailure(
      code,
      'this device was removed from the account',
      "Files on this computer stay; what it had not sent yet was not taken. 'coffer logout', then 'coffer login' adds it anew; synced folders have to be added again.",
      { cause: error },
    );
  }
  if (code !== 'network') {
    return new CliFailure(code, ...serverRefusal(code), { cause: error });
  }
  return new CliFailure(
    code,
    `the server cannot be reached: ${error.message}`,
    'Nothing is lost. Check the connection and the address of the server, then try again.',
    { cause: error },
  );
}

function fromEngineFault(error: EngineFault | ControlFailure): CliFailure {
  const word: string = ENGINE_WORDS[error.code] ?? error.code;
  const code = isErrorCode(word) ? word : 'failed';
  const hint = error.hint === '' ? ENGINE_HINTS[code] : error.hint;
  return new CliFailure(code, error.message, hint, { cause: error });
}

/** What the engine says in words of its own, in those of the error table. */
const ENGINE_WORDS: Readonly<Record<string, ErrorCode>> = {
  invalid: 'usage',
  unsuitable: 'file-access',
  stale: 'file-changed',
  busy: 'locked',
  'not-allowed': 'refused',
};

const ENGINE_HINTS: Readonly<Partial<Record<ErrorCode, string>>> = {
  usage: "Nothing was changed. 'coffer help' shows how it is meant.",
  exists: "Nothing was changed. 'coffer sync list' shows the synced folders.",
  'not-found': "Nothing was changed. 'coffer sync list' and 'coffer ls' show what is there.",
  'file-changed': "Nothing was changed. Run 'coffer sync now', then try again.",
  'quota-exceeded': "Nothing was changed. Remove something for ever ('coffer trash empty').",
};

export function exitCodeOf(failure: CliFailure): number {
  return errorEntry(failure.code).exit;
}

/** Of several exit codes the one that matters most: 7 before 4, 5, 6, 1, 3. */
export function worstExitCode(codes: readonly number[]): number {
  const ranking = [
    EXIT.integrity,
    EXIT.refused,
    EXIT.quota,
    EXIT.network,
    EXIT.usage,
    EXIT.failed,
    EXIT.attention,
  ];
  return ranking.find((code) => codes.includes(code)) ?? EXIT.done;
}

export function printFailure(failure: CliFailure, output: Output): void {
  if (output.options.json) {
    const { code, message, hint, path } = failure;
    output.error(
      JSON.stringify({ error: { code, message, hint, ...(path === undefined ? {} : { path }) } }),
    );
    return;
  }
  const where = failure.path === undefined ? '' : `${output.name(failure.path)}: `;
  output.error(`coffer: ${where}${failure.message}${/[.!?]$/.test(failure.message) ? '' : '.'}`);
  if (failure.hint !== undefined) output.error(failure.hint);
  if (output.options.verbose && failure.cause instanceof Error) {
    output.error(`cause: ${failure.cause.name}: ${failure.cause.message}`);
  }
}
