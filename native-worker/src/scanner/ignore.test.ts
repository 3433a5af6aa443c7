import assert from 'node:assert/strict';
import { test } from 'node:test';
import { utf8ToBytes } from '@coffer/protocol/core';
import { createIgnoreRules } from './ignore.ts';
import { isBackupName } from './temporaries.ts';

function rulesOf(files: Readonly<Record<string, string | Uint8Array>>, caseSensitive = true) {
  const contents = new Map(Object.entries(files));
  const rules = createIgnoreRules({
    read: (folder) => {
      const content = contents.get(folder);
      return typeof content === 'string' ? utf8ToBytes(content) : content;
    },
    caseSensitive,
  });
  /** "file:line" of the rule; '' when not ignored. */
  const ruleOf = (path: string): string => {
    const isFolder = path.endsWith('/');
    const verdict = rules.check(isFolder ? path.slice(0, -1) : path, isFolder);
    return verdict.ignored ? `${verdict.rule.file}:${verdict.rule.line || verdict.rule.text}` : '';
  };
  return { rules, ruleOf, contents };
}

test('S1-S5 E10 the names of temporaries are ignored, and names like them are not', () => {
  const { ruleOf } = rulesOf({});
  const ignored = [
    'f~',
    '.#f',
    '#f#',
    '.f.swp',
    'f.swx',
    '4913',
    '~$doc.docx',
    '.~lock.f.odt#',
    'big.crdownload',
    'big.part',
    '.goutputstream-ABC123',
    'f.sb-1234abcd-AbCdEf',
    '.DS_Store',
    'desktop.ini',
    'Thumbs.db',
    'd/f~',
    '.coffer/',
    '.coffer/staging/x',
    'd/.coffer/',
  ];
  for (const path of ignored) assert.notEqual(ruleOf(path), '', path);
  for (const path of ['f', '~f', 'f.swap', '49130', 'part', 'f.sb-1-2', 'f.bak', 'é~é']) {
    assert.equal(ruleOf(path), '', path);
  }
  assert.equal(ruleOf('f~'), ':*~');
});

test('a verdict names the file and the line, the nearest file first', () => {
  const { ruleOf } = rulesOf({
    '': '# comment\n\n*.log\nbuild/\n/top\n',
    a: '!keep.log\n*.tmp\n',
  });
  assert.equal(ruleOf('x.log'), '.cofferignore:3');
  assert.equal(ruleOf('a/x.log'), '.cofferignore:3');
  assert.equal(ruleOf('a/keep.log'), '');
  assert.equal(ruleOf('a/b/x.tmp'), 'a/.cofferignore:2');
  assert.equal(ruleOf('x.tmp'), '');
  assert.equal(ruleOf('a/build/'), '.cofferignore:4');
  assert.equal(ruleOf('a/build'), '');
  assert.equal(ruleOf('top'), '.cofferignore:5');
  assert.equal(ruleOf('a/top'), '');
});

test('nothing below an ignored folder can be taken back', () => {
  const { ruleOf } = rulesOf({ '': 'build/\n!build/keep\n', build: '!keep\n' });
  assert.equal(ruleOf('build/keep'), '.cofferignore:1');
});

test('a rule file can take a built-in temporary back, but never the own folder', () => {
  const { ruleOf } = rulesOf({ '': '!*.part\n!.coffer/\n' });
  assert.equal(ruleOf('x.part'), '');
  assert.notEqual(ruleOf('.coffer/'), '');
});

test('F5 malformed lines are skipped and listed', () => {
  const { rules, ruleOf } = rulesOf({ '': 'ok\n[unclosed\nback\\\n!\n/\n[a-z]\n\\[lit\n[]]x\n' });
  assert.equal(ruleOf('ok'), '.cofferignore:1');
  assert.equal(ruleOf('q'), '.cofferignore:6');
  assert.deepEqual(
    rules.malformed('').map(({ line }) => line),
    [2, 3, 4, 5],
  );
});

test('F5 a rule file that is no text is malformed as a whole and ignores nothing', () => {
  const { rules, ruleOf } = rulesOf({ '': Uint8Array.of(0x2a, 0xff) });
  assert.equal(ruleOf('x'), '');
  assert.deepEqual(rules.malformed(''), [{ file: '.cofferignore', line: 0, text: '' }]);
});

test('a byte order mark and line ends of Windows do not matter', () => {
  const { ruleOf } = rulesOf({ '': '\uFEFF*.log\r\n*.tmp\r\n' });
  assert.equal(ruleOf('x.log'), '.cofferignore:1');
  assert.equal(ruleOf('x.tmp'), '.cofferignore:2');
});

test('case counts where the root says so', () => {
  assert.equal(rulesOf({ '': '*.LOG\n' }).ruleOf('x.log'), '');
  assert.equal(rulesOf({ '': '*.LOG\n' }, false).ruleOf('x.log'), '.cofferignore:1');
});

test('reload says whether the rules changed, forgetBelow reads them again', () => {
  const { rules, ruleOf, contents } = rulesOf({ a: '*.log\n' });
  assert.equal(rules.reload('a'), true);
  assert.equal(rules.reload('a'), false);
  contents.set('a', '*.tmp\n');
  assert.equal(ruleOf('a/x.log'), 'a/.cofferignore:1');
  rules.forgetBelow('a');
  assert.equal(ruleOf('a/x.log'), '');
  contents.delete('a');
  assert.equal(rules.reload('a'), true);
});

test('backup names are those that editors give to old bytes', () => {
  for (const name of ['f~', 'f.bak', 'F.BAK', 'f.old', 'f.orig', 'A1B2.tmp', 'f.backup', '#f#']) {
    assert.equal(isBackupName(name), true, name);
  }
  for (const name of ['f', 'bak', 'f.tmpx', 'old.f']) assert.equal(isBackupName(name), false, name);
});

test('patterns of the pair ignore what no rule file takes back', () => {
  const rules = createIgnoreRules({
    read: (folder) => (folder === 'kept' ? utf8ToBytes('!*.log\n') : undefined),
    caseSensitive: true,
    ofPair: ['*.log', 'build/'],
  });
  assert.deepEqual(rules.check('a/x.log', false), {
    ignored: true,
    rule: { file: '', line: 1, text: '*.log' },
  });
  assert.equal(rules.check('build/out', false).ignored, true);
  assert.equal(rules.check('kept/x.log', false).ignored, false);
  assert.equal(rules.check('x.txt', false).ignored, false);
});
