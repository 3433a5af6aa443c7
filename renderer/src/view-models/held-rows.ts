import type { HeldListing } from '@coffer/native-worker/contract';
import { baseName, visibleName } from '../ui/visible-name.ts';
import type { Words } from '../words/translator.ts';

export interface HeldRow {
  readonly id: string;
  /** The question. */
  readonly title: string;
  /** What is safe and where. */
  readonly detail: string;
  /** The answer that deletes. */
  readonly approve: string;
  /** The answer that keeps: the safe one. */
  readonly undo: string;
  readonly paths: readonly string[];
  /** "And 1,184 more"; empty when all are listed. */
  readonly more: string;
  /** Where in the list, by the first folder: at most four, the largest first. */
  readonly groups: readonly { readonly name: string; readonly count: number }[];
}

const GROUPS_MAX = 4;

export function heldRows(
  held: readonly HeldListing[],
  { words, nowMs }: { words: Words; nowMs: number },
): readonly HeldRow[] {
  const { t, formats } = words;
  return held.map(({ id, local, side, count, createdAt, paths }) => {
    const name = visibleName(baseName(local));
    const atMs = Date.parse(createdAt);
    const time = formats.daysAgo(atMs, nowMs) === 0 ? formats.time(atMs) : formats.day(atMs, nowMs);
    const where = side === 'remote' ? 'held.gone-here' : 'held.gone-there';
    return {
      id,
      title: t(where, { count, name }),
      detail: t(`${where}.detail`, { time }),
      approve: t(`${where}.approve`),
      undo: t(`${where}.undo`),
      paths,
      more: count > paths.length ? t('held.more', { count: count - paths.length }) : '',
      groups: groupsOf(paths),
    };
  });
}

/** The folders that differ first: names below the part that all paths share. */
function groupsOf(paths: readonly string[]): HeldRow['groups'] {
  const split = paths.map((path) => path.split('/').filter((part) => part !== ''));
  const [first = []] = split;
  let shared = 0;
  while (shared < first.length && split.every((parts) => parts[shared] === first[shared])) shared++;
  const counts = new Map<string, number>();
  for (const parts of split) {
    const isFile = parts.length <= shared + 1;
    const name = isFile ? '' : (parts[shared] ?? '');
    if (name !== '') counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return [...counts]
    .map(([name, count]) => ({ name, count }))
    .sort((a, b) => b.count - a.count)
    .slice(0, GROUPS_MAX);
}
