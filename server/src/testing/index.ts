export { ManualClock, createSeededRandom } from './clock.ts';
export * from './memory-server.ts';
export { metadataStoreContract } from './metadata-store-contract.ts';
export { packStoreContract } from './pack-store-contract.ts';
