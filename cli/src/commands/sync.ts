/** `sync …`: folder pairs and making them settle. */
import type { CommandInput, CommandOutput, Engine } from '@coffer/native-worker/contract';
import type { CommandRun } from '../command.ts';
import type { CommandContext } from '../context.ts';
import { parseDurationMs } from '../durations.ts';
import { CliFailure, EXIT, UsageFailure } from '../failure.ts';
import { count, formatBytes } from '../output.ts';
import { showSync } from './sync-progress.ts';

type Summary = CommandOutput<'syncNow'>;

export const syncAdd: CommandRun = async (context, input) => {
  const local = context.path(input.positionals[0] ?? '');
  const remote = input.positionals[1] ?? `/${local.split(/[/\\]/).at(-1) ?? ''}`;
  const engine = await context.engine();
  const pair = await engine.addPair({
    local,
    remote,
    mode: parseMode(input.value('mode')),
    ignore: [...input.values('ignore')],
    exclude: [...input.values('exclude')],
  });
  context.output.result(pair, () => [
    `Syncing ${context.output.name(pair.local)} with ${context.output.name(pair.remote)} on the drive.`,
    context.isInDaemon
      ? 'The daemon brings both sides together now.'
      : "Run 'coffer sync now' to bring both sides together.",
  ]);
};

function parseMode(mode: string | undefined): 'two-way' | 'upload' | 'download' {
  if (mode === undefined || mode === 'two-way') return 'two-way';
  if (mode === 'upload' || mode === 'download') return mode;
  throw new UsageFailure(`unknown mode '${mode}'`, 'Modes are two-way, upload and download.');
}

export const syncList: CommandRun = async (context) => {
  const pairs = await (await context.engine()).listPairs({});
  const { output } = context;
  output.result(pairs, () =>
    pairs.length === 0
      ? ["No folder is synced yet. 'coffer sync add FOLDER' adds one."]
      : output.table(
          pairs.map((p) => [p.state, p.mode, output.name(p.local), output.name(p.remote)]),
        ),
  );
};

export const syncRemove: CommandRun = async (context, input) => {
  const local = context.path(input.positionals[0] ?? '');
  await (await context.engine()).removePair({ pair: local });
  context.output.result({ removed: local }, () => [
    `${context.output.name(local)} is no longer synced. The files on both sides stay where they are.`,
  ]);
};

export const syncPause: CommandRun = async (context, input) => {
  const duration = input.value('for');
  const forMs = duration === undefined ? undefined : parseDurationMs(duration);
  const engine = await context.engine();
  await requirePairs(engine);
  const pairs = pairsOf(context, input.positionals);
  await engine.pause({ ...pairs, ...(forMs === undefined ? {} : { forMs }) });
  const { pairs: states } = await engine.status(pairs);
  const until = states[0]?.pausedUntil;
  context.output.result({ paused: true, ...(until === undefined ? {} : { until }) }, () => [
    until === undefined
      ? "Paused. Nothing is sent or received until 'coffer sync resume'."
      : `Paused until ${until}. 'coffer sync resume' lets it go on before.`,
  ]);
};

/** Without any pair there is nothing that a command could act on. */
async function requirePairs(engine: Engine): Promise<void> {
  if ((await engine.listPairs({})).length > 0) return;
  throw new CliFailure(
    'not-found',
    'no folder is synced yet',
    "'coffer sync add FOLDER' adds one. Nothing was changed.",
  );
}

export const syncResume: CommandRun = async (context, input) => {
  const engine = await context.engine();
  await requirePairs(engine);
  await engine.resume(pairsOf(context, input.positionals));
  context.output.result({ paused: false }, () => ['Resumed.']);
};

export const syncExclude: CommandRun = async (context, input) => {
  const [local = '', ...remote] = input.positionals;
  await (await context.engine()).exclude({ pair: context.path(local), remote });
  context.output.result({ excluded: remote }, () => [
    'Excluded. Local copies that are safe on the drive go; everything else stays.',
  ]);
};

export const syncInclude: CommandRun = async (context, input) => {
  const [local = '', ...remote] = input.positionals;
  await (await context.engine()).include({ pair: context.path(local), remote });
  context.output.result({ included: remote }, () => [
    "Included again. 'coffer sync now' brings the files.",
  ]);
};

export const syncExcluded: CommandRun = async (context, input) => {
  const engine = await context.engine();
  const wanted = pairsOf(context, input.positionals);
  const ids = (await engine.status(wanted)).pairs.map(({ id }) => id);
  const found = (await engine.listPairs({})).filter(({ id }) => ids.includes(id));
  const excluded = found.flatMap((pair) =>
    pair.excluded.map((path) => ({ local: pair.local, path })),
  );
  context.output.result(excluded, () =>
    excluded.length === 0
      ? ['Nothing is excluded.']
      : excluded.map(({ path }) => context.output.name(path)),
  );
};

