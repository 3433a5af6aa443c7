/** `put`, `mkdir`, `mv`, `cp`, `rm`: changing the drive without syncing. */
import type { Drive, PutItem, PutOutcome } from '@coffer/sdk';
import { createReadStream, lstatSync, readdirSync, readlinkSync, type Stats } from 'node:fs';
import { basename, join } from 'node:path';
import type { CommandRun } from '../command.ts';
import type { CommandContext } from '../context.ts';
import { confirm } from '../confirm.ts';
import {
  failureOf,
  NO_FOLDER_ABOVE,
  NO_TARGET,
  valueOrFailure,
  type RefusalTexts,
} from '../drive-failure.ts';
import { each, finish } from '../each.ts';
import { CliFailure, failureAt, toFailure } from '../failure.ts';
import { count } from '../output.ts';
import { AmountProgress, editLine, ProgressLine } from '../progress.ts';
import { describe } from './drive-read.ts';

export const put: CommandRun = async (context, input) => {
  const locals = input.positionals.slice(0, -1);
  const remote = input.positionals.at(-1) ?? '/';
  const drive = await context.freshDrive();
  const there = drive.resolve(remote);
  const intoFolder = there.ok && there.value.node.kind === 'folder';
  if (locals.includes('-') && intoFolder)
    throw failureOf({ code: 'is-a-folder', path: remote }, PIPED);
  if (locals.length > 1 && !intoFolder)
    throw failureOf({ code: 'not-a-folder', path: remote }, SEVERAL);
  const { values, failures } = await each(locals, (local) => {
    const path = local === '-' ? local : context.path(local);
    const target = intoFolder ? `${remote.replace(/\/$/, '')}/${basename(path)}` : remote;
    return itemsOf(context, path, { remote: target, isRecursive: input.has('recursive') });
  });
  const makeParents = input.has('parents');
  const outcomes = await putCounted(context, drive, values.flat(), makeParents);
  return report(context, outcomes, failures);
};

/** An item with its bytes, as far as they are known before it is read. */
interface SizedItem {
  readonly item: PutItem;
  readonly size: number;
}

/** Says on a terminal how far it is. */
async function putCounted(
  { output, signal }: CommandContext,
  drive: Drive,
  sized: readonly SizedItem[],
  makeParents: boolean,
): Promise<readonly PutOutcome[]> {
  const total = {
    files: sized.filter(({ item }) => item.kind === 'file').length,
    bytes: sized.reduce((sum, { size }) => sum + size, 0),
  };
  using progress = new AmountProgress(output, { now: Date.now, verb: 'Sending', total });
  const items = sized.map(({ item }) =>
    item.kind === 'file' ? { ...item, open: () => progress.counted(item.open()) } : item,
  );
  return await drive.putAll(items, { makeParents }, signal);
}

const PIPED: RefusalTexts = {
  'is-a-folder': [
    'this is a folder, and what comes from standard input has no name',
    'Give the path of a file. Nothing was sent.',
  ],
};
const SEVERAL: RefusalTexts = {
  'not-a-folder': [
    'several things go into a folder, and there is none at this place',
    "'coffer mkdir -p' makes it. Nothing was sent.",
  ],
};

