/** Lines of the log from inside the engine's thread: what happened, to which id, never a name or path. */
import { IntegrityError } from '@coffer/protocol/core';
import { RemoteFault } from '@coffer/sdk/faults';
import { ControlFailure, EngineFault } from '../contract/index.ts';
import { LocalFault } from '../ports/index.ts';
import type { LogEntry } from './thread-messages.ts';

type Fields = LogEntry['fields'];

export interface EngineLog {
  readonly debug: (what: string, fields?: Fields) => void;
  readonly info: (what: string, fields?: Fields) => void;
  readonly warn: (what: string, fields?: Fields) => void;
  readonly failed: (what: string, error: unknown) => void;
}

export function logOf(write: (entry: LogEntry) => void): EngineLog {
  const at =
    (level: LogEntry['level']) =>
    (what: string, fields: Fields = {}): void =>
      write({ level, what, fields });
  return {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    failed: (what, error) => write({ level: 'error', what, fields: errorFields(error) }),
  };
}

/**
 * What may be written down of an error. Our own messages hold no names (CONTRIBUTING.md); those of the
 * system do, so that of them only the code and the places in our code are kept.
 */
export function errorFields(error: unknown): Fields {
  if (!(error instanceof Error)) return { error: typeof error };
  const isOurs =
    error instanceof IntegrityError ||
    error instanceof RemoteFault ||
    error instanceof EngineFault ||
    error instanceof ControlFailure ||
    error instanceof LocalFault ||
    error.name === 'Defect';
  return {
    error: error.name,
    ...('code' in error ? { code: String(error.code) } : {}),
    ...(isOurs ? { message: error.message } : {}),
    frames: framesOf(error),
  };
}

const FRAMES_MAX = 6;

/** `engine-loop.ts:88` and so on, innermost first. */
function framesOf(error: Error): string {
  const frames = (error.stack ?? '').split('\n').slice(1);
  return frames
    .flatMap((line) => /([\w.-]+\.(?:ts|js|mjs):\d+):\d+\)?$/.exec(line)?.[1] ?? [])
    .slice(0, FRAMES_MAX)
    .join(' < ');
}
