import assert from 'node:assert/strict';
import { scenario } from './harness.ts';
import { effects } from './scenario-device.ts';

const DIR = { 'd/f': 'f', 'd/g': 'g', 'd/e/h': 'h', x: '' };

scenario(
  'C1 a new file in a folder that was deleted elsewhere keeps the folder alone',
  { init: DIR, crash: ['second'] },
  async (w) => {
    const id = await w.id('d');
    w.a.remove('d');
    w.b.write('d/new', 'new');
    await w.settle();
    await w.expect({ 'd/new': 'new', x: '' });
    assert.equal(await w.id('d'), id);
  },
);

scenario(
  'C2 an edited file in a folder that was deleted elsewhere survives in place',
  { init: DIR },
  async (w) => {
    const ids = [await w.id('d'), await w.id('d/e'), await w.id('d/e/h')];
    w.b.remove('d');
    w.a.write('d/e/h', 'edited');
    await w.settle();
    await w.expect({ 'd/e/h': 'edited', x: '' });
    assert.deepEqual([await w.id('d'), await w.id('d/e'), await w.id('d/e/h')], ids);
  },
);

scenario(
  'C2 an edit that was taken back keeps no folder that was deleted elsewhere',
  { init: DIR },
  async (w) => {
    for (const content of ['edited', 'f']) {
      w.a.write('d/f', content);
      await w.a.mustSync();
    }
    w.b.remove('d');
    await w.settle();
    await w.expect({ x: '' });
  },
);

scenario(
  'C3 a file moved into a folder that was deleted elsewhere survives',
  { init: { ...DIR, m: 'moved' } },
  async (w) => {
    const ids = [await w.id('d'), await w.id('m')];
    w.b.remove('d');
    w.a.rename('m', 'd/m');
    await w.settle();
    await w.expect({ 'd/m': 'moved', x: '' });
    assert.deepEqual([await w.id('d'), await w.id('d/m')], ids);
  },
);

scenario(
  'C4 a file moved out of a folder that was deleted elsewhere survives outside',
  { init: DIR },
  async (w) => {
    const id = await w.id('d/e/h');
    w.b.remove('d');
    w.a.rename('d/e/h', 'h');
    await w.settle();
    await w.expect({ h: 'h', x: '' });
    assert.equal(await w.id('h'), id);
  },
);

scenario(
  'C5 a folder renamed here and deleted there lives under its new name',
  { init: DIR },
  async (w) => {
    const ids = [await w.id('d'), await w.id('d/e/h')];
    w.a.remove('d');
    w.b.rename('d', 'n');
    await w.settle();
    await w.expect({ 'n/f': 'f', 'n/g': 'g', 'n/e/h': 'h', x: '' });
    assert.deepEqual([await w.id('n'), await w.id('n/e/h')], ids);
  },
);

scenario(
  'C6 a file renamed in a folder that was deleted elsewhere keeps its folder alone',
  { init: DIR },
  async (w) => {
    const ids = [await w.id('d'), await w.id('d/f')];
    w.a.remove('d');
    w.b.rename('d/f', 'd/renamed');
    await w.settle();
    await w.expect({ 'd/renamed': 'f', x: '' });
    assert.deepEqual([await w.id('d'), await w.id('d/renamed')], ids);
  },
);

const MANY = Array.from({ length: 100 }, (_, n) => `many/${n}`);
scenario(
  'C8 a hundred folders deleted there, each with a new file here: all stay, with the new files alone',
  { init: { ...Object.fromEntries(MANY.map((path) => [`${path}/old`, path])), keep: 'k' } },
  async (w) => {
    for (const path of MANY) {
      w.b.remove(`${path}/old`);
      w.b.remove(path);
      w.a.write(`${path}/new`, path);
    }
    await w.settle();
    for (const device of [w.a, w.b]) await device.ask((engine) => engine.approveHeld({}));
    await w.settle();
    await w.expect({ ...Object.fromEntries(MANY.map((path) => [`${path}/new`, path])), keep: 'k' });
  },
);

