/** `admin …`: for the person who runs a server, on its machine. Works on the data folder itself. */
import {
  backup,
  collect,
  COLLECTION_POLICY,
  fsck,
  migrate,
  openData,
  restore,
  type AdminData,
  type Finding,
} from '@coffer/server/admin';
import type { CommandRun, ParsedInput } from '../command.ts';
import type { CommandContext } from '../context.ts';
import { EXIT } from '../failure.ts';

const ACCOUNTS_PER_STEP = 1000;

const optionsOf = (input: ParsedInput) => ({ dataDir: input.value('data') ?? 'coffer-data' });
const timeOf = (ms: number | null) => (ms === null ? null : new Date(ms).toISOString());

export const adminUsers: CommandRun = async ({ output }, input) => {
  await using data = await openData(optionsOf(input), 'beside');
  const users = await listUsers(data);
  output.result(users, () =>
    output.table([
      ['NAME', 'USED', 'LIMIT', 'DEVICES', 'LAST SEEN'],
      ...users.map(({ name, usedBytes, totalBytes, devices, lastSeenAt }) => [
        output.name(name),
        String(usedBytes),
        totalBytes === null ? 'none' : String(totalBytes),
        String(devices),
        lastSeenAt ?? 'never',
      ]),
    ]),
  );
};

async function listUsers({ store }: AdminData) {
  const users = [];
  for (;;) {
    const step = await store.listAccounts(users.at(-1)?.id, ACCOUNTS_PER_STEP);
    for (const { createdAt, lastSeenAt, ...user } of step) {
      const times = { createdAt: timeOf(createdAt), lastSeenAt: timeOf(lastSeenAt) };
      users.push({ ...user, ...times });
    }
    if (step.length < ACCOUNTS_PER_STEP) return users;
  }
}

export const adminStats: CommandRun = async ({ output }, input) => {
  await using data = await openData(optionsOf(input), 'beside');
  const stats = await data.store.stats();
  output.result(stats, () =>
    output.table(Object.entries(stats).map(([name, value]) => [wordsOf(name), String(value)])),
  );
};

export const adminBackup: CommandRun = async ({ output, signal }, input) => {
  const [target = ''] = input.positionals;
  const { at, ...result } = await backup(optionsOf(input), target, signal);
  output.result({ ...result, at: timeOf(at) }, () => [
    `Backed up ${result.accounts} accounts and ${result.packs} packs (${result.bytes} bytes) to ${target}; ${result.packsCopied} packs were new.`,
    'It holds password-setup too, the secret that passwords are bound to: keep it as safe as the server.',
  ]);
};

export const adminRestore: CommandRun = async ({ output, signal }, input) => {
  const [source = ''] = input.positionals;
  const options = optionsOf(input);
  const { backupAt, ...result } = await restore(options, source, signal);
  output.result({ ...result, backupAt: timeOf(backupAt) }, () => [
    `Restored ${result.accounts} accounts and ${result.packs} packs (${result.bytes} bytes) into ${options.dataDir}, as of ${timeOf(backupAt) ?? 'then'}.`,
    `The server starts in era ${result.era}: devices that had seen more will ask their people before they go on. Sessions have ended; devices open new ones by themselves.`,
  ]);
};

export const adminMigrate: CommandRun = async ({ output }, input) => {
  const result = await migrate(optionsOf(input));
  output.result(result, () => [
    result.from === result.to
      ? `The database has schema ${result.to} already.`
      : `The database was brought from schema ${result.from} to ${result.to}.`,
  ]);
};

export const adminGc: CommandRun = async (context, input) => {
  await using data = await openData({ ...optionsOf(input), log: logTo(context) }, 'beside');
  const { output, signal } = context;
  if (input.has('dry-run')) {
    const now = data.clock.now();
    const outlook = await data.store.collectionOutlook(now - COLLECTION_POLICY.graceMs, now);
    output.result({ dryRun: true, ...outlook }, () => [
      `Would forget ${outlook.bodies} chunks and pages (${outlook.bytes} bytes) that nobody has needed for 7 days,`,
      `and has ${outlook.sparsePacks} packs to compact and ${outlook.deadPacks} to remove (${outlook.deadBytes} bytes). Nothing was changed.`,
    ]);
    return;
  }
  const summary = await collect(data, COLLECTION_POLICY, signal);
  output.result(summary, () =>
    output.table(Object.entries(summary).map(([name, value]) => [wordsOf(name), String(value)])),
  );
};

export const adminFsck: CommandRun = async ({ output, signal }, input) => {
  await using data = await openData(optionsOf(input), 'alone');
  const options = { isRepair: input.has('repair'), isDataRead: input.has('read-data') };
  const { findings, checked } = await fsck(data, options, signal);
  const isOk = !findings.some(isProblem);
  output.result({ ok: isOk, checked, findings }, () => [
    ...findings.map(lineOf),
    `Checked ${checked.accounts} accounts, ${checked.spaces} spaces, ${checked.commits} commits, ${checked.records} records, ${checked.bodies} chunks and pages, ${checked.packs} packs: ${isOk ? 'all right' : 'something is wrong'}.`,
    ...adviceOf(findings, options.isRepair),
  ]);
  return isOk ? EXIT.done : EXIT.integrity;
};

/** What a cut-off upload leaves behind costs room and nothing else. */
function isProblem({ kind, isLoss, isRepaired }: Finding): boolean {
  return isLoss || (!isRepaired && kind !== 'pack-stray');
}

function lineOf({ kind, detail, account, space, pack, isRepaired }: Finding): string {
  const place = [
    account && `account ${account}`,
    space && `space ${space}`,
    pack && `pack ${pack}`,
  ].filter((part) => part !== undefined);
  return `${kind}: ${[...place, detail].join(': ')}${isRepaired ? ' (repaired)' : ''}`;
}

function adviceOf(findings: readonly Finding[], isRepair: boolean): readonly string[] {
  if (findings.length === 0) return [];
  const isData = findings.some(({ kind }) => /^(pack|body)-/.test(kind));
  if (!isRepair)
    return ['Run it with --repair for what can be mended; take a copy of the folder first.'];
  return isData
    ? [
        'Devices that still have what is lost send it again at their next sync. What no device has is in the backup, if anywhere.',
      ]
    : [];
}

function logTo({ output }: CommandContext) {
  const say = (fields: object, message: string) =>
    output.note(`${message}: ${JSON.stringify(fields)}`);
  return { info: say, error: say };
}

function wordsOf(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}
