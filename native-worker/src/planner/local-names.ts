/**
 * What a remote name is called in a root that cannot hold it (engine §8): Windows' characters as
 * their full-width look-alikes, control characters as their symbols, reserved words and dots or
 * spaces at the end marked. The remote name never changes; the base row keeps both.
 *
 * [Note: Why escapes are read back only for escaped names] Look-alikes are letters of their own in
 * East Asian text. A name that a person typed is taken as it stands; only where a node's local name
 * was an escape is its next local name read back.
 */
import { cutTo, lengthIn } from './name-length.ts';
import { isSameName } from './name-key.ts';
import { nameParts } from './name-parts.ts';
import type { BaseNode, Caps } from './types.ts';

const LOOK_ALIKES: ReadonlyMap<string, string> = new Map([
  ['<', '＜'],
  ['>', '＞'],
  [':', '：'],
  ['"', '＂'],
  ['/', '／'],
  ['\\', '＼'],
  ['|', '｜'],
  ['?', '？'],
  ['*', '＊'],
]);
const ORIGINALS = new Map([...LOOK_ALIKES].map(([original, shown]) => [shown, original]));
const CONTROL_SYMBOLS_START = 0x24_00;
const SPACE_SYMBOL = '␠';
const FULL_WIDTH_DOT = '．';
/** Stands before a reserved word. */
const MARK = '‛';
/** A name that was given where another one had the node's. */
const NUMBERED = /^(?<stem>.+) \(\d+\)(?<extension>\.[^.]{1,15})?$/u;
const RESERVED = /^(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(?=\.|$)/iu;

/** The name that the root can hold for a remote name, before any clash with others. */
export function localNameFor(name: string, isFolder: boolean, caps: Caps): string {
  const held = caps.windowsNames ? escapeForWindows(name) : name;
  if (lengthIn(held, caps.nameUnit) <= caps.nameMax) return held;
  const { stem, extension } = nameParts(held, isFolder);
  const room = caps.nameMax - lengthIn(extension, caps.nameUnit);
  return caps.windowsNames
    ? escapeEnd(cutTo(stem, room, caps.nameUnit) + extension)
    : cutTo(stem, room, caps.nameUnit) + extension;
}

/**
 * The remote name that a local name stands for. `base`: the row of the entry, if it has one. A root
 * that normalises gives names back in its own form: that is no rename.
 */
export function remoteNameOf(localName: string, base: BaseNode | undefined, caps: Caps): string {
  if (base === undefined) return localName;
  const isKept = caps.normalising && isSameName(localName, base.localName);
  if (isKept || localName === base.localName) return base.name;
  if (base.localName === base.name) return localName;
  return caps.windowsNames && base.localName === escapeForWindows(base.name)
    ? unescapeFromWindows(localName)
    : localName;
}

/** Names of nodes for which a local name may stand; that of one which was cut cannot be told. */
export function originalsOf(localName: string, caps: Caps): readonly string[] {
  const { stem, extension } = NUMBERED.exec(localName)?.groups ?? {};
  const names = stem === undefined ? [] : [stem + (extension ?? '')];
  if (!caps.windowsNames) return names;
  return [localName, ...names].map(unescapeFromWindows).filter((name) => name !== localName);
}

export function escapeForWindows(name: string): string {
  let held = '';
  for (const character of name) {
    const code = character.codePointAt(0) ?? 0;
    held +=
      code < 0x20
        ? String.fromCodePoint(CONTROL_SYMBOLS_START + code)
        : (LOOK_ALIKES.get(character) ?? character);
  }
  return escapeEnd(RESERVED.test(held) ? MARK + held : held);
}

export function unescapeFromWindows(localName: string): string {
  let name = '';
  for (const character of localName) {
    const code = (character.codePointAt(0) ?? 0) - CONTROL_SYMBOLS_START;
    name +=
      code >= 0 && code < 0x20
        ? String.fromCodePoint(code)
        : (ORIGINALS.get(character) ?? character);
  }
  if (name.startsWith(MARK) && RESERVED.test(name.slice(MARK.length))) {
    name = name.slice(MARK.length);
  }
  if (name.endsWith(FULL_WIDTH_DOT)) return `${name.slice(0, -1)}.`;
  return name.endsWith(SPACE_SYMBOL) ? `${name.slice(0, -1)} ` : name;
}

/** Windows drops dots and spaces at the end of a name: the last one is shown by another sign. */
function escapeEnd(name: string): string {
  if (name.endsWith('.')) return name.slice(0, -1) + FULL_WIDTH_DOT;
  return name.endsWith(' ') ? name.slice(0, -1) + SPACE_SYMBOL : name;
}
