export * from './chokidar-source.ts';
export * from './folders-source.ts';
export * from './native-source.ts';
export * from './recursive-source.ts';
export { WATCHER_DEAD } from './heartbeat.ts';
