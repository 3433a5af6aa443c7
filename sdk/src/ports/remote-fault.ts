import type { ErrorCode } from '@coffer/protocol/api';

/** Whether and when asking again makes sense; data, so that no caller has to know the codes. */
export type RetryAdvice =
  /** `delayMs` is what the server asked for; null: as the retry policy says. */
  | { readonly kind: 'after'; readonly delayMs: number | null }
  | { readonly kind: 'never' }
  | { readonly kind: 'after-user-action' };

/** What a refusal says beyond its code. */
export interface RefusalDetails {
  /** HTTP status. */
  readonly status: number;
  /** `head-moved`: where the head is. */
  readonly seq?: number | undefined;
  /** `content-missing`: what the server does not have. */
  readonly ids?: readonly string[] | undefined;
  /** `rule-broken`: which one. */
  readonly rule?: string | undefined;
}

/**
 * The server gave no answer (`network`), or one that refuses. Callers turn the codes that they expect
 * into outcomes; the others go to the retry layer and then to the user.
 */
export class RemoteFault extends Error {
  override readonly name = 'RemoteFault';
  readonly code: ErrorCode;
  readonly retry: RetryAdvice;
  /** Null when no answer came. */
  readonly details: RefusalDetails | null;
  constructor(
    code: ErrorCode,
    message: string,
    options: ErrorOptions & { readonly retry: RetryAdvice; readonly details?: RefusalDetails },
  ) {
    super(message, options);
    this.code = code;
    this.retry = options.retry;
    this.details = options.details ?? null;
  }
}

/** No answer, or one that broke off: nothing is known about what the server did. */
export function networkFault(what: string, cause: unknown): RemoteFault {
  return new RemoteFault('network', what, { cause, retry: { kind: 'after', delayMs: null } });
}

/** Whether `error` is the server's refusal with one of these codes. */
export function isRefusal(error: unknown, ...codes: readonly ErrorCode[]): error is RemoteFault {
  return error instanceof RemoteFault && codes.includes(error.code);
}
