/** `get`: files and folders from the drive. What is incomplete never stands under its own name. */
import type { DriveEntry, Drive, FetchSink } from '@coffer/sdk';
import { createHash } from 'node:crypto';
import {
  createReadStream,
  existsSync,
  lstatSync,
  mkdirSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import type { CommandRun } from '../command.ts';
import type { CommandContext } from '../context.ts';
import { failureOf, valueOrFailure } from '../drive-failure.ts';
import { finish } from '../each.ts';
import { CliFailure, failureAt } from '../failure.ts';
import { count } from '../output.ts';
import { AmountProgress } from '../progress.ts';
import { PartFile } from '../part-file.ts';

export interface Wanted {
  readonly entry: DriveEntry;
  readonly local: string;
}

export const get: CommandRun = async (context, input) => {
  const [remote = '', local] = input.positionals;
  const drive = await context.freshDrive();
  const top = valueOrFailure(drive.resolve(remote));
  if (top.node.kind === 'folder' && !input.has('recursive'))
    throw failureOf({ code: 'is-a-folder', path: remote });
  const target = localTarget(context, top, local);
  const all = [{ entry: top, local: target }, ...below(drive, top, target)];
  const there = await thoseThere(all, context.signal);
  const wanted = all.filter((one) => !there.has(one));
  if (!input.has('force')) refuseTaken(wanted);
  if (top.node.kind !== 'folder') requireFolder(dirname(target));
  for (const { entry, local: path } of wanted)
    if (entry.node.kind === 'folder') mkdirSync(path, { recursive: true });
  for (const { entry, local: path } of wanted)
    if (entry.node.kind === 'symlink') placeLink(entry, path);
  const files = wanted.filter(({ entry }) => entry.node.kind === 'file');
  const failures = await fetchFiles(context, drive, files);
  const got = files.length - failures.length;
  const kept = [...there].filter(({ entry }) => entry.node.kind === 'file').length;
  const isNothing = got + kept === 0 && failures.length > 0;
  context.output.result({ files: got, unchanged: kept, to: target }, () =>
    isNothing ? [] : [`${gotText(got, kept)} in ${context.output.name(target)}.`],
  );
  return finish(context, failures);
};

function gotText(got: number, kept: number): string {
  return kept === 0 ? count(got, 'file') : `${count(got, 'file')}, and ${kept} that were there`;
}

/** Of `all`, files with the content that they are to get, and links that lead there already. */
export async function thoseThere(
  all: readonly Wanted[],
  signal: AbortSignal,
): Promise<ReadonlySet<Wanted>> {
  const there = new Set<Wanted>();
  for (const one of all) {
    if (await isThere(one, signal)) there.add(one);
  }
  return there;
}

async function isThere({ entry, local }: Wanted, signal: AbortSignal): Promise<boolean> {
  const { node } = entry;
  const stat = lstatSync(local, { throwIfNoEntry: false });
  if (stat === undefined) return false;
  if (node.kind === 'symlink') return stat.isSymbolicLink() && readlinkSync(local) === node.target;
  if (node.kind !== 'file' || !stat.isFile() || stat.size !== node.size) return false;
  return node.sha256 === (await hashOf(local, signal));
}

const HASH_BLOCK_BYTES = 1024 * 1024;

/** Lets others have their turn between blocks: a daemon syncs in the same thread. */
async function hashOf(path: string, signal: AbortSignal): Promise<string> {
  const hash = createHash('sha256');
  const blocks: AsyncIterable<Buffer> = createReadStream(path, {
    highWaterMark: HASH_BLOCK_BYTES,
    signal,
  });
  for await (const block of blocks) hash.update(block);
  return hash.digest('hex');
}

function requireFolder(folder: string): void {
  if (existsSync(folder)) return;
  throw new CliFailure(
    'file-access',
    'the local folder that it should go into is not there',
    'Make it first, or give another place. Nothing was fetched.',
    { path: folder },
  );
}

/** Into an existing folder under the remote name, else at the path itself. */
function localTarget(
  context: CommandContext,
  { node, path }: DriveEntry,
  local: string | undefined,
): string {
  const name = path === '/' ? 'drive' : node.name;
  if (local === undefined) return context.path(name);
  const given = context.path(local);
  return existsSync(given) && statSync(given).isDirectory() ? join(given, name) : given;
}

export function below(drive: Drive, top: DriveEntry, target: string): readonly Wanted[] {
  if (top.node.kind !== 'folder') return [];
  const prefix = top.path === '/' ? 1 : top.path.length + 1;
  const { entries } = valueOrFailure(drive.list(top.path, { recursive: true }));
  return entries.map((entry) => ({ entry, local: join(target, entry.path.slice(prefix)) }));
}

function refuseTaken(wanted: readonly Wanted[]): void {
  const taken = wanted.find(
    ({ entry, local }) =>
      entry.node.kind !== 'folder' && lstatSync(local, { throwIfNoEntry: false }) !== undefined,
  );
  if (taken !== undefined) {
    throw new CliFailure(
      'exists',
      'there is another local file already',
      'Nothing was fetched. --force replaces local files that differ.',
      { path: taken.local },
    );
  }
}

export function placeLink({ node }: DriveEntry, path: string): void {
  rmSync(path, { force: true });
  symlinkSync(node.target ?? '', path);
}

/** Every file through a name beside its own, renamed once all of it was verified and is on disk. */
export async function fetchFiles(
  { output, signal }: Pick<CommandContext, 'output' | 'signal'>,
  drive: Drive,
  files: readonly Wanted[],
): Promise<readonly CliFailure[]> {
  const failures: CliFailure[] = [];
  const bytes = files.reduce((sum, { entry }) => sum + entry.node.size, 0);
  const total = { files: files.length, bytes };
  using progress = new AmountProgress(output, { now: Date.now, verb: 'Fetching', total });
  const open = new Map<number, PartFile>();
  const drop = (index: number): void => {
    const part = open.get(index);
    open.delete(index);
    part?.drop();
  };
  const sink: FetchSink = {
    begin: (index) => {
      open.set(index, new PartFile(files[index]?.local ?? ''));
    },
    write: (index, plaintext) => {
      open.get(index)?.write(plaintext);
      progress.moved(plaintext.length);
    },
    end: (index) => {
      const node = files[index]?.entry.node;
      if (node === undefined) return;
      const { executable, mtimeMs } = node;
      open.get(index)?.finish({ mode: executable ? 0o755 : 0o644, mtimeMs });
      open.delete(index);
      progress.fileDone();
    },
    fail: (index, error) => {
      drop(index);
      failures.push(failureAt(files[index]?.entry.path ?? '', error));
    },
  };
  const requests = files.map(({ entry }) => ({ id: entry.node.id, rev: entry.node.rev }));
  try {
    await drive.space.fetch(requests, sink, signal);
  } finally {
    // Whoever interrupts it wants nothing of what was begun.
    for (const index of open.keys()) drop(index);
  }
  return failures;
}
