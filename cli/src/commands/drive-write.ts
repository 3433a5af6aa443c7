/** `put`, `mkdir`, `mv`, `rm`, `versions`, `restore`, `trash`: changing the drive without syncing. */
import type { PutItem, PutOutcome } from '@coffer/sdk';
import { createReadStream, lstatSync, readdirSync, readlinkSync, type Stats } from 'node:fs';
import { basename, join } from 'node:path';
import type { CommandRun } from '../command.ts';
import type { CommandContext } from '../context.ts';
import { failureOf, valueOrFailure } from '../drive-failure.ts';
import {
  CliFailure,
  exitCodeOf,
  printFailure,
  toFailure,
  UsageFailure,
  worstExitCode,
} from '../failure.ts';
import { count, formatBytes, formatTime } from '../output.ts';
import { describe } from './drive-read.ts';

export const put: CommandRun = async (context, input) => {
  const locals = input.positionals.slice(0, -1);
  const remote = input.positionals.at(-1) ?? '/';
  const drive = await context.freshDrive();
  const there = drive.resolve(remote);
  const intoFolder = there.ok && there.value.node.kind === 'folder';
  if (locals.length > 1 && !intoFolder) throw failureOf({ code: 'not-a-folder', path: remote });
  const items = locals.flatMap((local) => {
    const path = local === '-' ? local : context.path(local);
    const name = local === '-' ? '' : `/${basename(path)}`;
    const target = intoFolder ? `${remote.replace(/\/$/, '')}${name}` : remote;
    return itemsOf(context, path, { remote: target, isRecursive: input.has('recursive') });
  });
  const outcomes = await drive.putAll(items, { makeParents: input.has('parents') }, context.signal);
  return report(context, outcomes);
};

/** A file, a link, or with `isRecursive` a folder and all below it. */
function itemsOf(
  context: CommandContext,
  local: string,
  { remote, isRecursive }: { readonly remote: string; readonly isRecursive: boolean },
): readonly PutItem[] {
  if (local === '-')
    return [
      {
        kind: 'file',
        path: remote,
        open: () => context.output.input.read(),
        meta: { mtimeMs: Date.now(), executable: false },
      },
    ];
  const stat = lstatOrFail(local);
  if (stat.isSymbolicLink())
    return [{ kind: 'symlink', path: remote, target: readlinkSync(local) }];
  if (stat.isFile()) {
    const meta = { mtimeMs: Math.round(stat.mtimeMs), executable: (stat.mode & 0o100) !== 0 };
    return [{ kind: 'file', path: remote, open: () => createReadStream(local), meta }];
  }
  if (!stat.isDirectory())
    throw new CliFailure(
      'unsupported',
      'neither a file nor a folder nor a link',
      'Sockets, pipes and devices cannot be stored.',
      { path: local },
    );
  if (!isRecursive)
    throw new CliFailure('is-a-folder', 'this is a folder', 'Use -r for folders.', { path: local });
  const below = readdirSync(local).flatMap((name) =>
    itemsOf(context, join(local, name), { remote: `${remote}/${name}`, isRecursive }),
  );
  return [{ kind: 'folder', path: remote }, ...below];
}

function lstatOrFail(local: string): Stats {
  try {
    return lstatSync(local);
  } catch (cause) {
    throw new CliFailure('not-found', 'there is no such local file', 'Nothing was sent.', {
      path: local,
      cause,
    });
  }
}

/** Says what became of each; one that failed does not stop the others. */
function report(context: CommandContext, outcomes: readonly PutOutcome[]): number {
  const failures = outcomes.flatMap((outcome) => {
    if (outcome.kind === 'done') return [];
    if (outcome.kind === 'refused') return [failureOf(outcome)];
    const { code, message, hint } = toFailure(outcome.error);
    return [new CliFailure(code, message, hint, { path: outcome.path })];
  });
  const done = outcomes.filter((outcome) => outcome.kind === 'done');
  context.output.result(
    done.map(({ node, path }) => describe({ node, path })),
    () => [`${count(done.length, 'item')} put on the drive.`],
  );
  for (const failure of failures) printFailure(failure, context.output);
  return worstExitCode(failures.map((failure) => exitCodeOf(failure)));
}

export const mkdir: CommandRun = async (context, input) => {
  const drive = await context.drive();
  const made: unknown[] = [];
  for (const path of input.positionals) {
    const outcome = await drive.makeFolder(path, { parents: input.has('parents') }, context.signal);
    made.push(describe(valueOrFailure(outcome)));
  }
  context.output.result(made, () => []);
};

export const mv: CommandRun = async (context, input) => {
  const [from = '', to = ''] = input.positionals;
  const drive = await context.drive();
  const entry = valueOrFailure(await drive.edit.move(from, to, context.signal));
  context.output.result(describe(entry), () => []);
};

export const rm: CommandRun = async (context, input) => {
  const drive = await context.drive();
  const isForever = input.has('forever');
  if (isForever && !input.has('yes')) {
    throw new CliFailure(
      'confirmation-needed',
      'this removes for ever, with all versions',
      'Give --yes to do it. Nothing was removed.',
    );
  }
  const removed: string[] = [];
  for (const path of input.positionals) {
    const outcome = isForever
      ? await drive.edit.purge(path, context.signal)
      : await drive.edit.trash(path, context.signal);
    removed.push(valueOrFailure(outcome).path);
  }
  context.output.result({ removed }, () => [
    isForever
      ? `${count(removed.length, 'item')} removed for ever.`
      : `${count(removed.length, 'item')} in the trash now: 'coffer trash' lists it.`,
  ]);
};

export const versions: CommandRun = async (context, input) => {
  const drive = await context.freshDrive();
  const list = valueOrFailure(drive.versions(input.positionals[0] ?? '')).map((version) => ({
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
  const entry = valueOrFailure(outcome);
  context.output.result(describe(entry), () => [
    `${context.output.name(entry.path)} has that content again; the one before is a version.`,
  ]);
};

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
          list.map((t) => [t.deletedAt, t.kind, t.id, context.output.name(t.path)]),
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
  );
  context.output.result(describe(entry), () => [`${context.output.name(entry.path)} is back.`]);
};

export const trashEmpty: CommandRun = async (context, input) => {
  if (!input.has('yes')) {
    throw new CliFailure(
      'confirmation-needed',
      'this removes everything in the trash for ever',
      'Give --yes to do it. Nothing was removed.',
    );
  }
  const drive = await context.drive();
  const removed = await drive.edit.emptyTrash({}, context.signal);
  context.output.result({ removed }, () => [`${count(removed, 'item')} removed for ever.`]);
};
