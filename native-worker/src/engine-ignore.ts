/** Which ignore rules there are and which of them decides, asked of the files as they are on the disk. */
import { EngineFault, type IgnoreAnswer, type IgnoreRuleListing } from './contract/index.ts';
import type { EngineCore } from './engine-core.ts';
import { runnerAt } from './engine-listings.ts';
import type { PairRunner } from './engine-pair.ts';
import { LocalFault } from './ports/index.ts';
import { IGNORE_FILE, type IgnoreRule, type IgnoreRules } from './scanner/ignore.ts';
import { BUILT_IN_TEMPORARIES, OWN_FOLDER } from './scanner/temporaries.ts';

/** Folders that are asked for a rule file before other work has its turn. */
const FOLDERS_PER_TURN = 1000;

/** The answer for each absolute local path, in order. */
export function checkIgnored(core: EngineCore, paths: readonly string[]): IgnoreAnswer[] {
  const rulesOf = new Map<PairRunner, IgnoreRules>();
  return paths.map((path) => {
    const runner = runnerAt(core, path);
    if (runner === undefined) return { path, state: 'outside' };
    const rules = rulesOf.get(runner) ?? runner.scanner.freshRules();
    rulesOf.set(runner, rules);
    const relative = path.slice(runner.pair.localPath.length + 1);
    if (relative === '') return { path, state: 'not-ignored' };
    return reading(path, () => {
      const stat = core.options.fileSystem.lstat(path);
      const kind = stat?.type ?? runner.book.findLocal(relative)?.kind;
      const verdict = rules.check(relative, kind === 'folder');
      const state = verdict.ignored ? 'ignored' : 'not-ignored';
      const rule = verdict.ignored ? verdict.rule : verdict.takenBackBy?.();
      return rule === undefined
        ? { path, state }
        : { path, state, rule: listingOf(runner, rule, false) };
    });
  });
}

/**
 * The rules of the pairs that `paths` name or lie in, of all when it is left out: what is built in, the
 * pair's own patterns, and the rule files in folders that were seen. Of a path inside a pair, the files
 * above and below it.
 */
export async function listIgnoreRules(
  core: EngineCore,
  paths: readonly string[] | undefined,
  signal: AbortSignal,
): Promise<IgnoreRuleListing[]> {
  const listed: IgnoreRuleListing[] = [];
  for (const { runner, below } of placesOf(core, paths)) {
    const rules = runner.scanner.freshRules();
    const builtIn = [`${OWN_FOLDER}/`, ...BUILT_IN_TEMPORARIES];
    listed.push(...builtIn.map((text) => listingOf(runner, { file: '', line: 0, text }, false)));
    listed.push(...rules.ofPair.map((rule) => listingOf(runner, rule, false)));
    for (const folder of await ruleFolders(core, runner, signal)) {
      if (!isOnTheWay(folder, below)) continue;
      const path = folder === '' ? runner.pair.localPath : `${runner.pair.localPath}/${folder}`;
      if (folder !== '' && reading(path, () => rules.check(folder, true)).ignored) continue;
      const ofFolder = reading(path, () => rules.ofFolder(folder));
      const skipped = rules.malformed(folder);
      listed.push(
        ...[...ofFolder, ...skipped]
          .sort((a, b) => a.line - b.line)
          .map((rule) => listingOf(runner, rule, skipped.includes(rule))),
      );
    }
  }
  return listed;
}

function placesOf(
  core: EngineCore,
  paths: readonly string[] | undefined,
): readonly { readonly runner: PairRunner; readonly below: string }[] {
  if (paths === undefined || paths.length === 0)
    return core.runners().map((runner) => ({ runner, below: '' }));
  return paths.map((path) => {
    const runner = runnerAt(core, path) ?? core.find(path);
    return { runner, below: path.slice(runner.pair.localPath.length + 1) };
  });
}

/** Whether rules of `folder` can say something about `path` or what is below it. */
function isOnTheWay(folder: string, path: string): boolean {
  const isAtOrBelow = (one: string, other: string): boolean =>
    other === '' || one === other || one.startsWith(`${other}/`);
  return isAtOrBelow(folder, path) || isAtOrBelow(path, folder);
}

/** Folders with a rule file, by path; the root first. */
async function ruleFolders(
  core: EngineCore,
  { pair, scanner, trees }: PairRunner,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const { clock, fileSystem } = core.options;
  const hasRules = (folder: string): boolean => {
    const inFolder = folder === '' ? IGNORE_FILE : `${folder}/${IGNORE_FILE}`;
    return fileSystem.lstat(`${pair.localPath}/${inFolder}`)?.type === 'file';
  };
  const found = hasRules('') ? [''] : [];
  for (let after = 0; ;) {
    const rows = trees.local.foldersAfter(after, FOLDERS_PER_TURN);
    for (const { id } of rows) {
      after = id;
      const path = scanner.pathOf(id);
      if (path !== undefined && path !== '' && hasRules(path)) found.push(path);
    }
    if (rows.length < FOLDERS_PER_TURN) return found.sort();
    await clock.sleep(0, signal);
  }
}

function listingOf(
  { pair }: PairRunner,
  { file, line, text }: IgnoreRule,
  isSkipped: boolean,
): IgnoreRuleListing {
  const source = file !== '' ? 'file' : line === 0 ? 'built-in' : 'pair';
  return {
    local: pair.localPath,
    source,
    file: file === '' ? null : `${pair.localPath}/${file}`,
    line: line === 0 ? null : line,
    pattern: text,
    skipped: isSkipped,
  };
}

/** `path`: absolute, as a person knows it. */
function reading<T>(path: string, ask: () => T): T {
  try {
    return ask();
  } catch (cause) {
    if (!(cause instanceof LocalFault)) throw cause;
    throw new EngineFault(
      'unsuitable',
      `${path}: it, or a rule file that applies to it, cannot be read`,
      'Look at the permissions of the folders above it. Nothing was changed.',
      { cause },
    );
  }
}
