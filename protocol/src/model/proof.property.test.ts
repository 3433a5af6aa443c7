import assert from 'node:assert/strict';
import test from 'node:test';
import * as fc from 'fast-check';
import {
  IntegrityError,
  utf8ToBytes,
  type Bytes,
  type Digest,
  type NodeId,
} from '../core/index.ts';
import { createNodeVerifySuite } from '../suites/node-verify.ts';
import type { RecordChange } from './commit.ts';
import { ProofWriter, proveListing, proveRecords, proveState } from './proof.ts';
import type { TreeKey } from './records.ts';
import { PlainView } from './testing/plain-view.ts';
import { childrenRange } from './tree-keys.ts';
import { planTreeUpdate } from './tree.ts';
import { verifyProof } from './verified-proof.ts';

const suite = createNodeVerifySuite();

const parents = fc.constantFrom('00', '01', '80', 'c0', 'c1', 'ff');
const key = fc
  .tuple(parents, fc.integer({ min: 0, max: 60 }))
  .map(
    ([parent, n]) =>
      (parent.padEnd(32, '0') + n.toString(16).padStart(2, '0').repeat(16)) as TreeKey,
  );
const records = fc.uniqueArray(key, { maxLength: 120 });

function stateOf(keys: readonly TreeKey[]): { readonly view: PlainView; readonly root: Digest } {
  const view = new PlainView();
  const all = [...keys].sort().map((k): RecordChange => [k, recordOf(k)]);
  const { root, treeNodes } = planTreeUpdate(suite, view, all);
  view.apply(all, treeNodes);
  return { view, root };
}

function recordOf(treeKey: TreeKey): Bytes {
  return utf8ToBytes(treeKey);
}

test('a proof shows of every asked key that its record is there or that none is', () => {
  fc.assert(
    fc.property(records, fc.array(key, { minLength: 1, maxLength: 5 }), (present, asked) => {
      const { view, root } = stateOf(present);
      const proof = verifyProof(suite, root, proveRecords(suite, view, asked));
      for (const k of asked) {
        if (present.includes(k)) proof.checkRecord(k, recordOf(k));
        else assert.equal(proof.recordDigest(k), null);
        assert.throws(() => proof.checkRecord(k, Uint8Array.of(1)), IntegrityError);
      }
    }),
  );
});

test('a listing holds every child and no other', () => {
  fc.assert(
    fc.property(records, parents, (present, short) => {
      const { view, root } = stateOf(present);
      const parent = short.padEnd(32, '0') as NodeId;
      const proof = verifyProof(suite, root, proveListing(suite, view, parent));
      const [from, to] = childrenRange(parent);
      const expected = [...present].sort().filter((k) => k >= from && k <= to);
      assert.deepEqual(
        proof.listing(parent).map(([k]) => k),
        expected,
      );
    }),
  );
});

test('a witness gives the root that the full state gives', () => {
  const step = fc.uniqueArray(fc.tuple(key, fc.boolean()), { selector: ([k]) => k, maxLength: 40 });
  fc.assert(
    fc.property(records, step, (present, rows) => {
      const { view, root } = stateOf(present);
      const changes = rows
        .map(([k, isRemoved]): RecordChange => [k, isRemoved ? null : Uint8Array.of(7)])
        .sort(([a], [b]) => (a < b ? -1 : 1));
      const proof = proveRecords(
        suite,
        view,
        changes.map(([k]) => k),
      );
      const after = verifyProof(suite, root, proof).rootAfter(changes);
      assert.equal(after, planTreeUpdate(suite, view, changes).root);
    }),
    { numRuns: 300 },
  );
});

test('one proof shows records and listings together', () => {
  const keys = Array.from({ length: 90 }, (_, n) => {
    const parent = n % 2 === 0 ? 'aa' : 'bb';
    return (parent.repeat(16) + n.toString(16).padStart(2, '0').repeat(16)) as TreeKey;
  });
  const { view, root } = stateOf(keys);
  const parent = 'aa'.repeat(16) as NodeId;
  const [, other = keys[0]] = keys;
  assert.ok(other !== undefined);
  const bytes = proveState(suite, view, { keys: [other], listings: [parent] });
  const proof = verifyProof(suite, root, bytes);
  assert.equal(proof.listing(parent).length, 45);
  proof.checkRecord(other, recordOf(other));
});

test('a folder of forty thousand is listed, in steps as at one go', () => {
  const keys = Array.from({ length: 40_000 }, (_, n) => {
    return ('aa'.repeat(16) + n.toString(16).padStart(32, '0')) as TreeKey;
  });
  const { view, root } = stateOf(keys);
  const parent = 'aa'.repeat(16) as NodeId;
  const bytes = proveListing(suite, view, parent);
  assert.equal(verifyProof(suite, root, bytes).listing(parent).length, keys.length);
  const steps = new ProofWriter(suite, view, { keys: [], listings: [parent, parent] });
  let count = 1;
  for (; !steps.write(10_000); count++);
  assert.equal(count, 8);
  assert.deepEqual(steps.bytes(), bytes);
});

test('a question that a proof does not answer is refused', () => {
  const keys = ['00', '40', '80', 'c0'].map((first) => first.padEnd(64, '1') as TreeKey);
  const { view, root } = stateOf(keys);
  const [a, b] = keys;
  assert.ok(a !== undefined && b !== undefined);
  const proof = verifyProof(suite, root, proveRecords(suite, view, [a]));
  assert.throws(() => proof.recordDigest(b), /does not reach/);
  assert.throws(() => proof.listing(b.slice(0, 32) as NodeId), /not complete/);
  assert.throws(() => proof.rootAfter([[b, null]]), /does not reach/);
});

test('every flipped bit, cut and appended byte of a proof is refused', () => {
  const keys = Array.from({ length: 60 }, (_, n) => {
    return ('c4'.repeat(16) + n.toString(16).padStart(2, '0').repeat(16)) as TreeKey;
  });
  const { view, root } = stateOf([...keys, '12'.repeat(32) as TreeKey]);
  const asked = ['12'.repeat(32), 'c4'.repeat(32)] as TreeKey[];
  const proof = proveRecords(suite, view, asked);
  verifyProof(suite, root, proof);
  for (let at = 0; at < proof.length; at++) {
    for (let bit = 0; bit < 8; bit++) {
      const flipped = proof.slice();
      flipped[at] = (flipped[at] ?? 0) ^ (1 << bit);
      assert.throws(() => verifyProof(suite, root, flipped), IntegrityError, `byte ${at}`);
    }
    assert.throws(() => verifyProof(suite, root, proof.subarray(0, at)), IntegrityError);
  }
  assert.throws(() => verifyProof(suite, root, Uint8Array.of(...proof, 0)), IntegrityError);
});

test('the empty state is proved by one byte, and nothing else by it', () => {
  const empty = stateOf([]);
  const proof = proveRecords(suite, empty.view, ['11'.repeat(32) as TreeKey]);
  assert.deepEqual([...proof], [3]);
  assert.equal(
    verifyProof(suite, empty.root, proof).recordDigest('11'.repeat(32) as TreeKey),
    null,
  );
  const { root } = stateOf(['11'.repeat(32) as TreeKey]);
  assert.throws(() => verifyProof(suite, root, proof), IntegrityError);
});
