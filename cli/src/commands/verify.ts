/** `verify`: local files, stored records and, on request, what the server holds, against what was signed. */
import type { CommandOutput, Engine } from '@coffer/native-worker/contract';
import { storeDamage } from '@coffer/native-worker/fault';
import type { CommandRun, ParsedInput } from '../command.ts';
import type { CommandContext } from '../context.ts';
import { each, finish } from '../each.ts';
import { CliFailure } from '../failure.ts';
import { count, formatBytes } from '../output.ts';
import { ProgressLine } from '../progress.ts';
import { readContents, type Fetched, type Mismatch } from './verify-contents.ts';
import { damagedStore, proveNewest, type Stored } from './verify-stored.ts';

type Local = CommandOutput<'verifyLocal'>;

/** What a run found, in its three parts. */
interface Found {
  readonly stored: Stored;
  readonly locals: readonly Local[];
  readonly data: Fetched | undefined;
  readonly failures: readonly CliFailure[];
}

export const verify: CommandRun = async (context, input) => {
  try {
    return report(context, await verifyAll(context, input));
  } catch (error) {
    throw storeDamage(error) === undefined ? error : damagedStore(context, error);
  }
};

async function verifyAll(context: CommandContext, input: ParsedInput): Promise<Found> {
  const readsData = input.has('read-data');
  const engine = await context.engine();
  const given = input.positionals.map((local) => context.path(local));
  const all = await engine.listPairs({});
  requireSynced(context, given, all);
  using line = new ProgressLine(context.output, Date.now);
  const { drive, stored } = await proveNewest(context, readsData, line);
  const pairs = given.length > 0 ? given : all.map(({ local }) => local);
  const { values: locals, failures } = await each(stored.isSound ? pairs : [], (pair) =>
    readLocal(context, engine, pair, line),
  );
  const below = given.flatMap((local) => all.find((pair) => pair.local === local)?.remote ?? []);
  const isWanted = readsData && stored.isSound && (given.length === 0 || below.length > 0);
  const data = isWanted ? await readContents(context, drive, below) : undefined;
  return { stored, locals, data, failures };
}

/** Where none of the names is a synced folder, that is said before the long work, not after it. */
function requireSynced(
  { output }: CommandContext,
  given: readonly string[],
  all: readonly { readonly local: string }[],
): void {
  const [unknown] = given;
  if (unknown === undefined || all.some(({ local }) => given.includes(local))) return;
  throw new CliFailure(
    'not-found',
    `${output.name(unknown)} is no synced folder`,
    "'coffer sync list' shows them. Nothing was read.",
  );
}

function readLocal(
  { signal }: CommandContext,
  engine: Engine,
  pair: string,
  line: ProgressLine,
): Promise<Local> {
  const onRead = ({ files, bytes }: { files: number; bytes: number }): void =>
    line.show(() => `Reading: ${count(files, 'local file')}, ${formatBytes(bytes)}`);
  return engine.verifyLocal({ pair }, { signal, onRead });
}

function report(context: CommandContext, found: Found): number {
  const { output } = context;
  const { stored, locals, data, failures } = found;
  const parts = [...locals, ...(data === undefined ? [] : [data])];
  const mismatches = [...stored.mismatches, ...parts.flatMap((part) => part.mismatches)];
  const { records, seq, accountRecords } = stored;
  const value = {
    checked: sum(parts.map(({ checked }) => checked)),
    bytes: sum(parts.map(({ bytes }) => bytes)),
    mismatches,
    records,
    seq,
    accountRecords,
    pending: sum(locals.map(({ pending }) => pending)),
  };
  output.result(value, () => [
    ...output.table(mismatches.map(({ path, kind, detail }) => [kind, output.name(path), detail])),
    ...(stored.isSound ? [summary(found)] : []),
  ]);
  if (value.pending > 0) {
    const what = `${count(value.pending, 'file')} changed since the last sync: not checked.`;
    output.note(`${what} 'coffer sync now' first brings both sides together.`);
  }
  const unread = data?.unread ?? [];
  if (unread.length > 1) output.note(`${unread.length} contents could not be fetched.`);
  const wrong = mismatches.length === 0 ? [] : [wrongFailure(context, found, mismatches)];
  // One request brings many, and without a server all fail alike: the first stands for them.
  return finish(context, [...failures, ...unread.slice(0, 1), ...wrong]);
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

function summary({ stored, locals, data }: Found): string {
  const checked = sum(locals.map((local) => local.checked));
  const bytes = sum(locals.map((local) => local.bytes));
  const parts = [
    `${count(stored.records + stored.accountRecords, 'record')} are what was signed`,
    `${count(checked, 'local file')} read (${formatBytes(bytes)})`,
    ...(data === undefined
      ? []
      : [`${count(data.checked, 'content')} fetched and opened (${formatBytes(data.bytes)})`]),
  ];
  return `${parts.join('; ')}.`;
}

function wrongFailure(
  context: CommandContext,
  { stored, locals, data }: Found,
  mismatches: readonly Mismatch[],
): CliFailure {
  if (!stored.isSound) return damagedStore(context);
  const isOne = mismatches.length === 1;
  const advice = [
    'Nothing was changed.',
    ...(locals.some((local) => local.mismatches.length > 0) ? [OF_LOCAL] : []),
    ...((data?.mismatches.length ?? 0) > 0 ? [OF_SERVER] : []),
    ...(stored.mismatches.length > 0 ? [OF_UNREADABLE] : []),
  ];
  return new CliFailure(
    'integrity',
    `${count(mismatches.length, 'thing')} ${isOne ? 'is' : 'are'} not what was signed`,
    advice.join(' '),
  );
}

const OF_LOCAL =
  "The drive keeps what was signed: 'coffer get --force REMOTE LOCAL' puts it in place of a local file, 'coffer versions' lists what else is kept.";
const OF_SERVER =
  "What the server gave differently, whoever runs it can look for with 'coffer admin fsck'; keep your other copies of it.";
const OF_UNREADABLE =
  'What does not open was written so by a device of the account: nobody can read it, and all else is whole.';
