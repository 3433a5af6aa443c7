import type { NodeId, SpaceId } from '@coffer/protocol/core';
import type { LocalId } from '../planner/types.ts';
import type { Pair } from '../trees/index.ts';
import { PLAIN_CAPS } from './test-scan.ts';

/** A two-way pair on a common file system, but for what is given. */
export function testPair(given: Partial<Pair> = {}): Pair {
  return {
    id: 'pair',
    space: 'd0'.repeat(16) as SpaceId,
    remoteRoot: 'a0'.repeat(16) as NodeId,
    mode: 'two-way',
    localPath: '/root',
    rootLocalId: 1 as LocalId,
    rootIno: 1n,
    rootBirthNs: 1n,
    caps: PLAIN_CAPS,
    ignores: [],
    cursorSeq: 0,
    scanGen: 0,
    state: 'ready',
    pausedUntilMs: 0,
    lastSyncedAtMs: null,
    createdAtMs: 0,
    ...given,
  };
}

/** The row of an empty file; others differ from it in what they say. */
export const plainRow = {
  parent: 1 as LocalId,
  name: 'file',
  kind: 'file',
  ino: 1n,
  birthNs: 1n,
  size: 0,
  mtimeNs: 1n,
  ctimeNs: 1n,
  mode: 0o644,
  executable: false,
  sha256: null,
  target: null,
  state: 'seen',
} as const;
