import assert from 'node:assert/strict';
import { ROOT } from '../simulation/device.ts';
import { scenario } from './harness.ts';
import { effects } from './scenario-device.ts';

const COMMIT = 'POST /v…/spaces/…/commits';

scenario(
  'B1 a rename is one commit without content and keeps the node',
  { init: { f: 'v1' } },
  async (w) => {
    const id = await w.id('f');
    const inode = w.b.inode('f');
    w.a.rename('f', 'g');
    await w.settle();
    await w.expect({ g: 'v1' });
    assert.equal(await w.id('g'), id);
    assert.equal(w.b.inode('g'), inode);
    assert.deepEqual(effects(w.a.syncs[0]?.requests ?? []), [COMMIT]);
  },
);

scenario(
  'B2 a folder with hundreds of entries moves by one operation',
  { init: Object.fromEntries(Array.from({ length: 300 }, (_, n) => [`d/${n % 7}/${n}`, `${n}`])) },
  async (w) => {
    const id = await w.id('d');
    w.a.rename('d', 'new place');
    await w.settle();
    const sums = [w.a, w.b].map(({ syncs }) => syncs.reduce((sum, { moved }) => sum + moved, 0));
    assert.deepEqual(sums, [1, 1]);
    assert.deepEqual(effects(w.a.syncs.flatMap(({ requests }) => requests)), [COMMIT]);
    assert.deepEqual(effects(w.b.syncs.flatMap(({ requests }) => requests)), []);
    assert.equal(await w.id('new place'), id);
    assert.equal(Object.keys(w.b.tree()).length, 308);
  },
);

scenario(
  'B3 renamed and edited in one beat is one node with one more version',
  { init: { f: 'v1' } },
  async (w) => {
    const id = await w.id('f');
    w.a.rename('f', 'g');
    w.a.write('g', 'v2');
    await w.settle();
    await w.expect({ g: 'v2' });
    assert.equal(await w.id('g'), id);
    assert.deepEqual(await w.web.versions('g'), ['v1', 'v2']);
  },
);

scenario(
  'B4★ a rename here and an edit there are one node with both',
  { init: { a: 'v1' }, crash: ['second'] },
  async (w) => {
    const id = await w.id('a');
    w.a.rename('a', 'b');
    w.b.write('a', 'v2');
    await w.settle();
    await w.expect({ b: 'v2' });
    assert.equal(await w.id('b'), id);
    assert.deepEqual(await w.web.versions('b'), ['v1', 'v2']);
  },
);

scenario(
  'B5★ two renames of one file: the first one at the server wins, without a second file',
  { init: { f: 'v1' }, crash: ['second'] },
  async (w) => {
    const id = await w.id('f');
    w.first.rename('f', 'first');
    w.second.rename('f', 'second');
    await w.settle();
    await w.expect({ first: 'v1' });
    assert.equal(await w.id('first'), id);
  },
);

scenario('B6 both rename to the same name: nothing to do', { init: { f: 'v1' } }, async (w) => {
  const id = await w.id('f');
  w.a.rename('f', 'g');
  w.b.rename('f', 'g');
  await w.settle();
  await w.expect({ g: 'v1' });
  assert.equal(await w.id('g'), id);
  assert.deepEqual(effects(w.second.syncs[0]?.requests ?? []), []);
});

scenario('B7 two files renamed to one name both live', { init: { a: 'A', b: 'B' } }, async (w) => {
  const [mine, theirs] = w.second === w.a ? ['a', 'b'] : ['b', 'a'];
  const ids = [await w.id(theirs), await w.id(mine)];
  w.a.rename('a', 'c');
  w.b.rename('b', 'c');
  await w.settle();
  const copy = `c (conflict ${w.second.name})`;
  await w.expect({ c: theirs.toUpperCase(), [copy]: mine.toUpperCase() });
  assert.deepEqual([await w.id('c'), await w.id(w.first.copy(copy))], ids);
});

scenario(
  'B8 renamed to a name that was created there: both are kept',
  { init: { a: 'A' } },
  async (w) => {
    const id = await w.id('a');
    w.a.rename('a', 'c');
    w.b.write('c', 'new');
    await w.settle();
    const copy = `c (conflict ${w.second.name})`;
    const isMoved = w.first === w.a;
    await w.expect({ c: isMoved ? 'A' : 'new', [copy]: isMoved ? 'new' : 'A' });
    assert.equal(await w.id(isMoved ? 'c' : w.first.copy(copy)), id);
  },
);

scenario('B9 a rename survives a deletion elsewhere', { init: { a: 'A', x: '' } }, async (w) => {
  const id = await w.id('a');
  w.a.rename('a', 'b');
  w.b.remove('a');
  await w.settle();
  await w.expect({ b: 'A', x: '' });
  assert.equal(await w.id('b'), id);
});

