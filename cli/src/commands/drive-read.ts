/** `ls`, `tree`, `find`, `stat`, `du`, `cat`: reading the drive without syncing it. */
import type { DriveEntry } from '@coffer/sdk';
import type { CommandRun } from '../command.ts';
import { valueOrFailure, type RefusalTexts } from '../drive-failure.ts';
import { UsageFailure } from '../failure.ts';
import { count, formatBytes, formatTime, type Output } from '../output.ts';

export const ls: CommandRun = async (context, input) => {
  const drive = await context.freshDrive();
  const path = input.positionals[0] ?? '/';
  const { entries } = valueOrFailure(drive.list(path, { recursive: input.has('recursive') }));
  const isLong = input.has('long');
  context.output.result(entries.map(describe), () =>
    isLong
      ? context.output.table(entries.map((entry) => longRow(entry, context.output)))
      : entries.map((entry) => shownName(entry, context.output, input.has('recursive'))),
  );
};

export const tree: CommandRun = async (context, input) => {
  const drive = await context.freshDrive();
  const depthMax =
    input.value('depth') === undefined ? Number.POSITIVE_INFINITY : Number(input.value('depth'));
  if (!(depthMax > 0) || depthMax % 1 > 0)
    throw new UsageFailure('--depth takes a whole number from 1', 'Write --depth 2.');
  const top = valueOrFailure(drive.resolve(input.positionals[0] ?? '/'));
  const { entries } = valueOrFailure(drive.list(top.path, { recursive: true }));
  const depthOf = ({ path }: DriveEntry): number =>
    path.split('/').length - top.path.replace(/\/$/, '').split('/').length;
  const shown = entries.filter((entry) => depthOf(entry) <= depthMax);
  context.output.result(shown.map(describe), () =>
    shown.map(
      (entry) =>
        `${'  '.repeat(depthOf(entry) - 1)}${context.output.name(entry.node.name)}${entry.node.kind === 'folder' ? '/' : ''}`,
    ),
  );
};

export const find: CommandRun = async (context, input) => {
  const drive = await context.freshDrive();
  const [pattern = '', path = '/'] = input.positionals;
  const matcher = globToRegExp(pattern);
  const { entries } = valueOrFailure(drive.list(path, { recursive: true }));
  const found = entries.filter(({ node, path: own }) =>
    matcher.test(pattern.includes('/') ? own : node.name),
  );
  context.output.result(found.map(describe), () =>
    found.map(({ path: own }) => context.output.name(own)),
  );
};

/** `*` stands for anything but `/`, `?` for one character, `**` for anything; letters in any case. */
function globToRegExp(pattern: string): RegExp {
  const source = pattern
    .split(/(\*\*|\*|\?)/)
    .map((part) => {
      if (part === '**') return '.*';
      if (part === '*') return '[^/]*';
      return part === '?' ? '[^/]' : RegExp.escape(part);
    })
    .join('');
  return new RegExp(`^${source}$`, 'iu');
}

export const stat: CommandRun = async (context, input) => {
  const drive = await context.freshDrive();
  const entry = valueOrFailure(drive.resolve(input.positionals[0] ?? '/'));
  const value = describe(entry);
  context.output.result(value, () =>
    context.output.table(
      Object.entries(value).map(([key, field]) => [key, context.output.name(String(field ?? '-'))]),
    ),
  );
};

export const du: CommandRun = async (context, input) => {
  const drive = await context.freshDrive();
  const path = input.positionals[0] ?? '/';
  const { entries } = valueOrFailure(drive.list(path, { recursive: true }));
  const files = entries.filter(({ node }) => node.kind === 'file');
  const value = {
    path: valueOrFailure(drive.resolve(path)).path,
    bytes: files.reduce((sum, { node }) => sum + node.size, 0),
    files: files.length,
    folders: entries.filter(({ node }) => node.kind === 'folder').length,
  };
  context.output.result(value, () => [
    `${formatBytes(value.bytes)} in ${count(value.files, 'file')} and ${count(value.folders, 'folder')}`,
  ]);
};

export const cat: CommandRun = async (context, input) => {
  const drive = await context.freshDrive();
  const path = input.positionals[0] ?? '';
  const range = parseRange(input.value('range'));
  const sink = { write: (plaintext: Uint8Array) => context.output.bytes(plaintext) };
  const options = range === undefined ? {} : { range };
  valueOrFailure(await drive.get(path, sink, options, context.signal), NOT_READABLE);
};

const NOT_READABLE: RefusalTexts = {
  'is-a-folder': ['this is a folder', "'coffer ls' lists it, 'coffer get -r' fetches it whole."],
  unsupported: ['this is a link', "'coffer stat' says where it leads to."],
};

/** `A-B`, both ends inclusive; `A-` to the end. Undefined for the whole file. */
function parseRange(
  text: string | undefined,
): { readonly offset: number; readonly length: number } | undefined {
  if (text === undefined) return undefined;
  const { from, to } = /^(?<from>\d+)-(?<to>\d*)$/.exec(text)?.groups ?? {};
  const offset = Number(from);
  const last = to === undefined || to === '' ? Number.MAX_SAFE_INTEGER - 1 : Number(to);
  if (from === undefined || !Number.isSafeInteger(last) || last < offset)
    throw new UsageFailure(`'${text}' is not a range`, 'Write 0-99 for the first hundred bytes.');
  return { offset, length: last - offset + 1 };
}

interface Described {
  readonly name: string;
  readonly path: string;
  readonly kind: string;
  readonly id: string;
  readonly size: number;
  readonly mtime: string | null;
  readonly revision: number;
  readonly executable: boolean;
  readonly sha256?: string;
  readonly target?: string;
}

/** The fields that `ls`, `find`, `tree` and `stat` promise. */
export function describe({ node, path }: DriveEntry): Described {
  return {
    name: node.name,
    path,
    kind: node.kind,
    id: node.id,
    size: node.size,
    mtime: node.mtimeMs === null ? null : new Date(node.mtimeMs).toISOString(),
    revision: node.rev,
    executable: node.executable,
    ...(node.sha256 === null ? {} : { sha256: node.sha256 }),
    ...(node.target === null ? {} : { target: node.target }),
  };
}

function longRow({ node }: DriveEntry, output: Output): readonly string[] {
  const kind = node.kind === 'folder' ? 'd' : node.kind === 'symlink' ? 'l' : '-';
  const target = node.target === null ? '' : ` → ${output.name(node.target)}`;
  return [
    `${kind}${node.executable ? 'x' : '-'}`,
    node.kind === 'file' ? formatBytes(node.size) : '-',
    formatTime(node.mtimeMs ?? node.changed.time),
    `${output.name(node.name)}${node.kind === 'folder' ? '/' : ''}${target}`,
  ];
}

function shownName({ node, path }: DriveEntry, output: Output, isRecursive: boolean): string {
  return `${output.name(isRecursive ? path : node.name)}${node.kind === 'folder' ? '/' : ''}`;
}
