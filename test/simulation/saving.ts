/** Saves that take their time: between two steps of an editor, engines look and others act. */
import { EDITORS } from '@coffer/native-worker/testing';
import type { Choices } from './choices.ts';

type Editor = (typeof EDITORS)[number];

export interface SlowSave {
  readonly key: string;
  readonly path: string;
  readonly content: string;
  readonly steps: readonly (() => void)[];
  /** Content at the path; undefined when no file is there. */
  readonly read: () => string | undefined;
  /** Contents of all files of the pair, hidden ones left out. */
  readonly contents: () => readonly string[];
  /** Those of them that are in a file that is no temporary. */
  readonly lasting: () => readonly string[];
}

export interface SaveOutcome {
  /** The new content is under the file's name. */
  readonly isDone: boolean;
  /** What the editor's steps removed or overwrote, of whomever it was. */
  readonly taken: readonly string[];
  /** What is in temporaries alone since these steps, and may go with them at any time. */
  readonly left: readonly string[];
}

const [FIRST_EDITOR, ...MORE_EDITORS] = EDITORS;
/** How the names of backups end, and those of temporaries: parts of the expressions below. */
const BACKUP_END = String.raw`(?:\.(?:bak|old|orig|tmp|backup)|~)`;
const TEMPORARY_END = String.raw`-does-\d+(?:[AB]\.tmp|\.new)`;
/** A backup's name, in the words of a deed or a path. */
export const BACKUP_NAME = new RegExp(String.raw`${BACKUP_END}(?: |$|'|\/)`);
/** Deeds by which a file whose name is a backup's is renamed over another one, or changes places with it. */
export const PUT_BACK = new RegExp(
  `^(?:(?:replace .* by|swap .* and) .*${BACKUP_END}$|swap .*${BACKUP_END} and )`,
);
/** Visible names that editors give to what they put over their file next. */
export const TEMPORARY = new RegExp(`${TEMPORARY_END}$`);
/** Deeds by which such a file gets another name. */
export const MOVED_TEMPORARY = new RegExp(String.raw`^(?:move|rename) \S*${TEMPORARY_END} to `);
const PAUSE_MS_MAX = 1500;

/** The editors of the world; one that needs hard links only where there are some. */
export function editorFor(choices: Choices, key: string, hasHardLinks: boolean): Editor {
  if (FIRST_EDITOR === undefined) throw new Error('there are no editors');
  const fitting = MORE_EDITORS.filter(({ name }) => hasHardLinks || !name.includes('gedit'));
  return choices.pick(`${key} editor`, [FIRST_EDITOR, ...fitting]);
}

/** What was in the file is in another one afterwards: it was moved, not given up. */
export function keepsBackup({ name }: Editor): boolean {
  return name.endsWith('keep f.bak');
}

/** Contents that `step` takes off the disk: nothing else happens while it does. */
export function takenBy(step: () => void, contents: SlowSave['contents']): readonly string[] {
  const before = contents();
  step();
  const after = new Set(contents());
  return before.filter((content) => !after.has(content));
}

/**
 * Runs the steps with pauses. An editor whose file was taken away gives up; one whose `pause` gives
 * false was switched off with its device.
 */
export async function saveSlowly(
  save: SlowSave,
  pause: (name: string, ms: number) => Promise<boolean>,
  choices: Choices,
): Promise<SaveOutcome> {
  const taken: string[] = [];
  const left: string[] = [];
  for (const [i, step] of save.steps.entries()) {
    const ms = choices.roll(`${save.key} pause ${i}`, PAUSE_MS_MAX);
    if (!(await pause(`${save.key} step ${i}`, ms))) return { isDone: false, taken, left };
    let isStuck = false;
    const tried = (): void => {
      isStuck = !isThrough(step);
    };
    const takenFrom = (): void => void taken.push(...takenBy(tried, save.contents));
    left.push(...takenBy(takenFrom, save.lasting).filter((content) => !taken.includes(content)));
    if (isStuck) break;
  }
  return { isDone: save.read() === save.content, taken, left };
}

function isThrough(step: () => void): boolean {
  try {
    step();
    return true;
  } catch (error) {
    if (error instanceof Error && error.name === 'LocalFault') return false;
    throw error;
  }
}
