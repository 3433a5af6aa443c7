/** `config`, `config get`, `config set`, `config unset`: what people set for a profile. */
import type { CommandRun } from '../command.ts';
import type { CommandContext } from '../context.ts';
import { askDaemon, findDaemon } from '../daemon/daemon-client.ts';
import { CliFailure, UsageFailure } from '../failure.ts';
import {
  engineChoices,
  readSettings,
  requireSensible,
  SETTINGS,
  settingOf,
  writeSettings,
  type Settings,
} from '@coffer/native-worker/settings';

export const configList: CommandRun = async ({ profile, output }) => {
  const settings = readSettings(profile);
  const value = Object.fromEntries(SETTINGS.map(({ key }) => [key, settings[key] ?? null]));
  output.result(value, () =>
    output.table(
      SETTINGS.map(({ key, summary, missing }) => [
        key,
        settings[key] ?? '-',
        missing === undefined ? summary : `${summary} (not in this version)`,
      ]),
    ),
  );
};

export const configGet: CommandRun = async (context, input) => {
  const [key] = input.positionals;
  if (key === undefined) return configList(context, input);
  const { profile, output } = context;
  settingOf(key);
  const value = readSettings(profile)[key] ?? null;
  output.result({ [key]: value }, () => [value ?? '-']);
};

export const configSet: CommandRun = async (context, input) => {
  const [key = '', value = ''] = input.positionals;
  const { form, pattern, missing } = settingOf(key);
  if (missing !== undefined)
    throw new CliFailure('unsupported', `${key}: ${missing}`, 'Nothing was changed.');
  if (!pattern.test(value))
    throw new UsageFailure(`'${value}' does not fit ${key}`, `Give ${form}.`);
  requireSensible(key, value);
  await change(context, { ...readSettings(context.profile), [key]: value });
  say(context, key, value);
};

export const configUnset: CommandRun = async (context, input) => {
  const [key = ''] = input.positionals;
  settingOf(key);
  const { [key]: _removed, ...rest } = readSettings(context.profile);
  await change(context, rest);
  say(context, key, null);
};

/** A running daemon takes the settings over at once: its engine starts again, in a moment. */
async function change({ profile, signal }: CommandContext, settings: Settings): Promise<void> {
  engineChoices(settings); // Throws what the engine could not take: it is not written.
  writeSettings(profile, settings);
  const daemon = await findDaemon(profile);
  if (daemon !== undefined) await askDaemon(daemon, { method: 'POST', path: '/v1/reload', signal });
}

function say({ output }: CommandContext, key: string, value: string | null): void {
  output.result({ [key]: value }, () => [
    value === null ? `${key} has its default again.` : `${key} is ${value} now.`,
  ]);
}
