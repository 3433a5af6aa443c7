/** `status`, `conflicts`, `stalls`, `held`, `activity`: how things are and what needs a decision. */
import { once } from 'node:events';
import { setInterval as every } from 'node:timers/promises';
import type { CommandOutput, Engine, EngineStatus } from '@coffer/native-worker/contract';
import type { CommandRun } from '../command.ts';
import type { AccountStatus, CommandContext } from '../context.ts';
import { EXIT, UsageFailure } from '../failure.ts';
import { count, formatBytes, type Output } from '../output.ts';

type Pair = CommandOutput<'status'>['pairs'][number];

const WATCH_MS = 500;

export const status: CommandRun = async (context, input) => {
  const engine = await context.engine();
  if (input.positionals.length > 0) return fileStates(context, engine, input.positionals);
  const account = await context.account();
  if (input.has('watch')) return watchStatus(context, engine, account);
  const current = await engine.status({});
  context.output.result(statusValue(context, account, current), () =>
    statusLines(context, account, current.pairs),
  );
  return attentionOf(current.pairs);
};

function attentionOf(pairs: readonly Pair[]): number {
  return pairs.some((p) => p.conflicts + p.stalls + p.held > 0) ? EXIT.attention : EXIT.done;
}

function statusValue(context: CommandContext, account: AccountStatus, current: EngineStatus) {
  const daemon = context.isInDaemon ? { running: true, pid: process.pid } : { running: false };
  return { ...account, ...current, daemon };
}

function statusLines(
  { output }: CommandContext,
  { account, device, quota }: AccountStatus,
  pairs: readonly Pair[],
): readonly string[] {
  return [
    `${account.email} on ${account.server}, this device: ${output.name(device.name)}`,
    quotaLine(quota),
    ...pairs.flatMap((pair) => pairLines(pair, output)),
    ...(pairs.length === 0 ? ["No folder is synced yet. 'coffer sync add FOLDER' adds one."] : []),
  ];
}

/** A line now and one at each change, at most 2 a second, until it is interrupted. */
async function watchStatus(
  context: CommandContext,
  engine: Engine,
  account: AccountStatus,
): Promise<number> {
  const { output, signal } = context;
  let last = '';
  const tell = (current: EngineStatus): void => {
    const value = statusValue(context, account, current);
    const text = JSON.stringify(value);
    if (text === last) return;
    last = text;
    output.line(value, () => current.pairs.flatMap((pair) => pairLines(pair, output)).join('\n'));
  };
  tell(await engine.status({}));
  let newest: EngineStatus | undefined;
  const unsubscribe = engine.subscribe(({ event }) => {
    if (event.kind === 'status') newest = event.status;
  });
  try {
    for await (const _tick of every(WATCH_MS, undefined, { signal })) {
      if (newest !== undefined) tell(newest);
      newest = undefined;
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    unsubscribe();
  }
  return EXIT.interrupted;
}

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

function pairLines(pair: Pair, output: Output): readonly string[] {
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
  const engine = await context.engine();
  const entries = await engine.activity({ limit });
  const { output, signal } = context;
  if (!input.has('follow')) {
    output.result(entries, () =>
      output.table(entries.map((entry) => activityCells(entry, output))),
    );
    return EXIT.done;
  }
  const tell = (entry: Activity): void =>
    output.line(entry, () => activityCells(entry, output).join('  '));
  for (const entry of entries.toReversed()) tell(entry);
  const unsubscribe = engine.subscribe(({ event }) => {
    if (event.kind === 'activity') tell(event.activity);
  });
  if (!signal.aborted) await once(signal, 'abort');
  unsubscribe();
  return EXIT.interrupted;
};

type Activity = CommandOutput<'activity'>[number];

function activityCells({ at, op, path, to }: Activity, output: Output): readonly string[] {
  return [at, op, `${output.name(path)}${to === undefined ? '' : ` → ${output.name(to)}`}`];
}

const TRANSFER_VERBS = ['pause', 'resume', 'cancel'] as const;

export const transfersList: CommandRun = async (context) => {
  const { transfers } = await (await context.engine()).status({});
  const { output } = context;
  output.result(transfers, () =>
    transfers.length === 0
      ? ['Nothing travels now.']
      : output.table(
          transfers.map((t) => [
            t.id,
            t.direction,
            `${formatBytes(t.bytesDone)} of ${formatBytes(t.bytesTotal)}`,
            `${formatBytes(t.bytesPerSecond)}/s`,
            output.name(t.path),
          ]),
        ),
  );
};

/** `pause`, `resume` and `cancel` of one transfer. */
export const transferVerb =
  (verb: (typeof TRANSFER_VERBS)[number]): CommandRun =>
  async (context, input) => {
    const engine = await context.engine();
    const id = input.positionals[0] ?? '';
    await engine.steerTransfer({ id, verb });
    context.output.result({ id, verb }, () => [TRANSFER_TEXTS[verb]]);
  };

const TRANSFER_TEXTS: Readonly<Record<(typeof TRANSFER_VERBS)[number], string>> = {
  pause: 'Paused. It goes on after resume, or when the daemon is started again.',
  resume: 'It goes on.',
  cancel: 'Stopped. It is tried again in an hour, or when the file changes.',
};
