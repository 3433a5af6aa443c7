/**
 * Which entries are not synced (engine §8): `.cofferignore` files in gitignore syntax, the nearest
 * folder first, below all of them the patterns of the pair and the built-in list of temporaries. A line of a rule file can
 * take a built-in one back (`!*.part`), but never `.coffer/`.
 */
import ignore from 'ignore';
import { bytesToUtf8, type Bytes } from '@coffer/protocol/core';
import { LocalFault } from '../ports/index.ts';
import { isBuiltInTemporary, OWN_FOLDER } from './temporaries.ts';

export const IGNORE_FILE = '.cofferignore';
/** A rule file beyond this is malformed as a whole. */
export const IGNORE_FILE_BYTES_MAX = 1024 * 1024;

export interface IgnoreRule {
  /** Relative path of the rule file; '' for the patterns of the pair and the built-in list. */
  readonly file: string;
  /** From 1, in the rule file or among the pair's patterns; 0 for the built-in list and where the whole file is meant. */
  readonly line: number;
  readonly text: string;
}

export type IgnoreVerdict =
  /** `takenBackBy`: finds the `!` rule that decides; left out where no rule says anything. */
  | { readonly ignored: false; readonly takenBackBy?: () => IgnoreRule | undefined }
  | { readonly ignored: true; readonly rule: IgnoreRule };

export interface IgnoreRules {
  /**
   * Whether a relative path is ignored, by itself or with a folder above it, and by which rule. Rule
   * files that were not read yet are read. Passes through what `read` throws.
   */
  readonly check: (path: string, isFolder: boolean) => IgnoreVerdict;
  /** The same for a direct child of a folder that is itself not ignored. */
  readonly checkChild: (folder: string, name: string, isFolder: boolean) => IgnoreVerdict;
  /** Reads the rule file of a folder again. True when its rules are others than before. */
  readonly reload: (folder: string) => boolean;
  /** Patterns of the pair. */
  readonly ofPair: readonly IgnoreRule[];
  /** Lines of the folder's rule file that hold. Passes through what `read` throws. */
  readonly ofFolder: (folder: string) => readonly IgnoreRule[];
  /** Lines of the folder's rule file that were skipped. */
  readonly malformed: (folder: string) => readonly IgnoreRule[];
  /** Forgets what was read at and below a path: it moved. */
  readonly forgetBelow: (path: string) => void;
}

/** `ignore` keeps every path that it was asked about: it is made anew after this many. */
const QUESTIONS_MAX = 20_000;
const NOT_IGNORED: IgnoreVerdict = { ignored: false };

interface RuleFile {
  readonly folder: string;
  readonly text: string;
  readonly lines: readonly IgnoreRule[];
  readonly malformed: readonly IgnoreRule[];
  readonly test: (relative: string) => { ignored: boolean; unignored: boolean; line: number };
}

/** `read` gives the bytes of the rule file in a folder (relative path), undefined without one. */
export function createIgnoreRules(options: {
  readonly read: (folder: string) => Bytes | undefined;
  readonly caseSensitive: boolean;
  /** Patterns of this pair alone. */
  readonly ofPair?: readonly string[];
}): IgnoreRules {
  const files = new Map<string, RuleFile | undefined>();
  const ofPair = parseRules('', '', (options.ofPair ?? []).join('\n'), options.caseSensitive);
  const load = (folder: string): RuleFile | undefined => {
    const file = parseRuleFile(folder, options.read(folder), options.caseSensitive);
    files.set(folder, file);
    return file;
  };
  const fileOf = (folder: string): RuleFile | undefined =>
    files.has(folder) ? files.get(folder) : load(folder);

  // The matcher does not say which rule took something back: asked for each, when somebody wants to know.
  const takenBack = ({ lines }: RuleFile, relative: string): IgnoreVerdict => ({
    ignored: false,
    takenBackBy: () =>
      lines.findLast(({ text, file, line }) => {
        const positive = { text: text.slice(1), file, line };
        return (
          text.startsWith('!') && createTest([positive], options.caseSensitive)(relative).ignored
        );
      }),
  });
  const checkChild = (folder: string, name: string, isFolder: boolean): IgnoreVerdict => {
    if (name === OWN_FOLDER) return builtIn(`${OWN_FOLDER}/`);
    const path = folder === '' ? name : `${folder}/${name}`;
    for (let at: string | undefined = folder; at !== undefined; at = parentOf(at)) {
      const file = fileOf(at);
      if (file === undefined) continue;
      const relative = at === '' ? path : path.slice(at.length + 1);
      const result = file.test(isFolder ? `${relative}/` : relative);
      if (result.unignored) return takenBack(file, isFolder ? `${relative}/` : relative);
      const rule = result.ignored ? file.lines.find(({ line }) => line === result.line) : undefined;
      if (rule !== undefined) return { ignored: true, rule };
    }
    const own = ofPair.test(isFolder ? `${path}/` : path);
    const ownRule = ofPair.lines.find(({ line }) => own.ignored && line === own.line);
    if (own.unignored) return takenBack(ofPair, isFolder ? `${path}/` : path);
    if (ownRule !== undefined) return { ignored: true, rule: ownRule };
    const temporary = isBuiltInTemporary(name);
    return temporary === undefined ? NOT_IGNORED : builtIn(temporary);
  };

  return {
    checkChild,
    check: (path, isFolder) => {
      const segments = path.split('/');
      let verdict = NOT_IGNORED;
      for (const [depth, name] of segments.entries()) {
        const isLast = depth === segments.length - 1;
        verdict = checkChild(segments.slice(0, depth).join('/'), name, !isLast || isFolder);
        if (verdict.ignored) return verdict;
      }
      return verdict;
    },
    ofPair: ofPair.lines,
    ofFolder: (folder) => fileOf(folder)?.lines ?? [],
    reload: (folder) => {
      const before = files.get(folder)?.text;
      return load(folder)?.text !== before;
    },
    malformed: (folder) => files.get(folder)?.malformed ?? [],
    forgetBelow: (path) => {
      for (const folder of files.keys()) {
        if (path === '' || folder === path || folder.startsWith(`${path}/`)) files.delete(folder);
      }
    },
  };
}

