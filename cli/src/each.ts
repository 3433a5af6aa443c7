/** One command on many arguments: what fails for one does not stop the others. */
import type { CommandContext } from './context.ts';
import { CliFailure, EXIT, exitCodeOf, printFailure, toFailure, worstExitCode } from './failure.ts';

/** Nothing that follows could go better. */
const HOPELESS: readonly number[] = [EXIT.refused, EXIT.network, EXIT.integrity, EXIT.interrupted];

export interface Done<T> {
  readonly values: readonly T[];
  /** In the order of the arguments; `finish` prints them after the result. */
  readonly failures: readonly CliFailure[];
}

/** Throws what would fail for every other argument too. */
export async function each<T>(
  words: readonly string[],
  action: (word: string) => Promise<T> | T,
): Promise<Done<T>> {
  const values: T[] = [];
  const failures: CliFailure[] = [];
  for (const word of words) {
    try {
      values.push(await action(word));
    } catch (error) {
      const failure = toFailure(error);
      const isDefect = !(error instanceof CliFailure) && failure.code === 'failed';
      if (isDefect || HOPELESS.includes(exitCodeOf(failure))) throw error;
      failures.push(failure);
    }
  }
  return { values, failures };
}

/** Says what failed; the exit code is the worst. */
export function finish({ output }: CommandContext, failures: readonly CliFailure[]): number {
  for (const failure of failures) printFailure(failure, output);
  return worstExitCode(failures.map((failure) => exitCodeOf(failure)));
}
