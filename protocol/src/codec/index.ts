export * from './cbor.ts';
export * as schema from './schema.ts';
export type { Schema } from './schema.ts';
