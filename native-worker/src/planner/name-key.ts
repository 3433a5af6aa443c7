/**
 * The key under which a name claims its slot in a pair's root (engine §2): NFC, case-folded where the
 * root is not case-sensitive. Folding goes through upper case, so that letters which differ only in
 * lower case (σ and ς) meet; a file system that keeps them apart is served by numbered names.
 */
import type { Caps } from './types.ts';

export function nameKey(name: string, caps: Pick<Caps, 'caseSensitive'>): string {
  // Most names are plain ASCII: those are their own NFC.
  const composed = isAscii(name) ? name : name.normalize('NFC');
  return caps.caseSensitive ? composed : foldCase(composed);
}

/** True when two names are one remote name: equal after NFC. */
export function isSameName(a: string, b: string): boolean {
  return a === b || (!(isAscii(a) && isAscii(b)) && a.normalize('NFC') === b.normalize('NFC'));
}

export function isAscii(text: string): boolean {
  for (let index = 0; index < text.length; index++) {
    if (text.charCodeAt(index) > 0x7f) return false;
  }
  return true;
}

function foldCase(name: string): string {
  return isAscii(name) ? name.toLowerCase() : name.toUpperCase().toLowerCase().normalize('NFC');
}
