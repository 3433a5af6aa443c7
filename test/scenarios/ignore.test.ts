import assert from 'node:assert/strict';
import { ROOT } from '../simulation/device.ts';
import { scenario } from './harness.ts';

scenario(
  'F1 a synced file that becomes ignored stays on both sides',
  { init: { 'a.log': 'v1', x: '' } },
  async (w) => {
    w.a.write('.cofferignore', '*.log\n');
    await w.settle();
    const tree = { '.cofferignore': '*.log\n', 'a.log': 'v1', x: '' };
    await w.expect(tree);
    w.a.write('a.log', 'by a');
    w.b.remove('a.log');
    await w.settle();
    assert.deepEqual(await w.remote(), tree);
    assert.equal(w.a.read('a.log'), 'by a');
    assert.equal(w.b.exists('a.log'), false);
    w.b.remove('.cofferignore');
    await w.settle();
    assert.equal(w.b.read('a.log'), 'v1');
  },
);

scenario(
  'F2 what is edited while it is ignored goes up once it is not',
  { init: { '.cofferignore': '*.log\n' } },
  async (w) => {
    w.a.write('a.log', 'v1');
    await w.settle();
    assert.deepEqual(await w.remote(), { '.cofferignore': '*.log\n' });
    w.a.write('a.log', 'v2');
    w.a.write('.cofferignore', '');
    await w.settle();
    await w.expect({ 'a.log': 'v2', '.cofferignore': '' });
  },
);

scenario(
  'F2 detached copies that went apart make a conflict copy once they are back',
  { init: { 'a.log': 'v1' } },
  async (w) => {
    w.first.write('.cofferignore', '*.log\n');
    await w.settle();
    w.first.write('a.log', 'first');
    w.second.write('a.log', 'second');
    await w.settle();
    await w.sleep(60_000);
    w.first.remove('.cofferignore');
    await w.settle();
    const contents = Object.values(await w.remote());
    assert.ok(contents.includes('first') && contents.includes('second'), contents.join());
    for (const device of [w.a, w.b])
      assert.deepEqual(Object.values(device.tree()).sort(), contents.sort());
  },
);

scenario(
  'F3 moved into an ignored folder: both sides keep theirs',
  { init: { f: 'v1', '.cofferignore': 'out/\n' } },
  async (w) => {
    w.a.folder('out');
    w.a.rename('f', 'out/f');
    await w.settle();
    assert.deepEqual(await w.remote(), { '.cofferignore': 'out/\n', f: 'v1' });
    assert.equal(w.a.read('out/f'), 'v1');
    assert.equal(w.b.read('f'), 'v1');
    assert.deepEqual(await w.web.trashed(), []);
  },
);

scenario(
  'F4 moved out of an ignored folder it is a new file',
  { init: { '.cofferignore': 'out/\n' } },
  async (w) => {
    w.a.write('out/f', 'v1');
    await w.settle();
    assert.deepEqual(await w.remote(), { '.cofferignore': 'out/\n' });
    w.a.rename('out/f', 'f');
    await w.settle();
    assert.deepEqual(await w.remote(), { '.cofferignore': 'out/\n', f: 'v1' });
    assert.equal(w.b.read('f'), 'v1');
  },
);

scenario(
  'F5 rules that move, clash and are malformed hold for what they are about',
  { init: { 'd/.cofferignore': '*.tmp\n', 'd/e/x': 'x' }, stalls: 'checked' },
  async (w) => {
    w.a.write('d/e/one.tmp', '1');
    await w.settle();
    assert.equal('d/e/one.tmp' in (await w.remote()), false);
    // Down the hierarchy: it no longer covers d itself.
    w.a.rename('d/.cofferignore', 'd/e/.cofferignore');
    w.a.write('d/two.tmp', '2');
    await w.settle();
    const remote = await w.remote();
    assert.deepEqual([remote['d/two.tmp'], 'd/e/one.tmp' in remote], ['2', false]);
    w.first.write('d/e/.cofferignore', '*.tmp\n*.first\n');
    w.second.write('d/e/.cofferignore', '*.tmp\n*.second\n');
    await w.settle();
    assert.equal('d/e/one.tmp' in (await w.remote()), false);
    assert.equal(w.a.read('d/e/.cofferignore'), w.b.read('d/e/.cofferignore'));
  },
);