/** A file, a link, or with `isRecursive` a folder and all below it. */
function itemsOf(
  context: CommandContext,
  local: string,
  { remote, isRecursive }: { readonly remote: string; readonly isRecursive: boolean },
): readonly SizedItem[] {
  if (local === '-') {
    const meta = { mtimeMs: Date.now(), executable: false };
    const open = (): AsyncIterable<Uint8Array> => context.output.input.read();
    return [{ item: { kind: 'file', path: remote, open, meta }, size: 0 }];
  }
  const stat = lstatOrFail(local);
  if (stat.isSymbolicLink())
    return [{ item: { kind: 'symlink', path: remote, target: readlinkSync(local) }, size: 0 }];
  if (stat.isFile()) {
    const meta = { mtimeMs: Math.round(stat.mtimeMs), executable: (stat.mode & 0o100) !== 0 };
    const open = (): AsyncIterable<Buffer> => createReadStream(local);
    return [{ item: { kind: 'file', path: remote, open, meta }, size: stat.size }];
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
  return [{ item: { kind: 'folder', path: remote }, size: 0 }, ...below];
}

function lstatOrFail(local: string): Stats {
  try {
    return lstatSync(local);
  } catch (cause) {
    throw new CliFailure(
      'not-found',
      'there is no such local file',
      'Look at its name. It was left out.',
      {
        path: local,
        cause,
      },
    );
  }
}

/** Says what became of each; one that failed does not stop the others. */
function report(
  context: CommandContext,
  outcomes: readonly PutOutcome[],
  unread: readonly CliFailure[],
): number {
  const failures = outcomes.flatMap((outcome) => {
    if (outcome.kind === 'done') return [];
    if (outcome.kind === 'refused') return [failureOf(outcome, NO_FOLDER_ABOVE)];
    return [failureAt(outcome.path, outcome.error)];
  });
  const done = outcomes.filter((outcome) => outcome.kind === 'done');
  context.output.result(
    done.map(({ node, path }) => describe({ node, path })),
    () => (done.length === 0 ? [] : [`${count(done.length, 'item')} put on the drive.`]),
  );
  return finish(context, [...unread, ...failures]);
}

export const mkdir: CommandRun = async (context, input) => {
  const drive = await context.drive();
  const parents = input.has('parents');
  const { values, failures } = await each(input.positionals, async (path) =>
    describe(
      valueOrFailure(await drive.makeFolder(path, { parents }, context.signal), NO_FOLDER_ABOVE),
    ),
  );
  context.output.result(values, () => []);
  return finish(context, failures);
};

export const mv: CommandRun = async (context, input) => {
  const [from = '', to = ''] = input.positionals;
  const drive = await context.drive();
  const moved = await drive.edit.move(from, to, context.signal);
  const isTarget = !moved.ok && moved.error.path === to && from !== to;
  const entry = valueOrFailure(moved, isTarget ? NO_TARGET : {});
  context.output.result(describe(entry), () => []);
};

/** No content travels: the copy names the chunks of what it is a copy of. */
export const cp: CommandRun = async (context, input) => {
  const [from = '', to = ''] = input.positionals;
  const drive = await context.freshDrive();
  const { node } = valueOrFailure(drive.resolve(from));
  if (node.kind === 'folder' && !input.has('recursive'))
    throw failureOf({ code: 'is-a-folder', path: from });
  using line = new ProgressLine(context.output, Date.now);
  let hasBegun = false;
  const copying = drive.edit.copy(from, to, context.signal, (progress) => {
    hasBegun = true;
    line.show(() => editLine('Copying', progress));
  });
  const copied = await copying.catch((error: unknown) => {
    const cause = context.signal.aborted ? context.signal.reason : error;
    throw hasBegun && node.kind === 'folder' ? brokenOff(cause, to) : error;
  });
  const isTarget = !copied.ok && copied.error.path === to && from !== to;
  const entry = valueOrFailure(copied, isTarget ? NO_TARGET : {});
  context.output.result(describe(entry), () => []);
};

/** What stops a copy, say a server that is away, would stop the removal of its part too. */
function brokenOff(error: unknown, to: string): CliFailure {
  const { code, message, hint } = toFailure(error);
  const all = [hint, PART_STAYS].filter((text) => text !== undefined).join(' ');
  return new CliFailure(code, message, all, { path: to, cause: error });
}

const PART_STAYS =
  "A part of the copy may stand there: move that to the trash with 'coffer rm' before you copy again.";

export const rm: CommandRun = async (context, input) => {
  const isForever = input.has('forever');
  if (isForever) {
    const shown = input.positionals.map((path) => context.output.name(path)).join(', ');
    const what = `this removes ${shown} for ever, with all versions and all below`;
    await confirm(context.output, input, what, 'Nothing was removed.');
  }
  const drive = await context.drive();
  const { values: removed, failures } = await each(input.positionals, async (path) => {
    const outcome = isForever
      ? await drive.edit.purge(path, context.signal)
      : await drive.edit.trash(path, context.signal);
    return valueOrFailure(outcome).path;
  });
  context.output.result({ removed }, () => removedLines(removed.length, isForever));
  return finish(context, failures);
};

function removedLines(removed: number, isForever: boolean): readonly string[] {
  if (removed === 0) return [];
  return [
    isForever
      ? `${count(removed, 'item')} removed for ever.`
      : `${count(removed, 'item')} in the trash now: 'coffer trash' lists it.`,
  ];
}
