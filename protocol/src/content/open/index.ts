export * from './chunk-sealer.ts';
export * from './chunk.ts';
export * from './pages.ts';
export * from './chunker/chunker.ts';