const HUNDRED = Object.fromEntries(Array.from({ length: 100 }, (_, n) => [`d/${n}`, `${n}`]));
scenario(
  'F7 ignoring the whole tree deletes nothing and holds nothing',
  { init: HUNDRED },
  async (w) => {
    w.a.write('.cofferignore', '/d/\n');
    await w.settle();
    await w.expect({ '.cofferignore': '/d/\n', ...HUNDRED });
    for (const device of [w.a, w.b])
      assert.deepEqual(await device.ask((engine) => engine.held({})), []);
  },
);

scenario(
  'F8 a folder left out by selective sync may be renamed: nothing of it comes or goes',
  { init: { 'big/f': 'f', x: '' } },
  async (w) => {
    await w.a.ask((engine) => engine.exclude({ pair: ROOT, remote: ['/big'] }));
    await w.settle();
    assert.deepEqual(w.a.tree(), { x: '' });
    assert.deepEqual(await w.remote(), { big: null, 'big/f': 'f', x: '' });
    w.b.rename('big', 'bigger');
    w.b.write('bigger/g', 'g');
    await w.settle();
    assert.deepEqual(w.a.tree(), { x: '' });
    assert.deepEqual(await w.remote(), { bigger: null, 'bigger/f': 'f', 'bigger/g': 'g', x: '' });
    await w.a.ask((engine) => engine.include({ pair: ROOT, remote: ['/bigger'] }));
    await w.settle();
    await w.expect({ 'bigger/f': 'f', 'bigger/g': 'g', x: '' });
  },
);

scenario(
  'F9 a new entry under the name of what is left out gets a conflict name',
  { init: { 'big/f': 'f', x: '' } },
  async (w) => {
    await w.a.ask((engine) => engine.exclude({ pair: ROOT, remote: ['/big'] }));
    await w.settle();
    w.a.write('big', 'mine');
    await w.settle();
    const remote = await w.remote();
    assert.deepEqual([remote['big'], remote['big/f']], [null, 'f']);
    assert.deepEqual(
      Object.values(remote).filter((content) => content === 'mine'),
      ['mine'],
    );
    assert.deepEqual(Object.values(w.a.tree()).sort(), ['', 'mine']);
  },
);

scenario(
  'F10 leaving out a folder sends first what was not sent yet',
  { init: { 'big/f': 'v1', x: '' } },
  async (w) => {
    w.a.write('big/f', 'v2');
    w.a.write('big/new', 'new');
    await w.a.ask((engine) => engine.exclude({ pair: ROOT, remote: ['/big'] }));
    await w.settle();
    assert.deepEqual(await w.remote(), { big: null, 'big/f': 'v2', 'big/new': 'new', x: '' });
    assert.deepEqual(w.b.tree(), { big: null, 'big/f': 'v2', 'big/new': 'new', x: '' });
    assert.deepEqual(w.a.tree(), { x: '' });
  },
);

scenario(
  'F6 a folder deleted elsewhere that holds ignored files keeps them',
  { init: { 'd/f': 'f', '.cofferignore': '*.log\n', k: '', l: '', m: '' } },
  async (w) => {
    w.a.write('d/my.log', 'mine');
    w.b.remove('d');
    await w.settle();
    assert.equal(w.a.read('d/my.log'), 'mine');
    assert.equal(w.a.exists('d/f'), false);
    assert.equal('d' in (await w.remote()), false);
  },
);