scenario('B10 a swap moves both nodes and no content', { init: { a: 'A', b: 'B' } }, async (w) => {
  const ids = [await w.id('a'), await w.id('b')];
  w.a.rename('a', 'aside');
  w.a.rename('b', 'a');
  w.a.rename('aside', 'b');
  await w.settle();
  await w.expect({ a: 'B', b: 'A' });
  assert.deepEqual([await w.id('b'), await w.id('a')], ids);
  assert.ok(effects(w.a.syncs[0]?.requests ?? []).every((request) => request === COMMIT));
  assert.deepEqual(effects(w.b.syncs.flatMap(({ requests }) => requests)), []);
});

scenario(
  'B10 a rotation of three folders moves three nodes',
  { init: { 'a/x': 'A', 'b/x': 'B', 'c/x': 'C' } },
  async (w) => {
    const ids = [await w.id('a'), await w.id('b'), await w.id('c')];
    w.a.rename('a', 'aside');
    w.a.rename('c', 'a');
    w.a.rename('b', 'c');
    w.a.rename('aside', 'b');
    await w.settle();
    await w.expect({ 'a/x': 'C', 'b/x': 'A', 'c/x': 'B' });
    assert.deepEqual([await w.id('b'), await w.id('c'), await w.id('a')], ids);
  },
);

scenario(
  'B10 a folder and one in it take each other’s place and name',
  { init: { 'd/d/x': 'inner', 'd/y': 'outer' }, crash: ['second'] },
  async (w) => {
    const [outer, inner] = [await w.id('d'), await w.id('d/d')];
    w.a.rename('d/d', 'aside');
    w.a.rename('d', 'aside/d');
    w.a.rename('aside', 'd');
    await w.settle();
    await w.expect({ 'd/x': 'inner', 'd/d/y': 'outer' });
    assert.deepEqual([await w.id('d'), await w.id('d/d')], [inner, outer]);
  },
);

scenario(
  'B10 a folder goes into one in it, and gives its name to what is in that',
  { init: { 'g/i/d/x': 'innermost', 'g/i/y': 'inner', 'g/z': 'outer' } },
  async (w) => {
    const ids = [await w.id('g'), await w.id('g/i'), await w.id('g/i/d')];
    w.a.rename('g/i/d', 'aside');
    w.a.rename('g/i', 'd');
    w.a.rename('g', 'd/d');
    w.a.rename('aside', 'g');
    await w.settle();
    await w.expect({ 'd/d/z': 'outer', 'd/y': 'inner', 'g/x': 'innermost' });
    assert.deepEqual([await w.id('d/d'), await w.id('d'), await w.id('g')], ids);
  },
);

scenario(
  'B12 chains of moves upwards and downwards on both sides compose',
  { init: { '0/1/k': 'k', 'q/x': 'X', '0/r/y': 'Y', 's/z': 'Z' } },
  async (w) => {
    const ids = [await w.id('q'), await w.id('0/r'), await w.id('s')];
    w.a.rename('q', '0/q');
    w.a.rename('0/r', '0/1/r');
    w.b.rename('s', '0/1/s');
    w.b.rename('0/1', '1');
    await w.settle();
    await w.expect({ '0/q/x': 'X', '1/k': 'k', '1/r/y': 'Y', '1/s/z': 'Z' });
    assert.deepEqual([await w.id('0/q'), await w.id('1/r'), await w.id('1/s')], ids);
  },
);

scenario(
  'B17 an edit below a folder that was renamed elsewhere lands at the new path',
  { init: { 'd/f': 'v1', 'd/g': 'g' } },
  async (w) => {
    const ids = [await w.id('d'), await w.id('d/f')];
    w.a.rename('d', 'n');
    w.b.write('d/f', 'v2');
    await w.settle();
    await w.expect({ 'n/f': 'v2', 'n/g': 'g' });
    assert.deepEqual([await w.id('n'), await w.id('n/f')], ids);
  },
);

scenario(
  'B18 a deletion below a folder that was renamed elsewhere stays a deletion',
  { init: { 'd/f': 'v1', 'd/g': 'g' } },
  async (w) => {
    w.a.rename('d', 'n');
    w.b.remove('d/f');
    await w.settle();
    await w.expect({ 'n/g': 'g' });
  },
);

scenario(
  'B19 a new file below a folder that was renamed elsewhere lands in it',
  { init: { 'd/f': 'v1' } },
  async (w) => {
    const id = await w.id('d');
    w.a.rename('d', 'n');
    w.b.write('d/new', 'new');
    await w.settle();
    await w.expect({ 'n/f': 'v1', 'n/new': 'new' });
    assert.equal(await w.id('n'), id);
  },
);

