/** Defects, faults and integrity failures. Expected outcomes are values: see `result.ts`. */

/** A broken invariant of our own code. Never caught to go on; the process or worker restarts. */
export class Defect extends Error {
  override readonly name = 'Defect';
}

export function assert(condition: boolean, invariant: string): asserts condition {
  if (!condition) throw new Defect(invariant);
}

/** Ends a switch with effects: a new case is a compile error, a bad value a Defect. */
export function unreachable(value: never): never {
  throw new Defect(`unreachable case: ${JSON.stringify(value)}`);
}

/** Bytes that do not follow the protocol's encoding or limits. Whoever sent them is at fault. */
export class FormatError extends Error {
  override readonly name = 'FormatError';
}

export type IntegrityCode =
  | 'open-failed'
  | 'signature-invalid'
  | 'digest-mismatch'
  | 'page-mismatch'
  | 'chain-broken'
  | 'head-rolled-back'
  | 'head-forked'
  | 'rule-broken'
  | 'root-mismatch'
  | 'proof-invalid'
  | 'malformed'
  | 'data-missing';

/**
 * Data that the server (or another member) gave us failed a check. Never retried silently, never
 * turned into "not found", always shown. `message` names the check, never a key, name or content.
 */
export class IntegrityError extends Error {
  override readonly name = 'IntegrityError';
  readonly code: IntegrityCode;
  /**
   * `author`: a member sealed or signed it like this, and no honest server can make it good: that node
   * alone is to blame. Everything else is taken for the server's.
   */
  readonly whose: 'server' | 'author';
  constructor(
    code: IntegrityCode,
    message: string,
    options?: ErrorOptions & { readonly whose?: 'server' | 'author' },
  ) {
    super(message, options);
    this.code = code;
    this.whose = options?.whose ?? 'server';
  }
}
