export * from './account-changes.ts';
export * from './account-seals.ts';
export * from './account.ts';
export * from './device-secrets.ts';
export * from './key-chain.ts';
