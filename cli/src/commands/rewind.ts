/** `rewind`: a folder as it was at a time. */
import type { OnEditProgress, RewindPreview, RewindStep, Rewound } from '@coffer/sdk';
import type { CommandRun } from '../command.ts';
import { confirm } from '../confirm.ts';
import type { CommandContext } from '../context.ts';
import { valueOrFailure, type RefusalTexts } from '../drive-failure.ts';
import { parseDurationMs } from '../durations.ts';
import { finish } from '../each.ts';
import { CliFailure, UsageFailure } from '../failure.ts';
import { count, type Output } from '../output.ts';
import { editLine, ProgressLine } from '../progress.ts';

export const rewind: CommandRun = async (context, input) => {
  const [path = ''] = input.positionals;
  const time = parseTime(input.value('to'), Date.now());
  const drive = await context.freshDrive();
  const isDry = input.has('dry-run');
  const { signal, output } = context;
  using line = new ProgressLine(output, Date.now);
  const tell: OnEditProgress = (progress) => line.show(() => editLine('Rewinding', progress));
  if (!isDry && input.has('yes')) {
    const done = await drive.edit.rewind(path, { time }, signal, tell);
    return report(context, path, valueOrFailure(done, NOT_THEN));
  }
  const found = await drive.edit.previewRewind(path, { time }, signal, tell);
  const preview = valueOrFailure(found, NOT_THEN);
  if (isDry) return showPreview(context, path, preview);
  const { seq, steps, failed } = preview;
  if (steps.length === 0) return report(context, path, { changed: 0, seq, failed });
  const shown = output.name(path);
  const what = `this undoes ${count(steps.length, 'change')} in ${shown} (--dry-run lists them)`;
  await confirm(output, input, what, {
    nothing: 'Nothing was changed.',
    after: 'Contents of now stay as versions, and what came since goes to the trash.',
  });
  const done = await drive.edit.rewind(path, { seq }, signal, tell);
  return report(context, path, valueOrFailure(done, NOT_THEN));
};

const NOT_THEN: RefusalTexts = {
  'not-found': [
    'there is no such folder on the drive, or there was none at that time',
    "Nothing was changed. 'coffer trash' lists what was deleted; the folder above it can be rewound.",
  ],
};

/** RFC 3339, a day (its beginning in UTC), or how long ago. Unix milliseconds. */
function parseTime(text: string | undefined, now: number): number {
  if (text === undefined) throw new UsageFailure('--to is missing', TIME_HINT);
  if (/^\d+[smhd]$/.test(text)) return now - parseDurationMs(text);
  const isTime = /^\d{4}-\d\d-\d\d(T\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d))?$/i.test(text);
  const time = isTime && isDay(text.slice(0, 10)) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(time)) throw new UsageFailure(`'${text}' is no time`, TIME_HINT);
  if (time > now) throw new UsageFailure(`'${text}' has not come yet`, TIME_HINT);
  return time;
}

/** `Date.parse` takes the 30th of February for the 2nd of March. */
function isDay(day: string): boolean {
  const time = Date.parse(day);
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(day);
}

const TIME_HINT =
  'Write 2026-03-01T12:00:00Z, a day, or how long ago: 2h, 7d. Nothing was changed.';

function showPreview(context: CommandContext, path: string, preview: RewindPreview): number {
  const { output } = context;
  const { seq, steps, failed } = preview;
  output.result({ operations: steps, failed: failed.map((one) => placed(path, one)), seq }, () =>
    steps.length === 0
      ? [`Nothing to do: ${output.name(path)} is as it was then.`]
      : steps.map((step) => stepLine(step, output)),
  );
  return finish(
    context,
    failed.map((one) => failureOf(placed(path, one))),
  );
}

function stepLine({ op, path, to }: RewindStep, output: Output): string {
  return `${op} ${output.name(path)}${to === undefined ? '' : ` → ${output.name(to)}`}`;
}

function report(context: CommandContext, path: string, rewound: Rewound): number {
  const { output } = context;
  const { changed, seq } = rewound;
  const failed = rewound.failed.map((one) => placed(path, one));
  output.result({ changed, failed, seq }, () => [doneLine(output.name(path), rewound)]);
  return finish(context, failed.map(failureOf));
}

function doneLine(shown: string, { changed, failed }: Rewound): string {
  const rest = failed.length === 0 ? '' : `, but for ${count(failed.length, 'item')}`;
  if (changed === 0 && failed.length === 0) return `${shown} was like this then: nothing changed.`;
  return `${shown} is as it was then${rest}; what was there stays as versions and in the trash.`;
}

type Failed = Rewound['failed'][number];

/** With the path in the drive. */
function placed(folder: string, { path, why }: Failed): Failed {
  const above = folder.replace(/\/$/, '');
  return { path: `${above === '' || above.startsWith('/') ? above : `/${above}`}${path}`, why };
}

function failureOf({ path, why }: Failed): CliFailure {
  const [code, message, hint] = WHY[why];
  return new CliFailure(code, message, hint, { path });
}

const WHY = {
  gone: ['not-found', 'this was removed for ever since then', 'The rest was not held up by it.'],
  'version-gone': [
    'not-found',
    'the content that it had then is not kept any more',
    "Its content stays as it is. 'coffer versions' lists what is kept.",
  ],
  unreadable: ['integrity', 'this does not open', 'It stays as it is.'],
  changed: [
    'conflict',
    'this was changed on another device at the same moment',
    'Look at what is there now, then run it again if you still want it.',
  ],
} as const;
