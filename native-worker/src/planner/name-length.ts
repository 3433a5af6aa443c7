/** Lengths of names in the unit of a file system, and cuts that never split a character. */
import { isAscii } from './name-key.ts';
import type { Caps } from './types.ts';

export function lengthIn(text: string, unit: Caps['nameUnit']): number {
  if (unit === 'utf16' || isAscii(text)) return text.length;
  let length = 0;
  for (const character of text) length += utf8Length(character.codePointAt(0) ?? 0);
  return length;
}

/** The longest beginning of `text` that has at most `room` units. */
export function cutTo(text: string, room: number, unit: Caps['nameUnit']): string {
  if (lengthIn(text, unit) <= room) return text;
  let length = 0;
  let end = 0;
  for (const character of text) {
    length += unit === 'utf16' ? character.length : utf8Length(character.codePointAt(0) ?? 0);
    if (length > room) break;
    end += character.length;
  }
  return text.slice(0, end);
}

function utf8Length(point: number): number {
  if (point < 0x80) return 1;
  if (point < 0x800) return 2;
  return point < 0x1_00_00 ? 3 : 4;
}
