/** What commands about the account ask for: passwords, codes, recovery words; and their refusals. */
import { closeSync, existsSync, fsyncSync, openSync, rmSync, writeSync } from 'node:fs';
import {
  parseServerOrigin,
  PASSWORD_LENGTH_MIN,
  type AccountRefusal,
  type ConfirmWords,
} from '@coffer/sdk';
import { RemoteFault } from '@coffer/sdk/faults';
import type { ParsedInput } from '../command.ts';
import type { CommandContext } from '../context.ts';
import { CliFailure, UsageFailure } from '../failure.ts';
import { readSecret } from '../secret-input.ts';
import { serverRefusal } from '../server-refusal.ts';

type Outcome<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: AccountRefusal };

/** `COFFER_PASSWORD`, `--password-file`, or asked for. */
export function readPassword(
  context: CommandContext,
  input: ParsedInput,
  prompt = 'Password',
): Promise<string> {
  return readSecret(
    {
      file: fileOf(context, input.value('password-file')),
      env: context.env['COFFER_PASSWORD'],
      prompt,
      variable: 'COFFER_PASSWORD',
      flag: '--password-file',
    },
    context.output,
  );
}

/** Before anything is asked for or waited for. Throws CliFailure `already-signed-in`. */
export async function requireSignedOut(context: CommandContext): Promise<void> {
  if (await context.isSignedIn()) throw refusal({ code: 'already-signed-in' });
}

/** Origin of the server that a person named. */
export function serverOf(server: string | undefined, input: ParsedInput): string {
  if (server === undefined) throw new UsageFailure('--server is needed: the address of the server');
  const origin = parseServerOrigin(server, input.has('allow-http'));
  if (origin.ok) return origin.value;
  if (origin.error === 'insecure-server') {
    throw new CliFailure(
      'refused',
      `${server} is plain http to another machine: anyone on the way could interfere`,
      'Use https, or --allow-http if you know why.',
    );
  }
  throw new UsageFailure(
    `'${server}' is not the address of a server`,
    'Write https://drive.example.org or http://127.0.0.1:8420.',
  );
}

/** A password that is to count from now on: on a terminal it is asked for twice. */
export async function readNewPassword(
  context: CommandContext,
  source: { readonly file: string | undefined; readonly variable: string; readonly flag: string },
): Promise<string> {
  const { variable, flag } = source;
  const file = fileOf(context, source.file);
  const env = context.env[variable];
  const ask = (prompt: string): Promise<string> =>
    readSecret({ file, env, prompt, variable, flag }, context.output);
  const password = await ask('New password');
  if (password.length < PASSWORD_LENGTH_MIN) {
    throw new UsageFailure(
      `a password has at least ${PASSWORD_LENGTH_MIN} characters`,
      'A few random words make a good one. Nothing was changed.',
    );
  }
  const isAsked = file === undefined && (env === undefined || env === '');
  if (isAsked && (await ask('New password again')) !== password) {
    throw new UsageFailure('the two passwords differ', 'Nothing was changed. Try again.');
  }
  return password;
}

/** A local path as the person meant it; `-` is standard input. */
export function fileOf(context: CommandContext, file: string | undefined): string | undefined {
  return file === undefined || file === '-' ? file : context.path(file);
}

/** `--code`, in the form that the server takes. Throws UsageFailure for what is no code. */
export async function readCode(text: string): Promise<string> {
  const { parseSecondFactorCode } = await import('@coffer/sdk');
  const code = parseSecondFactorCode(text);
  if (code !== undefined) return code;
  throw new UsageFailure(
    'this is no code of a second factor',
    'It has the six digits that the authenticator shows, or is one of the backup codes.',
  );
}

/**
 * Runs `action` with the code that was given; on a terminal it is asked for when the account wants one.
 */
export async function withCode<T>(
  context: CommandContext,
  input: ParsedInput,
  action: (code: string | undefined) => Promise<Outcome<T>>,
): Promise<Outcome<T>> {
  const given = input.value('code');
  const outcome = await action(given === undefined ? undefined : await readCode(given));
  if (outcome.ok || outcome.error.code !== 'second-factor-needed' || given !== undefined)
    return outcome;
  const { input: terminal } = context.output;
  if (!terminal.isTTY) return outcome;
  const typed = await terminal.ask({ prompt: 'Code of the second factor: ', hidden: false });
  return action(await readCode(typed));
}

/** New recovery words on their way to a person. */
export interface NewWords {
  readonly confirm: ConfirmWords;
  /** What `confirm` was given. */
  readonly words: () => readonly string[];
  /** Where they were written, instead of being shown. */
  readonly file: string | undefined;
  /** Nothing was changed: words that were written count for nothing. */
  readonly discard: () => void;
}

/**
 * Writes new words to the file of `flag`, or shows them and asks whether they were written down; with
 * `--yes` they are shown with the result. Throws when there is nobody to ask.
 */
