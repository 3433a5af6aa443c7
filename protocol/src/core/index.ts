export * from './brand.ts';
export * from './bytes.ts';
export * from './errors.ts';
export * from './ids.ts';
export * from './limits.ts';
export * from './result.ts';
