import { errorEntry, type ErrorCode } from '@coffer/protocol/api';
import { err, type Result } from '@coffer/protocol/core';
import type { OpenSuite } from '@coffer/protocol/crypto';
import type { Clock, HttpTransport, KeyStore, Random } from '../../ports/index.ts';
import { isRefusal, RemoteFault } from '../../ports/index.ts';
import type { RetryPolicy } from '../api/retry.ts';

/** What signing up and in needs of the world outside. */
export interface AccountPorts {
  /** Makes a connection to a server, given by its origin. */
  readonly connect: (origin: string) => HttpTransport;
  readonly keyStore: KeyStore;
  readonly suite: OpenSuite;
  readonly clock: Clock;
  readonly random: Random;
  readonly retry?: RetryPolicy;
}

/** Why an account flow ended without its result; nothing was saved then. */
export interface AccountRefusal {
  readonly code: ErrorCode;
}

/** The refusal behind `error`, when it is one that a person answers; throws what is none. */
export function refused(error: unknown): Result<never, AccountRefusal> {
  if (!(error instanceof RemoteFault)) throw error;
  const isForPerson = errorEntry(error.code).retry === 'after-user';
  if (!isForPerson && !isRefusal(error, 'rate-limited', 'refused', 'malformed')) throw error;
  return err({ code: error.code });
}