export function newWords(context: CommandContext, input: ParsedInput, flag: string): NewWords {
  const file = fileOf(context, input.value(flag));
  if (file !== undefined && existsSync(file)) {
    throw new CliFailure(
      'exists',
      'there is a file already where the recovery words should go',
      'Give another file, or move that one away. Nothing was changed.',
      { path: file },
    );
  }
  const { output } = context;
  const isAsking = file === undefined && !input.has('yes');
  if (isAsking && !output.input.isTTY) {
    throw new CliFailure(
      'confirmation-needed',
      'this makes new recovery words, and there is no terminal to show them on',
      `Give --${flag} FILE to have them written there, or --yes. Nothing was changed.`,
    );
  }
  let shown: readonly string[] = [];
  return {
    file,
    words: () => shown,
    discard: () => {
      if (file !== undefined && shown.length > 0) rmSync(file, { force: true });
    },
    confirm: async (words) => {
      shown = words;
      if (file !== undefined) writePrivately(file, `${words.join(' ')}\n`);
      if (!isAsking) return true;
      for (const line of [
        'New recovery words. The old ones end with this:',
        '',
        ...wordLines(words),
      ])
        output.error(line);
      const prompt = 'Write them down. Type yes when you have them: ';
      return (await output.input.ask({ prompt, hidden: false })).trim().toLowerCase() === 'yes';
    },
  };
}

/** For its owner only, and on the disk when this returns. */
export function writePrivately(file: string, text: string): void {
  const handle = openSync(file, 'wx', 0o600);
  try {
    writeSync(handle, text);
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

/** What a result says of new words: where they are, or the words where nobody has seen them yet. */
export function wordsResult({ file, words }: NewWords, input: ParsedInput) {
  if (file !== undefined) {
    return {
      value: { recoveryFile: file },
      lines: [`The 24 new recovery words are in ${file}. Keep them safe; the old ones are void.`],
    };
  }
  const isShown = !input.has('yes');
  return {
    value: { recoveryWords: words() },
    lines: isShown
      ? ['The new recovery words count from now on; the old ones are void.']
      : ['New recovery words, the old ones are void. Write them down:', '', ...wordLines(words())],
  };
}

export function wordLines(words: readonly string[]): readonly string[] {
  const PER_LINE = 6;
  const lines: string[] = [];
  for (let i = 0; i < words.length; i += PER_LINE) {
    lines.push(
      words
        .slice(i, i + PER_LINE)
        .map((word, j) => `${String(i + j + 1).padStart(2)} ${word.padEnd(9)}`)
        .join(' ')
        .trimEnd(),
    );
  }
  return lines;
}

type Texts = Readonly<
  Partial<Record<AccountRefusal['code'], readonly [what: string, hint: string]>>
>;

const TEXTS: Texts = {
  'wrong-password': ['the name or the password is wrong', 'Nothing was changed. Try again.'],
  'wrong-recovery-key': [
    'the name or the recovery words are wrong',
    'Nothing was changed. Words that were replaced are void: use the newest ones.',
  ],
  'second-factor-needed': [
    'this account has a second factor',
    'Give --code with the six digits that the authenticator shows, or a backup code. Nothing was changed.',
  ],
  'wrong-code': [
    'the code is wrong, or was used before',
    'Wait for the next one, half a minute, then try again. Nothing was changed.',
  ],
  'rate-limited': [
    'there were too many tries',
    'Wait a quarter of an hour, then try again. Nothing was changed.',
  ],
  'already-signed-in': [
    'an account is signed in here already',
    "'coffer logout' ends that, or use another profile with --home.",
  ],
  'confirmation-needed': [
    'the new recovery words were not confirmed',
    'Nothing was changed: the words that you have still count, those just shown do not.',
  ],
  'not-signed-in': [
    'it took longer than the five minutes that a password counts',
    'Nothing was changed, and words just shown are void. Run it again.',
  ],
  'device-revoked': [
    'this device was removed from the account',
    "Nothing was changed. 'coffer logout', then 'coffer login' adds it anew.",
  ],
  'limit-reached': [
    'the account has as many devices as it can have',
    "Remove one with 'coffer devices revoke'. Nothing was changed.",
  ],
  'bundle-moved': [
    'other devices changed the account at the same time',
    'Nothing was changed here. Run it again.',
  ],
};

/** The refusal in words; `texts` are the command's own. */
export function refusal({ code }: AccountRefusal, texts: Texts = {}): CliFailure {
  const [what, hint] = texts[code] ?? TEXTS[code] ?? [];
  if (what !== undefined) return new CliFailure(code, what, hint);
  return new CliFailure(code, ...serverRefusal(code));
}

/**
 * The value of `outcome`, or its refusal. When no answer came to a change of the keys, what the server
 * did is not known: `unknown` says how to find out.
 */
export async function valueOf<T>(
  outcome: Promise<Outcome<T>>,
  options: {
    readonly texts?: Texts;
    readonly unknown?: readonly [what: string, hint: string];
    readonly onRefusal?: () => void;
  } = {},
): Promise<T> {
  try {
    const settled = await outcome;
    if (settled.ok) return settled.value;
    options.onRefusal?.();
    throw refusal(settled.error, options.texts);
  } catch (error) {
    if (!(error instanceof RemoteFault) || error.code !== 'network') throw error;
    if (options.unknown === undefined) throw error;
    throw new CliFailure('network', ...options.unknown, { cause: error });
  }
}
