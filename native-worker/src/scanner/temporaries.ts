/** Names that programs use for a moment (engine §4, §8). Data and its matcher. */

/** The engine's own folder in each root: staging, recycle area, marker. Never synced, never a node. */
export const OWN_FOLDER = '.coffer';

/** Never synced unless a rule file takes it back. Only `*` and `?` are special. */
export const BUILT_IN_TEMPORARIES = [
  '*~',
  '.#*',
  '#*#',
  '*.swp',
  '*.swx',
  '4913',
  '~$*',
  '.~lock.*#',
  '*.crdownload',
  '*.part',
  '.goutputstream-*',
  '*.sb-????????-??????',
  '.DS_Store',
  'desktop.ini',
  'Thumbs.db',
] as const;

/** Where editors put the old bytes of a file that they are about to write anew. */
const BACKUP_NAMES = ['*~', '*.bak', '*.old', '*.orig', '*.tmp', '*.backup', '#*#'] as const;

function toExpression(pattern: string): RegExp {
  const source = pattern
    .replaceAll(/[.+^${}()|[\]\\]/g, String.raw`\$&`)
    .replaceAll('*', '[^]*')
    .replaceAll('?', '[^]');
  return new RegExp(`^${source}$`, 'u');
}

const TEMPORARIES = BUILT_IN_TEMPORARIES.map((text) => ({ text, match: toExpression(text) }));
const ANY_TEMPORARY = new RegExp(TEMPORARIES.map(({ match }) => match.source).join('|'), 'u');
const ANY_BACKUP = new RegExp(
  BACKUP_NAMES.map((pattern) => toExpression(pattern).source).join('|'),
  'iu',
);

/** The built-in pattern that matches a name; undefined for all others. */
export function isBuiltInTemporary(name: string): string | undefined {
  // One test for the many names that match nothing.
  if (!ANY_TEMPORARY.test(name)) return undefined;
  return TEMPORARIES.find(({ match }) => match.test(name))?.text;
}

/** True for a name that editors give to the old bytes of a file, not to a file of its own. */
export function isBackupName(name: string): boolean {
  return ANY_BACKUP.test(name);
}
