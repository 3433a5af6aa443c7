export * from './cells.ts';
export { conflictName } from './conflict-name.ts';
export { localNameFor, remoteNameOf } from './local-names.ts';
export { roundToMs } from './meta.ts';
export { isSameName, nameKey } from './name-key.ts';
export type * from './operations.ts';
export { plan } from './plan.ts';
export type * from './types.ts';
