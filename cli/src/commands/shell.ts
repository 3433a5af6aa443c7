/** `completion`, `manual`, and what completions ask for. */
import type { CommandRun } from '../command.ts';
import { completionScript, SHELLS } from '../completion.ts';
import { UsageFailure } from '../failure.ts';
import { manualPage } from '../manual.ts';
import { ownVersion } from '../version.ts';
import { COMMANDS } from './registry.ts';

const SHOWN = COMMANDS.filter(({ isHidden }) => isHidden !== true);

export const completion: CommandRun = async ({ output }, input) => {
  const wanted = input.positionals[0] ?? '';
  const shell = SHELLS.find((known) => known === wanted);
  if (shell === undefined) {
    throw new UsageFailure(`no completions for '${wanted}'`, `Shells are ${SHELLS.join(', ')}.`);
  }
  const script = completionScript(shell, SHOWN);
  output.result({ shell, script }, () => [script.trimEnd()]);
};

export const manual: CommandRun = async ({ output }) => {
  const page = manualPage(SHOWN, ownVersion());
  output.result({ page }, () => [page.trimEnd()]);
};

/** Names in the folder that a half-typed path is in, as they were verified last: nothing is asked. */
export const completeRemote: CommandRun = async (context, input) => {
  const typed = input.positionals[0] ?? '';
  const folder = typed.slice(0, typed.lastIndexOf('/') + 1);
  const listed = (await context.drive()).list(folder === '' ? '/' : folder);
  const paths = listed.ok
    ? listed.value.entries
        .map(({ node }) => `${folder}${node.name}${node.kind === 'folder' ? '/' : ''}`)
        .filter((path) => path.startsWith(typed) && !/[\p{Cc}\p{Cf}]/u.test(path))
    : [];
  context.output.result(paths, () => paths);
};
