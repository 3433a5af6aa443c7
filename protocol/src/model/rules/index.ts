export * from './authority.ts';
export * from './content-refs.ts';
export * from './judge.ts';
export type { RuleBreak, RuleName } from './rule.ts';
export { isSignedBy } from './signer.ts';
