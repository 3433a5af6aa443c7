import assert from 'node:assert/strict';
import { scenario } from './harness.ts';

scenario(
  'D1 a file becomes a folder, and a folder a file',
  { init: { f: 'v1', 'd/x': 'x', k: '' } },
  async (w) => {
    const ids = [await w.id('f'), await w.id('d')];
    w.a.remove('f');
    w.a.write('f/inner', 'inner');
    w.b.remove('d');
    w.b.write('d', 'now a file');
    await w.settle();
    await w.expect({ 'f/inner': 'inner', d: 'now a file', k: '' });
    assert.notDeepEqual([await w.id('f'), await w.id('d')], ids);
    assert.deepEqual(await w.web.trashed(), ['d', 'f']);
  },
);

scenario(
  'D2★ a file becomes a folder here and is edited there: the folder keeps the name, both contents live',
  { init: { a: 'v1' }, crash: ['second'] },
  async (w) => {
    const id = await w.id('a');
    w.a.remove('a');
    w.a.write('a/bar', 'bar');
    w.b.write('a', 'v2');
    await w.settle();
    const copy = `a (conflict ${w.second.name})`;
    await w.expect({ 'a/bar': 'bar', [copy]: 'v2' });
    assert.equal(await w.id(w.a.copy(copy)), id);
    assert.deepEqual(await w.web.versions(w.a.copy(copy)), ['v1', 'v2']);
  },
);

scenario('D6 renamed here, replaced by a folder there: both', { init: { a: 'v1' } }, async (w) => {
  const id = await w.id('a');
  w.a.rename('a', 'b');
  w.b.remove('a');
  w.b.write('a/x', 'x');
  await w.settle();
  await w.expect({ 'a/x': 'x', b: 'v1' });
  assert.equal(await w.id('b'), id);
});

scenario(
  'D7 a file becomes a link and a file again; its content waits in the trash',
  { init: { f: 'v1', t: 't' } },
  async (w) => {
    w.a.remove('f');
    w.a.symlink('t', 'f');
    await w.settle();
    await w.expect({ f: '-> t', t: 't' });
    assert.deepEqual(await w.web.trashed(), ['f']);
    await w.sleep(60_000);
    w.a.remove('f');
    w.a.write('f', 'v2');
    await w.settle();
    await w.expect({ f: 'v2', t: 't' });
  },
);

scenario(
  'D7 a link that gets a new target points there everywhere',
  { init: { l: '-> one', x: '' } },
  async (w) => {
    w.a.remove('l');
    w.a.symlink('two', 'l');
    await w.settle();
    await w.expect({ l: '-> two', x: '' });
  },
);

scenario(
  'D8 a folder replaced by a link: what it held is in the trash, nothing behind the link changes',
  { init: { 'd/f': 'v1', x: '' } },
  async (w) => {
    w.a.folder('other');
    w.a.write('other/f', 'not it');
    w.a.remove('d');
    w.a.symlink('other', 'd');
    await w.settle();
    await w.expect({ d: '-> other', 'other/f': 'not it', x: '' });
    assert.deepEqual(await w.web.trashed(), ['d']);
  },
);

scenario(
  'D9 a file that became a folder on both sides is one folder with both contents',
  { init: { a: 'v1' } },
  async (w) => {
    for (const [device, name] of [
      [w.a, 'one'],
      [w.b, 'two'],
    ] as const) {
      device.remove('a');
      device.write(`a/${name}`, name);
    }
    await w.settle();
    await w.expect({ 'a/one': 'one', 'a/two': 'two' });
  },
);
