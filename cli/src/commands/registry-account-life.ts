/** Commands that change who gets into the account, and how. */
import type { CommandDefinition, CommandRun, FlagDefinition } from '../command.ts';

type KeysModule = typeof import('./account-keys.ts');
type JoinModule = typeof import('./account-join.ts');
type FactorModule = typeof import('./second-factor.ts');

const fromKeys = (pick: (module: KeysModule) => CommandRun) => async () =>
  pick(await import('./account-keys.ts'));
const fromJoin = (pick: (module: JoinModule) => CommandRun) => async () =>
  pick(await import('./account-join.ts'));
const fromFactor = (pick: (module: FactorModule) => CommandRun) => async () =>
  pick(await import('./second-factor.ts'));

const PASSWORD_FILE: FlagDefinition = {
  name: 'password-file',
  value: 'F',
  summary: 'read the password from a file (- is standard input)',
};
export const CODE: FlagDefinition = {
  name: 'code',
  value: 'CODE',
  summary: 'of the second factor: six digits, or a backup code',
};
const RECOVERY_FILE: FlagDefinition = {
  name: 'recovery-file',
  value: 'F',
  summary: 'write the new recovery words to F (0600) instead of showing them',
};
const NO_ARGUMENTS = { usage: '', argumentsMin: 0, argumentsMax: 0 } as const;

export const ACCOUNT_LIFE_COMMANDS: readonly CommandDefinition[] = [
  {
    name: 'signup confirm',
    usage: 'CODE',
    argumentsMin: 1,
    argumentsMax: 1,
    summary: 'confirm a new account with the code that the server mailed',
    details: 'Servers that send no mail need no confirmation: accounts are active at once there.',
    example:
      'coffer signup confirm 493817 --server https://drive.example.org --email me@example.org',
    flags: [
      {
        name: 'server',
        value: 'URL',
        summary: 'address of the server; of this profile by default',
      },
      { name: 'email', value: 'E', summary: 'the name of the account; of this profile by default' },
      { name: 'allow-http', summary: 'allow plain http to other machines than this one' },
    ],
    place: 'here',
    load: fromKeys((module) => module.signupConfirm),
  },
  {
    name: 'account delete',
    ...NO_ARGUMENTS,
    summary: 'delete the account with everything in it, for ever',
    details:
      'Asks for the password, and before that for a yes: --yes gives it. The server removes the account at once and the sealed contents when it next collects what nobody needs, a week later. Files on this and other computers stay.',
    example: 'coffer account delete',
    flags: [PASSWORD_FILE, CODE],
    place: 'alone',
    load: fromKeys((module) => module.accountDelete),
  },
  {
    name: 'password',
    ...NO_ARGUMENTS,
    summary: 'change the password',
    details:
      'The present one comes from COFFER_PASSWORD or --password-file, the new one from COFFER_NEW_PASSWORD or --new-password-file; else both are asked for. Devices stay signed in.',
    example: 'coffer password',
    flags: [
      PASSWORD_FILE,
      {
        name: 'new-password-file',
        value: 'F',
        summary: 'read the new password from a file (- is standard input)',
      },
      CODE,
    ],
    load: fromKeys((module) => module.password),
  },
  {
    name: 'recovery new',
    ...NO_ARGUMENTS,
    summary: 'make new recovery words; the old ones are void then',
    details:
      'Shows 24 words and asks whether you have written them down; nothing changes before that. Devices stay signed in.',
    example: 'coffer recovery new',
    flags: [PASSWORD_FILE, RECOVERY_FILE, CODE],
    load: fromKeys((module) => module.recoveryNew),
  },
  {
    name: 'devices revoke',
    usage: 'ID',
    argumentsMin: 1,
    argumentsMax: 1,
    summary: 'remove a device, a lost one for example, from the account',
    details:
      "It is out at once and can read nothing that is written afterwards; what it has on its disk it keeps. This makes new recovery words: the old ones are void then. ID may be the beginning of one that 'coffer devices' shows, or the name of the device.",
    example: 'coffer devices revoke 3f9a',
    flags: [PASSWORD_FILE, RECOVERY_FILE, CODE],
    load: fromKeys((module) => module.devicesRevoke),
  },
  {
    name: 'pair',
    ...NO_ARGUMENTS,
    summary: 'let a new device into the account by eight words',
    details:
      "Shows the words, then waits until 'coffer login --pair' was given them on the new device, two minutes at most. The server learns nothing from them and cannot join a device of its own.",
    example: 'coffer pair',
    flags: [],
    load: fromJoin((module) => module.pair),
  },
  {
    name: 'twofactor',
    ...NO_ARGUMENTS,
    summary: 'say whether signing in asks for a second factor',
    example: 'coffer twofactor',
    flags: [],
    load: fromFactor((module) => module.twofactorStatus),
  },
  {
    name: 'twofactor status',
    ...NO_ARGUMENTS,
    summary: 'say whether it is on, and how many backup codes are left',
    example: 'coffer twofactor status',
    flags: [],
    load: fromFactor((module) => module.twofactorStatus),
  },
  {
    name: 'twofactor enable',
    ...NO_ARGUMENTS,
    summary: 'ask for a code of an authenticator when somebody signs in',
    details:
      'Shows the secret for the authenticator, asks for a code that it makes (on a terminal, or a line of standard input), then shows ten backup codes. It keeps out who knows the password. It does not keep out the server, and the recovery words open the account without it.',
    example: 'coffer twofactor enable',
    flags: [PASSWORD_FILE],
    load: fromFactor((module) => module.twofactorEnable),
  },
  {
    name: 'twofactor disable',
    ...NO_ARGUMENTS,
    summary: 'let the password alone sign in again',
    example: 'coffer twofactor disable --code 492039',
    flags: [PASSWORD_FILE, CODE],
    load: fromFactor((module) => module.twofactorDisable),
  },
];
