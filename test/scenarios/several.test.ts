/** Several conflicts at once, after the cases of the Syncpal thesis (chapter 5). */
import assert from 'node:assert/strict';
import { scenario, type ScenarioWorld } from './harness.ts';

const INIT = {
  'A/AA': 'AA',
  'A/AB': 'AB',
  'A/AE/k': 'AE',
  'B/BA': 'BA',
  'B/BE/k': 'BE',
};

/** Every content is there exactly once, in the drive and on both devices. */
async function expectContents(w: ScenarioWorld, contents: readonly string[]): Promise<void> {
  for (const tree of [await w.remote(), w.a.tree(), w.b.tree()]) {
    const found = Object.values(tree).filter((content) => content !== null);
    assert.deepEqual(found.sort(), [...contents].sort());
  }
}

scenario(
  'K1 edited and moved here; edited there, and the target taken',
  { init: INIT },
  async (w) => {
    const id = await w.id('A/AA');
    w.a.write('A/AA', 'AA by a');
    w.a.rename('A/AA', 'A/AC');
    w.b.write('A/AA', 'AA by b');
    w.b.write('A/AC', 'AC new');
    await w.settle();
    await expectContents(w, ['AA by a', 'AA by b', 'AC new', 'AB', 'AE', 'BA', 'BE']);
    const at = Object.entries(await w.remote()).filter(([, content]) =>
      content?.startsWith('AA by'),
    );
    const found: string[] = [];
    for (const [path] of at) found.push(await w.id(path));
    assert.equal(found.filter((other) => other === id).length, 1);
  },
);

scenario('K2 four claims on two slots', { init: INIT }, async (w) => {
  w.a.rename('A/AA', 'A/AC');
  w.a.write('A/AD', 'AD by a');
  w.b.write('A/AC', 'AC by b');
  w.b.rename('A/AA', 'A/AD');
  await w.settle();
  await expectContents(w, ['AA', 'AD by a', 'AC by b', 'AB', 'AE', 'BA', 'BE']);
});

scenario(
  'K3★ moved into a folder here; moved elsewhere there, and that folder deleted',
  { init: INIT, crash: ['second'] },
  async (w) => {
    const id = await w.id('A/AA');
    w.a.rename('A/AA', 'B/AA');
    w.b.rename('A/AA', 'AA');
    w.b.remove('B');
    await w.settle();
    const isMovedFirst = w.first === w.a;
    await w.expect({
      'A/AB': 'AB',
      'A/AE/k': 'AE',
      [isMovedFirst ? 'B/AA' : 'AA']: 'AA',
    });
    assert.equal(await w.id(isMovedFirst ? 'B/AA' : 'AA'), id);
  },
);

scenario(
  'K4 moved here onto what was created there, and deleted there',
  { init: INIT },
  async (w) => {
    const id = await w.id('A/AA');
    w.a.rename('A/AA', 'A/AC');
    w.b.write('A/AC', 'AC by b');
    w.b.remove('A/AA');
    await w.settle();
    await expectContents(w, ['AA', 'AC by b', 'AB', 'AE', 'BA', 'BE']);
    const copy = `A/AC (conflict ${w.second.name})`;
    const path = w.first === w.a ? 'A/AC' : w.a.copy(copy);
    assert.equal(await w.id(path), id);
  },
);

scenario(
  'K5★ moved here to where another was moved there, and deleted there',
  { init: INIT, crash: ['second'] },
  async (w) => {
    const ids = [await w.id('A/AA'), await w.id('A/AB')];
    w.a.rename('A/AB', 'A/X');
    w.b.remove('A/AB');
    w.b.rename('A/AA', 'A/X');
    await w.settle();
    await expectContents(w, ['AA', 'AB', 'AE', 'BA', 'BE']);
    const copy = w.a.copy(`A/X (conflict ${w.second.name})`);
    const expected = w.first === w.a ? [copy, 'A/X'] : ['A/X', copy];
    assert.deepEqual([await w.id(expected[0] ?? ''), await w.id(expected[1] ?? '')], ids);
  },
);

scenario(
  'K6 moved out and a new one in its place here, the folder deleted there',
  { init: INIT },
  async (w) => {
    const ids = [await w.id('A'), await w.id('A/AA')];
    w.a.rename('A/AA', 'AA');
    w.a.write('A/AA', 'new');
    w.b.remove('A');
    await w.settle();
    await w.expect({ AA: 'AA', 'A/AA': 'new', 'B/BA': 'BA', 'B/BE/k': 'BE' });
    assert.deepEqual([await w.id('A'), await w.id('AA')], ids);
  },
);

