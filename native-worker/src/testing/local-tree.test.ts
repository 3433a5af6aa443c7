import { localTreeContract } from './local-tree-contract.ts';
import { MemoryLocalTree } from './memory-local-tree.ts';

localTreeContract('in memory', () => {
  const tree = new MemoryLocalTree({
    ino: 2n,
    birthNs: 1n,
    size: 0,
    mtimeNs: 1n,
    ctimeNs: 1n,
    mode: 0o755,
    executable: false,
    sha256: null,
    target: null,
  });
  const stalls = (): readonly string[] =>
    [...tree.stalls.values()].flat().map(({ reason }) => reason);
  return {
    tree,
    pair: (id) => tree.paired.add(id),
    stalls,
    takeDirty: () => new Set(tree.dirty.splice(0)),
  };
});
