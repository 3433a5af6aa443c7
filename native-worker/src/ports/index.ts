export * from './file-system.ts';
export type { Clock, Random } from '@coffer/sdk';
