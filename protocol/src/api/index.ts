export * from './binary.ts';
export * from './calls.ts';
export * from './content-bodies.ts';
export * from './error-codes.ts';
export * from './schemas.ts';
export * from './json.ts';
export * from './proof-bodies.ts';
