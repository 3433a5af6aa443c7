export * from './local-tree-writer.ts';
export * from './types.ts';
export * from './ignore.ts';
export { OWN_FOLDER, isBackupName, isBuiltInTemporary } from './temporaries.ts';
