/**
 * For every rule a commit that keeps it and one that breaks just it: both stand on the same head and
 * differ in what the rule is about.
 */
import { encodeCbor } from '../../codec/index.ts';
import {
  hexToBytes,
  ZERO_DIGEST,
  type CommitId,
  type Digest,
  type SpaceId,
} from '../../core/index.ts';
import type { SealedCommit } from '../commit.ts';
import { changesDigest, decodeBody } from '../commit-codec.ts';
import type { RuleName } from '../rules/rule.ts';
import { put, remove, type TestSpace } from './test-space.ts';
import { TestAccount } from './test-account.ts';

export interface RuleCase {
  readonly rule: RuleName;
  /** What the broken commit does. */
  readonly about: string;
  readonly kind?: 'drive' | 'shared' | 'account';
  readonly run: (space: TestSpace) => {
    readonly valid: SealedCommit;
    readonly broken: SealedCommit;
  };
}

const OTHER_ID = 'ab'.repeat(32);

export const HEADER_CASES: readonly RuleCase[] = [
  {
    rule: 'format',
    about: 'holds a record that does not decode',
    run: (s) => {
      const node = s.newNode();
      const [key, record] = put(node);
      return { valid: s.seal([[key, record]]), broken: s.seal([[key, s.sealed()]]) };
    },
  },
  {
    rule: 'format',
    about: 'holds a body whose keys do not ascend',
    run: (s) => {
      const valid = s.seal([put(s.newNode()), put(s.newNode())]);
      const rows = decodeBody(valid.body).map(([key, record]) => [hexToBytes(key), record]);
      const body = encodeCbor(rows.reverse());
      const { header } = s.seal([], { forge: { changes: changesDigest(s.suite, body) } });
      return { valid, broken: { ...valid, header, body } };
    },
  },
  forged('space', 'names another space', { space: OTHER_ID.slice(32) as SpaceId }),
  forged('seq', 'skips a seq', { seq: 3 }),
  forged('seq', 'repeats a seq', { seq: 1 }),
  forged('prev', 'stands on another commit', { prev: OTHER_ID as CommitId }),
  forged('past', 'tells of another past', { past: OTHER_ID as Digest }),
  forged('auth', 'names another authority commit', { auth: ZERO_DIGEST as string as CommitId }),
  forged('changes', 'has the digest of another body', { changes: OTHER_ID as Digest }),
  forged('root', 'claims another root', { root: OTHER_ID as Digest }),
  {
    rule: 'changes',
    about: 'carries the body of another commit',
    run: (s) => {
      const valid = s.seal([put(s.newNode())]);
      return { valid, broken: { ...valid, body: s.seal([put(s.newNode())]).body } };
    },
  },
  {
    rule: 'signature',
    about: 'is signed by another key',
    run: (s) => {
      const changes = [put(s.newNode())];
      return {
        valid: s.seal(changes),
        broken: s.seal(changes, { seed: s.suite.randomBytes(32) }),
      };
    },
  },
  {
    rule: 'signer',
    about: 'comes from an account that is no member',
    run: (s) => {
      const bob = s.join('editor');
      const eve = s.know(new TestAccount(s.suite));
      const changes = (by: TestAccount) => [put(s.newNode({}, by))];
      return {
        valid: s.seal(changes(bob), { by: bob }),
        broken: s.seal(changes(eve), { by: eve }),
      };
    },
  },
  {
    rule: 'signer',
    about: 'comes from a device that was added after the pin and brings no longer pin',
    run: (s) => {
      const device = s.owner.addDevice();
      const { seq: chainSeq, head: chainHead } = s.owner.chain;
      const pin = put(s.changedMember(s.owner, { chainSeq, chainHead }));
      const node = put(s.newNode());
      return { valid: s.seal([pin, node], { device }), broken: s.seal([node], { device }) };
    },
  },
  {
    rule: 'signer',
    about: 'comes from a device that is revoked at the pin',
    run: (s) => {
      const second = s.owner.addDevice();
      s.owner.revoke(second.device);
      const { seq: chainSeq, head: chainHead } = s.owner.chain;
      s.commit([put(s.changedMember(s.owner, { chainSeq, chainHead }))]);
      const changes = [put(s.newNode())];
      return { valid: s.seal(changes), broken: s.seal(changes, { device: second }) };
    },
  },
  {
    rule: 'no-effect',
    about: 'removes what is not there',
    run: (s) => ({
      valid: s.seal([put(s.newNode())]),
      broken: s.seal([remove(s.newNode())]),
    }),
  },
  {
    rule: 'no-effect',
    about: 'writes what is there',
    run: (s) => ({
      valid: s.seal([put(s.revised(s.node(s.root)))]),
      broken: s.seal([put(s.node(s.root))]),
    }),
  },
  {
    rule: 'record-space',
    about: 'holds a record of another space',
    run: (s) => {
      const node = s.newNode();
      const space = OTHER_ID.slice(32) as SpaceId;
      return { valid: s.seal([put(node)]), broken: s.seal([put({ ...node, space })]) };
    },
  },
];

function forged(
  rule: RuleName,
  about: string,
  forge: NonNullable<Parameters<TestSpace['seal']>[1]>['forge'],
): RuleCase {
  return {
    rule,
    about,
    run: (s) => {
      const changes = [put(s.newNode())];
      return { valid: s.seal(changes), broken: s.seal(changes, { forge: forge ?? {} }) };
    },
  };
}