scenario(
  'K7★ a folder deleted here; an inner one moved out and filled there',
  { init: { ...INIT, 'A/AE/deep/x': 'x' }, crash: ['second'] },
  async (w) => {
    const id = await w.id('A/AE');
    w.a.remove('A');
    w.b.rename('A/AE', 'AE');
    w.b.write('AE/AEA', 'new');
    await w.settle();
    await w.expect({
      'AE/k': 'AE', 'AE/deep/x': 'x', 'AE/AEA': 'new', 'B/BA': 'BA', 'B/BE/k': 'BE',
    }); // prettier-ignore
    assert.equal(await w.id('AE'), id);
  },
);

scenario(
  'K8★ moves that would close a loop: nothing is lost, no folder is below itself',
  { init: INIT, crash: ['second'] },
  async (w) => {
    const ids = [await w.id('A'), await w.id('B'), await w.id('A/AE')];
    w.a.rename('A/AE', 'AE');
    w.a.rename('B', 'AE/B');
    w.b.rename('A/AE', 'AE');
    w.b.rename('A', 'B/A');
    await w.settle();
    await expectContents(w, ['AA', 'AB', 'AE', 'BA', 'BE']);
    const places: string[] = [];
    for (const path of Object.keys(await w.remote())) places.push(await w.id(path));
    for (const id of ids) assert.equal(places.filter((place) => place === id).length, 1);
  },
);

scenario(
  'K9★ moves that close a loop of three are undone on one side alone',
  { init: INIT, crash: ['second'] },
  async (w) => {
    const ids = [await w.id('A'), await w.id('A/AE'), await w.id('B/BE')];
    w.a.rename('A/AE', 'AE');
    w.a.rename('B/BE', 'AE/BE');
    w.a.rename('A', 'AE/BE/A');
    w.b.rename('B/BE', 'BE');
    w.b.rename('B', 'A/AE/B');
    w.b.rename('BE', 'A/AE/B/BE');
    await w.settle();
    await expectContents(w, ['AA', 'AB', 'AE', 'BA', 'BE']);
    const places: string[] = [];
    for (const path of Object.keys(await w.remote())) places.push(await w.id(path));
    for (const id of ids) assert.equal(places.filter((place) => place === id).length, 1);
  },
);

scenario('K9 two folders moved into each other', { init: INIT }, async (w) => {
  const ids = [await w.id('A'), await w.id('B')];
  w.a.rename('A', 'B/A');
  w.b.rename('B', 'A/B');
  await w.settle();
  await expectContents(w, ['AA', 'AB', 'AE', 'BA', 'BE']);
  // What reached the server first stays; the other move is undone.
  const paths = w.first === w.a ? ['B/A', 'B'] : ['A', 'A/B'];
  assert.deepEqual([await w.id(paths[0] ?? ''), await w.id(paths[1] ?? '')], ids);
});

scenario('K10 one name in two forms created on both sides is one file', {}, async (w) => {
  const [nfc, nfd] = ['caf\u00e9', 'cafe\u0301'];
  w.a.write(nfc, 'same');
  w.b.write(nfd, 'same');
  await w.settle();
  const remote = Object.keys(await w.remote());
  assert.equal(remote.length, 1);
  for (const device of [w.a, w.b])
    assert.deepEqual(
      Object.keys(device.tree()).map((name) => name.normalize('NFC')),
      [nfc],
    );
});

for (const birthTimes of [true, false]) {
  scenario(
    `K11 the inode of a file given to a folder, and back, is another node, ${birthTimes ? 'with' : 'without'} birth times`,
    { init: { f: 'f', 'd/x': 'x', k: 'k' }, disks: { a: { birthTimes }, b: { birthTimes } } },
    async (w) => {
      const ids = [await w.id('f'), await w.id('d')];
      const inode = w.a.inode('f');
      w.a.remove('f');
      w.a.folder('g');
      assert.equal(w.a.inode('g'), inode);
      w.a.remove('d/x');
      const folder = w.a.inode('d');
      w.a.remove('d');
      w.a.write('h', 'h');
      assert.equal(w.a.inode('h'), folder);
      await w.settle();
      await w.expect({ g: null, h: 'h', k: 'k' });
      const now = [await w.id('g'), await w.id('h')];
      assert.ok(!now.some((id) => ids.includes(id)));
    },
  );
}

scenario(
  'K12 a folder moved, deleted and moved back between two looks',
  { init: INIT },
  async (w) => {
    const ids = [await w.id('A'), await w.id('B')];
    w.a.rename('A', 'moved');
    w.a.remove('B');
    w.a.rename('moved', 'B');
    w.a.rename('B', 'caf\u00e9');
    await w.settle();
    await w.expect({ 'caf\u00e9/AA': 'AA', 'caf\u00e9/AB': 'AB', 'caf\u00e9/AE/k': 'AE' });
    assert.equal(await w.id('caf\u00e9'), ids[0]);
    assert.deepEqual(await w.web.trashed(), ['B']);
  },
);
