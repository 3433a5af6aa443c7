/** Questions before what cannot be undone, or changes much. */
import type { ParsedInput } from './command.ts';
import { CliFailure } from './failure.ts';
import type { Output } from './output.ts';

/**
 * Returns once a person said yes: by `--yes`, or on the terminal. Throws CliFailure
 * `confirmation-needed` otherwise. `what` completes "this …"; `texts` says
 * that nothing was done, and what follows where it can be undone.
 */
export async function confirm(
  output: Output,
  input: ParsedInput,
  what: string,
  texts: string | { readonly nothing: string; readonly after: string },
): Promise<void> {
  const { nothing, after } =
    typeof texts === 'string' ? { nothing: texts, after: 'It cannot be undone.' } : texts;
  if (input.has('yes')) return;
  if (!output.input.isTTY) {
    throw new CliFailure('confirmation-needed', what, `Give --yes to do it. ${nothing}`);
  }
  output.error(`${what[0]?.toUpperCase()}${what.slice(1)}. ${after}`);
  const answer = await output.input.ask({ prompt: 'Go on? Type yes: ', hidden: false });
  if (/^y(es)?$/i.test(answer.trim())) return;
  throw new CliFailure('confirmation-needed', 'you did not say yes', nothing);
}
