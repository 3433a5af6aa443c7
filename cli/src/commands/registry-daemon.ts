/** Commands of the daemon and of this program. */
import type { CommandDefinition, CommandRun } from '../command.ts';

type DaemonModule = typeof import('./daemon.ts');

const fromDaemon = (pick: (module: DaemonModule) => CommandRun) => async () =>
  pick(await import('./daemon.ts'));

export const DAEMON_COMMANDS: readonly CommandDefinition[] = [
  {
    name: 'daemon',
    usage: '',
    argumentsMin: 0,
    argumentsMax: 0,
    summary: 'watch and sync until it is ended',
    details:
      'One for each profile. While it runs, all other commands go through it. SIGTERM ends it within 10 s;\nevery transfer goes on when it is started again.',
    example: 'coffer daemon --detach',
    flags: [{ name: 'detach', summary: 'run without a terminal; returns when it is ready' }],
    place: 'here',
    load: fromDaemon((module) => module.daemon),
  },
  {
    name: 'daemon stop',
    usage: '',
    argumentsMin: 0,
    argumentsMax: 0,
    summary: 'end the daemon of this profile',
    example: 'coffer daemon stop',
    flags: [],
    place: 'here',
    load: fromDaemon((module) => module.daemonStop),
  },
  {
    name: 'daemon status',
    usage: '',
    argumentsMin: 0,
    argumentsMax: 0,
    summary: 'say whether the daemon runs',
    example: 'coffer daemon status',
    flags: [],
    place: 'here',
    load: fromDaemon((module) => module.daemonStatus),
  },
  {
    name: 'daemon log',
    usage: '',
    argumentsMin: 0,
    argumentsMax: 0,
    summary: 'show the log of the daemon; it holds no names and no keys',
    example: 'coffer daemon log -f',
    flags: [
      { name: 'count', short: 'n', value: 'N', summary: 'how many lines, 100 by default' },
      { name: 'follow', short: 'f', summary: 'go on with what comes' },
    ],
    place: 'here',
    load: fromDaemon((module) => module.daemonLog),
  },
  {
    name: 'ui',
    usage: '',
    argumentsMin: 0,
    argumentsMax: 0,
    summary: 'print the address of the page that the daemon serves; it works once',
    example: 'coffer ui',
    flags: [],
    place: 'here',
    load: fromDaemon((module) => module.ui),
  },
];
