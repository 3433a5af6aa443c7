export * from './content-pool.ts';
export * from './pooled-source.ts';
