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
    const isPiped = source.file === '-';
    return withoutLineEnd(isPiped ? await readAll(output) : readFileSync(source.file, 'utf8'));
  }
  if (source.env !== undefined && source.env !== '') return source.env;
  if (!output.input.isTTY) {
    throw new CliFailure(
      'usage',
      `there is no terminal to ask for this on: ${source.prompt.charAt(0).toLowerCase()}${source.prompt.slice(1)}`,
      `Set ${source.variable} or give ${source.flag} FILE ('-' reads standard input).`,
    );
  }
  return output.input.ask({ prompt: `${source.prompt}: `, hidden: true });
}

async function readAll(output: Output): Promise<string> {
  const parts: Uint8Array[] = [];
  for await (const part of output.input.read()) parts.push(part);
  return Buffer.concat(parts).toString('utf8');
}

function withoutLineEnd(text: string): string {
  return text.replace(/\r?\n$/, '');
}
