/** `password`, `recovery new`, `devices revoke`, `account delete`, `signup confirm`. */
import {
  changePassword,
  confirmSignUp,
  deleteAccount,
  rotateKeys,
  type DriveDevice,
} from '@coffer/sdk';
import type { CommandRun } from '../command.ts';
import type { CommandContext } from '../context.ts';
import { CliFailure, UsageFailure } from '../failure.ts';
import {
  newWords,
  readNewPassword,
  readPassword,
  refusal,
  serverOf,
  valueOf,
  withCode,
  wordsResult,
} from './account-inputs.ts';

export const password: CommandRun = async (context, input) => {
  const drive = await context.drive();
  const old = await readPassword(context, input, 'Present password');
  const newPassword = await readNewPassword(context, {
    file: input.value('new-password-file'),
    variable: 'COFFER_NEW_PASSWORD',
    flag: '--new-password-file',
  });
  const { signal } = context;
  await valueOf(
    withCode(context, input, (code) =>
      changePassword(drive.own, { password: old, newPassword, code }, signal),
    ),
    {
      texts: { 'wrong-password': ['the present password is wrong', 'Nothing was changed.'] },
      unknown: [
        'no answer came from the server: whether the password was changed is not known',
        'This device stays signed in. Elsewhere try the new password first, then the old one.',
      ],
    },
  );
  context.output.result({ changed: true }, () => [
    'The password was changed. Devices stay signed in; the recovery words stay the same.',
  ]);
};

const UNKNOWN_ROTATION = [
  'no answer came from the server: whether it was done is not known',
  'Keep the new words and the old ones, and run it again: words of the last run count.',
] as const;

export const recoveryNew: CommandRun = async (context, input) => {
  const words = newWords(context, input, 'recovery-file');
  const drive = await context.drive();
  const known = await readPassword(context, input);
  await valueOf(
    withCode(context, input, (code) =>
      rotateKeys(
        drive.own,
        { password: known, code, revoke: [], confirmWords: words.confirm },
        context.signal,
      ),
    ),
    { onRefusal: words.discard, unknown: UNKNOWN_ROTATION },
  );
  const { value, lines } = wordsResult(words, input);
  context.output.result({ changed: true, ...value }, () => lines);
};

export const devicesRevoke: CommandRun = async (context, input) => {
  const words = newWords(context, input, 'recovery-file');
  const drive = await context.drive();
  const [wanted = ''] = input.positionals;
  const device = findDevice(context, await drive.devices(context.signal), wanted);
  const known = await readPassword(context, input);
  const { isChanged } = await valueOf(
    withCode(context, input, (code) =>
      rotateKeys(
        drive.own,
        { password: known, code, revoke: [device.id], confirmWords: words.confirm },
        context.signal,
      ),
    ),
    { onRefusal: words.discard, unknown: UNKNOWN_ROTATION },
  );
  const { output } = context;
  const name = device.name === '' ? device.id : output.name(device.name);
  const shown = isChanged ? wordsResult(words, input) : { value: {}, lines: [] };
  output.result({ revoked: device.id, changed: isChanged, ...shown.value }, () => [
    `${name} is no device of the account any more. It gets nothing that is written from now on;`,
    'what it has on its disk it keeps. Other devices go on. If somebody else may know the password,',
    "change it too: 'coffer password'.",
    ...shown.lines,
  ]);
};

/** By its id, the beginning of it, or a name that no other device has. */
function findDevice(
  context: CommandContext,
  devices: readonly DriveDevice[],
  wanted: string,
): DriveDevice {
  const byId = devices.filter(({ id }) => id.startsWith(wanted.toLowerCase()));
  const found = byId.length > 0 ? byId : devices.filter(({ name }) => name === wanted);
  const [device] = found;
  if (device === undefined) {
    throw new CliFailure(
      'not-found',
      `the account has no device ${context.output.name(wanted)}`,
      "'coffer devices' lists them. Nothing was changed.",
    );
  }
  if (found.length > 1) {
    throw new UsageFailure(
      `${context.output.name(wanted)} is more than one device`,
      "Give the whole id: 'coffer devices' lists them. Nothing was changed.",
    );
  }
  if (device.isCurrent) {
    throw new CliFailure(
      'refused',
      'this is the device that you are working on',
      "'coffer logout' forgets it here; another device can remove it. Nothing was changed.",
    );
  }
  return device;
}

export const accountDelete: CommandRun = async (context, input) => {
  const { email, server } = await context.secrets();
  if (!input.has('yes')) await confirmDeletion(context, email, server);
  const drive = await context.drive();
  const known = await readPassword(context, input);
  await valueOf(
    withCode(context, input, (code) =>
      deleteAccount(drive.own, { password: known, code }, context.signal),
    ),
    {
      texts: { 'wrong-password': ['the password is wrong', 'Nothing was deleted.'] },
      unknown: [
        'no answer came from the server: whether the account was deleted is not known',
        "Run it again, or see with 'coffer account'.",
      ],
    },
  );
  context.output.result({ deleted: true }, () => [
    `The account ${email} and everything that ${server} had of it are deleted.`,
    'The files on this computer stay where they are.',
  ]);
};

async function confirmDeletion(
  context: CommandContext,
  email: string,
  server: string,
): Promise<void> {
  const { output } = context;
  const what = `this deletes the account ${email} on ${server}, with all files, versions and devices`;
  if (!output.input.isTTY) {
    throw new CliFailure(
      'confirmation-needed',
      what,
      'It cannot be undone. Give --yes to do it. Nothing was deleted.',
    );
  }
  output.error(`${what[0]?.toUpperCase()}${what.slice(1)}.`);
  const prompt = 'It cannot be undone. Type the name of the account to go on: ';
  if ((await output.input.ask({ prompt, hidden: false })).trim() === email) return;
  throw new CliFailure('confirmation-needed', 'that is another name', 'Nothing was deleted.');
}

export const signupConfirm: CommandRun = async (context, input) => {
  const [code = ''] = input.positionals;
  const server = serverOf(input.value('server') ?? (await context.secrets()).server, input);
  const email = input.value('email') ?? (await context.secrets()).email;
  const ports = await context.accountPorts();
  const outcome = await confirmSignUp(ports, { server, email, code }, context.signal);
  if (!outcome.ok) {
    throw refusal(outcome.error, {
      unsupported: [
        'this server sends no mail, so there is nothing to confirm',
        "Accounts are active there as soon as they are made: 'coffer login' signs in.",
      ],
    });
  }
  context.output.result({ active: true }, () => [`The account ${email} is active.`]);
};
