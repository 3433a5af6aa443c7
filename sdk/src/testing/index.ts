/** Simulated ports, and suites that every implementation of a port passes. */
export * from './memory-key-store.ts';
export * from './memory-space-store.ts';
export * from './space-store-contract.ts';
export * from './memory-pin-store.ts';
