/** Names that do not sync: the built-in ones that the world's editors leave, and those of its ignore file. */
export const IGNORE_FILE = '.cofferignore';
/** How the names end that the ignore files of this world are about. */
export const SCRATCH = '.scratch';
/** What an ignore file of this world says. */
export const IGNORE_PATTERN = `*${SCRATCH}`;
const BUILT_IN =
  /^(?:.*~|\.#.*|#.*#|.*\.sw[px]|4913|~\$.*|\.goutputstream-.*|.*\.sb-.{8}-.{6}|\.coffer)$/;

export function isBuiltInIgnored(name: string): boolean {
  return BUILT_IN.test(name);
}

/** Whether a path has a name that an ignore file of this world may be about. */
export function isScratch(path: string): boolean {
  return path.split('/').some((name) => name.replace(/'*$/, '').endsWith(SCRATCH));
}

/**
 * Whether a rule file that stands above this entry on its own disk hides it. `contentAt` gives what the file
 * at a path holds; undefined when there is none.
 */
export function isHidden(
  path: string,
  root: string,
  contentAt: (path: string) => string | undefined,
): boolean {
  for (let end = path.lastIndexOf('/'); end >= root.length; end = path.lastIndexOf('/', end - 1)) {
    const below = path.slice(end + 1).split('/');
    if (!below.some((name) => name.endsWith(SCRATCH))) continue;
    const rules = contentAt(`${path.slice(0, end)}/${IGNORE_FILE}`);
    if (rules?.split('\n').includes(IGNORE_PATTERN) === true) return true;
  }
  return false;
}
