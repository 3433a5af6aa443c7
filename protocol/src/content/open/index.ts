export * from './chunk.ts';
export * from './pages.ts';
