/** `status`, `conflicts`, `stalls`, `held`, `activity`: how things are and what needs a decision. */
import type { CommandOutput, Engine } from '@coffer/native-worker/contract';
import type { CommandRun } from '../command.ts';
import type { CommandContext } from '../context.ts';
import { EXIT, UsageFailure } from '../failure.ts';
import { count, formatBytes } from '../output.ts';

type Pair = CommandOutput<'status'>['pairs'][number];

export const status: CommandRun = async (context, input) => {
  const engine = await context.engine();
  if (input.positionals.length > 0) return fileStates(context, engine, input.positionals);
  const { pairs, transfers } = await engine.status({});
  const account = await context.account();
  const value = {
    ...account,
    pairs,
    transfers,
    daemon: context.isInDaemon ? { running: true, pid: process.pid } : { running: false },
  };
  context.output.result(value, () => [
    `${account.account.email} on ${account.account.server}, this device: ${context.output.name(account.device.name)}`,
    quotaLine(account.quota),
    ...pairs.flatMap((pair) => pairLines(pair, context)),
    ...(pairs.length === 0 ? ["No folder is synced yet. 'coffer sync add FOLDER' adds one."] : []),
  ]);
  return pairs.some((p) => p.conflicts + p.stalls + p.held > 0) ? EXIT.attention : EXIT.done;
};

async function fileStates(
  context: CommandContext,
  engine: Engine,
  paths: readonly string[],
): Promise<number> {
  const { output } = context;
  const states = await engine.fileStates({ paths: paths.map((path) => context.path(path)) });
  output.result(states, () =>
    output.table(states.map(({ path, state }) => [state, output.name(path)])),
  );
  return EXIT.done;
}

function quotaLine(quota: { usedBytes: number | null; totalBytes: number | null }): string {
  if (quota.usedBytes === null)
    return 'The server cannot be reached: what follows is what this device knows.';
  const total = quota.totalBytes === null ? 'no limit' : `of ${formatBytes(quota.totalBytes)}`;
  return `${formatBytes(quota.usedBytes)} used, ${total}`;
}

function pairLines(pair: Pair, { output }: CommandContext): readonly string[] {
  const { uploads, downloads, other } = pair.pending;
  const pending = uploads + downloads + other;
  const details = [
    pair.reason,
    pending > 0 ? `${count(pending, 'change')} to do` : undefined,
    pair.conflicts > 0 ? count(pair.conflicts, 'conflict') : undefined,
    pair.stalls > 0 ? count(pair.stalls, 'stall') : undefined,
    pair.held > 0 ? `${count(pair.held, 'deletion')} held` : undefined,
    pair.lastSyncedAt === null ? 'never synced' : `last synced ${pair.lastSyncedAt}`,
  ].filter((part) => part !== undefined);
  return [
    `${pair.state}  ${output.name(pair.local)} ↔ ${output.name(pair.remote)} (${pair.mode}): ${details.join(', ')}`,
  ];
}

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

export const stallsList: CommandRun = async (context) => {
  const stalls = await (await context.engine()).stalls({});
  const { output } = context;
  output.result(stalls, () =>
    stalls.length === 0
      ? ['Nothing is stalled.']
      : stalls.flatMap((s) => [
          `${output.name(s.path)}: ${s.message}`,
          `  ${s.hint} (${s.reason}, since ${s.since})`,
        ]),
  );
  return stalls.some(({ needsPerson }) => needsPerson) ? EXIT.attention : EXIT.done;
};

export const stallsRetry: CommandRun = async (context, input) => {
  const path = input.positionals[0];
  await (await context.engine()).retryStalls(path === undefined ? {} : { path });
  context.output.result({ retried: true }, () => ["Will be tried again: 'coffer sync now'."]);
};

export const stallsDo: CommandRun = async (context, input) => {
  const [action = '', path] = input.positionals;
  await (await context.engine()).actOnStall({ action, ...(path === undefined ? {} : { path }) });
  context.output.result({ done: action }, () => ['Done.']);
};

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
  await (await context.engine()).approveHeld(idOf(context, input.positionals));
  context.output.result({ approved: true }, () => [
    "Approved. 'coffer sync now' performs the deletions; deleted files go to the trash.",
  ]);
};

export const heldUndo: CommandRun = async (context, input) => {
  await (await context.engine()).undoHeld(idOf(context, input.positionals));
  context.output.result({ undone: true }, () => [
    "Undone. 'coffer sync now' brings the files back.",
  ]);
};

/** A held batch by its id, or all of a pair by its local path. */
function idOf(context: CommandContext, positionals: readonly string[]): { id?: string } {
  const id = positionals[0];
  if (id === undefined) return {};
  return { id: /[/\\.]/.test(id) ? context.path(id) : id };
}

export const activity: CommandRun = async (context, input) => {
  const limit = Number(input.value('count') ?? 50);
  if (!Number.isSafeInteger(limit) || limit < 1)
    throw new UsageFailure('-n takes a whole number from 1');
  const entries = await (await context.engine()).activity({ limit });
  const { output } = context;
  output.result(entries, () =>
    output.table(
      entries.map((e) => [
        e.at,
        e.op,
        `${output.name(e.path)}${e.to === undefined ? '' : ` → ${output.name(e.to)}`}`,
      ]),
    ),
  );
};