scenario(
  'B20★ an outer rename here and an inner rename with an edit there compose',
  { init: { 'o/i/f': 'v1', 'o/g': 'g' }, crash: ['second'] },
  async (w) => {
    const ids = [await w.id('o'), await w.id('o/i'), await w.id('o/i/f')];
    w.a.rename('o', 'outer');
    w.b.rename('o/i', 'o/inner');
    w.b.write('o/inner/f', 'v2');
    await w.settle();
    await w.expect({ 'outer/inner/f': 'v2', 'outer/g': 'g' });
    assert.deepEqual(
      [await w.id('outer'), await w.id('outer/inner'), await w.id('outer/inner/f')],
      ids,
    );
  },
);

scenario(
  'B22 renamed over a file that was renamed away there',
  { init: { a: 'A', b: 'B' } },
  async (w) => {
    const ids = [await w.id('a'), await w.id('b')];
    w.a.rename('a', 'b');
    w.b.rename('b', 'c');
    await w.settle();
    await w.expect({ b: 'A', c: 'B' });
    assert.deepEqual([await w.id('b'), await w.id('c')], ids);
  },
);

scenario('B23 renamed, and a new file made under the old name', { init: { a: 'A' } }, async (w) => {
  const id = await w.id('a');
  w.a.rename('a', 'b');
  w.a.write('a', 'new');
  await w.settle();
  await w.expect({ a: 'new', b: 'A' });
  assert.equal(await w.id('b'), id);
  assert.notEqual(await w.id('a'), id);
});

for (const birthTimes of [true, false]) {
  scenario(
    `B24 a new file with the inode of a deleted one is no rename, ${birthTimes ? 'with' : 'without'} birth times`,
    { init: { f: 'v1' }, disks: { a: { birthTimes }, b: { birthTimes } } },
    async (w) => {
      const [id, inode] = [await w.id('f'), w.a.inode('f')];
      w.a.remove('f');
      w.a.write('g', 'something else');
      assert.equal(w.a.inode('g'), inode);
      await w.settle();
      await w.expect({ g: 'something else' });
      assert.notEqual(await w.id('g'), id);
      assert.deepEqual(await w.web.trashed(), ['f']);
    },
  );
}

scenario('B25 moved into new folders: one move, no content', { init: { f: 'v1' } }, async (w) => {
  const id = await w.id('f');
  w.a.folder('x/y/z');
  w.a.rename('f', 'x/y/z/f');
  await w.settle();
  await w.expect({ 'x/y/z/f': 'v1' });
  assert.equal(await w.id('x/y/z/f'), id);
  assert.deepEqual(effects(w.a.syncs[0]?.requests ?? []), [COMMIT]);
});

scenario(
  'B26 moved again while the first move is under way',
  { init: { f: 'v1', 'd/x': '' } },
  async (w) => {
    const id = await w.id('f');
    w.a.rename('f', 'd/g');
    w.onRequest = (device, { method, path }) => {
      if (device !== w.a.name || method !== 'POST' || !path.endsWith('/commits')) return undefined;
      w.onRequest = undefined;
      w.a.rename('d/g', 'h');
      return undefined;
    };
    await w.settle();
    await w.expect({ h: 'v1', 'd/x': '' });
    assert.equal(await w.id('h'), id);
  },
);

scenario(
  'B27 moved over another file that the scan has seen, while it reads the folder that it was in',
  { init: { 'd/f': 'mine', g: 'other' } },
  async (w) => {
    const id = await w.id('d/f');
    w.a.duringCall(
      ({ kind, path }, phase) =>
        phase === 'before' && kind === 'readFolder' && path === w.a.at('d'),
      () => w.a.rename('d/f', 'g'),
    );
    await w.settle();
    await w.expect({ d: null, g: 'mine' });
    assert.equal(await w.id('g'), id);
    assert.deepEqual(await w.web.trashed(), ['g']);
  },
);

scenario(
  'B29 deleted, and another renamed into its place',
  { init: { a: 'A', b: 'B', 'x/1': '1', 'y/2': '2' } },
  async (w) => {
    const ids = [await w.id('a'), await w.id('x')];
    w.a.remove('b');
    w.a.rename('a', 'b');
    w.a.remove('y');
    w.a.rename('x', 'y');
    await w.settle();
    await w.expect({ b: 'A', 'y/1': '1' });
    assert.deepEqual([await w.id('b'), await w.id('y')], ids);
    assert.deepEqual(await w.web.trashed(), ['b', 'y']);
  },
);

