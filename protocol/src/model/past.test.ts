import assert from 'node:assert/strict';
import test from 'node:test';
import { bytesToHex, u32be, ZERO_DIGEST, type CommitId, type Digest } from '../core/index.ts';
import { createNodeVerifySuite } from '../suites/node-verify.ts';
import { extendEdge, pastRoot, provePast, verifyPast } from './past.ts';

const suite = createNodeVerifySuite();
const ids = Array.from({ length: 70 }, (_, i) => bytesToHex(suite.sha256(u32be(i))) as CommitId);

function edgeOf(count: number): readonly Digest[] {
  return ids
    .slice(0, count)
    .reduce<readonly Digest[]>((edge, id, i) => extendEdge(suite, edge, i, id), []);
}

test('the root over no ids is zero', () => {
  assert.equal(pastRoot(suite, []), ZERO_DIGEST);
});

test('every id of every size is proved against the root that the edge gives', () => {
  for (let size = 1; size <= ids.length; size++) {
    const root = pastRoot(suite, edgeOf(size));
    for (let index = 0; index < size; index++) {
      const proof = provePast(suite, ids.slice(0, size), index);
      assert.ok(proof.path.length <= Math.ceil(Math.log2(size)));
      const id = ids[index];
      assert.ok(id !== undefined && verifyPast(suite, root, id, proof));
    }
  }
});

test('a proof holds for no other id, place, size, root or path', () => {
  const size = 37;
  const root = pastRoot(suite, edgeOf(size));
  const proof = provePast(suite, ids.slice(0, size), 20);
  const id = ids[20] as CommitId;
  assert.ok(!verifyPast(suite, root, ids[21] as CommitId, proof));
  assert.ok(!verifyPast(suite, pastRoot(suite, edgeOf(36)), id, proof));
  for (let index = 0; index < size; index++) {
    if (index !== 20) assert.ok(!verifyPast(suite, root, id, { ...proof, index }));
  }
  assert.ok(!verifyPast(suite, root, id, { ...proof, size: 20 }));
  assert.ok(!verifyPast(suite, root, id, { ...proof, index: -1 }));
  assert.ok(!verifyPast(suite, root, id, { ...proof, path: proof.path.slice(1) }));
  assert.ok(!verifyPast(suite, root, id, { ...proof, path: [...proof.path, ZERO_DIGEST] }));
  proof.path.forEach((_, at) => {
    const path = proof.path.with(at, ZERO_DIGEST);
    assert.ok(!verifyPast(suite, root, id, { ...proof, path }));
  });
});
