/** Ways into an account besides its password: `login --recovery`, `login --pair`, and `pair`. */
import {
  joinByPairing,
  openPairing,
  parsePairing,
  parseRecoveryWords,
  recoverAccount,
} from '@coffer/sdk';
import type { CommandRun, ParsedInput } from '../command.ts';
import type { CommandContext } from '../context.ts';
import { CliFailure } from '../failure.ts';
import { formatTime } from '../output.ts';
import { readSecret } from '../secret-input.ts';
import {
  fileOf,
  newWords,
  readNewPassword,
  serverOf,
  valueOf,
  wordsResult,
} from './account-inputs.ts';

/** Where to sign in, as the flags say. */
export interface SignInWords {
  readonly server: string;
  readonly email: string;
  readonly deviceName: string;
}

export async function loginByRecovery(
  context: CommandContext,
  input: ParsedInput,
  words: SignInWords,
): Promise<void> {
  const fresh = newWords(context, input, 'new-recovery-file');
  const typed = await readSecret(
    {
      file: fileOf(context, input.value('recovery-file')),
      env: context.env['COFFER_RECOVERY'],
      prompt: 'Recovery words',
      variable: 'COFFER_RECOVERY',
      flag: '--recovery-file',
    },
    context.output,
  );
  const recoveryKey = parseRecoveryWords(typed);
  if (recoveryKey === undefined) {
    throw new CliFailure(
      'wrong-recovery-key',
      'these are not 24 recovery words: one is missing, misspelt or in another place',
      'Nothing was sent. Look at them again.',
    );
  }
  const newPassword = await readNewPassword(context, {
    file: input.value('password-file'),
    variable: 'COFFER_PASSWORD',
    flag: '--password-file',
  });
  await context.lock();
  const ports = await context.accountPorts();
  const revokeOthers = input.has('revoke-others');
  const given = { ...words, recoveryKey, newPassword, revokeOthers, confirmWords: fresh.confirm };
  const { secrets } = await valueOf(recoverAccount(ports, given, context.signal), {
    onRefusal: fresh.discard,
    unknown: [
      'no answer came from the server: whether the account was recovered is not known',
      "Keep the new words and the old ones. Try 'coffer login' with the new password first.",
    ],
  });
  const drive = await context.drive();
  await drive.own.renewSpaces(context.signal);
  const { value, lines } = wordsResult(fresh, input);
  const { account, email, device } = secrets;
  context.output.result({ account, email, device, ...value }, () => [
    `Signed in as ${email} with a new password. This device is ${context.output.name(secrets.deviceName)}.`,
    ...(revokeOthers ? ['All other devices were removed from the account.'] : []),
    'A second factor, if there was one, is off.',
    ...lines,
  ]);
}

export async function loginByPairing(
  context: CommandContext,
  input: ParsedInput,
  deviceName: string,
): Promise<void> {
  const typed = await readSecret(
    {
      file: fileOf(context, input.value('pair-file')),
      env: context.env['COFFER_PAIR'],
      prompt: "The 8 words that 'coffer pair' shows on the other device",
      variable: 'COFFER_PAIR',
      flag: '--pair-file',
    },
    context.output,
  );
  const pairing = parsePairing(typed);
  if (pairing === undefined) {
    throw new CliFailure(
      'usage',
      'these are not the 8 words of a pairing: one is missing or misspelt',
      'Nothing was sent. Look at the other device again.',
    );
  }
  const server = serverOf(pairing.server ?? input.value('server'), input);
  await context.lock();
  const ports = await context.accountPorts();
  const joining = joinByPairing(
    ports,
    { server, secret: pairing.secret, deviceName },
    context.signal,
  );
  const { secrets } = await valueOf(joining, {
    texts: {
      'not-found': [
        `no device shows these words to ${server}`,
        "They count once, for two minutes. Run 'coffer pair' on a signed-in device again.",
      ],
      refused: [
        'another device has used these words already',
        "If that was not you: 'coffer devices' on the other device lists what joined.",
      ],
      timeout: [
        'the other device did not answer',
        "Leave 'coffer pair' running there until it says that a device has joined.",
      ],
    },
  });
  await context.drive();
  const { account, email, device } = secrets;
  context.output.result({ account, email, device }, () => [
    `Signed in as ${email}. This device is ${context.output.name(secrets.deviceName)}.`,
  ]);
}

export const pair: CommandRun = async (context) => {
  const drive = await context.drive();
  const { output, signal } = context;
  const waiting = await openPairing(drive.own, signal);
  const { words, text } = waiting;
  const expiresAt = formatTime(waiting.expiresAt);
  output.line({ event: 'waiting', words, text, expiresAt }, () =>
    [
      "Type these words on the new device, at 'coffer login --pair':",
      '',
      `  ${words.join(' ')}`,
      '',
      `Or let it read this text, as a QR code: ${text}`,
      'They count once, for two minutes. Whoever has them gets the whole account: show them to nobody else.',
    ].join('\n'),
  );
  const { device } = await valueOf(waiting.wait(signal), {
    texts: {
      timeout: [
        'no device came within two minutes',
        "The words are void. Run 'coffer pair' again.",
      ],
    },
  });
  output.line({ event: 'joined', device }, () => `A device has joined the account: ${device}.`);
};
