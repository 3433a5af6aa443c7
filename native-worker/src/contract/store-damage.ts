/** What says that the database of a profile is damaged: SQLite, or a stored record that is no record. */
import type { FailureShape } from './control-failure.ts';

/** Undefined for every other error. What others send is parsed before it is stored. */
export function storeDamage(error: unknown): FailureShape | undefined {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const isRecord = error instanceof Error && error.name === 'FormatError';
  if (!isRecord && !/^SQLITE_(CORRUPT|NOTADB)/.test(code)) return undefined;
  return {
    code: 'damaged-profile',
    message: 'what this computer keeps of the drive is damaged (engine.db in the profile folder)',
    hint: "Your files here and on the server were not touched. 'coffer verify' says more, and what to do.",
  };
}
