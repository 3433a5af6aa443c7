import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import test from 'node:test';
import type { CommitId, SpaceId } from '@coffer/protocol/core';
import { encodeHeadEvidence } from '../../client/space/head-evidence.ts';
import type { HeadEvidence, SignedHead } from '../../ports/index.ts';
import { createEvidenceFolder } from './evidence-folder.ts';

function head(seq: number, era: number): SignedHead {
  const id = seq.toString(16).padStart(64, '0') as CommitId;
  return { seq, era, id, header: Uint8Array.of(seq, 7), signature: new Uint8Array(64).fill(seq) };
}

const evidence: HeadEvidence = {
  space: 'a1'.repeat(16) as SpaceId,
  pinned: head(9, 0),
  offered: head(5, 0),
};

test('each pair of heads is written once, for its owner alone', () => {
  const folder = mkdtempSync(join(tmpdir(), 'coffer-evidence-'));
  try {
    const keep = createEvidenceFolder(join(folder, 'profile'));
    const path = keep(evidence);
    assert.equal(keep(evidence), path);
    const other = keep({ ...evidence, offered: head(4, 1) });
    assert.notEqual(other, path);
    assert.equal(readdirSync(join(folder, 'profile')).length, 2);
    assert.ok(path !== undefined && other !== undefined);
    assert.equal(statSync(path).mode & 0o777, 0o600);
    const text = readFileSync(path, 'utf8');
    const hex = Buffer.from(encodeHeadEvidence(evidence)).toString('hex');
    assert.ok(text.replaceAll('\n', '').endsWith(hex), 'the canonical bytes');
    assert.match(text, /seen +commit 9, era 0/);
    assert.match(text, /shown +commit 5, era 0/);
    assert.doesNotMatch(text, /accept-restored/);
    assert.match(readFileSync(other, 'utf8'), /accept-restored/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('what a write that broke off left is no evidence, and goes with the next one', () => {
  const folder = mkdtempSync(join(tmpdir(), 'coffer-evidence-'));
  try {
    const keep = createEvidenceFolder(folder);
    const path = keep(evidence);
    assert.ok(path !== undefined);
    const whole = readFileSync(path, 'utf8');
    rmSync(path);
    writeFileSync(`${path}.new`, whole.slice(0, 10));
    assert.equal(keep(evidence), path);
    assert.equal(readFileSync(path, 'utf8'), whole);
    assert.deepEqual(readdirSync(folder), [basename(path)]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('a folder that cannot be written keeps nobody from hearing of the refusal', () => {
  const folder = mkdtempSync(join(tmpdir(), 'coffer-evidence-'));
  try {
    writeFileSync(join(folder, 'file'), '');
    assert.equal(createEvidenceFolder(join(folder, 'file'))(evidence), undefined);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
