export * from './local-tree-writer.ts';
export * from './types.ts';
export { createScanner } from './scanner.ts';
export * from './stable-read.ts';
export { createIgnoreRules, IGNORE_FILE } from './ignore.ts';
export type { IgnoreRule, IgnoreRules, IgnoreVerdict } from './ignore.ts';
export { unholdableName } from './folder-look.ts';
export { OWN_FOLDER } from './temporaries.ts';
