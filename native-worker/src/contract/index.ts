export * from './commands.ts';
export * from './engine-fault.ts';
export type { Engine } from './engine.ts';
export * from './events.ts';
export * from './shapes.ts';
