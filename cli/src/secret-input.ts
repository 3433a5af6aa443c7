/** Passwords and recovery words: from a terminal, a file or the environment; never an argument. */
import { readFileSync } from 'node:fs';
import { CliFailure } from './failure.ts';
import type { Output } from './output.ts';

export interface SecretSource {
  readonly file: string | undefined;
  readonly env: string | undefined;
  /** What a person is asked, and what the message calls it. */
  readonly prompt: string;
  readonly variable: string;
  readonly flag: string;
}

/** The secret without its final line break. Throws CliFailure `usage` when there is none to read. */
export async function readSecret(source: SecretSource, output: Output): Promise<string> {
  if (source.file !== undefined) {
    const text = readFileSync(source.file === '-' ? 0 : source.file, 'utf8');
    return withoutLineEnd(text);
  }
  if (source.env !== undefined && source.env !== '') return source.env;
  if (!process.stdin.isTTY) {
    throw new CliFailure(
      'usage',
      `${source.prompt} is needed and there is no terminal to ask on`,
      `Set ${source.variable} or give ${source.flag} FILE ('-' reads standard input).`,
    );
  }
  return askHidden(`${source.prompt}: `, output);
}

function withoutLineEnd(text: string): string {
  return text.replace(/\r?\n$/, '');
}

async function askHidden(prompt: string, output: Output): Promise<string> {
  process.stderr.write(prompt);
  const { stdin } = process;
  stdin.setRawMode(true);
  stdin.setEncoding('utf8');
  stdin.resume();
  try {
    return await new Promise<string>((resolve, reject) => {
      let typed = '';
      const onData = (chunk: string): void => {
        for (const character of chunk) {
          if (character === '\r' || character === '\n') return finish(() => resolve(typed));
          if (character === '\u0003')
            return finish(() => reject(new CliFailure('interrupted', 'interrupted')));
          typed =
            character === '\u007f' || character === '\b' ? typed.slice(0, -1) : typed + character;
        }
      };
      const finish = (settle: () => void): void => {
        stdin.off('data', onData);
        settle();
      };
      stdin.on('data', onData);
    });
  } finally {
    stdin.setRawMode(false);
    stdin.pause();
    output.error('');
  }
}
