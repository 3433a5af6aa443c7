/** A profile's engine: in this thread, or in one of its own. */
export { errorFields } from './engine-log.ts';
export { EngineThread, type EngineThreadOptions } from './engine-thread.ts';
export { openProfile, type OpenedProfile, type ProfilePlace } from './open-profile.ts';
export { runEngineThread, type EngineThreadParts } from './run-engine-thread.ts';
export type { EngineThreadChoices, LogEntry } from './thread-messages.ts';
