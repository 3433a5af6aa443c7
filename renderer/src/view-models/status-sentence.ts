/**
 * The one sentence that says how things are: the same in the tray, at the head of the page and in
 * its status line. What needs a decision comes before what moves, what moves before silence.
 */
import type { EngineStatus, PairStatus } from '@coffer/native-worker/contract';
import { decisionCount, type DriveSnapshot } from '../control/drive-snapshot.ts';
import type { GlyphState } from '../ui/glyph-shapes.ts';
import type { Words } from '../words/translator.ts';
import { timeLeftText } from './time-left.ts';

const JUST_NOW_MS = 60_000;

export interface StatusSentence {
  readonly glyph: GlyphState;
  readonly title: string;
  readonly detail: string;
}

/** `secondsLeft`: of the whole queue, null where nothing can be said. */
export function statusSentence(
  snapshot: DriveSnapshot,
  { words, nowMs, secondsLeft }: { words: Words; nowMs: number; secondsLeft: number | null },
): StatusSentence {
  const { t } = words;
  const { account, connection, failure, status } = snapshot;
  if (connection === 'lost') return say('offline', t('status.lost'), t('status.lost.detail'));
  if (account?.signedIn === false) {
    return say('signed-out', t('status.signed-out'), t('status.signed-out.detail'));
  }
  if (failure !== undefined) return say('error', t('status.failed'), t('status.failed.detail'));
  if (status === undefined) return say('syncing', t('status.loading'), t('status.loading.detail'));
  if (status.pairs.length === 0)
    return say('idle', t('status.no-pair'), t('status.no-pair.detail'));
  if (status.pairs.some(({ state }) => state === 'error')) {
    return say('error', t('status.stopped'), t('status.stopped.detail'));
  }
  const motion = motionSentence(status, { words, nowMs, secondsLeft });
  const decisions = decisionCount(snapshot);
  if (decisions > 0) {
    const rest = motion.glyph === 'idle' ? t('status.rest-in-place') : motion.title;
    return say('attention', t('status.decisions', { count: decisions }), rest);
  }
  return motion;
}

interface MotionContext {
  readonly words: Words;
  readonly nowMs: number;
  readonly secondsLeft: number | null;
}

function motionSentence(status: EngineStatus, context: MotionContext): StatusSentence {
  const { t } = context.words;
  if (areAllPaused(status.pairs)) return pausedSentence(status.pairs, context);
  const active = status.pairs.filter(({ state }) => state !== 'paused');
  if (active.every(({ state }) => state === 'offline')) {
    const count = pendingOf(status.pairs).changes;
    return say(
      'offline',
      t('status.offline'),
      count === 0 ? t('status.offline.nothing') : t('status.offline.detail', { count }),
    );
  }
  const { uploads, downloads, other } = pendingOf(active);
  if (uploads + downloads > 0) return movingSentence(active, context);
  if (other > 0) return say('syncing', t('status.tidying', { count: other }), '');
  if (active.some(({ state }) => state === 'scanning' || state === 'syncing')) {
    return say('syncing', t('status.scanning'), t('status.scanning.detail'));
  }
  return idleSentence(active, context);
}

function movingSentence(
  pairs: readonly PairStatus[],
  { words, secondsLeft }: MotionContext,
): StatusSentence {
  const { t, formats } = words;
  const { uploads, downloads, bytes } = pendingOf(pairs);
  const title =
    downloads === 0
      ? t('status.sending', { count: uploads })
      : uploads === 0
        ? t('status.receiving', { count: downloads })
        : t('status.both', {
            sending: t('status.sending', { count: uploads }),
            receiving: t('status.also-receiving', { count: downloads }),
          });
  const left = t('status.left', { count: bytes, size: formats.bytes(bytes) });
  const time = secondsLeft === null ? '' : timeLeftText(secondsLeft, words);
  return say('syncing', title, time === '' ? left : t('list.comma', { first: left, second: time }));
}

function pausedSentence(pairs: readonly PairStatus[], { words }: MotionContext): StatusSentence {
  const { t, formats } = words;
  const untils = pairs.flatMap(({ pausedUntil }) =>
    pausedUntil === undefined ? [] : [Date.parse(pausedUntil)],
  );
  const { changes } = pendingOf(pairs);
  const title =
    untils.length < pairs.length
      ? t('status.paused')
      : t('status.paused-until', { time: formats.time(Math.min(...untils)) });
  const detail =
    changes === 0 ? t('status.paused.detail') : t('status.paused.waiting', { count: changes });
  return say('paused', title, detail);
}

function idleSentence(pairs: readonly PairStatus[], context: MotionContext): StatusSentence {
  const { t, formats } = context.words;
  const times = pairs.flatMap(({ lastSyncedAt }) =>
    lastSyncedAt === null ? [] : [Date.parse(lastSyncedAt)],
  );
  if (times.length < pairs.length) return say('idle', t('status.idle'), t('status.idle.never'));
  const oldestMs = Math.min(...times);
  const detail =
    context.nowMs - oldestMs < JUST_NOW_MS
      ? t('status.idle.just-now')
      : t('status.idle.checked', { time: formats.ago(oldestMs, context.nowMs) });
  return say('idle', t('status.idle'), detail);
}

/** Nothing syncs because the person wants it so; not where there is nothing to sync. */
export function areAllPaused(pairs: readonly PairStatus[]): boolean {
  return pairs.length > 0 && pairs.every(({ state }) => state === 'paused');
}

/** What is still to be done, of all these pairs. */
export function pendingOf(pairs: readonly PairStatus[]): {
  readonly uploads: number;
  readonly downloads: number;
  readonly other: number;
  readonly bytes: number;
  readonly changes: number;
} {
  let [uploads, downloads, other, bytes] = [0, 0, 0, 0];
  for (const { pending } of pairs) {
    uploads += pending.uploads;
    downloads += pending.downloads;
    other += pending.other;
    bytes += pending.uploadBytes + pending.downloadBytes;
  }
  return { uploads, downloads, other, bytes, changes: uploads + downloads + other };
}

function say(glyph: GlyphState, title: string, detail: string): StatusSentence {
  return { glyph, title, detail };
}
