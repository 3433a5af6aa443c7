/** Standard input of this process: what is piped in, and questions to a person. */
import { CliFailure } from './failure.ts';
import type { InputStream } from './output.ts';

export function processInput(): InputStream {
  return {
    isTTY: process.stdin.isTTY,
    read: () => process.stdin,
    ask: ({ prompt, hidden }) => ask(prompt, hidden),
  };
}

const CTRL_C = '\u0003';
const BACKSPACES = ['\u007f', '\b'];

/** One line, typed in raw mode so that a secret is never shown. */
async function ask(prompt: string, isHidden: boolean): Promise<string> {
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
          if (character === CTRL_C) {
            return finish(() => reject(new CliFailure('interrupted', 'interrupted')));
          }
          const isBack = BACKSPACES.includes(character);
          typed = isBack ? typed.slice(0, -1) : typed + character;
          if (!isHidden) process.stderr.write(isBack ? '\b \b' : character);
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
    process.stderr.write('\n');
  }
}
