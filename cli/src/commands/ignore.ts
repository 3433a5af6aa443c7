/** `ignore check`, `ignore list`: which rule of which file keeps something out of a synced folder. */
import type { CommandOutput } from '@coffer/native-worker/contract';
import type { CommandRun } from '../command.ts';
import { finish } from '../each.ts';
import { CliFailure } from '../failure.ts';
import type { Output } from '../output.ts';

type Rule = CommandOutput<'ignoreRules'>[number];

export const ignoreCheck: CommandRun = async (context, input) => {
  const { output } = context;
  const paths = input.positionals.map((local) => context.path(local));
  const answers = await (await context.engine()).checkIgnored({ paths });
  const inPairs = answers.filter(({ state }) => state !== 'outside');
  output.result(
    inPairs.map(({ path, state, rule }) => ({
      path,
      ignored: state === 'ignored',
      ...shown(rule),
    })),
    () =>
      output.table(
        inPairs.map(({ path, state, rule }) => [
          state === 'ignored' ? 'ignored' : 'not ignored',
          rule === undefined ? 'no rule' : placeOf(rule, output),
          rule === undefined ? '' : output.name(rule.pattern),
          output.name(path),
        ]),
      ),
  );
  const outside = answers
    .filter(({ state }) => state === 'outside')
    .map(({ path }) => noPair(path));
  return finish(context, outside);
};

function noPair(path: string): CliFailure {
  return new CliFailure(
    'not-found',
    'this lies in no synced folder',
    "'coffer sync list' shows the synced folders.",
    { path },
  );
}

/** The rule's fields, without those that the path has already. */
function shown(rule: Rule | undefined): object {
  if (rule === undefined) return { rule: null };
  const { source, file, line, pattern } = rule;
  return { rule: { source, file, line, pattern } };
}

export const ignoreList: CommandRun = async (context, input) => {
  const { output } = context;
  const paths = input.positionals.map((local) => context.path(local));
  const rules = await (
    await context.engine()
  ).ignoreRules(paths.length === 0 ? {} : { paths }, { signal: context.signal });
  output.result(rules, () =>
    rules.length === 0
      ? ["No folder is synced yet. 'coffer sync add FOLDER' adds one."]
      : output.table(rules.map((rule) => [placeOf(rule, output), ruleText(rule, output)])),
  );
};

function ruleText({ line, pattern, skipped }: Rule, output: Output): string {
  if (!skipped) return output.name(pattern);
  return line === null
    ? 'skipped: not UTF-8, or larger than 1 MiB'
    : `${output.name(pattern)}  (skipped: no valid pattern)`;
}

/** File and line as editors and compilers write them. */
function placeOf({ source, local, file, line }: Rule, output: Output): string {
  if (source === 'built-in') return 'built in';
  if (file === null) return `--ignore of ${output.name(local)}`;
  return line === null ? output.name(file) : `${output.name(file)}:${line}`;
}
