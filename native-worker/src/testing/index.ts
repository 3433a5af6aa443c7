/** Simulated ports and contract suites. */
export * from './sim-disk.ts';
export * from './sim-volume.ts';
export type { TornWrite } from './sim-inode.ts';
export type { DiskCall } from './sim-port.ts';
export * from './disk-user.ts';
export * from './test-disk.ts';
export * from './file-system-contract.ts';
export * from './memory-local-tree.ts';
export * from './test-scan.ts';
export * from './test-pair.ts';
export * from './editors.ts';
export * from './local-tree-contract.ts';
export * from './hint-source-contract.ts';
