import type { Words } from '../words/translator.ts';

/** "11 s", "about 2 minutes", "about 3 hours"; nothing for what would take longer than two days. */
export function timeLeftText(seconds: number, { t }: Words): string {
  const HOUR = 3600;
  const HOURS_MAX = 48;
  if (seconds < 60) return t('time.seconds', { count: Math.max(1, Math.ceil(seconds)) });
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return t('time.minutes', { count: minutes });
  const hours = Math.round(seconds / HOUR);
  return hours > HOURS_MAX ? '' : t('time.hours', { count: hours });
}
