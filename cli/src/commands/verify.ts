/** `verify`: local files, stored records and, on request, what the server holds, against what was signed. */
import { FormatError, IntegrityError } from '@coffer/protocol/core';
import type { CommandOutput } from '@coffer/native-worker/contract';
import type { Drive, FetchRequest, StoredProof, VersionView } from '@coffer/sdk';
import { RemoteFault } from '@coffer/sdk/faults';
import type { CommandRun, ParsedInput } from '../command.ts';
import type { CommandContext } from '../context.ts';
import { each, finish } from '../each.ts';
import { CliFailure, EXIT, exitCodeOf, failureAt, toFailure } from '../failure.ts';
import { count, formatBytes, type Output } from '../output.ts';
import { AmountProgress } from '../progress.ts';

interface Mismatch {
  readonly path: string;
  readonly kind: string;
  readonly detail: string;
}

interface Verified {
  readonly checked: number;
  readonly bytes: number;
  readonly mismatches: readonly Mismatch[];
}

interface Fetched extends Verified {
  /** What the network or the server did not let us look at; another run may. */
  readonly unread: readonly CliFailure[];
}

type Local = CommandOutput<'verifyLocal'>;

export const verify: CommandRun = async (context, input) => {
  try {
    return await verifyAll(context, input);
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    const [message, hint] = [
      'a stored record cannot be read: it is not what was signed',
      SIGN_IN_ANEW,
    ];
    throw new CliFailure('integrity', message, hint, { cause: error });
  }
};

const SIGN_IN_ANEW =
  'Nothing was changed. Sign in anew with another --home, and compare; the files on this computer stay.';

async function verifyAll(context: CommandContext, input: ParsedInput): Promise<number> {
  const readsData = input.has('read-data');
  const engine = await context.engine();
  const given = input.positionals.map((local) => context.path(local));
  const all = await engine.listPairs({});
  const drive = await newestDrive(context, readsData);
  const proof = drive.space.proveStored();
  const stored = storedMismatches(drive, proof);
  // What is not what was signed is no measure for anything else.
  const isSound = proof.broken.length === 0;
  const pairs = given.length > 0 ? given : all.map(({ local }) => local);
  const { values: locals, failures } = await each(isSound ? pairs : [], (pair) =>
    engine.verifyLocal({ pair }, { signal: context.signal }),
  );
  const below = given.flatMap((local) => all.find((pair) => pair.local === local)?.remote ?? []);
  const isWanted = readsData && isSound && (given.length === 0 || below.length > 0);
  const data = isWanted ? await readData(context, drive, below) : undefined;
  const parts = [...locals, ...(data === undefined ? [] : [data])];
  const mismatches = [...stored, ...parts.flatMap((part) => part.mismatches)];
  const value = {
    checked: sum(parts.map(({ checked }) => checked)),
    bytes: sum(parts.map(({ bytes }) => bytes)),
    mismatches,
    records: proof.records,
    seq: proof.seq,
    pending: sum(locals.map(({ pending }) => pending)),
  };
  context.output.result(value, () => [
    ...context.output.table(mismatches.map((one) => row(one, context.output))),
    ...(isSound ? [summary(proof, locals, data)] : []),
  ]);
  if (value.pending > 0) {
    const what = `${count(value.pending, 'file')} changed since the last sync: not checked.`;
    context.output.note(`${what} 'coffer sync now' first brings both sides together.`);
  }
  const unread = data?.unread ?? [];
  if (unread.length > 1) context.output.note(`${unread.length} contents could not be fetched.`);
  const wrong = mismatches.length > 0 ? [mismatchFailure(mismatches.length, isSound)] : [];
  // One request brings many, and without a server all fail alike: the first stands for them.
  return finish(context, [...failures, ...unread.slice(0, 1), ...wrong]);
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

/** With what is new on the server, if it can be reached: without `--read-data` nothing else needs it. */
async function newestDrive(context: CommandContext, needsServer: boolean): Promise<Drive> {
  const drive = await context.drive();
  try {
    await drive.refresh(context.signal);
  } catch (error) {
    const isAway = error instanceof RemoteFault && exitCodeOf(toFailure(error)) === EXIT.network;
    if (!isAway || needsServer) throw error;
    context.output.note('The server cannot be reached: checked is what was synced last.');
  }
  return drive;
}

const BROKEN = {
  head: 'the stored head is not the one that was pinned',
  signature: 'no device of the account signed the stored head',
  state: 'the stored records are not those that the head signs',
} as const;

function storedMismatches(drive: Drive, { broken }: StoredProof): readonly Mismatch[] {
  const whole = broken.map((kind) => ({ path: '/', kind, detail: BROKEN[kind] }));
  if (whole.length > 0) return whole;
  return unreadableNodes(drive).map((path) => ({
    path,
    kind: 'unreadable',
    detail: 'its record is signed, but does not open',
  }));
}

/** Folders and their paths, those in the trash too. */
function* folders(
  drive: Drive,
): Generator<readonly [path: string, drive: Drive['space']['trash']]> {
  const open: [string, Drive['space']['trash']][] = [
    ['', drive.space.rootFolder],
    ['trash:', drive.space.trash],
  ];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    yield next;
    for (const node of drive.space.children(next[1]))
      if (!('unreadable' in node) && node.kind === 'folder')
        open.push([`${next[0]}/${node.name}`, node.id]);
  }
}

