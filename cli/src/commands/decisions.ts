/** `conflicts`, `stalls`, `held`: what needs a decision, and the decisions. */
import { join, posix } from 'node:path';
import type { Engine } from '@coffer/native-worker/contract';
import type { CommandRun } from '../command.ts';
import type { CommandContext } from '../context.ts';
import { CliFailure, EXIT, UsageFailure } from '../failure.ts';
import { count, formatBytes } from '../output.ts';

export const conflictsList: CommandRun = async (context) => {
  const conflicts = await (await context.engine()).conflicts({});
  const { output } = context;
  output.result(conflicts, () =>
    conflicts.length === 0
      ? ['No conflicts.']
      : conflicts.flatMap((c) => [
          output.name(c.path),
          `  copy: ${output.name(c.copy)} (${formatBytes(c.sizes.mine)}; the other side has ${formatBytes(c.sizes.theirs)}), ${c.at}`,
        ]),
  );
  return conflicts.length > 0 ? EXIT.attention : EXIT.done;
};

export const conflictsResolve: CommandRun = async (context, input) => {
  const keep = input.value('keep');
  if (keep !== 'mine' && keep !== 'theirs' && keep !== 'both') {
    throw new UsageFailure(
      '--keep is needed: mine, theirs or both',
      "'mine' is the conflict copy's side.",
    );
  }
  const path = input.positionals[0] ?? '';
  await (await context.engine()).resolveConflict({ path, keep });
  context.output.result({ path, keep }, () => [
    keep === 'both' ? 'Both files stay.' : 'Resolved. The other content is kept as a version.',
  ]);
};

export const stallsList: CommandRun = async (context, input) => {
  const engine = await context.engine();
  const below = await localOf(context, engine, input.positionals[1]);
  const stalls = (await engine.stalls({})).filter(({ path }) => isBelow(path, below));
  const { output } = context;
  output.result(stalls, () =>
    stalls.length === 0
      ? ['Nothing is stalled.']
      : stalls.flatMap((s) => [
          `${output.name(s.path)}: ${s.message}`,
          `  ${s.hint === '' ? '' : `${s.hint} `}(${s.reason}, since ${s.since})`,
        ]),
  );
  return stalls.some(({ needsPerson }) => needsPerson) ? EXIT.attention : EXIT.done;
};

export const stallsRetry: CommandRun = async (context, input) => {
  const engine = await context.engine();
  const below = await localOf(context, engine, input.positionals[0]);
  const tried = (await engine.stalls({})).filter(({ path }) => isBelow(path, below));
  if (tried.length > 0) await engine.retryStalls(below === undefined ? {} : { path: below });
  context.output.result({ retried: tried.length > 0 }, () => [
    tried.length === 0
      ? 'Nothing is stalled there.'
      : `${count(tried.length, 'stall')} ${tried.length === 1 ? 'is' : 'are'} tried again${next(context)}.`,
  ]);
};

/** The daemon goes on by itself. */
function next({ isInDaemon }: CommandContext): string {
  return isInDaemon ? ' now' : " by the next 'coffer sync now'";
}

/** A local path, or the one here of a path on the drive. */
async function localOf(
  context: CommandContext,
  engine: Engine,
  word: string | undefined,
): Promise<string | undefined> {
  if (word === undefined) return undefined;
  const local = context.path(word);
  const pairs = await engine.listPairs({});
  if (pairs.some((pair) => isBelow(local, pair.local))) return local;
  const remote = posix.resolve('/', word);
  const pair = pairs.find((one) => isBelow(remote, one.remote));
  if (pair !== undefined) return join(pair.local, posix.relative(pair.remote, remote));
  throw new CliFailure(
    'not-found',
    'this is in no synced folder',
    "'coffer sync list' shows them. Nothing was changed.",
    { path: word },
  );
}

function isBelow(path: string, above: string | undefined): boolean {
  return above === undefined || above === '/' || path === above || path.startsWith(`${above}/`);
}

export const stallsDo: CommandRun = async (context, input) => {
  const [action = '', path] = input.positionals;
  const engine = await context.engine();
  const below = await localOf(context, engine, path);
  const offered = new Set((await engine.stalls({})).flatMap(({ actions }) => actions));
  // Who syncs nothing yet has no stall, and meets the restored server all the same.
  if (action !== 'accept-restored' && !offered.has(action))
    throw notOffered(action, [...offered].sort());
  await engine.actOnStall({ action, ...(below === undefined ? {} : { path: below }) });
  context.output.result({ done: action }, () => [`Done. It goes on${next(context)}.`]);
};

function notOffered(action: string, offered: readonly string[]): CliFailure {
  return new CliFailure(
    'not-found',
    `no stall offers '${action}' now`,
    offered.length === 0
      ? 'Nothing is stalled that one could act on. Nothing was changed.'
      : `What can be done now: ${offered.join(', ')}. 'coffer stalls' says for which. Nothing was changed.`,
  );
}

export const heldList: CommandRun = async (context) => {
  const held = await (await context.engine()).held({});
  const { output } = context;
  output.result(held, () =>
    held.length === 0
      ? ['No deletions are held.']
      : held.flatMap((h) => [
          `${h.id}  ${count(h.count, 'deletion')} of ${h.of}, ${h.side}, in ${output.name(h.local)}, since ${h.createdAt}`,
          ...h.paths.slice(0, 5).map((path) => `  ${output.name(path)}`),
          ...(h.count > 5 ? [`  … and ${h.count - 5} more`] : []),
          `  'coffer held approve ${h.id}' deletes them, 'coffer held undo ${h.id}' brings them back.`,
        ]),
  );
  return held.length > 0 ? EXIT.attention : EXIT.done;
};

export const heldApprove: CommandRun = async (context, input) => {
  const engine = await context.engine();
  const isAny = (await engine.held({})).length > 0 || input.positionals.length > 0;
  if (isAny) await engine.approveHeld(idOf(context, input.positionals));
  context.output.result({ approved: isAny }, () => [
    isAny
      ? `Approved. The deletions are made${next(context)}; what is deleted goes to the trash or the recycle area.`
      : 'No deletions are held.',
  ]);
};

export const heldUndo: CommandRun = async (context, input) => {
  const engine = await context.engine();
  const isAny = (await engine.held({})).length > 0 || input.positionals.length > 0;
  if (isAny) await engine.undoHeld(idOf(context, input.positionals));
  context.output.result({ undone: isAny }, () => [
    isAny ? `Undone. The files are brought back${next(context)}.` : 'No deletions are held.',
  ]);
};

/** Of held batches and of pairs. */
const ID = /^[0-9a-f]{32}$/;

/** A held batch by its id, or all of a pair by its id or local path. */
function idOf(context: CommandContext, positionals: readonly string[]): { id?: string } {
  const id = positionals[0];
  if (id === undefined) return {};
  return { id: ID.test(id) ? id : context.path(id) };
}
