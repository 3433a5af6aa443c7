export type * from './ports/index.ts';
export type * from './client/space-changes.ts';
