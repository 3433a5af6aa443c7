import type { PairListing, PairStatus } from '@coffer/native-worker/contract';
import type { GlyphState } from '../ui/glyph-shapes.ts';
import { baseName } from '../ui/visible-name.ts';
import type { Words } from '../words/translator.ts';
import { pendingOf } from './status-sentence.ts';

export interface PairRow {
  readonly id: string;
  readonly name: string;
  readonly local: string;
  readonly remote: string;
  readonly mode: PairListing['mode'];
  readonly modeText: string;
  readonly glyph: GlyphState;
  /** What it does at the moment, in a few words. */
  readonly text: string;
  readonly isPaused: boolean;
  readonly excluded: readonly string[];
}

const GLYPH_OF: Readonly<Record<PairStatus['state'], GlyphState>> = {
  idle: 'idle',
  scanning: 'syncing',
  syncing: 'syncing',
  paused: 'paused',
  attention: 'attention',
  offline: 'offline',
  error: 'error',
};

export function pairRows(
  pairs: readonly PairListing[],
  statuses: readonly PairStatus[],
  words: Words,
): readonly PairRow[] {
  return pairs.map((pair) => {
    const status = statuses.find(({ id }) => id === pair.id);
    return {
      id: pair.id,
      name: baseName(pair.local),
      local: pair.local,
      remote: pair.remote,
      mode: pair.mode,
      modeText: words.t(`mode.${pair.mode}`),
      glyph: GLYPH_OF[status?.state ?? pair.state],
      text: status === undefined ? '' : pairText(status, words),
      isPaused: (status?.state ?? pair.state) === 'paused',
      excluded: pair.excluded,
    };
  });
}

function pairText(status: PairStatus, { t, formats, find }: Words): string {
  const { changes } = pendingOf([status]);
  const waiting = status.conflicts + status.stalls + (status.held > 0 ? 1 : 0);
  if (status.state === 'paused') {
    return status.pausedUntil === undefined
      ? t('status.paused')
      : t('status.paused-until', { time: formats.time(Date.parse(status.pausedUntil)) });
  }
  if (status.reason !== undefined) {
    return find(`stall.${status.reason}`) ?? t('pair.decide', { count: Math.max(1, waiting) });
  }
  if (waiting > 0) return t('pair.decide', { count: waiting });
  if (status.state === 'offline') return t('status.offline');
  if (changes > 0) return t('pair.on-its-way', { count: changes });
  if (status.state === 'scanning' || status.state === 'syncing') return t('status.scanning');
  return t('pair.in-place');
}
