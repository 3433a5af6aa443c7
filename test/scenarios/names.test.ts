import assert from 'node:assert/strict';
import { ROOT } from '../simulation/device.ts';
import { scenario } from './harness.ts';
import { completed } from './tree.ts';

const CASELESS = { a: { caseSensitive: false } };
const NFC = 'caf\u00e9.txt';
const NFD = 'cafe\u0301.txt';

scenario(
  'E1★ names that differ by case alone are both there on a disk that ignores case, and edits find their nodes',
  { disks: CASELESS, stalls: 'checked' },
  async (w) => {
    w.b.write('a.txt', 'small');
    w.b.write('A.txt', 'capital');
    await w.settle();
    const ids = [await w.id('a.txt'), await w.id('A.txt')];
    const local = w.a.tree();
    assert.deepEqual(Object.values(local).sort(), ['capital', 'small']);
    const numbered = Object.keys(local).find((path) => path.includes(' (2)'));
    assert.deepEqual(await w.a.stalls(), [`CaseClash ${numbered}`]);
    assert.deepEqual(await w.b.stalls(), []);
    const pathOf = (content: string): string =>
      Object.keys(local).find((path) => local[path] === content) ?? '';
    await w.sleep(3_600_000);
    w.a.write(pathOf('small'), 'small, edited');
    w.b.write('A.txt', 'capital, edited');
    await w.settle();
    const both = { 'a.txt': 'small, edited', 'A.txt': 'capital, edited' };
    assert.deepEqual(w.b.tree(), { 'A.txt': both['A.txt'], 'a.txt': both['a.txt'] });
    assert.deepEqual(await w.remote(), w.b.tree());
    assert.deepEqual(Object.values(w.a.tree()).sort(), Object.values(both).sort());
    assert.deepEqual([await w.id('a.txt'), await w.id('A.txt')], ids);
    w.a.remove(pathOf('capital'));
    await w.settle();
    assert.deepEqual(w.b.tree(), { 'a.txt': 'small, edited' });
    assert.deepEqual(Object.values(w.a.tree()), ['small, edited']);
    assert.deepEqual(await w.a.stalls(), []);
    assert.equal(await w.id('a.txt'), ids[0]);
  },
);

scenario('E2 where case counts two such names are two files', { caseless: false }, async (w) => {
  w.a.write('a.txt', 'small');
  w.b.write('A.txt', 'capital');
  await w.settle();
  await w.expect({ 'a.txt': 'small', 'A.txt': 'capital' });
});

scenario(
  'E3★ a composed name on a disk that decomposes names is one node, and stays composed',
  { init: { [NFC]: 'v1' }, disks: { b: { normalising: true } }, paired: true },
  async (w) => {
    const id = await w.id(NFC);
    w.b.write(NFD, 'v2');
    await w.settle();
    const node = await w.web.node(NFC);
    assert.deepEqual([node.id, node.name], [id, NFC]);
    assert.deepEqual(w.a.tree(), { [NFC]: 'v2' });
    assert.deepEqual(w.b.tree(), { [NFD]: 'v2' });
    assert.deepEqual(Object.values(await w.remote()), ['v2']);
  },
);

scenario(
  'E3★ a folder goes with what has composed names in it from a disk that decomposes names',
  { init: { keep: 'k' }, disks: { b: { normalising: true } }, paired: true },
  async (w) => {
    w.a.folder('d');
    w.a.folder(`d/${NFC}`);
    w.a.write(`d/${NFC}/${NFC}`, 'v1');
    await w.settle();
    assert.deepEqual(Object.values(w.b.tree()).length, 4);
    w.a.remove('d');
    await w.settle();
    await w.expect({ keep: 'k' });
  },
);

scenario(
  'E3★ two forms of one name in one folder: the second stays local, with a stall',
  { init: { [NFC]: 'first' }, caseless: false, stalls: 'checked' },
  async (w) => {
    w.a.write(NFD, 'second');
    w.a.write('other', 'o');
    await w.settle();
    assert.deepEqual(await w.remote(), { [NFC]: 'first', other: 'o' });
    assert.deepEqual(w.b.tree(), { [NFC]: 'first', other: 'o' });
    assert.deepEqual(Object.values(w.a.tree()).sort(), ['first', 'o', 'second']);
    assert.deepEqual(await w.a.stalls(), [`NormalisationClash ${NFD}`]);
    w.a.rename(NFD, 'second.txt');
    await w.sleep(60_000);
    await w.settle();
    await w.expect({ [NFC]: 'first', other: 'o', 'second.txt': 'second' });
    assert.deepEqual(await w.a.stalls(), []);
  },
);

