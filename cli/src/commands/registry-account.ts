/** Commands about the server, the account and this program. */
import { CODE } from './registry-account-life.ts';
import type { CommandDefinition, CommandRun, FlagDefinition } from '../command.ts';

type AccountModule = typeof import('./account.ts');
type ServeModule = typeof import('./serve.ts');
type AboutModule = typeof import('./about.ts');

const fromAccount = (pick: (module: AccountModule) => CommandRun) => async () =>
  pick(await import('./account.ts'));
const fromServe = (pick: (module: ServeModule) => CommandRun) => async () =>
  pick(await import('./serve.ts'));
const fromAbout = (pick: (module: AboutModule) => CommandRun) => async () =>
  pick(await import('./about.ts'));

const SIGN_IN_FLAGS: readonly FlagDefinition[] = [
  { name: 'server', value: 'URL', summary: 'address of the server' },
  { name: 'email', value: 'E', summary: 'the name of the account' },
  {
    name: 'device',
    value: 'NAME',
    summary: 'name of this device; by default that of the computer',
  },
  {
    name: 'password-file',
    value: 'F',
    summary: 'read the password from a file (- is standard input)',
  },
  { name: 'allow-http', summary: 'allow plain http to other machines than this one' },
];

const SERVE_FLAGS: readonly FlagDefinition[] = [
  { name: 'data', value: 'DIR', summary: 'where everything is kept; ./coffer-data by default' },
  {
    name: 'listen',
    value: 'HOST:PORT',
    summary: '127.0.0.1:8420 by default; port 0 takes a free one',
  },
  { name: 'public-url', value: 'URL', summary: 'how clients reach this server' },
  {
    name: 'metrics',
    value: 'HOST:PORT',
    summary: 'answer GET /metrics there; off by default; COFFER_METRICS_TOKEN guards it',
  },
  {
    name: 'log',
    value: 'LEVEL',
    summary: 'lines to standard error: silent, error (default) or info, a line for each request',
  },
];

export const ACCOUNT_COMMANDS: readonly CommandDefinition[] = [
  {
    name: 'start',
    usage: '',
    argumentsMin: 0,
    argumentsMax: 0,
    summary: 'run server, sync and page here, and say what to do next',
    example: 'coffer start',
    flags: SERVE_FLAGS,
    place: 'here',
    load: async () => (await import('./start.ts')).start,
  },
  {
    name: 'serve',
    usage: '',
    argumentsMin: 0,
    argumentsMax: 0,
    summary: 'run the server',
    details: 'SIGTERM ends it after the requests under way; a second one ends it at once.',
    example: 'coffer serve --data /srv/coffer --listen 0.0.0.0:8420',
    flags: [...SERVE_FLAGS, { name: 'check', summary: 'validate the configuration and exit' }],
    place: 'here',
    load: fromServe((module) => module.serve),
  },
  {
    name: 'signup',
    usage: '--server URL --email E',
    argumentsMin: 0,
    argumentsMax: 0,
    summary: 'make an account, with this computer as its first device',
    details:
      'The password never leaves this computer, not even as a hash. The 24 recovery words are shown once: they open the account when the password is lost, and nothing else does.',
    example: 'coffer signup --server http://127.0.0.1:8420 --email me@example.org',
    flags: [
      ...SIGN_IN_FLAGS,
      {
        name: 'recovery-file',
        value: 'F',
        summary: 'write the recovery words to F (0600) instead of showing them',
      },
    ],
    place: 'here',
    load: fromAccount((module) => module.signup),
  },
  {
    name: 'login',
    usage: '--server URL --email E',
    argumentsMin: 0,
    argumentsMax: 0,
    summary: 'add this computer to an account',
    details:
      "By its password; with --recovery by the 24 words (COFFER_RECOVERY or --recovery-file), which sets a new password and makes new words; with --pair by the eight words that 'coffer pair' shows on a device that is signed in (COFFER_PAIR or --pair-file), without a password and --email.",
    example: 'coffer login --server http://127.0.0.1:8420 --email me@example.org',
    flags: [
      ...SIGN_IN_FLAGS,
      CODE,
      { name: 'recovery', summary: 'sign in by the recovery words and set a new password' },
      { name: 'recovery-file', value: 'F', summary: 'read the recovery words from a file' },
      {
        name: 'new-recovery-file',
        value: 'F',
        summary: 'write the new recovery words to F (0600) instead of showing them',
      },
      {
        name: 'revoke-others',
        summary: 'with --recovery: remove all other devices from the account',
      },
      { name: 'pair', summary: 'join by the words that another device shows' },
      { name: 'pair-file', value: 'F', summary: 'read those words from a file' },
    ],
    place: 'here',
    load: fromAccount((module) => module.login),
  },
  {
    name: 'logout',
    usage: '',
    argumentsMin: 0,
    argumentsMax: 0,
    summary: 'forget this device here; files stay',
    example: 'coffer logout',
    flags: [],
    place: 'alone',
    load: fromAccount((module) => module.logout),
  },
  {
    name: 'account',
    usage: '',
    argumentsMin: 0,
    argumentsMax: 0,
    summary: 'show who is signed in here',
    example: 'coffer account',
    flags: [],
    load: fromAccount((module) => module.account),
  },
  {
    name: 'devices',
    usage: '',
    argumentsMin: 0,
    argumentsMax: 0,
    summary: 'list the devices of the account',
    example: 'coffer devices',
    flags: [],
    load: fromAccount((module) => module.devices),
  },
  {
    name: 'quota',
    usage: '',
    argumentsMin: 0,
    argumentsMax: 0,
    summary: 'show how much of the drive is used',
    example: 'coffer quota',
    flags: [],
    load: fromAccount((module) => module.quota),
  },
  {
    name: 'version',
    usage: '',
    argumentsMin: 0,
    argumentsMax: 0,
    summary: 'show the versions of Coffer, Node.js and the protocol',
    example: 'coffer version',
    flags: [],
    place: 'here',
    load: fromAbout((module) => module.version),
  },
  {
    name: 'help',
    usage: '[COMMAND]',
    argumentsMin: 0,
    argumentsMax: 3,
    summary: 'show all commands, or one with an example',
    example: 'coffer help sync add',
    flags: [],
    place: 'here',
    load: fromAbout((module) => module.help),
  },
];
