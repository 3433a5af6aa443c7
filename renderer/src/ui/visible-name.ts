/**
 * Names from a disk or a drive, made visible: characters that would reorder, hide or fake text are
 * shown as ⟨U+202E⟩ in a colour of their own, never obeyed.
 */

/**
 * Controls, format characters (bidi marks and overrides, zero-width, tags), line separators, lone
 * surrogates, and letters that draw nothing.
 */
const HIDDEN =
  /\p{Control}|\p{Format}|\p{Surrogate}|\p{Line_Separator}|\p{Paragraph_Separator}|\p{Default_Ignorable_Code_Point}/u;

/** Joiners and emoji selectors, which are honest where they have something to join. */
const JOINER = /\u200C|\u200D|\uFE0E|\uFE0F/;
const JOINS_AFTER =
  /\p{Extended_Pictographic}|\p{Emoji_Modifier}|\uFE0F|\p{Script=Arabic}|\p{Script=Devanagari}|\p{Script=Bengali}|\p{Script=Tamil}|\p{Script=Sinhala}|\p{Script=Malayalam}|\p{Script=Kannada}/u;

/** Piece of a name: text as it is, or the escape of one hidden character. */
export interface NamePiece {
  readonly text: string;
  readonly isEscape: boolean;
}

export function visiblePieces(name: string): readonly NamePiece[] {
  const pieces: NamePiece[] = [];
  let plain = '';
  let before = '';
  for (const character of name) {
    const isHonest = JOINER.test(character) && JOINS_AFTER.test(before);
    before = character;
    if (isHonest || !HIDDEN.test(character)) {
      plain += character;
      continue;
    }
    if (plain !== '') pieces.push({ text: plain, isEscape: false });
    plain = '';
    pieces.push({ text: escapeOf(character), isEscape: true });
  }
  if (plain !== '') pieces.push({ text: plain, isEscape: false });
  return pieces;
}

/** One string, for titles and accessible names. */
export function visibleName(name: string): string {
  return visiblePieces(name)
    .map(({ text }) => text)
    .join('');
}

function escapeOf(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  return `⟨U+${code.toString(16).toUpperCase().padStart(4, '0')}⟩`;
}

/** Characters at the end of a name that are never cut off. */
const TAIL_LENGTH = 14;
/** A name that is hardly longer than its tail is not split. */
const SPLIT_LENGTH_MIN = TAIL_LENGTH + 10;

/**
 * Splits pieces into a head, which may be cut where there is no room, and a tail that keeps the last
 * word and the extension. Escapes stay whole.
 */
export function splitForCutting(pieces: readonly NamePiece[]): {
  readonly head: readonly NamePiece[];
  readonly tail: readonly NamePiece[];
} {
  const length = pieces.reduce((sum, { text }) => sum + text.length, 0);
  if (length < SPLIT_LENGTH_MIN) return { head: pieces, tail: [] };
  const head = [...pieces];
  const tail: NamePiece[] = [];
  let left = TAIL_LENGTH;
  while (left > 0) {
    const last = head.pop();
    if (last === undefined) break;
    if (last.isEscape || last.text.length <= left) {
      tail.unshift(last);
      left -= last.text.length;
      continue;
    }
    const cut = cutOf(last.text, left);
    head.push({ text: last.text.slice(0, cut), isEscape: false });
    tail.unshift({ text: last.text.slice(cut), isEscape: false });
    break;
  }
  return { head, tail };
}

/** Near the end, at the start of a word if one begins there, never inside a surrogate pair. */
function cutOf(text: string, tailLength: number): number {
  const cut = text.length - tailLength;
  const space = text.indexOf(' ', cut);
  if (space >= 0 && space < cut + 5) return space + 1;
  return /[\uDC00-\uDFFF]/.test(text.charAt(cut)) ? cut - 1 : cut;
}

/** Last part of a path. */
export function baseName(path: string): string {
  const parts = path.split(/[/\\]/).filter((part) => part !== '');
  return parts.at(-1) ?? path;
}
