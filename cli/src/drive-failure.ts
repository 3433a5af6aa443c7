/** Refusals of the drive in the words of the command line. */
import { errorEntry } from '@coffer/protocol/api/error-codes';
import type { Result } from '@coffer/protocol/core';
import type { DriveRefusal, NodeView } from '@coffer/sdk';
import { CliFailure } from './failure.ts';

type Code = DriveRefusal['code'];

/** What a command says instead of the sentences below, by code: what happened and what to do. */
export type RefusalTexts = Readonly<
  Partial<Record<Code, readonly [message: string, hint: string]>>
>;

/** The value of an outcome, or its refusal as a failure that names the path. */
export function valueOrFailure<T>(result: Result<T, DriveRefusal>, texts: RefusalTexts = {}): T {
  if (result.ok) return result.value;
  throw failureOf(result.error, texts);
}

export function failureOf(
  { code, path, part }: DriveRefusal,
  texts: RefusalTexts = {},
): CliFailure {
  const { text: sentence } = errorEntry(code);
  const [message, hint] = texts[code] ??
    TEXTS[code] ?? [`${sentence[0]?.toLowerCase()}${sentence.slice(1)}`];
  return new CliFailure(code, message, part === undefined ? hint : hintWith(part, hint), { path });
}

/** What is said of refusals that change nothing is not so when a part was made. */
function hintWith({ id, trashed }: NodeView, hint = ''): string {
  const where = trashed
    ? `What was made of it by then is in the trash (${id})`
    : "What was made of it by then stands there ('coffer rm' moves it to the trash)";
  const next = hint.replace(/ ?Nothing was changed\. ?/, '');
  return `${where}; nothing else was changed. ${next}`.trimEnd();
}

/** For commands that make something: the folder above is what is missing. */
export const NO_FOLDER_ABOVE: RefusalTexts = {
  'not-found': [
    'the folder that it should go into is not on the drive',
    'Nothing was changed there. -p makes missing folders.',
  ],
};

/** For commands that take no -p. */
export const NO_TARGET: RefusalTexts = {
  'not-found': [
    'the folder that it should go into is not on the drive',
    "Nothing was changed. 'coffer mkdir -p' makes folders.",
  ],
};

const TEXTS: RefusalTexts = {
  'not-found': [
    'there is nothing at this place on the drive',
    "'coffer ls' and 'coffer find' show what is there.",
  ],
  exists: [
    'there is something at this place on the drive already',
    'Nothing was changed. Choose another name, or move what is there away first.',
  ],
  'name-invalid': [
    'this is no path on the drive',
    "Names have 1 to 1024 bytes and are not '.' or '..'.",
  ],
  'not-a-folder': [
    'this is no folder of the drive',
    "Nothing was changed. 'coffer mkdir -p' makes one.",
  ],
  'is-a-folder': ['this is a folder', 'Nothing was changed. Use -r for folders.'],
  unsupported: ['this is no file', 'This works on files only.'],
  refused: [
    'this cannot be done with that',
    'The root of the drive stays where it is, and a folder does not go into itself. Nothing was changed.',
  ],
  conflict: [
    'this was changed on another device at the same moment',
    'Look at what is there now, then run it again if you still want it.',
  ],
  'limit-reached': [
    'this would be deeper than a drive can hold',
    'Nothing was changed. Choose a place less deep.',
  ],
  'quota-exceeded': [
    'there is no room for this on the drive',
    "Remove something for ever ('coffer trash empty'), or ask who runs the server for more.",
  ],
  'content-missing': [
    'the server has lost a part of what was sent',
    'Nothing was changed. Run it again: it is sent anew.',
  ],
};
