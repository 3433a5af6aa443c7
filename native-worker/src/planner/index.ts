export * from './cells.ts';
export { roundToMs } from './meta.ts';
export { nameKey } from './name-key.ts';
export type * from './operations.ts';
export { plan } from './plan.ts';
export type * from './types.ts';
