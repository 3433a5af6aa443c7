export * from './memory-server.ts';
