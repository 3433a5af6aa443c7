/** What a program on Node gives the client library. */
export * from './evidence-folder.ts';
export * from './http-transport.ts';
export * from './key-file.ts';
export * from './node-hash.ts';
export * from './pin-folder.ts';
export * from './system-clock.ts';
export * from './system-random.ts';
