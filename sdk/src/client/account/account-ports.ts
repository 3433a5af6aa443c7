import { errorEntry, type ErrorCode } from '@coffer/protocol/api';
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

/** The refusal behind `error`, when it is one that a person answers; undefined for faults. */
export function refusalOf(error: unknown): AccountRefusal | undefined {
  if (!(error instanceof RemoteFault)) return undefined;
  const isForPerson = errorEntry(error.code).retry === 'after-user';
  return isForPerson || isRefusal(error, 'rate-limited', 'refused', 'malformed')
    ? { code: error.code }
    : undefined;
}
