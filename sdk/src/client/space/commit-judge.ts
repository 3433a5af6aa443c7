/** What a client calls a commit that may not stand, and when a longer key chain could still excuse it. */
import {
  FormatError,
  IntegrityError,
  type IntegrityCode,
  type Result,
} from '@coffer/protocol/core';
import {
  decodeHeader,
  type CommitHeader,
  type RuleBreak,
  type RuleName,
  type SealedCommit,
} from '@coffer/protocol/model';

/** Rules that an account's longer key chain may satisfy. */
const CHAIN_RULES: ReadonlySet<string> = new Set<RuleName>([
  'genesis',
  'signer',
  'signature',
  'member-pin',
  'member-identity',
]);

const CODE_BY_RULE: Partial<Record<RuleName, IntegrityCode>> = {
  format: 'malformed',
  signer: 'signature-invalid',
  signature: 'signature-invalid',
  changes: 'digest-mismatch',
  root: 'root-mismatch',
};

/** Whether who breaks this rule, or says that it is broken, may know another key chain than we. */
export function isChainRule(rule: string): boolean {
  return CHAIN_RULES.has(rule);
}

/**
 * What `judge` says, once more with newer key chains where those may excuse the commit (protocol §4).
 * IntegrityError for the rule that is broken then.
 */
export async function judgeUnderChains<T>(
  judge: () => Result<T, RuleBreak>,
  renewChains: () => Promise<void>,
): Promise<T> {
  let judged = judge();
  if (!judged.ok && isChainRule(judged.error.rule)) {
    await renewChains();
    judged = judge();
  }
  if (!judged.ok) throw integrityOf(judged.error);
  return judged.value;
}

function integrityOf({ rule, detail }: RuleBreak): IntegrityError {
  const code = CODE_BY_RULE[rule] ?? 'rule-broken';
  return new IntegrityError(code, `a commit breaks the rule ${rule}: ${detail}`);
}

export function parseHeader(header: SealedCommit['header']): CommitHeader {
  try {
    return decodeHeader(header);
  } catch (cause) {
    if (!(cause instanceof FormatError)) throw cause;
    throw new IntegrityError('malformed', 'the header of a commit is malformed', { cause });
  }
}

export function malformed(message: string): IntegrityError {
  return new IntegrityError('malformed', message);
}

export function bodyMissing(): IntegrityError {
  return new IntegrityError('data-missing', 'the server no longer has the body of a commit');
}
