export * from './envelope.ts';
export * from './seal.ts';
export * from './sign.ts';
