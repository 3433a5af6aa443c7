export * from './node-file-system.ts';
export * from './system-clock.ts';
export * from './node-host.ts';
