/** `status`, `activity`, `transfers`: how things are, what happened and what travels. */
import type { CommandOutput, Engine, EngineStatus } from '@coffer/native-worker/contract';
import type { CommandRun } from '../command.ts';
import type { AccountStatus, CommandContext } from '../context.ts';
import { EXIT, UsageFailure } from '../failure.ts';
import { count, formatBytes, type Output } from '../output.ts';
import { followActivity, followStatus } from './follow.ts';

type Pair = CommandOutput<'status'>['pairs'][number];

export const status: CommandRun = async (context, input) => {
  const engine = await context.engine();
  if (input.positionals.length > 0) return fileStates(context, engine, input.positionals);
  const asked = context.account({ recently: true });
  const [account, current] = await Promise.all([asked, engine.status({})]);
  const { output } = context;
  if (input.has('watch')) {
    return followStatus(context, (now) =>
      output.line(statusValue(context, account, now), () => watchLines(now.pairs, output)),
    );
  }
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

function watchLines(pairs: readonly Pair[], output: Output): string {
  const lines = pairs.flatMap((pair) => pairLines(pair, output));
  return lines.length === 0 ? 'No folder is synced yet.' : lines.join('\n');
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

export const activity: CommandRun = async (context, input) => {
  const limit = Number(input.value('count') ?? 50);
  if (!Number.isSafeInteger(limit) || limit < 1)
    throw new UsageFailure('-n takes a whole number from 1', 'Write -n 20.');
  const { output } = context;
  if (input.has('follow')) {
    return followActivity(context, limit, (entry) =>
      output.line(entry, () => activityCells(entry, output).join('  ')),
    );
  }
  const entries = await (await context.engine()).activity({ limit });
  output.result(entries, () =>
    entries.length === 0
      ? ['Nothing has happened yet.']
      : output.table(entries.map((entry) => activityCells(entry, output))),
  );
  return EXIT.done;
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