scenario(
  'C10 a file that appears in a folder while it is being deleted is kept, there or in the recycle area',
  { init: DIR, meanwhile: 'second' },
  async (w) => {
    w.first.remove('d');
    let isWritten = false;
    w.meanwhile = () => {
      if (!w.second.exists('d')) return;
      w.second.write('d/new', 'new');
      isWritten = true;
    };
    await w.settle();
    if (isWritten && !Object.values(w.second.recycled()).includes('new'))
      await w.expect({ 'd/new': 'new', x: '' });
    else await w.expect({ x: '' });
  },
);

scenario(
  'C10 an edit of a file in a folder while that is being deleted is kept in the tree',
  { init: DIR, meanwhile: 'second' },
  async (w) => {
    w.first.remove('d');
    let isWritten = false;
    w.meanwhile = () => {
      if (!w.second.exists('d/f')) return;
      w.second.write('d/f', 'edited');
      isWritten = true;
    };
    await w.settle();
    await w.expect(isWritten ? { 'd/f': 'edited', x: '' } : { x: '' });
  },
);

scenario(
  'C11 a folder deleted and made again is new, with all that is in it',
  { init: DIR },
  async (w) => {
    const id = await w.id('d');
    w.a.remove('d');
    await w.settle();
    await w.expect({ x: '' });
    await w.sleep(60_000);
    w.a.write('d/f', 'f');
    await w.settle();
    await w.expect({ 'd/f': 'f', x: '' });
    assert.notEqual(await w.id('d'), id);
  },
);

scenario(
  'C12 nothing is deleted through a link that took a folder’s place',
  { init: DIR, stalls: 'checked' },
  async (w) => {
    const outside = '/home/outside';
    w.a.sim.user.folder(outside);
    for (const name of ['f', 'g']) w.a.sim.user.write(`${outside}/${name}`, 'not ours');
    w.a.remove('d');
    w.a.symlink(outside, 'd');
    w.b.remove('d/f');
    w.b.write('d/g', 'edited');
    await w.settle();
    for (const name of ['f', 'g'])
      assert.equal(String.fromCharCode(...w.a.sim.user.read(`${outside}/${name}`)), 'not ours');
    const remote = await w.remote();
    assert.ok(Object.values(remote).includes(`-> ${outside}`));
    assert.ok(Object.values(remote).includes('edited'));
  },
);

scenario(
  'C13 empty folders are made and deleted on both sides',
  { init: { 'a/b/c': null, d: null } },
  async (w) => {
    w.a.remove('a/b/c');
    w.a.folder('a/n/m');
    w.b.remove('d');
    w.b.folder('e');
    await w.settle();
    await w.expect({ 'a/b': null, 'a/n/m': null, e: null });
  },
);

scenario('C5 deleted on both sides: nothing is left to do', { init: DIR }, async (w) => {
  w.a.remove('d');
  w.b.remove('d');
  await w.settle();
  await w.expect({ x: '' });
  assert.deepEqual(effects(w.second.syncs[0]?.requests ?? []), []);
});

scenario(
  'C9 of a folder deleted elsewhere built-in temporaries go, what a rule ignores stays in it',
  { init: { 'd/f': 'f', 'e/f': 'f', '.cofferignore': '*.log\n' } },
  async (w) => {
    w.a.write('d/f~', 'temporary');
    w.a.write('e/my.log', 'mine');
    w.b.remove('d');
    w.b.remove('e');
    await w.settle();
    assert.deepEqual(w.a.tree(), { '.cofferignore': '*.log\n', e: null, 'e/my.log': 'mine' });
    assert.deepEqual(await w.remote(), { '.cofferignore': '*.log\n' });
    const recycled = Object.values(w.a.recycled());
    assert.ok(recycled.includes('temporary'), recycled.join());
    await w.sleep(60_000);
    w.a.write('e/new', 'n');
    await w.settle();
    assert.deepEqual(await w.remote(), { '.cofferignore': '*.log\n', e: null, 'e/new': 'n' });
    assert.deepEqual(w.b.tree(), { '.cofferignore': '*.log\n', e: null, 'e/new': 'n' });
  },
);