for (const caseSensitive of [true, false]) {
  scenario(
    `B31 a rename that changes case alone is one move, ${caseSensitive ? 'where case counts' : 'where it does not'}`,
    {
      init: { 'file.txt': 'v1', 'folder/x': 'x' },
      disks: { a: { caseSensitive }, b: { caseSensitive } },
    },
    async (w) => {
      const ids = [await w.id('file.txt'), await w.id('folder')];
      w.a.rename('file.txt', 'File.txt');
      w.b.rename('folder', 'FOLDER');
      await w.settle();
      await w.expect({ 'File.txt': 'v1', 'FOLDER/x': 'x' });
      assert.deepEqual([await w.id('File.txt'), await w.id('FOLDER')], ids);
      for (const { syncs } of [w.a, w.b]) {
        const made = effects(syncs.flatMap(({ requests }) => requests));
        assert.deepEqual(made, [COMMIT]);
      }
    },
  );
}

scenario(
  'B32 a rename that fails in the middle is made good, without a second file',
  { init: { 'd/f': 'v1', 'e/x': '' } },
  async (w) => {
    const id = await w.id('d/f');
    w.b.rename('d/f', 'e/g');
    w.a.sim.disk.inject('rename', 'busy', `${ROOT}/d/f`);
    await w.settle();
    await w.sleep(60_000);
    await w.settle();
    await w.expect({ d: null, 'e/g': 'v1', 'e/x': '' });
    assert.equal(await w.id('e/g'), id);
  },
);

scenario(
  'B36 a hard link is a copy that sends nothing; renaming one name keeps both',
  { init: { f: 'v1' }, stalls: 'checked' },
  async (w) => {
    const id = await w.id('f');
    w.a.link('f', 'g');
    await w.settle();
    await w.expect({ f: 'v1', g: 'v1' });
    assert.equal(await w.id('f'), id);
    assert.ok(!w.a.syncs.some(({ requests }) => requests.some((r) => r.endsWith('/packs'))));
    w.a.rename('g', 'h');
    await w.settle();
    await w.expect({ f: 'v1', h: 'v1' });
    assert.equal(await w.id('f'), id);
  },
);

scenario(
  'B37 files and folders with new inodes are known by their content, and nothing is sent',
  { init: { f: 'content of f', 'd/1': 'one', 'd/2': 'two', 'd/e/3': 'three' } },
  async (w) => {
    const ids = [await w.id('f'), await w.id('d'), await w.id('d/e/3')];
    // As `mv` across file systems does: a copy, then the old ones go.
    w.a.write('moved/g', 'content of f');
    for (const [path, content] of [
      ['1', 'one'],
      ['2', 'two'],
      ['e/3', 'three'],
    ] as const)
      w.a.write(`moved/d/${path}`, content);
    w.a.remove('f');
    w.a.remove('d');
    await w.settle();
    await w.expect({
      'moved/g': 'content of f',
      'moved/d/1': 'one',
      'moved/d/2': 'two',
      'moved/d/e/3': 'three',
    });
    assert.deepEqual(
      [await w.id('moved/g'), await w.id('moved/d'), await w.id('moved/d/e/3')],
      ids,
    );
    const sent = w.a.syncs.flatMap(({ requests }) => requests).filter((r) => r.endsWith('/packs'));
    assert.deepEqual(sent, []);
  },
);

scenario(
  'B28 moved from one synced folder into another: all of it is there once, and no content is sent',
  { paired: false },
  async (w) => {
    for (let n = 0; n < 5; n++) await w.web.write(`p/stays ${n}`, `${n}`);
    await w.web.write('p/d/f', 'f');
    await w.web.write('p/d/e/g', 'g');
    await w.web.write('q/x', 'x');
    await w.pair(w.a, '/p', 'p');
    await w.pair(w.a, '/q', 'q');
    await w.pair(w.b);
    await w.settle();
    const stays = Object.fromEntries(Array.from({ length: 5 }, (_, n) => [`p/stays ${n}`, `${n}`]));
    await w.expect({ ...stays, 'p/d/f': 'f', 'p/d/e/g': 'g', 'q/x': 'x' });
    await w.sleep(3_600_000);

    w.a.syncs.length = 0;
    w.a.rename('p/d', 'q/d');
    w.b.write('q/y', 'y');
    await w.settle();
    await w.expect({ ...stays, 'q/d/f': 'f', 'q/d/e/g': 'g', 'q/x': 'x', 'q/y': 'y' });
    const packs = w.a.syncs.flatMap(({ requests }) => requests).filter((r) => r.endsWith('/packs'));
    assert.deepEqual(packs, []);
    assert.deepEqual(await w.web.trashed(), ['d']);

    w.a.syncs.length = 0;
    w.a.rename('q/d', 'p/d');
    await w.settle();
    await w.expect({ ...stays, 'p/d/f': 'f', 'p/d/e/g': 'g', 'q/x': 'x', 'q/y': 'y' });
  },
);
