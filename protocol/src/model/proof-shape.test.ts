/**
 * Roots that a malicious writer made: the hashes fit, the shape does not. Every check of the shape is
 * needed, since the root vouches for nothing here.
 */
import assert from 'node:assert/strict';
import test from 'node:test';
import { bytesToHex, concatBytes, hexToBytes, u8, type Bytes, type Digest } from '../core/index.ts';
import { createNodeVerifySuite } from '../suites/node-verify.ts';
import { createTreeHasher } from './tree-hash.ts';
import { verifyProof } from './verified-proof.ts';

const suite = createNodeVerifySuite();
const hasher = createTreeHasher(suite);

interface Piece {
  readonly bytes: Bytes;
  readonly hash: Bytes;
}

function leaf(first: string): Piece {
  const key = first.padEnd(64, '5');
  const digest = suite.sha256(hexToBytes(key));
  return { bytes: concatBytes(u8(1), hexToBytes(key), digest), hash: hasher.leaf(key, digest) };
}

function inner(d: number, prefix: string, left: Piece, right: Piece): Piece {
  const shown = hexToBytes(prefix.padEnd(64, '0').slice(0, 2 * Math.ceil(d / 8)));
  return {
    bytes: concatBytes(u8(2), u8(d), shown, left.bytes, right.bytes),
    hash: hasher.node(d, prefix.padEnd(64, '0'), left.hash, right.hash),
  };
}

function check(piece: Piece): void {
  verifyProof(suite, bytesToHex(piece.hash) as Digest, piece.bytes);
}

test('a tree of the right shape is accepted', () => {
  check(inner(0, '', leaf('0'), inner(1, '8', leaf('8'), leaf('c'))));
});

test('a leaf on the wrong side is refused', () => {
  assert.throws(() => check(inner(0, '', leaf('8'), leaf('0'))), /wrong place/);
});

test('a leaf outside the prefix of its parent is refused', () => {
  assert.throws(() => check(inner(4, '5', leaf('60'), leaf('68'))), /wrong place/);
});

test('a node outside the prefix of its parent is refused', () => {
  const lower = inner(8, '61', leaf('610'), leaf('618'));
  assert.throws(() => check(inner(4, '5', lower, leaf('58'))), /wrong place/);
});

test('a node that does not lie below its parent is refused', () => {
  const same = inner(1, '0', leaf('0'), leaf('4'));
  assert.throws(() => check(inner(1, '0', same, leaf('4'))), /below its parent/);
});

test('bits after the end of a prefix are refused', () => {
  assert.throws(() => check(inner(1, '7', leaf('0'), leaf('4'))), /after its end/);
});

test('an unknown node, and the empty tree inside of another, are refused', () => {
  for (const tag of [3, 4, 255]) {
    const odd = { bytes: u8(tag), hash: new Uint8Array(32) };
    assert.throws(() => check(inner(0, '', leaf('0'), odd)), /unknown node/);
  }
});
