/** Every command there is. Help, completions and suggestions are made from this list. */
import type { CommandDefinition, CommandRun, FlagDefinition } from '../command.ts';
import { inGroups } from '../command-groups.ts';
import { ACCOUNT_COMMANDS } from './registry-account.ts';
import { ACCOUNT_LIFE_COMMANDS } from './registry-account-life.ts';
import { ADMIN_COMMANDS } from './registry-admin.ts';
import { CHECK_COMMANDS } from './registry-check.ts';
import { plannedCommands } from './planned.ts';
import { DAEMON_COMMANDS } from './registry-daemon.ts';
import { DRIVE_COMMANDS } from './registry-drive.ts';

type SyncModule = typeof import('./sync.ts');
type StatusModule = typeof import('./status.ts');
type DecisionsModule = typeof import('./decisions.ts');

const fromSync = (pick: (module: SyncModule) => CommandRun) => async () =>
  pick(await import('./sync.ts'));
const fromStatus = (pick: (module: StatusModule) => CommandRun) => async () =>
  pick(await import('./status.ts'));
const fromDecisions = (pick: (module: DecisionsModule) => CommandRun) => async () =>
  pick(await import('./decisions.ts'));

const timeout: FlagDefinition = {
  name: 'timeout',
  value: 'S',
  summary: 'give up waiting after S seconds',
};

const SYNC_COMMANDS: readonly CommandDefinition[] = [
  {
    name: 'sync add',
    usage: 'LOCAL [REMOTE]',
    argumentsMin: 1,
    argumentsMax: 2,
    summary: 'sync a local folder with a folder of the drive',
    details:
      'LOCAL is made if it is not there. REMOTE defaults to / and the name of LOCAL; / is the whole drive. Two filled sides are merged and nothing is deleted.',
    example: 'coffer sync add ~/Pictures /Pictures',
    flags: [
      { name: 'mode', value: 'MODE', summary: 'two-way (default), upload or download' },
      {
        name: 'ignore',
        value: 'PATTERN',
        many: true,
        summary: 'leave matching names out, as in .cofferignore',
      },
      {
        name: 'exclude',
        value: 'REMOTE',
        many: true,
        summary: 'leave this folder of the drive on the server only',
      },
    ],
    load: fromSync((module) => module.syncAdd),
  },
  {
    name: 'sync list',
    usage: '',
    argumentsMin: 0,
    argumentsMax: 0,
    summary: 'list the folders that are synced',
    example: 'coffer sync list',
    flags: [],
    load: fromSync((module) => module.syncList),
  },
  {
    name: 'sync now',
    usage: '[LOCAL…]',
    argumentsMin: 0,
    argumentsMax: 1000,
    summary: 'bring both sides together and wait until they agree',
    example: 'coffer sync now',
    flags: [timeout, { name: 'dry-run', summary: 'print the plan and change nothing' }],
    load: fromSync((module) => module.syncNow),
  },
  {
    name: 'sync remove',
    usage: 'LOCAL',
    argumentsMin: 1,
    argumentsMax: 1,
    summary: 'stop syncing a folder; both sides keep their files',
    example: 'coffer sync remove ~/Pictures',
    flags: [],
    load: fromSync((module) => module.syncRemove),
  },
  {
    name: 'sync pause',
    usage: '[LOCAL…]',
    argumentsMin: 0,
    argumentsMax: 1000,
    summary: 'send and receive nothing for now',
    example: 'coffer sync pause --for 2h',
    flags: [{ name: 'for', value: 'DURATION', summary: 'resume by itself after 90s, 15m, 2h …' }],
    load: fromSync((module) => module.syncPause),
  },
  {
    name: 'sync resume',
    usage: '[LOCAL…]',
    argumentsMin: 0,
    argumentsMax: 1000,
    summary: 'go on after a pause',
    example: 'coffer sync resume',
    flags: [],
    load: fromSync((module) => module.syncResume),
  },
  {
    name: 'sync exclude',
    usage: 'LOCAL REMOTE…',
    argumentsMin: 2,
    argumentsMax: 1000,
    summary: 'keep folders of the drive on the server only',
    example: 'coffer sync exclude ~/Drive /Videos',
    flags: [],
    load: fromSync((module) => module.syncExclude),
  },
  {
    name: 'sync include',
    usage: 'LOCAL REMOTE…',
    argumentsMin: 2,
    argumentsMax: 1000,
    summary: 'sync excluded folders again',
    example: 'coffer sync include ~/Drive /Videos',
    flags: [],
    load: fromSync((module) => module.syncInclude),
  },
  {
    name: 'sync excluded',
    usage: '[LOCAL]',
    argumentsMin: 0,
    argumentsMax: 1,
    summary: 'list what is excluded',
    example: 'coffer sync excluded',
    flags: [],
    load: fromSync((module) => module.syncExcluded),
  },
];

