import { errorEntry, type ErrorAnswer, type ServerErrorCode } from '@coffer/protocol/api';
import { FormatError, IntegrityError } from '@coffer/protocol/core';

export type FailureDetails = Omit<ErrorAnswer['error'], 'code' | 'message'>;

/** An outcome that a caller is told by a code of the error table. */
export class Failure extends Error {
  override readonly name = 'Failure';
  readonly code: ServerErrorCode;
  readonly details: FailureDetails;
  constructor(code: ServerErrorCode, details: FailureDetails = {}, options?: ErrorOptions) {
    super(code, options);
    this.code = code;
    this.details = details;
  }
}

/** The one place where what was thrown becomes what is told. A defect tells nothing but that. */
export function failureOf(error: unknown): Failure {
  if (error instanceof Failure) return error;
  if (error instanceof FormatError) return new Failure('malformed', {}, { cause: error });
  return new Failure('internal', {}, { cause: error });
}

/** Runs `check` on something that a client sent: whatever is wrong with it is the client's. */
export function checkInput<T>(check: () => T): T {
  try {
    return check();
  } catch (cause) {
    if (cause instanceof IntegrityError) throw new Failure('malformed', {}, { cause });
    throw cause;
  }
}

export function errorAnswerOf(failure: Failure): {
  readonly status: number;
  readonly body: ErrorAnswer;
} {
  const { status, text } = errorEntry(failure.code);
  const error = { code: failure.code, message: text, ...failure.details };
  return { status: status ?? 500, body: { error } };
}
