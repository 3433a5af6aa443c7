/** Text for a terminal of 80 columns: paragraphs and two columns. Pure. */

const WIDTH = 80;
const GAP = 2;
/** What is longer stands on a line of its own, so that it does not push all others to the right. */
const LEFT_MAX = 36;

/** Lines of at most 80 columns; a word that is longer stays whole. Line breaks in the text are kept. */
export function fillLines(text: string, indent = 0): readonly string[] {
  return text.split('\n').flatMap((paragraph) => {
    const lines: string[] = [];
    let line = '';
    for (const word of paragraph.split(' ')) {
      const longer = line === '' ? word : `${line} ${word}`;
      if (line !== '' && indent + longer.length > WIDTH) lines.push(line);
      line = line !== '' && indent + longer.length > WIDTH ? word : longer;
    }
    return [...lines, line].map((filled) => `${' '.repeat(indent)}${filled}`);
  });
}

/** Two columns, indented by two: what it is, and what it does. */
export function twoColumns(rows: readonly (readonly [string, string])[]): readonly string[] {
  const fitting = rows.map(([left]) => left.length).filter((length) => length <= LEFT_MAX);
  const column = GAP + Math.max(0, ...fitting) + GAP;
  return rows.flatMap(([left, right]) => {
    const lines = fillLines(right, column);
    const first = `  ${left}`.padEnd(column);
    return left.length > column - GAP - GAP
      ? [first, ...lines]
      : [`${first}${lines[0]?.slice(column)}`, ...lines.slice(1)];
  });
}