const ILLEGAL = ['a:b', 'CON', 'con.txt', 'x.', 'y ', 'a\\b', 'q?', 'bell\u0007'];
scenario(
  'E4 names that a Windows disk cannot hold are there under others; edits find their nodes',
  {
    disks: { a: { windowsNames: true, caseSensitive: false, nameUnit: 'utf16', execBit: false } },
    stalls: 'checked',
  },
  async (w) => {
    for (const name of ILLEGAL) w.b.write(`d/${name}`, name);
    w.b.write('keep', 'keep');
    await w.settle();
    const names = ['d', 'keep', ...ILLEGAL.map((name) => `d/${name}`)];
    assert.deepEqual(Object.keys(await w.remote()).sort(), names.sort());
    const local = Object.entries(w.a.tree()).filter(([path]) => path.startsWith('d/'));
    assert.deepEqual(local.map(([, content]) => content).sort(), [...ILLEGAL].sort());
    await w.sleep(3_600_000);
    for (const [path, content] of local) w.a.write(path, `${content} edited`);
    await w.settle();
    const edited = ILLEGAL.map((name) => [`d/${name}`, `${name} edited`] as const);
    assert.deepEqual(w.b.tree(), await w.remote());
    assert.deepEqual(await w.remote(), completed({ ...Object.fromEntries(edited), keep: 'keep' }));
    assert.deepEqual(await w.web.trashed(), []);
    w.a.remove('d');
    await w.settle();
    assert.deepEqual(await w.remote(), { keep: 'keep' });
  },
);

scenario('E5 names of 255 bytes and paths of many folders travel', {}, async (w) => {
  const name = `${'é'.repeat(127)}x`;
  const deep = Array.from({ length: 30 }, (_, n) => `folder ${n}`).join('/');
  w.a.write(name, 'long');
  w.b.write(`${deep}/leaf`, 'deep');
  await w.settle();
  await w.expect({ [name]: 'long', [`${deep}/leaf`]: 'deep' });
});

scenario(
  'E6 a name that is no text is a stall; its siblings sync',
  { init: { 'd/x': 'x' }, stalls: 'checked' },
  async (w) => {
    w.a.sim.user.rawName(w.a.at('d'), new Uint8Array([0x66, 0xff, 0xfe]));
    w.a.write('d/y', 'y');
    await w.settle();
    assert.deepEqual(await w.remote(), { d: null, 'd/x': 'x', 'd/y': 'y' });
    assert.deepEqual(w.b.tree(), { d: null, 'd/x': 'x', 'd/y': 'y' });
    const [stall, ...more] = await w.a.stalls();
    assert.deepEqual(more, []);
    assert.match(stall ?? '', /^NameNotText d/);
  },
);

scenario(
  'E7 a tree deeper than the limit stalls below it; the rest syncs',
  { first: 'a', caseless: false, stalls: 'checked' },
  async (w) => {
    const deep = Array.from({ length: 140 }, () => 'n').join('/');
    w.a.write(`${deep}/leaf`, 'too deep');
    w.a.write('z', 'z');
    await w.settle();
    assert.equal((await w.remote())['z'], 'z');
    assert.equal(w.a.read(`${deep}/leaf`), 'too deep');
    const stalls = await w.a.stalls();
    assert.ok(
      stalls.some((stall) => stall.startsWith('BeyondLimits')),
      stalls.join(),
    );
  },
);

scenario(
  'E8 emoji, right-to-left text, spaces, dots, percent signs and line ends travel',
  {},
  async (w) => {
    const names = [
      '🎉👩‍👩‍👧',
      'שלום',
      ' leading',
      'two  spaces',
      '.hidden',
      '%20',
      'a\nb',
      '-rf',
      '..x',
      '$(x)',
    ];
    for (const name of names) w.a.write(`d/${name}`, name);
    await w.settle();
    await w.expect(Object.fromEntries(names.map((name) => [`d/${name}`, name])));
    for (const name of names) w.b.rename(`d/${name}`, `d/${name}'`);
    await w.settle();
    await w.expect(Object.fromEntries(names.map((name) => [`d/${name}'`, name])));
  },
);

scenario(
  'E9 renamed to what clashes on the other disk alone: both files stay, under names of their own',
  { init: { B: 'capital', c: 'small' }, disks: CASELESS, stalls: 'checked' },
  async (w) => {
    const ids = [await w.id('B'), await w.id('c')];
    w.b.rename('c', 'b');
    await w.settle();
    assert.deepEqual(w.b.tree(), { B: 'capital', b: 'small' });
    assert.deepEqual(await w.remote(), w.b.tree());
    assert.deepEqual([await w.id('B'), await w.id('b')], ids);
    assert.deepEqual(Object.values(w.a.tree()).sort(), ['capital', 'small']);
    assert.equal((await w.a.stalls()).filter((stall) => stall.startsWith('CaseClash')).length, 1);
  },
);

scenario(
  'E10 what is ignored by default stays here, and remote files of such names are not deleted',
  { init: { keep: 'k' } },
  async (w) => {
    const names = ['.DS_Store', 'desktop.ini', '~$doc.docx', '.~lock.doc.odt#', 'a.part', 'b~'];
    await w.web.write('Thumbs.db', 'remote');
    for (const name of names) w.a.write(name, name);
    w.b.write('.DS_Store', 'of b');
    await w.settle();
    assert.deepEqual(await w.remote(), { 'Thumbs.db': 'remote', keep: 'k' });
    assert.equal(w.a.read('.DS_Store'), '.DS_Store');
    assert.equal(w.b.read('.DS_Store'), 'of b');
    assert.equal(w.a.sim.disk.programs.lstat(`${ROOT}/b~`)?.size, 2);
  },
);