export const syncNow: CommandRun = async (context, input) => {
  const engine = await context.engine();
  const pairs = pairsOf(context, input.positionals);
  const timeout = input.value('timeout');
  const timeoutMs = timeout === undefined ? undefined : parseSeconds(timeout) * 1000;
  const all = await engine.listPairs({});
  const paused = input.positionals.length > 0 ? [] : all.filter(({ state }) => state === 'paused');
  const isIdle = paused.length > 0 && paused.length === all.length;
  if (input.has('dry-run')) {
    if (paused.length > 0) sayPaused(context, paused, isIdle);
    return dryRun(await engine.dryRun(pairs), context);
  }
  const summary = await syncTelling(context, engine, {
    ...pairs,
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
  });
  if (summary.settled) await context.noteHead();
  context.output.result(summary, () => {
    if (isIdle) return [];
    return summary.settled ? summaryLines(summary) : unsettledLines(summary);
  });
  if (paused.length > 0) sayPaused(context, paused, isIdle);
  if (all.length === 0) context.output.note("No folder is synced yet: 'coffer sync add' adds one.");
  if (!summary.settled && summary.cause !== 'attention') {
    throw new CliFailure(
      causeCode(summary.cause),
      summary.message ?? 'not settled in time',
      unsettledHint(summary.cause),
    );
  }
  return !summary.settled || summary.conflicts + summary.stalls + summary.held > 0
    ? EXIT.attention
    : EXIT.done;
};

/** Says on a terminal how far it is. */
async function syncTelling(
  { output, signal }: CommandContext,
  engine: Engine,
  wanted: CommandInput<'syncNow'>,
): Promise<Summary> {
  using _progress = showSync(output, engine, Date.now);
  return await engine.syncNow(wanted, { signal });
}

/** What was left out is no success that one may believe in. */
function sayPaused(
  { output }: CommandContext,
  paused: readonly { readonly local: string }[],
  isAll: boolean,
): void {
  const names = paused.map(({ local }) => output.name(local)).join(', ');
  if (!isAll) output.note(`Left out, since it is paused: ${names}.`);
  else {
    throw new CliFailure(
      'needs-attention',
      `nothing was synced: ${names} ${paused.length === 1 ? 'is' : 'are'} paused`,
      "'coffer sync resume' lets it go on; a folder that is named is synced even while it is paused.",
    );
  }
}

function dryRun(plan: CommandOutput<'dryRun'>, context: CommandContext): number {
  const { output } = context;
  output.result(plan, () => {
    const lines = plan.operations.map(
      ({ op, path, to }) =>
        `${op} ${output.name(path)}${to === undefined ? '' : ` → ${output.name(to)}`}`,
    );
    const holds = plan.holds.map(
      (h) => `held: ${count(h.count, 'deletion')} of ${h.of} (${h.side})`,
    );
    return lines.length + holds.length === 0
      ? ['Nothing to do: both sides agree.']
      : [...lines, ...holds];
  });
  return EXIT.done;
}

function pairsOf(context: CommandContext, locals: readonly string[]): { pairs?: string[] } {
  return locals.length === 0 ? {} : { pairs: locals.map((local) => context.path(local)) };
}

function parseSeconds(text: string): number {
  const seconds = Number(text);
  if (!(seconds > 0))
    throw new UsageFailure(`'${text}' is not a number of seconds`, 'Write --timeout 60.');
  return seconds;
}

function summaryLines(summary: Summary): readonly string[] {
  const { uploaded, downloaded, moved, trashed } = summary;
  const parts = [
    uploaded.files > 0 &&
      `${count(uploaded.files, 'file')} up (${formatBytes(uploaded.bytes)}, ${formatBytes(uploaded.bytesSent)} sent)`,
    downloaded.files > 0 &&
      `${count(downloaded.files, 'file')} down (${formatBytes(downloaded.bytes)})`,
    moved > 0 && `${moved} moved`,
    trashed > 0 && `${trashed} deleted`,
  ].filter((part) => part !== false);
  const isAll = summary.stalls + summary.held === 0;
  const nothing = isAll ? 'Everything is in sync' : 'Everything else is in sync';
  const first = parts.length === 0 ? nothing : parts.join(', ');
  return [`${first} (${summary.seconds.toFixed(1)} s).`, ...attentionLines(summary)];
}

/** What a person has to look at; a failure says the rest. */
function unsettledLines(summary: Summary): readonly string[] {
  if (summary.cause !== 'attention') return [];
  return [
    `Not in sync: ${summary.message ?? 'something waits for you'}.`,
    ...attentionLines(summary),
  ];
}

function attentionLines(summary: Summary): readonly string[] {
  return [
    summary.conflicts > 0 && `${count(summary.conflicts, 'conflict')}: see 'coffer conflicts'`,
    summary.stalls > 0 && `${count(summary.stalls, 'stall')}: see 'coffer stalls'`,
    summary.held > 0 && `${count(summary.held, 'deletion')} held: see 'coffer held'`,
  ].filter((part) => part !== false);
}

type FailureCause = Exclude<Summary['cause'], 'attention'>;

function causeCode(
  cause: FailureCause,
): 'integrity' | 'refused' | 'quota-exceeded' | 'network' | 'timeout' | 'failed' {
  return cause ?? 'timeout';
}

function unsettledHint(cause: FailureCause): string {
  switch (cause) {
    case 'network':
      return 'Nothing was lost. Run it again when the server can be reached.';
    case 'quota-exceeded':
      return 'What fits is synced. Free space on the drive or ask for more, then run it again.';
    case 'integrity':
      return 'No local file was touched. Do not trust this server until you know why.';
    case 'refused':
      return "Files on this computer stay, the server does not take them. 'coffer logout', then 'coffer login' and 'coffer sync add' begin anew.";
    case 'failed':
    case 'timeout':
    case undefined:
      return 'Nothing was lost: run it again to go on from here.';
  }
}
