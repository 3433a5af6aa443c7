import assert from 'node:assert/strict';
import test from 'node:test';
import { fileKind } from './file-kind.ts';
import { baseName, splitForCutting, visibleName, visiblePieces } from './visible-name.ts';

test('what would reorder, hide or fake text is shown as its number', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['fdp\u202Eexe.pdf', 'fdp⟨U+202E⟩exe.pdf'],
    ['a\u0000b\u001Bc\u007F', 'a⟨U+0000⟩b⟨U+001B⟩c⟨U+007F⟩'],
    ['zero\u200Bwidth\uFEFF', 'zero⟨U+200B⟩width⟨U+FEFF⟩'],
    ['line\nfeed\u2028', 'line⟨U+000A⟩feed⟨U+2028⟩'],
    ['half \uD83D of a pair', 'half ⟨U+D83D⟩ of a pair'],
    ['tag \u{E0041}', 'tag ⟨U+E0041⟩'],
    ['iso\u2066late\u2069', 'iso⟨U+2066⟩late⟨U+2069⟩'],
    ['join\u200Der', 'join⟨U+200D⟩er'],
  ];
  assert.deepEqual(
    cases.map(([name]) => visibleName(name)),
    cases.map(([, visible]) => visible),
  );
});

test('honest names stay as they are', () => {
  for (const name of [
    'Été à Paris.pdf',
    'تقرير ۲۰۲۶.pdf',
    '家族👨‍👩‍👧.jpg',
    '❤️.txt',
    'e\u0301.txt',
    'می‌خواهم.txt',
  ]) {
    assert.equal(visibleName(name), name);
  }
});

test('a long name is cut before its last word and extension, never within an escape', () => {
  const texts = (name: string) => {
    const { head, tail } = splitForCutting(visiblePieces(name));
    return [head, tail].map((pieces) => pieces.map(({ text }) => text).join(''));
  };
  assert.deepEqual(texts('short.pdf'), ['short.pdf', '']);
  assert.deepEqual(texts('Attestation d’assurance habitation 2026-2027.pdf'), [
    'Attestation d’assurance habitation ',
    '2026-2027.pdf',
  ]);
  const [head = '', tail = ''] = texts('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\u202E.pdf');
  assert.equal(head + tail, 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa⟨U+202E⟩.pdf');
  assert.match(tail, /⟨U\+202E⟩\.pdf$/);
});

test('paths of both kinds of systems are taken apart', () => {
  assert.deepEqual(['/a/b.txt', 'C:\\a\\b.txt', '/', 'b'].map(baseName), [
    'b.txt',
    'b.txt',
    '/',
    'b',
  ]);
});

test('the kind of a file is told by its extension alone', () => {
  assert.deepEqual(['a.JPG', 'a.tar.zst', '.bashrc', 'a', 'a.pdf'].map(fileKind), [
    'image',
    'archive',
    'other',
    'other',
    'pdf',
  ]);
});
