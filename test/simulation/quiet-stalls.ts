/** Stalls that inform and stay while what they are about stays; they wait for nothing. */
const QUIET_STALLS: ReadonlySet<string> = new Set([
  'CaseClash',
  'HardLinkCopied',
  'SymlinkOutside',
  'IgnoreFileMalformed',
]);

export function isQuietStall(reason: string): boolean {
  return QUIET_STALLS.has(reason);
}