function unreadableNodes(drive: Drive): readonly string[] {
  return [...folders(drive)].flatMap(([path, id]) =>
    drive.space
      .children(id)
      .filter((node) => 'unreadable' in node)
      .map((node) => `${path}/${node.id}`),
  );
}

interface Content extends FetchRequest {
  readonly path: string;
  readonly version: VersionView;
}

/** Every content that the drive keeps; with `below`, the current and earlier ones of these folders alone. */
function contentsOf(drive: Drive, below: readonly string[]): readonly Content[] {
  const isWanted = (path: string): boolean =>
    below.length === 0 ||
    below.some((folder) => folder === '/' || path === folder || path.startsWith(`${folder}/`));
  return [...folders(drive)].flatMap(([folder, id]) =>
    drive.space.children(id).flatMap((node) => {
      if ('unreadable' in node || node.kind !== 'file') return [];
      const path = `${folder}/${node.name}`;
      if (!isWanted(path)) return [];
      const versions = drive.space.contents.versions(node.id);
      return versions.map((version) => ({ id: node.id, rev: version.rev, path, version }));
    }),
  );
}

/** Fetches and opens every chunk; what the server does not hand over holds up nothing else. */
async function readData(
  { output, signal }: CommandContext,
  drive: Drive,
  below: readonly string[],
): Promise<Fetched> {
  const contents = contentsOf(drive, below);
  const mismatches: Mismatch[] = [];
  const unread: CliFailure[] = [];
  const total = {
    files: contents.length,
    bytes: contents.reduce((sizes, { version }) => sizes + version.size, 0),
  };
  using progress = new AmountProgress(output, { now: Date.now, verb: 'Fetching', total });
  let bytes = 0;
  let gone = 0;
  let fault: unknown;
  const fail = (index: number, error: unknown): void => {
    const content = contents[index];
    if (content === undefined) return;
    if (error instanceof IntegrityError) mismatches.push(dataMismatch(content, error));
    // Removed by somebody since the list was made; what is still kept has to be there.
    else if (!isKept(drive, content)) gone++;
    else if (error instanceof RemoteFault) unread.push(failureAt(content.path, error));
    else fault ??= error;
  };
  await drive.space.fetch(
    contents,
    {
      begin: () => undefined,
      write: (_, plaintext) => {
        bytes += plaintext.length;
        progress.moved(plaintext.length);
      },
      end: () => progress.fileDone(),
      fail,
    },
    signal,
  );
  if (fault !== undefined) throw fault;
  return { checked: contents.length - gone - unread.length, bytes, mismatches, unread };
}

function isKept(drive: Drive, { id, rev }: Content): boolean {
  return drive.space.contents.versions(id).some((version) => version.rev === rev);
}

function dataMismatch({ path, version }: Content, { code, message }: IntegrityError): Mismatch {
  const which = version.isCurrent ? '' : `version ${version.number}: `;
  return { path, kind: code, detail: `${which}${message}` };
}

function row({ path, kind, detail }: Mismatch, output: Output): readonly string[] {
  return [kind, output.name(path), detail];
}

function summary(
  { records }: StoredProof,
  locals: readonly Local[],
  data: Verified | undefined,
): string {
  const checked = sum(locals.map((local) => local.checked));
  const bytes = sum(locals.map((local) => local.bytes));
  const parts = [
    `${count(records, 'record')} are what was signed`,
    `${count(checked, 'local file')} read (${formatBytes(bytes)})`,
    ...(data === undefined
      ? []
      : [`${count(data.checked, 'content')} fetched and opened (${formatBytes(data.bytes)})`]),
  ];
  return `${parts.join('; ')}.`;
}

function mismatchFailure(mismatches: number, isSound: boolean): CliFailure {
  return new CliFailure(
    'integrity',
    `${count(mismatches, 'thing')} ${mismatches === 1 ? 'is' : 'are'} not what was signed`,
    isSound
      ? "Nothing was changed. What differs on this computer, 'coffer get --force' fetches anew; 'coffer versions' shows what else is kept."
      : SIGN_IN_ANEW,
  );
}
