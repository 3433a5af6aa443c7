/** The sync engine: what the daemon, the desktop shell and tests construct it from. */
export * from './adapters/index.ts';
export { ContentPool, CONTENT_WORKERS_MAX } from './content/index.ts';
export { createEngine } from './engine.ts';
export type {
  EngineHost,
  EngineOptions,
  EngineSettings,
  HintListener,
  HintSource,
} from './engine-options.ts';
export type { Engine } from './contract/index.ts';
export { createNativeSource } from './watcher/index.ts';
export { openEngineDatabase, SqliteSpaceStore, type EngineDatabase } from './trees/index.ts';
