/** Names that do not sync: the built-in ones that the world's editors leave, and those of its ignore file. */
export const IGNORE_FILE = '.cofferignore';
/** What an ignore file of this world says. */
export const IGNORE_PATTERN = '*.scratch';
const BUILT_IN =
  /^(?:.*~|\.#.*|#.*#|.*\.sw[px]|4913|~\$.*|\.goutputstream-.*|.*\.sb-.{8}-.{6}|\.coffer)$/;

export function isBuiltInIgnored(name: string): boolean {
  return BUILT_IN.test(name);
}

/** Whether a path has a name that an ignore file of this world may be about. */
export function isScratch(path: string): boolean {
  return path.split('/').some((name) => /\.scratch'*$/.test(name));
}
