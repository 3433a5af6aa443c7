/** What people set for a profile (`coffer config`): one file of known keys, each with its form. */
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { ControlFailure } from '../contract/faults.ts';
import type { EngineThreadChoices, LimitHours } from '../thread/thread-messages.ts';
import { ensureHome, type Profile } from './profile-folder.ts';
import { LOG_LEVELS, type LogLevel } from './profile-log.ts';

export interface SettingDefinition {
  readonly key: string;
  /** What a value looks like, for people. */
  readonly form: string;
  readonly pattern: RegExp;
  readonly summary: string;
  /** Why this version takes no value for it; absent: it does. */
  readonly missing?: string;
}

const NUMBER = /^\d{1,9}$/;
const DAYS = /^\d{1,5}$/;
const RATE = /^\d{1,6}(\.\d+)?([KMGT]i?)?$/;
const HOURS = /^([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d$/;
const SHARE = /^(0(\.\d+)?|1(\.0+)?)$/;
const ANY = /^[^]*$/;

const NO_NOTICES = 'this version shows no notices';
const OF_THE_ACCOUNT =
  'how long the drive keeps things is a rule of the account, which this version cannot change';

export const SETTINGS: readonly SettingDefinition[] = [
  setting('limit.up', 'bytes a second, like 500K or 2Mi', RATE, 'limit of what goes up'),
  setting('limit.down', 'bytes a second, like 500K or 2Mi', RATE, 'limit of what comes down'),
  setting('limit.schedule', 'HH:MM-HH:MM', HOURS, 'hours of the day in which the limits hold'),
  setting('proxy', 'http://HOST:PORT', /^https?:\/\/[^\s/]+\/?$/, 'proxy on the way to the server'),
  notYet('language', 'language of texts', 'the command line speaks English alone'),
  notYet('notifications.conflicts', 'tell of conflicts', NO_NOTICES),
  notYet('notifications.stalls', 'tell of stalls', NO_NOTICES),
  notYet('notifications.held', 'tell of held deletions', NO_NOTICES),
  notYet('metered', 'sync on metered connections', 'this version cannot tell which ones are'),
  notYet('battery', 'sync on battery', 'this version does not look at the power supply'),
  setting('recycle.days', 'days', DAYS, 'how long replaced local files are kept'),
  setting('recycle.maxBytes', 'bytes, like 10G', RATE, 'room for them in each synced folder'),
  notYet('versions.days', 'how long earlier contents are kept', OF_THE_ACCOUNT),
  notYet('trash.days', 'how long deleted files are kept', OF_THE_ACCOUNT),
  setting('hold.count', 'a number', NUMBER, 'deletions at once that wait for your word'),
  setting('hold.share', '0 to 1', SHARE, 'the same as a share of the folder'),
  setting('log.level', LOG_LEVELS.join(', '), /^(debug|info|warn|error)$/, 'how much is logged'),
];

/**
 * Bytes a second. Three packs of 4 MiB may be under way at once, and a server waits 5 minutes for a
 * request: with less, large files would begin anew for ever.
 */
const RATE_MIN = 50_000;

/** Throws ControlFailure `usage` for a limit with which nothing would arrive. What is set already holds. */
export function requireSensible(key: string, value: string): void {
  if (key !== 'limit.up' && key !== 'limit.down') return;
  const bytes = parseBytes(value);
  if (bytes >= RATE_MIN) return;
  throw unfit(
    `${key} ${value} means ${bytes} byte${bytes === 1 ? '' : 's'} a second, with which large files never arrive`,
    `Give 50K (50,000 bytes a second) or more, as in 'coffer config set ${key} 500K'. 'coffer sync pause' sends and receives nothing for a time.`,
  );
}

export type Settings = Readonly<Record<string, string>>;

export function settingOf(key: string): SettingDefinition {
  const found = SETTINGS.find((known) => known.key === key);
  if (found !== undefined) return found;
  throw new ControlFailure({
    code: 'usage',
    message: `there is no setting '${key}'`,
    hint: "'coffer config' lists all of them.",
  });
}

/** What is set; unknown keys of later versions stay in it. */
export function readSettings({ configFile }: Profile): Settings {
  let text: string;
  try {
    text = readFileSync(configFile, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return {};
    throw error;
  }
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      return Object.fromEntries(Object.entries(value).map(([key, held]) => [key, String(held)]));
    }
  } catch {
    // Falls through: the file is not ours to overwrite.
  }
  throw new ControlFailure({
    code: 'damaged-profile',
    message: 'the settings of this profile cannot be read',
    hint: 'Correct or remove the file config.json in the profile folder; without it the defaults hold.',
  });
}

/** Whole at once. */
export function writeSettings(profile: Profile, settings: Settings): void {
  ensureHome(profile);
  const staged = `${profile.configFile}.new`;
  writeFileSync(staged, `${JSON.stringify(settings, null, 2)}\n`, { mode: 0o600 });
  renameSync(staged, profile.configFile);
}

/** What the engine takes of the settings. Throws ControlFailure `usage` for what it cannot take. */
export function engineChoices(settings: Settings): EngineThreadChoices {
  const given = <T>(key: string, read: (text: string) => T): T | undefined =>
    settings[key] === undefined ? undefined : read(settings[key]);
  return withoutUndefined({
    upBytesPerSecond: given('limit.up', parseBytes),
    downBytesPerSecond: given('limit.down', parseBytes),
    limitHours: given('limit.schedule', parseHours),
    proxy: given('proxy', parseProxy),
    recycleKeepMs: given('recycle.days', (days) => Number(days) * DAY_MS),
    recycleBytesMax: given('recycle.maxBytes', parseBytes),
    holdCountMax: given('hold.count', Number),
    holdShareMax: given('hold.share', Number),
  });
}

const DAY_MS = 24 * 60 * 60 * 1000;

type Defined<T> = { readonly [K in keyof T]?: Exclude<T[K], undefined> };

function withoutUndefined<T extends object>(given: T): Defined<T> {
  const held = Object.entries(given).filter(([, value]) => value !== undefined);
  return Object.fromEntries(held) as Defined<T>;
}

/** `22:00-06:00`: minutes of the local day. */
function parseHours(text: string): LimitHours {
  const [from = '', to = ''] = text.split('-');
  const minutesOf = (time: string): number => {
    const [hours, minutes] = time.split(':').map(Number);
    return (hours ?? 0) * 60 + (minutes ?? 0);
  };
  if (HOURS.test(text)) return { fromMinute: minutesOf(from), toMinute: minutesOf(to) };
  throw unfit(`'${text}' is no part of a day`, 'Write 08:00-18:00, or 22:00-06:00 for a night.');
}

function parseProxy(text: string): string {
  const url = URL.parse(text);
  if (url !== null && url.host !== '') return text;
  throw unfit(`'${text}' is not the address of a proxy`, 'Write http://proxy.example.org:3128.');
}

function unfit(message: string, hint: string): ControlFailure {
  return new ControlFailure({ code: 'usage', message, hint });
}

export function logLevel(settings: Settings): LogLevel {
  return LOG_LEVELS.find((level) => level === settings['log.level']) ?? 'info';
}

const POWERS = ['', 'K', 'M', 'G', 'T'] as const;

/** `500`, `1.5M` (1000), `2Mi` (1024). */
export function parseBytes(text: string): number {
  const { amount, unit = '' } = /^(?<amount>[\d.]+)(?<unit>[KMGT]i?)?$/.exec(text)?.groups ?? {};
  const power = POWERS.findIndex((letter) => letter === (unit[0] ?? ''));
  const bytes = Number(amount) * (unit.endsWith('i') ? 1024 : 1000) ** power;
  if (!(Math.round(bytes) > 0)) {
    throw unfit(`'${text}' is no number of bytes`, 'Write 500K or 2Mi.');
  }
  return Math.round(bytes);
}

function setting(key: string, form: string, pattern: RegExp, summary: string): SettingDefinition {
  return { key, form, pattern, summary };
}

function notYet(key: string, summary: string, missing: string): SettingDefinition {
  return { key, form: '', pattern: ANY, summary, missing };
}