function builtIn(text: string): IgnoreVerdict {
  return { ignored: true, rule: { file: '', line: 0, text } };
}

function parentOf(folder: string): string | undefined {
  if (folder === '') return undefined;
  return folder.slice(0, Math.max(0, folder.lastIndexOf('/')));
}

function parseRuleFile(
  folder: string,
  bytes: Bytes | undefined,
  caseSensitive: boolean,
): RuleFile | undefined {
  if (bytes === undefined) return undefined;
  const file = folder === '' ? IGNORE_FILE : `${folder}/${IGNORE_FILE}`;
  const text = decode(bytes);
  if (text === undefined) {
    const whole = { file, line: 0, text: '' };
    return { folder, text: '\0', lines: [], malformed: [whole], test: ignoresNothing };
  }
  return parseRules(folder, file, text, caseSensitive);
}

function parseRules(folder: string, file: string, text: string, caseSensitive: boolean): RuleFile {
  const lines: IgnoreRule[] = [];
  const malformed: IgnoreRule[] = [];
  for (const [index, raw] of text.split('\n').entries()) {
    const line = raw.endsWith('\r') ? raw.slice(0, -1) : raw;
    if (line.trim() === '' || line.startsWith('#')) continue;
    const rule = { file, line: index + 1, text: line };
    (isMalformed(line) ? malformed : lines).push(rule);
  }
  return { folder, text, lines, malformed, test: createTest(lines, caseSensitive) };
}

const ignoresNothing: RuleFile['test'] = () => ({ ignored: false, unignored: false, line: 0 });

function decode(bytes: Bytes): string | undefined {
  if (bytes.length > IGNORE_FILE_BYTES_MAX) return undefined;
  try {
    const text = bytesToUtf8(bytes);
    return text.startsWith('\uFEFF') ? text.slice(1) : text;
  } catch (error) {
    if (error instanceof TypeError) return undefined;
    throw error;
  }
}

/** Whether a folder is ignored, by a rule of its own or with one above it. */
export function isFolderIgnored(rules: IgnoreRules, path: string): boolean {
  try {
    return rules.check(path, true).ignored;
  } catch (error) {
    // A rule file that cannot be read: the look at its folder says so.
    if (error instanceof LocalFault) return false;
    throw error;
  }
}

/**
 * What gitignore gives up on silently: a lone backslash at the end, a class that is not closed, a
 * bare `!` or `/`, a NUL. To say so helps the person who wrote the line.
 */
function isMalformed(line: string): boolean {
  const pattern = line.startsWith('!') ? line.slice(1) : line;
  if (pattern.trim() === '' || /^\/+\s*$/.test(pattern) || pattern.includes('\0')) return true;
  const unescaped = pattern.replaceAll(/\\[^]/g, '');
  if (unescaped.endsWith('\\')) return true;
  // A `]` right after the opening bracket is a member of the class.
  return unescaped.replaceAll(/\[[!^]?\]?(?:\[:[a-z]+:\]|[^\]])*\]/g, '').includes('[');
}

function createTest(lines: readonly IgnoreRule[], caseSensitive: boolean): RuleFile['test'] {
  if (lines.length === 0) return ignoresNothing;
  const build = (): ignore.Ignore =>
    ignore({ ignorecase: !caseSensitive }).add(
      lines.map(({ text, line }) => ({ pattern: text, mark: String(line) })),
    );
  let matcher = build();
  let questions = 0;
  return (relative) => {
    if (++questions % QUESTIONS_MAX === 0) matcher = build();
    const { ignored, unignored, rule } = matcher.test(relative);
    return { ignored, unignored, line: Number(rule?.mark ?? 0) };
  };
}
