/** What a client calls a commit that may not stand, and when a longer key chain could still excuse it. */
import { FormatError, IntegrityError, type IntegrityCode } from '@coffer/protocol/core';
import {
  decodeHeader,
  type CommitHeader,
  type RuleBreak,
  type RuleName,
  type SealedCommit,
} from '@coffer/protocol/model';

/** Rules that an account's longer key chain may satisfy. */
const CHAIN_RULES: ReadonlySet<RuleName> = new Set<RuleName>([
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

/** True when the commit is to be judged once more with newer key chains (protocol §4). */
export function mayNeedChains({ rule }: RuleBreak): boolean {
  return CHAIN_RULES.has(rule);
}

export function integrityOf({ rule, detail }: RuleBreak): IntegrityError {
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
