export * from './chunk-format.ts';
export * from './pack.ts';
export * from './padding.ts';
export * from './page.ts';
export * from './transfer-format.ts';