scenario(
  'F11 what a rule ignores here keeps its name from a node that another device made, and nothing stops',
  { caseless: false },
  async (w) => {
    w.a.write('.cofferignore', '*.log\n');
    w.a.write('x.log', 'of a');
    w.a.folder('d.log');
    w.b.write('x.log', 'of b');
    w.b.write('d.log/deep', 'of b too');
    w.b.write('plain', 'p');
    await w.settle();
    assert.deepEqual(w.a.tree(), { ...w.a.tree(), 'x.log': 'of a', 'd.log': null, plain: 'p' });
    assert.equal(w.a.exists('d.log/deep'), false);
    assert.equal(w.b.read('x.log'), 'of b');
    const remote = await w.remote();
    assert.deepEqual([remote['x.log'], remote['d.log/deep']], ['of b', 'of b too']);
    assert.deepEqual(w.a.sim.database.sql('SELECT * FROM dirty_remote').all(), []);
    assert.deepEqual(await w.a.stalls(), []);
  },
);

scenario(
  'F11 what moved elsewhere to a place that a rule ignores here goes, and comes there once the rule is gone',
  { init: { f: 'v', k: '', '.cofferignore': '*.scratch\n' } },
  async (w) => {
    const id = await w.id('f');
    await w.web.folder('x.scratch');
    await w.settle();
    await w.web.move('f', 'x.scratch/f');
    await w.settle();
    // As what is left out: it is on the drive, and here in the recycle area.
    assert.equal(w.a.exists('f'), false);
    w.a.remove('.cofferignore');
    await w.settle();
    await w.expect({ 'x.scratch/f': 'v', k: '' });
    assert.equal(await w.id('x.scratch/f'), id);
  },
);

scenario(
  'F11 what a rule kept from here comes once the ignore file has another name',
  { init: { '.cofferignore': '*.log\n' }, caseless: false },
  async (w) => {
    w.a.write('x.log', 'of a');
    await w.web.write('x.log', 'of b');
    await w.settle();
    assert.equal(w.a.read('x.log'), 'of a');
    w.a.remove('x.log');
    await w.settle();
    w.a.rename('.cofferignore', 'rules');
    await w.settle();
    await w.expect({ 'x.log': 'of b', rules: '*.log\n' });
  },
);

scenario(
  'F11 a node that moved elsewhere to where an ignored entry is here goes from here, its edits first',
  { init: { f: 'v1', 'd/g': 'g', k: '', '.cofferignore': '*.log\nbuild/\n' }, caseless: false },
  async (w) => {
    const ids = [await w.id('f'), await w.id('d')];
    w.a.write('x.log', 'mine');
    w.a.write('build/out', 'mine too');
    w.a.write('f', 'v2');
    await w.web.move('f', 'x.log');
    await w.web.move('d', 'build');
    await w.settle();
    const { '.cofferignore': rules, ...own } = w.a.tree();
    assert.deepEqual(own, { 'x.log': 'mine', build: null, 'build/out': 'mine too', k: '' });
    assert.deepEqual([await w.id('x.log'), await w.id('build')], ids);
    const remote = { 'x.log': 'v2', build: null, 'build/g': 'g', k: '', '.cofferignore': rules };
    assert.deepEqual(await w.remote(), remote);
    w.a.remove('x.log');
    w.b.remove('x.log');
    w.a.remove('build');
    await w.settle();
    w.a.remove('.cofferignore');
    await w.settle();
    await w.expect({ 'x.log': 'v2', 'build/g': 'g', k: '' });
  },
);

scenario(
  'F1 what failed to come stalls no more once its folder is ignored',
  { init: { x: '' }, first: 'b', caseless: false },
  async (w) => {
    w.b.write('d/f', 'v1');
    await w.b.mustSync();
    w.a.sim.disk.inject('createFile', 'too-many-open', '');
    w.a.duringCall(
      ({ kind }) => kind === 'createFile',
      () => w.a.write('.cofferignore', 'd/\n'),
    );
    await w.a.mustSync();
    await w.settle();
    assert.deepEqual(w.a.tree(), { d: null, x: '', '.cofferignore': 'd/\n' });
    assert.deepEqual(w.a.sim.database.sql('SELECT * FROM dirty_remote').all(), []);
  },
);
