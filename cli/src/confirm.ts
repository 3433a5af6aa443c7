/** Questions before what cannot be undone. */
import type { ParsedInput } from './command.ts';
import { CliFailure } from './failure.ts';
import type { Output } from './output.ts';

/**
 * Returns once a person said yes: by `--yes`, or on the terminal. Throws CliFailure
 * `confirmation-needed` otherwise. `what` completes "this …".
 */
export async function confirm(
  output: Output,
  input: ParsedInput,
  what: string,
  nothing: string,
): Promise<void> {
  if (input.has('yes')) return;
  if (!output.input.isTTY) {
    throw new CliFailure('confirmation-needed', what, `Give --yes to do it. ${nothing}`);
  }
  output.error(`${what[0]?.toUpperCase()}${what.slice(1)}. It cannot be undone.`);
  const answer = await output.input.ask({ prompt: 'Go on? Type yes: ', hidden: false });
  if (/^y(es)?$/i.test(answer.trim())) return;
  throw new CliFailure('confirmation-needed', 'you did not say yes', nothing);
}
