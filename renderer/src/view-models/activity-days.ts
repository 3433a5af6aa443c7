import type { ActivityListing } from '@coffer/native-worker/contract';
import { fileKind, type FileKind } from '../ui/file-kind.ts';
import { baseName, visibleName } from '../ui/visible-name.ts';
import type { Words } from '../words/translator.ts';

export interface ActivityRow {
  readonly id: string;
  readonly name: string;
  readonly kind: FileKind;
  readonly text: string;
  readonly time: string;
  /** To the second, for the tooltip. */
  readonly moment: string;
}

export interface ActivityDay {
  readonly heading: string;
  readonly rows: readonly ActivityRow[];
}

/** What happened, by days, newest first; at most `limit` rows in all. */
export function activityDays(
  activity: readonly ActivityListing[],
  { words, nowMs, limit }: { words: Words; nowMs: number; limit: number },
): readonly ActivityDay[] {
  const days: { heading: string; rows: ActivityRow[] }[] = [];
  for (const [i, entry] of activity.slice(0, limit).entries()) {
    const atMs = Date.parse(entry.at);
    const heading = dayHeading(atMs, nowMs, words);
    const row = activityRow(entry, words, `${entry.at} ${i}`);
    const last = days.at(-1);
    if (last?.heading === heading) last.rows.push(row);
    else days.push({ heading, rows: [row] });
  }
  return days;
}

function dayHeading(atMs: number, nowMs: number, { t, formats }: Words): string {
  const days = formats.daysAgo(atMs, nowMs);
  if (days <= 0) return t('day.today');
  return days === 1 ? t('day.yesterday') : formats.day(atMs, nowMs);
}

function activityRow(entry: ActivityListing, words: Words, id: string): ActivityRow {
  const { t, formats, find } = words;
  const path = entry.to ?? entry.path;
  const name = path === '' ? t('activity.unnamed') : baseName(path);
  const what =
    find(`activity.${entry.op}`, { name: visibleName(baseName(entry.path)) }) ?? entry.op;
  const size = entry.bytes === undefined ? '' : formats.bytes(entry.bytes);
  const atMs = Date.parse(entry.at);
  return {
    id,
    name,
    kind: entry.op === 'make-folder' ? 'folder' : fileKind(name),
    text: size === '' ? what : t('list.comma', { first: what, second: size }),
    time: formats.time(atMs),
    moment: formats.moment(atMs),
  };
}