const TRANSFER_SUMMARIES = {
  pause: 'stop one transfer until it is resumed',
  resume: 'let a transfer go on',
  cancel: 'stop one transfer; it is tried again in an hour',
} as const;

const DECISION_COMMANDS: readonly CommandDefinition[] = [
  {
    name: 'status',
    usage: '[LOCAL…]',
    argumentsMin: 0,
    argumentsMax: 1000,
    summary: 'show how the folders are, or the state of single files',
    example: 'coffer status',
    flags: [{ name: 'watch', summary: 'go on with a line at each change, at most 2 a second' }],
    load: fromStatus((module) => module.status),
  },
  {
    name: 'conflicts',
    usage: '[list]',
    argumentsMin: 0,
    argumentsMax: 1,
    summary: 'list files that were changed on both sides',
    example: 'coffer conflicts',
    flags: [],
    load: fromDecisions((module) => module.conflictsList),
  },
  {
    name: 'conflicts resolve',
    usage: 'PATH --keep mine|theirs|both',
    argumentsMin: 1,
    argumentsMax: 1,
    summary: 'decide a conflict; the loser becomes a version',
    details: "'mine' is the side of the conflict copy, 'theirs' that of the other file.",
    example: 'coffer conflicts resolve /letter.txt --keep theirs',
    flags: [{ name: 'keep', value: 'SIDE', summary: 'mine, theirs or both' }],
    load: fromDecisions((module) => module.conflictsResolve),
  },
  {
    name: 'stalls',
    usage: '[list] [PATH|LOCAL]',
    argumentsMin: 0,
    argumentsMax: 2,
    summary: 'list what cannot be synced, why, and what to do',
    example: 'coffer stalls',
    flags: [],
    load: fromDecisions((module) => module.stallsList),
  },
  {
    name: 'stalls retry',
    usage: '[PATH|LOCAL]',
    argumentsMin: 0,
    argumentsMax: 1,
    summary: 'try stalled files again now',
    example: 'coffer stalls retry',
    flags: [],
    load: fromDecisions((module) => module.stallsRetry),
  },
  {
    name: 'stalls do',
    usage: 'ACTION [PATH|LOCAL]',
    argumentsMin: 1,
    argumentsMax: 2,
    summary: 'take one of the actions that a stall offers',
    example: 'coffer stalls do accept-restored',
    flags: [],
    load: fromDecisions((module) => module.stallsDo),
  },
  {
    name: 'held',
    usage: '[list]',
    argumentsMin: 0,
    argumentsMax: 1,
    summary: 'list mass deletions that wait for your word',
    example: 'coffer held',
    flags: [],
    load: fromDecisions((module) => module.heldList),
  },
  {
    name: 'held approve',
    usage: '[ID|LOCAL]',
    argumentsMin: 0,
    argumentsMax: 1,
    summary: 'perform held deletions; deleted files go to the trash',
    example: 'coffer held approve',
    flags: [],
    load: fromDecisions((module) => module.heldApprove),
  },
  {
    name: 'held undo',
    usage: '[ID|LOCAL]',
    argumentsMin: 0,
    argumentsMax: 1,
    summary: 'bring held files back where they were lost',
    example: 'coffer held undo',
    flags: [],
    load: fromDecisions((module) => module.heldUndo),
  },
  {
    name: 'activity',
    usage: '',
    argumentsMin: 0,
    argumentsMax: 0,
    summary: 'list what happened, newest first',
    example: 'coffer activity -n 20',
    flags: [
      { name: 'count', short: 'n', value: 'N', summary: 'how many, 50 by default' },
      { name: 'follow', short: 'f', summary: 'oldest first, and go on with what happens' },
    ],
    load: fromStatus((module) => module.activity),
  },
  {
    name: 'transfers',
    usage: '[list]',
    argumentsMin: 0,
    argumentsMax: 1,
    summary: 'list what travels now',
    example: 'coffer transfers',
    flags: [],
    load: fromStatus((module) => module.transfersList),
  },
  ...(['pause', 'resume', 'cancel'] as const).map((verb) => ({
    name: `transfers ${verb}`,
    usage: 'ID',
    argumentsMin: 1,
    argumentsMax: 1,
    summary: TRANSFER_SUMMARIES[verb],
    example: `coffer transfers ${verb} 3f2a…`,
    flags: [],
    load: fromStatus((module) => module.transferVerb(verb)),
  })),
];

const REAL: readonly CommandDefinition[] = [
  ...ACCOUNT_COMMANDS,
  ...ACCOUNT_LIFE_COMMANDS,
  ...SYNC_COMMANDS,
  ...CHECK_COMMANDS,
  ...DECISION_COMMANDS,
  ...DRIVE_COMMANDS,
  ...DAEMON_COMMANDS,
  ...ADMIN_COMMANDS,
];

/** All of them; help shows those that are not hidden, in this order. */
export const COMMANDS = inGroups([...REAL, ...plannedCommands(REAL)]);
