export * from './chokidar-source.ts';
export * from './folders-source.ts';
export * from './native-source.ts';
export * from './recursive-source.ts';
export { ROOT_BACK, ROOT_GONE, WATCHER_DEAD, withHeartbeat } from './heartbeat.ts';
