export * from './account-commands.ts';
export type * from './bridge.ts';
export * from './commands.ts';
export * from './control-failure.ts';
export * from './control.ts';
export * from './engine-fault.ts';
export type { Engine } from './engine.ts';
export * from './events.ts';
export * from './shapes.ts';
