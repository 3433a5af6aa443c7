/** `versions`, `restore`, `trash`: what was there before. */
import type { DriveRefusal } from '@coffer/sdk';
import type { CommandRun } from '../command.ts';
import { confirm } from '../confirm.ts';
import type { CommandContext } from '../context.ts';
import { failureOf, NO_TARGET, valueOrFailure, type RefusalTexts } from '../drive-failure.ts';
import { CliFailure, UsageFailure } from '../failure.ts';
import { count, formatBytes, formatTime } from '../output.ts';
import { describe } from './drive-read.ts';

export const versions: CommandRun = async (context, input) => {
  const drive = await context.freshDrive();
  const known = drive.versions(input.positionals[0] ?? '');
  const list = valueOrFailure(known, NO_VERSIONS).map((version) => ({
    version: version.number,
    revision: version.rev,
    size: version.size,
    mtime: version.mtimeMs === null ? null : new Date(version.mtimeMs).toISOString(),
    device: drive.deviceName(version.written.device) ?? version.written.device,
    current: version.isCurrent,
  }));
  context.output.result(list, () =>
    context.output.table(
      list.map((v) => [
        String(v.version),
        formatBytes(v.size),
        v.mtime ?? '-',
        context.output.name(v.device),
        v.current ? 'current' : '',
      ]),
    ),
  );
};

const NO_VERSIONS: RefusalTexts = {
  unsupported: ['only files have versions', "'coffer trash' lists what was deleted."],
};

export const restore: CommandRun = async (context, input) => {
  const drive = await context.drive();
  const version = input.value('version');
  const to = input.value('to');
  if (version !== undefined && !/^[1-9]\d*$/.test(version))
    throw new UsageFailure('--version takes a number from 1');
  const outcome = await drive.edit.restoreVersion(
    input.positionals[0] ?? '',
    {
      ...(version === undefined ? {} : { version: Number(version) }),
      ...(to === undefined ? {} : { to }),
    },
    context.signal,
  );
  if (!outcome.ok) throw restoreFailure(outcome.error, { version, to });
  const { value: entry } = outcome;
  const shown = context.output.name(to === undefined ? entry.path : to);
  context.output.result(describe(entry), () => [
    to === undefined
      ? `${shown} has that content again; the one before is a version.`
      : `${shown} has that content; the file itself stays as it is.`,
  ]);
};

function restoreFailure(
  refusal: DriveRefusal,
  { version, to }: { readonly version: string | undefined; readonly to: string | undefined },
): CliFailure {
  if (refusal.path === to) return failureOf(refusal, NO_TARGET);
  const texts: RefusalTexts = {
    ...NO_VERSIONS,
    'not-found': [
      version === undefined
        ? 'there is no such file on the drive, or it has no earlier content'
        : `there is no such file on the drive, or it has no version ${version}`,
      "Nothing was changed. 'coffer versions' lists the contents of a file, 'coffer trash' what was deleted.",
    ],
  };
  return failureOf(refusal, texts);
}

export const trashList: CommandRun = async (context) => {
  const drive = await context.freshDrive();
  const list = drive.trashed().map((node) => ({
    path: trashPath(node.from, (id) => drive.pathOf(id)),
    id: node.id,
    kind: node.kind,
    size: node.size,
    deletedAt: formatTime(node.changed.time),
    device: drive.deviceName(node.changed.device) ?? node.changed.device,
    purgeAt: formatTime(node.keepUntil),
  }));
  context.output.result(list, () =>
    list.length === 0
      ? ['The trash is empty.']
      : context.output.table(
          list.map((t) => [
            t.deletedAt,
            t.kind,
            `kept until ${t.purgeAt}`,
            t.id,
            context.output.name(t.path),
          ]),
        ),
  );
};

type From = {
  readonly parent: Parameters<CommandContextDrive['pathOf']>[0];
  readonly name: string;
} | null;
type CommandContextDrive = Awaited<ReturnType<CommandContext['drive']>>;

/** Where a trashed node was; its name alone when its folder is gone too. */
function trashPath(from: From, pathOf: CommandContextDrive['pathOf']): string {
  if (from === null) return '';
  const folder = pathOf(from.parent);
  return folder === undefined ? from.name : `${folder === '/' ? '' : folder}/${from.name}`;
}

export const trashRestore: CommandRun = async (context, input) => {
  const wanted = input.positionals[0] ?? '';
  const to = input.value('to');
  const drive = await context.freshDrive();
  const found = drive
    .trashed()
    .filter(
      (node) =>
        node.id === wanted ||
        trashPath(node.from, (id) => drive.pathOf(id)) === `/${wanted.replace(/^\//, '')}`,
    )
    .sort((a, b) => b.changed.time - a.changed.time)[0];
  if (found === undefined)
    throw new CliFailure('not-found', 'this is not in the trash', "'coffer trash' lists what is.", {
      path: wanted,
    });
  const entry = valueOrFailure(
    await drive.edit.restore(found.id, to === undefined ? {} : { to }, context.signal),
    NO_TARGET,
  );
  context.output.result(describe(entry), () => [`${context.output.name(entry.path)} is back.`]);
};

export const trashEmpty: CommandRun = async (context, input) => {
  const what = 'this removes everything in the trash for ever';
  await confirm(context.output, input, what, 'Nothing was removed.');
  const drive = await context.drive();
  const removed = await drive.edit.emptyTrash({}, context.signal);
  context.output.result({ removed }, () => [`${count(removed, 'item')} removed for ever.`]);
};
