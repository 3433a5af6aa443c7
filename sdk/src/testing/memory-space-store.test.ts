import test from 'node:test';
import { createMemorySpaceStore } from './memory-space-store.ts';
import { SPACE_STORE_CONTRACT } from './space-store-contract.ts';

for (const { title, check } of SPACE_STORE_CONTRACT) {
  test(`in memory: ${title}`, () => {
    check(createMemorySpaceStore());
  });
}
