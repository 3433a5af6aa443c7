/** `signup`, `login`, `logout`, `account`, `devices`, `quota`. */
import { signIn, signUp } from '@coffer/sdk';
import { existsSync } from 'node:fs';
import { hostname } from 'node:os';
import type { CommandRun, ParsedInput } from '../command.ts';
import { CliFailure, UsageFailure } from '../failure.ts';
import { formatBytes, formatTime } from '../output.ts';
import {
  fileOf,
  readNewPassword,
  readPassword,
  refusal,
  requireSignedOut,
  serverOf,
  valueOf,
  withCode,
  wordLines,
  writePrivately,
} from './account-inputs.ts';
import { loginByPairing, loginByRecovery, type SignInWords } from './account-join.ts';

export const signup: CommandRun = async (context, input) => {
  const words = signInWords(input);
  await requireSignedOut(context);
  const recoveryFile = fileOf(context, input.value('recovery-file'));
  if (recoveryFile !== undefined && existsSync(recoveryFile)) {
    throw new CliFailure(
      'exists',
      'there is a file already where the recovery words should go',
      'Give another file, or move that one away. No account was made.',
      { path: recoveryFile },
    );
  }
  const password = await readNewPassword(context, {
    file: input.value('password-file'),
    variable: 'COFFER_PASSWORD',
    flag: '--password-file',
  });
  await context.lock();
  const ports = await context.accountPorts();
  const outcome = await signUp(ports, { ...words, password }, context.signal);
  if (!outcome.ok) {
    throw refusal(outcome.error, {
      'name-taken': [
        `there is an account ${words.email} on ${words.server} already`,
        "'coffer login' adds this device to it. Nothing was changed.",
      ],
    });
  }
  const { recoveryWords, active, secrets } = outcome.value;
  if (recoveryFile !== undefined) writePrivately(recoveryFile, `${recoveryWords.join(' ')}\n`);
  await context.drive();
  const value = { account: secrets.account, email: secrets.email, device: secrets.device, active };
  context.output.result(
    recoveryFile === undefined ? { ...value, recoveryWords } : { ...value, recoveryFile },
    () => [
      `Signed up as ${secrets.email}. This device is ${context.output.name(secrets.deviceName)}.`,
      '',
      ...(recoveryFile === undefined
        ? [
            'Write these 24 words down and keep them safe. They open the account when the password is lost;',
            'they are not shown again:',
            '',
            ...wordLines(recoveryWords),
          ]
        : [
            `The 24 recovery words are in ${recoveryFile}. Keep them safe: they open the account when the password is lost.`,
          ]),
    ],
  );
};

export const login: CommandRun = async (context, input) => {
  if (input.has('pair')) {
    await requireSignedOut(context);
    return loginByPairing(context, input, input.value('device') ?? hostname());
  }
  const words = signInWords(input);
  await requireSignedOut(context);
  if (input.has('recovery')) return loginByRecovery(context, input, words);
  const password = await readPassword(context, input);
  await context.lock();
  const ports = await context.accountPorts();
  const signingIn = withCode(context, input, (code) => {
    const given = code === undefined ? {} : { code };
    return signIn(ports, { ...words, password, ...given }, context.signal);
  });
  const { secrets } = await valueOf(signingIn, {
    texts: {
      'wrong-password': [
        'the name or the password is wrong',
        'Nothing was changed. Try again, or use the recovery words: --recovery.',
      ],
    },
  });
  await context.drive();
  context.output.result(
    { account: secrets.account, email: secrets.email, device: secrets.device },
    () => [
      `Signed in as ${secrets.email}. This device is ${context.output.name(secrets.deviceName)}.`,
    ],
  );
};

function signInWords(input: ParsedInput): SignInWords {
  const server = input.value('server');
  const email = input.value('email');
  const origin = serverOf(server, input);
  if (email === undefined) throw new UsageFailure('--email is needed: the name of the account');
  return { server: origin, email, deviceName: input.value('device') ?? hostname() };
}

export const logout: CommandRun = async (context) => {
  await context.lock();
  await context.signOut();
  context.output.result({ signedIn: false }, () => [
    'Signed out here. Your files stay where they are.',
  ]);
};

export const account: CommandRun = async (context) => {
  const value = await context.account();
  context.output.result(value, () => [
    `${value.account.email} on ${value.account.server}`,
    `this device: ${context.output.name(value.device.name)} (${value.device.id})`,
  ]);
};

export const devices: CommandRun = async (context) => {
  const known = await (await context.drive()).devices(context.signal);
  const list = known.map(({ id, name, isCurrent, createdAt, lastSeenAt }) => ({
    id,
    name,
    current: isCurrent,
    createdAt: createdAt === null ? null : formatTime(createdAt),
    lastSeenAt: lastSeenAt === null ? null : formatTime(lastSeenAt),
  }));
  const { output } = context;
  output.result(list, () =>
    output.table(
      list.map((device) => [
        device.id,
        device.current ? 'this one' : '',
        device.lastSeenAt ?? '-',
        output.name(device.name),
      ]),
    ),
  );
};

export const quota: CommandRun = async (context) => {
  const usage = await (await context.drive()).usage(context.signal);
  context.output.result(usage, () => [
    `storage: ${ofLimit(usage.usedBytes, usage.totalBytes)}`,
    `transfer: ${ofLimit(usage.transferUsedBytes, usage.transferTotalBytes)}`,
  ]);
};

function ofLimit(used: number, total: number | null): string {
  return `${formatBytes(used)} used, ${total === null ? 'no limit' : `of ${formatBytes(total)}`}`;
}
