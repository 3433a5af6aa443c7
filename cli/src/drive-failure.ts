/** Refusals of the drive in the words of the command line. */
import { errorEntry } from '@coffer/protocol/api/error-codes';
import type { Result } from '@coffer/protocol/core';
import type { DriveRefusal } from '@coffer/sdk';
import { CliFailure } from './failure.ts';

/** The value of an outcome, or its refusal as a failure that names the path. */
export function valueOrFailure<T>(result: Result<T, DriveRefusal>): T {
  if (result.ok) return result.value;
  throw failureOf(result.error);
}

export function failureOf({ code, path }: DriveRefusal): CliFailure {
  const { text } = errorEntry(code);
  return new CliFailure(code, text, HINTS[code], { path });
}

const HINTS: Readonly<Partial<Record<DriveRefusal['code'], string>>> = {
  'not-found': "'coffer ls' and 'coffer find' show what is there.",
  exists: 'Nothing was changed. Choose another name, or move what is there away first.',
  'name-invalid': "Names have 1 to 1024 bytes and are not '.' or '..'.",
  unsupported: 'This works on files only.',
  'is-a-folder': 'Use -r for folders.',
};
