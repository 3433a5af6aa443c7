/** `get`: files and folders from the drive. What is incomplete never stands under its own name. */
import type { DriveEntry, Drive } from '@coffer/sdk';
import {
  chmodSync,
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { CommandRun } from '../command.ts';
import type { CommandContext } from '../context.ts';
import { failureOf, valueOrFailure } from '../drive-failure.ts';
import { CliFailure, exitCodeOf, printFailure, toFailure, worstExitCode } from '../failure.ts';
import { count } from '../output.ts';

interface Wanted {
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
  const wanted = [{ entry: top, local: target }, ...below(drive, top, target)];
  if (!input.has('force')) refuseTaken(wanted);
  for (const { entry, local: path } of wanted)
    if (entry.node.kind === 'folder') mkdirSync(path, { recursive: true });
  for (const { entry, local: path } of wanted)
    if (entry.node.kind === 'symlink') placeLink(entry, path);
  const files = wanted.filter(({ entry }) => entry.node.kind === 'file');
  const failures = await fetchFiles(drive, files, context.signal);
  for (const failure of failures) printFailure(failure, context.output);
  const got = files.length - failures.length;
  context.output.result({ files: got, to: target }, () => [
    `${count(got, 'file')} in ${context.output.name(target)}.`,
  ]);
  return worstExitCode(failures.map((failure) => exitCodeOf(failure)));
};

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

function below(drive: Drive, top: DriveEntry, target: string): readonly Wanted[] {
  if (top.node.kind !== 'folder') return [];
  const prefix = top.path === '/' ? 1 : top.path.length + 1;
  const { entries } = valueOrFailure(drive.list(top.path, { recursive: true }));
  return entries.map((entry) => ({ entry, local: join(target, entry.path.slice(prefix)) }));
}

function refuseTaken(wanted: readonly Wanted[]): void {
  const taken = wanted.find(
    ({ entry, local }) => entry.node.kind !== 'folder' && existsSync(local),
  );
  if (taken !== undefined) {
    throw new CliFailure(
      'exists',
      'there is a local file already',
      'Nothing was fetched. --force replaces local files.',
      { path: taken.local },
    );
  }
}

function placeLink({ node }: DriveEntry, path: string): void {
  rmSync(path, { force: true });
  symlinkSync(node.target ?? '', path);
}

/** Every file through a name beside its own, renamed once all of it was verified and is on disk. */
async function fetchFiles(
  drive: Drive,
  files: readonly Wanted[],
  signal: AbortSignal,
): Promise<readonly CliFailure[]> {
  const failures: CliFailure[] = [];
  const open = new Map<number, { readonly fd: number; readonly part: string }>();
  const localOf = (index: number): string => files[index]?.local ?? '';
  await drive.space.fetch(
    files.map(({ entry }) => ({ id: entry.node.id, rev: entry.node.rev })),
    {
      begin: (index) => {
        const local = localOf(index);
        const part = join(dirname(local), `.${basename(local)}.coffer-part`);
        open.set(index, { fd: openSync(part, 'w', 0o600), part });
      },
      write: (index, plaintext) => {
        const file = open.get(index);
        if (file !== undefined) writeSync(file.fd, plaintext);
      },
      end: (index) => {
        const file = open.get(index);
        const node = files[index]?.entry.node;
        if (file === undefined || node === undefined) return;
        fsyncSync(file.fd);
        closeSync(file.fd);
        chmodSync(file.part, node.executable ? 0o755 : 0o644);
        if (node.mtimeMs !== null) utimesSync(file.part, node.mtimeMs / 1000, node.mtimeMs / 1000);
        renameSync(file.part, localOf(index));
        open.delete(index);
      },
      fail: (index, error) => {
        const file = open.get(index);
        if (file !== undefined) {
          closeSync(file.fd);
          rmSync(file.part, { force: true });
          open.delete(index);
        }
        const { code, message, hint } = toFailure(error);
        failures.push(
          new CliFailure(code, message, hint, {
            path: files[index]?.entry.path ?? '',
            cause: error,
          }),
        );
      },
    },
    signal,
  );
  return failures;
}
