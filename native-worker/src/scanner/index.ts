export * from './local-tree-writer.ts';
export * from './types.ts';
export { createScanner } from './scanner.ts';
export * from './stable-read.ts';
export { unholdableName } from './folder-look.ts';
export * from './probe.ts';
