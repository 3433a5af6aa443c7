export * from './hash.ts';
export * from './labels.ts';
export * from './suite.ts';
export * from './verify.ts';
