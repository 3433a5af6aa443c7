import type { UsageListing } from '@coffer/native-worker/contract';
import type { Words } from '../words/translator.ts';

export type QuotaLevel = 'calm' | 'near' | 'tight' | 'full';

export interface QuotaGauge {
  /** From 0 to 1; 0 without a limit. */
  readonly share: number;
  readonly level: QuotaLevel;
  /** "31.4 GB of 50 GB". */
  readonly text: string;
  /** From 80 % on: what it means and what to do; else empty. */
  readonly warning: string;
}

const NEAR = 0.8;
const TIGHT = 0.95;

export function quotaGauge(usage: UsageListing, { t, formats }: Words): QuotaGauge {
  const { usedBytes, totalBytes } = usage;
  const used = formats.bytes(usedBytes);
  if (totalBytes === null) {
    return { share: 0, level: 'calm', text: t('quota.unbounded', { used }), warning: '' };
  }
  const share = totalBytes === 0 ? 1 : Math.min(1, usedBytes / totalBytes);
  const text = t('quota.used', { used, total: formats.bytes(totalBytes) });
  const left = formats.bytes(Math.max(0, totalBytes - usedBytes));
  if (share >= 1) return { share, level: 'full', text, warning: t('quota.full') };
  if (share >= TIGHT) return { share, level: 'tight', text, warning: t('quota.tight', { left }) };
  if (share >= NEAR) return { share, level: 'near', text, warning: t('quota.near', { left }) };
  return { share, level: 'calm', text, warning: '' };
}
