/** `twofactor`: a second factor that the server asks for when somebody signs in with the password. */
import { accountStatus, endSecondFactor, startSecondFactor } from '@coffer/sdk';
import type { CommandRun } from '../command.ts';
import type { CommandContext } from '../context.ts';
import { CliFailure, UsageFailure } from '../failure.ts';
import { readCode, readPassword, valueOf, withCode } from './account-inputs.ts';

export const twofactorStatus: CommandRun = async (context) => {
  const drive = await context.drive();
  const { secondFactor, backupCodesLeft } = await accountStatus(drive.own, context.signal);
  context.output.result({ enabled: secondFactor, backupCodesLeft }, () =>
    secondFactor
      ? [`The second factor is on; ${backupCodesLeft} backup codes are left.`]
      : ["The second factor is off. 'coffer twofactor enable' turns it on."],
  );
};

export const twofactorEnable: CommandRun = async (context, input) => {
  const { output, signal } = context;
  const drive = await context.drive();
  const { secondFactor } = await accountStatus(drive.own, signal);
  if (secondFactor) {
    throw new CliFailure(
      'exists',
      'the second factor is on already',
      "'coffer twofactor disable' turns it off; then another authenticator can be set up.",
    );
  }
  const password = await readPassword(context, input);
  const started = await valueOf(startSecondFactor(drive.own, { password }, signal));
  const { secret, uri } = started;
  output.line({ event: 'secret', secret, uri }, () =>
    [
      'Give this to your authenticator, as a QR code or by hand:',
      '',
      `  ${uri}`,
      `  ${secret.match(/.{1,4}/g)?.join(' ') ?? secret}`,
      '',
    ].join('\n'),
  );
  const code = await readCode(await askCode(context));
  const backupCodes = await valueOf(started.confirm(code, signal), {
    texts: {
      'wrong-code': [
        'the authenticator shows another code',
        'The second factor stays off. Look at the clocks of both, then run it again.',
      ],
    },
  });
  output.line({ event: 'enabled', backupCodes }, () =>
    [
      'The second factor is on: signing in with the password asks for a code from now on.',
      'Each of these backup codes does once, when the authenticator is lost. Write them down,',
      'they are not shown again:',
      '',
      ...backupCodes.map((backup) => `  ${backup}`),
    ].join('\n'),
  );
};

/** A line of standard input, or what a person types. */
async function askCode({ output }: CommandContext): Promise<string> {
  const { input } = output;
  if (input.isTTY) {
    return input.ask({ prompt: 'The six digits that it shows now: ', hidden: false });
  }
  let text = '';
  for await (const part of input.read()) {
    text += Buffer.from(part).toString('utf8');
    if (text.includes('\n')) break;
  }
  const [line = ''] = text.split('\n');
  if (line.trim() !== '') return line;
  throw new UsageFailure(
    'a code of the authenticator is needed, and none came',
    'Run it on a terminal, or give the six digits on standard input. The second factor stays off.',
  );
}

export const twofactorDisable: CommandRun = async (context, input) => {
  const drive = await context.drive();
  const password = await readPassword(context, input);
  await valueOf(
    withCode(context, input, (code) =>
      endSecondFactor(drive.own, { password, code }, context.signal),
    ),
  );
  context.output.result({ enabled: false }, () => [
    'The second factor is off: the password alone signs in.',
  ]);
};
