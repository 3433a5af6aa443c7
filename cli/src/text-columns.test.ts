import assert from 'node:assert/strict';
import test from 'node:test';
import { fillLines, twoColumns } from './text-columns.ts';

test('text is filled to 80 columns and loses no word', () => {
  const word = 'abcdefghi';
  const lines = fillLines(Array.from({ length: 17 }, () => word).join(' '), 2);
  assert.deepEqual(
    lines.map((line) => line.length),
    [71, 71, 31],
  );
  assert.ok(lines.every((line) => line.startsWith(`  ${word}`)));
  const long = 'x'.repeat(90);
  assert.deepEqual(fillLines(`a ${long} b\nc`), ['a', long, 'b', 'c']);
});

test('what is too long for the left column stands alone and widens nothing', () => {
  const wide = `--${'w'.repeat(40)}`;
  assert.deepEqual(
    twoColumns([
      ['-a', 'one'],
      ['--be', 'two'],
      [wide, 'three'],
    ]),
    ['  -a    one', '  --be  two', `  ${wide}`, '        three'],
  );
});
