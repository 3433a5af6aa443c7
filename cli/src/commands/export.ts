/** `export`: the whole drive, decrypted, as plain files with an index. */
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CommandRun } from '../command.ts';
import { valueOrFailure } from '../drive-failure.ts';
import { finish } from '../each.ts';
import { CliFailure } from '../failure.ts';
import { count, formatBytes } from '../output.ts';
import { below, fetchFiles, placeLink, thoseThere, type Wanted } from './drive-get.ts';
import { describe } from './drive-read.ts';

const INDEX = 'coffer-index.json';
/** Names the account while an export is under way: running it again goes on. */
const MARKER = '.coffer-export';

export const exportAll: CommandRun = async (context, input) => {
  const target = context.path(input.positionals[0] ?? '');
  const { account } = await context.secrets();
  begin(target, account);
  const drive = await context.freshDrive();
  const top = valueOrFailure(drive.resolve('/'));
  const all = below(drive, top, target);
  for (const { entry, local } of all)
    if (entry.node.kind === 'folder') mkdirSync(local, { recursive: true });
  const there = await thoseThere(all, context.signal);
  for (const one of all)
    if (one.entry.node.kind === 'symlink' && !there.has(one)) placeLink(one.entry, one.local);
  const files = all.filter(({ entry }) => entry.node.kind === 'file');
  const wanted = files.filter((one) => !there.has(one));
  const failures = await fetchFiles(context, drive, wanted);
  const bytes = files.reduce((sum, { entry }) => sum + entry.node.size, 0);
  const isWhole = failures.length === 0;
  if (isWhole) writeIndex(target, all);
  const value = { files: files.length - failures.length, bytes, to: target, complete: isWhole };
  context.output.result(isWhole ? { ...value, index: join(target, INDEX) } : value, () => [
    isWhole
      ? `${count(files.length, 'file')} (${formatBytes(bytes)}) in ${context.output.name(target)}; ${INDEX} lists them.`
      : `${failures.length} of ${count(files.length, 'file')} could not be fetched: run it again to go on.`,
  ]);
  return finish(context, failures);
};

/** Refuses a folder that holds anything but an export of this account that broke off. */
function begin(target: string, account: string): void {
  mkdirSync(target, { recursive: true });
  const marker = join(target, MARKER);
  const names = readdirSync(target);
  if (names.length === 0) writeFileSync(marker, account, { mode: 0o600 });
  else if (!names.includes(MARKER) || readFileSync(marker, 'utf8') !== account) {
    throw new CliFailure(
      'not-empty',
      names.includes(INDEX) ? 'there is an export already' : 'this folder is not empty',
      'Give a new or empty folder. Nothing was written.',
      { path: target },
    );
  }
}

/** Whole at once; it ends the export. */
function writeIndex(target: string, all: readonly Wanted[]): void {
  const entries = all.map(({ entry }) => describe(entry));
  const staged = join(target, MARKER);
  writeFileSync(`${staged}.new`, `${JSON.stringify(entries, null, 2)}\n`);
  renameSync(`${staged}.new`, join(target, INDEX));
  rmSync(staged);
}
