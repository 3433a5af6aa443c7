import { UsageFailure } from './failure.ts';

const MS_BY_UNIT: Readonly<Record<string, number>> = {
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** `90s 15m 2h 7d` as milliseconds; throws UsageFailure on anything else. */
export function parseDurationMs(text: string): number {
  const { amount, unit } = /^(?<amount>\d+)(?<unit>[smhd])$/.exec(text)?.groups ?? {};
  const ms = Number(amount) * (MS_BY_UNIT[unit ?? ''] ?? Number.NaN);
  if (!(ms > 0)) throw new UsageFailure(`'${text}' is not a duration`, 'Write 90s, 15m, 2h or 7d.');
  return ms;
}
