import type { ConflictListing } from '@coffer/native-worker/contract';
import { fileKind, type FileKind } from '../ui/file-kind.ts';
import { baseName, visibleName } from '../ui/visible-name.ts';
import type { Words } from '../words/translator.ts';

export interface ConflictSide {
  readonly keep: 'mine' | 'theirs';
  readonly title: string;
  readonly detail: string;
  /** Says what the button would do, with the side's title: buttons of two cards must differ. */
  readonly action: string;
}

export interface ConflictRow {
  readonly id: string;
  /** For `resolveConflict`. */
  readonly path: string;
  readonly name: string;
  readonly kind: FileKind;
  /** The conflict copy, then the file that kept its name. */
  readonly sides: readonly [ConflictSide, ConflictSide];
}

/** The device in a conflict copy's name (docs/engine.md §5). */
const COPY_NAME = /\(conflict (.+) \d{4}-\d\d-\d\d \d\d-\d\d-\d\d\)/;

export function conflictRows(
  conflicts: readonly ConflictListing[],
  { words, nowMs, device }: { words: Words; nowMs: number; device: string | undefined },
): readonly ConflictRow[] {
  const { t, formats } = words;
  return conflicts.map((conflict) => {
    const { id, path, copy, at, sizes } = conflict;
    const name = baseName(path);
    const writer = COPY_NAME.exec(baseName(copy))?.[1];
    const mine =
      conflict.device === device
        ? t('conflict.this-computer')
        : writer === undefined
          ? t('conflict.other-device')
          : visibleName(writer);
    const atMs = Date.parse(at);
    const when = formats.daysAgo(atMs, nowMs) === 0 ? formats.time(atMs) : formats.day(atMs, nowMs);
    const theirs = t('conflict.kept-name');
    return {
      id,
      path,
      name,
      kind: fileKind(name),
      sides: [
        {
          keep: 'mine',
          title: mine,
          detail: t('list.comma', { first: when, second: formats.bytes(sizes.mine) }),
          action: t('conflict.keep-only', { side: mine }),
        },
        {
          keep: 'theirs',
          title: theirs,
          detail: formats.bytes(sizes.theirs),
          action: t('conflict.keep-only', { side: theirs }),
        },
      ],
    };
  });
}
