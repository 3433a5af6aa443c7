/** Numbers, sizes, speeds and times as a language writes them: all through Intl. */

export interface FormatPlace {
  /** BCP 47, with a region: `fr-FR`. */
  readonly locale: string;
  /** The system's when left out. */
  readonly timeZone?: string;
}

export interface Formats {
  readonly count: (count: number) => string;
  /** `share` from 0 to 1; never rounded up to the whole. */
  readonly percent: (share: number) => string;
  /** Decimal units, three significant digits. */
  readonly bytes: (bytes: number) => string;
  /** `done` in the unit of `total`, without the unit. */
  readonly bytesIn: (done: number, total: number) => string;
  /** Bytes per second. */
  readonly speed: (bytesPerSecond: number) => string;
  readonly time: (atMs: number) => string;
  /** Day and month; with the year if it is not this one. */
  readonly day: (atMs: number, nowMs: number) => string;
  /** To the second and with the zone, for tooltips. */
  readonly moment: (atMs: number) => string;
  /** "2 minutes ago". */
  readonly ago: (atMs: number, nowMs: number) => string;
  /** Whole days from the day of `nowMs` back to that of `atMs`, as calendars count. */
  readonly daysAgo: (atMs: number, nowMs: number) => number;
}

const UNITS = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte', 'petabyte'] as const;
/** From here on three digits would be rounded up to the next unit. */
const UNIT_FULL = 999.5;
const DAY_MS = 86_400_000;

/** Index of the largest unit of which there is at least one. */
function unitOf(bytes: number): number {
  let unit = 0;
  for (let left = bytes; left >= UNIT_FULL && unit < UNITS.length - 1; unit++) left /= 1000;
  return unit;
}

export function createFormats({ locale, timeZone }: FormatPlace): Formats {
  const zone = timeZone === undefined ? {} : { timeZone };
  const numbers = new Intl.NumberFormat(locale);
  const percents = new Intl.NumberFormat(locale, { style: 'percent', roundingMode: 'trunc' });
  const threeDigits = new Intl.NumberFormat(locale, { maximumSignificantDigits: 3 });
  const times = new Intl.DateTimeFormat(locale, { ...zone, hour: '2-digit', minute: '2-digit' });
  const days = new Intl.DateTimeFormat(locale, { ...zone, day: 'numeric', month: 'short' });
  const daysOfYears = new Intl.DateTimeFormat(locale, { ...zone, dateStyle: 'medium' });
  const moments = new Intl.DateTimeFormat(locale, {
    ...zone,
    dateStyle: 'medium',
    timeStyle: 'long',
  });
  const relative = new Intl.RelativeTimeFormat(locale, { numeric: 'auto' });
  const calendar = new Intl.DateTimeFormat('en-CA', { ...zone, dateStyle: 'short' });

  const units = (unit: number, suffix: '' | '-per-second'): Intl.NumberFormat =>
    new Intl.NumberFormat(locale, {
      style: 'unit',
      unit: `${UNITS[unit] ?? 'byte'}${suffix}`,
      unitDisplay: unit === 0 ? 'long' : 'short',
      maximumSignificantDigits: 3,
    });
  const sizes = UNITS.map((_, unit) => units(unit, ''));
  const speeds = UNITS.map((_, unit) => units(unit, '-per-second'));
  const inUnit = (all: readonly Intl.NumberFormat[], bytes: number): string => {
    const unit = unitOf(bytes);
    return all[unit]?.format(bytes / 1000 ** unit) ?? '';
  };
  const dayNumber = (atMs: number): number => Date.parse(calendar.format(atMs)) / DAY_MS;

  return {
    count: (count) => numbers.format(count),
    percent: (share) => percents.format(Math.min(Math.max(share, 0), 1)),
    bytes: (bytes) => inUnit(sizes, bytes),
    bytesIn: (done, total) => threeDigits.format(done / 1000 ** unitOf(total)),
    speed: (bytesPerSecond) => inUnit(speeds, bytesPerSecond),
    time: (atMs) => times.format(atMs),
    day: (atMs, nowMs) =>
      calendar.format(atMs).slice(0, 4) === calendar.format(nowMs).slice(0, 4)
        ? days.format(atMs)
        : daysOfYears.format(atMs),
    moment: (atMs) => moments.format(atMs),
    ago: (atMs, nowMs) => agoText(relative, Math.max(0, nowMs - atMs) / 1000),
    daysAgo: (atMs, nowMs) => Math.round(dayNumber(nowMs) - dayNumber(atMs)),
  };
}

function agoText(relative: Intl.RelativeTimeFormat, seconds: number): string {
  if (seconds < 60) return relative.format(0, 'second');
  if (seconds < 3600) return relative.format(-Math.floor(seconds / 60), 'minute');
  if (seconds < 86_400) return relative.format(-Math.floor(seconds / 3600), 'hour');
  return relative.format(-Math.floor(seconds / 86_400), 'day');
}
