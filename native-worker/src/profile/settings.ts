/** What people set for a profile (`coffer config`): one file of known keys, each with its form. */
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { ControlFailure } from '../contract/faults.ts';
import type { EngineThreadChoices } from '../thread/thread-messages.ts';
import { ensureHome, type Profile } from './profile-folder.ts';
import { LOG_LEVELS, type LogLevel } from './profile-log.ts';

export interface SettingDefinition {
  readonly key: string;
  /** What a value looks like, for people. */
  readonly form: string;
  readonly pattern: RegExp;
  readonly summary: string;
  /** False: it is kept, but no part of this version reads it yet. */
  readonly isApplied: boolean;
}

const NUMBER = /^\d{1,9}$/;
const RATE = /^\d{1,6}(\.\d+)?([KMGT]i?)?$/;
const ON_OFF = /^(on|off)$/;

export const SETTINGS: readonly SettingDefinition[] = [
  setting('limit.up', 'bytes a second, like 500K or 2Mi', RATE, 'limit of what goes up', true),
  setting('limit.down', 'bytes a second, like 500K or 2Mi', RATE, 'limit of what comes down', true),
  setting('limit.schedule', 'HH:MM-HH:MM', /^\d\d:\d\d-\d\d:\d\d$/, 'hours of the limits', false),
  setting('proxy', 'http://HOST:PORT', /^https?:\/\/\S+$/, 'proxy for the server', false),
  setting('language', 'a code like en', /^[a-z]{2}(-[A-Z]{2})?$/, 'language of texts', false),
  setting('notifications.conflicts', 'on or off', ON_OFF, 'tell of conflicts', false),
  setting('notifications.stalls', 'on or off', ON_OFF, 'tell of stalls', false),
  setting('notifications.held', 'on or off', ON_OFF, 'tell of held deletions', false),
  setting('metered', 'on or off', ON_OFF, 'sync on metered connections', false),
  setting('battery', 'on or off', ON_OFF, 'sync on battery', false),
  setting('recycle.days', 'days', NUMBER, 'how long replaced local files are kept', false),
  setting('recycle.maxBytes', 'bytes, like 10G', RATE, 'room for replaced local files', false),
  setting('versions.days', 'days', NUMBER, 'how long all versions are kept', false),
  setting('trash.days', 'days', NUMBER, 'how long deleted files are kept', false),
  setting('hold.count', 'a number', NUMBER, 'deletions at once that wait for your word', true),
  setting(
    'hold.share',
    '0 to 1',
    /^(0(\.\d+)?|1(\.0+)?)$/,
    'the same as a share of the folder',
    true,
  ),
  setting(
    'log.level',
    LOG_LEVELS.join(', '),
    /^(debug|info|warn|error)$/,
    'how much is logged',
    true,
  ),
];

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

/** What the engine takes of the settings. */
export function engineChoices(settings: Settings): EngineThreadChoices {
  const up = settings['limit.up'];
  const down = settings['limit.down'];
  const count = settings['hold.count'];
  const share = settings['hold.share'];
  return {
    ...(up === undefined ? {} : { upBytesPerSecond: parseBytes(up) }),
    ...(down === undefined ? {} : { downBytesPerSecond: parseBytes(down) }),
    ...(count === undefined ? {} : { holdCountMax: Number(count) }),
    ...(share === undefined ? {} : { holdShareMax: Number(share) }),
  };
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
    throw new ControlFailure({
      code: 'usage',
      message: `'${text}' is no number of bytes`,
      hint: 'Write 500K or 2Mi.',
    });
  }
  return Math.round(bytes);
}

function setting(
  key: string,
  form: string,
  pattern: RegExp,
  summary: string,
  isApplied: boolean,
): SettingDefinition {
  return { key, form, pattern, summary, isApplied };
}
