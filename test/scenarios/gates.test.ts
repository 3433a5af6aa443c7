import assert from 'node:assert/strict';
import { ROOT } from '../simulation/device.ts';
import { scenario } from './harness.ts';
import { effects } from './scenario-device.ts';

const TWENTY = Object.fromEntries(Array.from({ length: 20 }, (_, n) => [`d/${n}`, `content ${n}`]));

scenario(
  'G1★ an unmounted root deletes nothing; work resumes by itself once it is back',
  { paired: false, caseless: false, stalls: 'checked' },
  async (w) => {
    const { disk } = w.a.sim;
    const external = disk.newVolume({ dev: 2n });
    disk.mount(ROOT, external);
    await w.pair(w.a);
    await w.pair(w.b);
    for (const [path, content] of Object.entries(TWENTY)) w.a.write(path, content);
    await w.settle();
    await w.expect(TWENTY);

    disk.unmount(ROOT);
    w.b.write('new', 'new');
    await w.settle();
    assert.deepEqual(await w.a.stalls(), ['RootMissing']);
    assert.deepEqual(w.a.tree(), {});
    assert.deepEqual(await w.web.trashed(), []);
    assert.equal(Object.keys(w.b.tree()).length, 22);

    const other = disk.newVolume({ dev: 3n });
    disk.mount(ROOT, other);
    w.a.write('foreign', 'somebody else’s');
    await w.settle();
    assert.deepEqual(await w.a.stalls(), ['RootReplaced']);
    assert.deepEqual(w.a.tree(), { foreign: 'somebody else’s' });
    assert.deepEqual(await w.web.trashed(), []);

    disk.unmount(ROOT);
    disk.mount(ROOT, external);
    await w.settle();
    await w.expect({ ...TWENTY, new: 'new' });
    assert.deepEqual(await w.a.stalls(), []);
  },
);

scenario(
  'G2★ an old state of disk and database comes back: it is brought up to date, nothing is deleted or doubled',
  { init: { f: 'v1', 'd/g': 'g1', gone: 'x' } },
  async (w) => {
    const snapshot = w.a.snapshot();
    w.a.write('f', 'v2');
    w.a.write('later', 'later');
    w.a.remove('gone');
    w.b.write('d/g', 'g2');
    await w.settle();
    const newest = { f: 'v2', 'd/g': 'g2', later: 'later' };
    await w.expect(newest);
    await w.sleep(3_600_000);
    w.a.restore(snapshot);
    await w.settle();
    await w.expect(newest);
  },
);

scenario(
  'G2★ old files restored over the root become the newest version, and the newer ones stay versions',
  { init: { f: 'v1', g: 'g' } },
  async (w) => {
    const mtime = w.a.mtimeMs('f');
    w.b.write('f', 'v2');
    await w.settle();
    await w.sleep(3_600_000);
    w.a.write('f', 'v1');
    w.a.setTimes('f', mtime);
    await w.settle();
    await w.expect({ f: 'v1', g: 'g' });
    assert.deepEqual(await w.web.versions('f'), ['v1', 'v2', 'v1']);
  },
);

scenario('G5 renaming everything is no deletion', { init: TWENTY }, async (w) => {
  for (let n = 0; n < 20; n++) w.a.rename(`d/${n}`, `d/renamed ${n}`);
  w.a.rename('d', 'e');
  await w.settle();
  for (const device of [w.a, w.b])
    assert.deepEqual(await device.ask((engine) => engine.held({})), []);
  const expected = Object.entries(TWENTY).map(([path, c]) => [`e/renamed ${path.slice(2)}`, c]);
  await w.expect(Object.fromEntries(expected));
});

scenario(
  'G6 new times on all files send no content and make no version',
  { init: TWENTY },
  async (w) => {
    for (const path of Object.keys(TWENTY)) w.a.setTimes(path, Date.UTC(2020, 1, 1));
    await w.settle();
    await w.expect(TWENTY);
    assert.equal(w.b.mtimeMs('d/3'), Date.UTC(2020, 1, 1));
    const made = effects([w.a, w.b].flatMap(({ syncs }) => syncs.flatMap((sync) => sync.requests)));
    assert.deepEqual(made, ['POST /v…/spaces/…/commits']);
    assert.deepEqual(await w.web.versions('d/3'), ['content 3']);
  },
);

scenario(
  'G7 a remote root that is renamed is followed; one in the trash stops the pair and deletes nothing',
  { paired: false, stalls: 'checked' },
  async (w) => {
    await w.web.write('x/f', 'v1');
    await w.pair(w.a, '/x');
    await w.pair(w.b, '/x');
    await w.settle();
    await w.web.move('x', 'y');
    w.a.write('g', 'g');
    await w.settle();
    for (const device of [w.a, w.b]) assert.deepEqual(device.tree(), { f: 'v1', g: 'g' });
    await w.web.trash('y');
    w.a.write('h', 'h');
    await w.settle();
    assert.deepEqual(w.a.tree(), { f: 'v1', g: 'g', h: 'h' });
    assert.deepEqual(w.b.tree(), { f: 'v1', g: 'g' });
    for (const device of [w.a, w.b]) assert.deepEqual(await device.stalls(), ['RemoteRootGone']);
  },
);

scenario(
  'G10 an error of the disk while a folder is listed deletes nothing below it',
  { init: { 'd/e/f': 'f', x: 'x' } },
  async (w) => {
    w.a.sim.disk.inject('readFolder', 'io', `${ROOT}/d/e`, 2);
    w.a.write('x', 'x2');
    await w.settle();
    await w.sleep(60_000);
    await w.settle();
    await w.expect({ 'd/e/f': 'f', x: 'x2' });
    assert.deepEqual(await w.web.trashed(), []);
  },
);

scenario(
  'G11 a root inside another, or around one, is refused',
  { init: { 'd/f': 'f' } },
  async (w) => {
    const nested = [`${ROOT}/d`, ROOT, '/home'];
    for (const local of nested) {
      const error = await w.a.ask((engine) =>
        engine.addPair({ local, remote: '/elsewhere' }).then(
          () => 'added',
          (error: unknown) => (error instanceof Error && 'code' in error ? error.code : error),
        ),
      );
      assert.equal(error, 'exists', local);
    }
    await w.settle();
    await w.expect({ 'd/f': 'f' });
  },
);

scenario(
  'G11 another disk mounted below the root is left alone',
  { init: { 'd/f': 'f', x: '' }, caseless: false, stalls: 'checked' },
  async (w) => {
    const { disk } = w.a.sim;
    disk.mount(`${ROOT}/d`, disk.newVolume({ dev: 2n }));
    w.a.write('d/foreign', 'foreign');
    w.a.write('y', 'y');
    await w.settle();
    assert.deepEqual(await w.remote(), { d: null, 'd/f': 'f', x: '', y: 'y' });
    assert.deepEqual(await w.a.stalls(), ['NestedMount d']);
    disk.unmount(`${ROOT}/d`);
    await w.sleep(60_000);
    await w.settle();
    await w.expect({ 'd/f': 'f', x: '', y: 'y' });
    assert.deepEqual(await w.a.stalls(), []);
  },
);

scenario(
  'G12 a root that is renamed deletes nothing and is not made again; back in place it goes on',
  { init: { 'd/f': 'f', x: 'x' }, stalls: 'checked' },
  async (w) => {
    const away = `${ROOT} renamed`;
    w.a.sim.user.rename(ROOT, away);
    w.b.write('x', 'x2');
    await w.settle();
    assert.deepEqual(await w.a.stalls(), ['RootMissing']);
    assert.equal(w.a.sim.disk.programs.lstat(ROOT), undefined);
    assert.deepEqual(await w.remote(), { d: null, 'd/f': 'f', x: 'x2' });
    w.a.sim.user.write(`${away}/d/f`, 'edited away');
    w.a.sim.user.rename(away, ROOT);
    await w.settle();
    assert.equal(w.b.read('d/f'), 'edited away');
    assert.equal(w.a.read('x'), 'x2');
    assert.deepEqual(await w.a.stalls(), []);
  },
);

scenario(
  'G4 deleting everything is held, other work goes on, and the hold outlives a crash; undo brings all back',
  { init: { ...TWENTY, keep: 'k' } },
  async (w) => {
    w.a.remove('d');
    w.a.remove('keep');
    w.a.write('other', 'o');
    await w.settle();
    assert.deepEqual(await w.remote(), { ...w.b.tree() });
    assert.equal(w.b.read('other'), 'o');
    assert.equal(Object.keys(w.b.tree()).length, 23);
    const [held, ...more] = await w.a.ask((engine) => engine.held({}));
    assert.deepEqual([held?.side, held?.count, more.length], ['remote', 22, 0]);

    w.a.sim.disk.writeBack(0);
    w.a.sim.switchOff('while held');
    await w.a.mustSync();
    assert.equal((await w.a.ask((engine) => engine.held({}))).length, 1);
    assert.deepEqual(await w.web.trashed(), []);

    await w.a.ask((engine) => engine.undoHeld({}));
    await w.settle();
    await w.expect({ ...TWENTY, keep: 'k', other: 'o' });
    assert.deepEqual(await w.a.ask((engine) => engine.held({})), []);
  },
);

scenario(
  'G4 an approved deletion is performed everywhere and asked once; what was edited meanwhile survives',
  { init: { ...TWENTY, keep: 'k' } },
  async (w) => {
    w.a.remove('d');
    await w.settle();
    assert.equal((await w.a.ask((engine) => engine.held({}))).length, 1);
    w.b.write('d/7', 'edited');
    await w.settle();
    await w.a.ask((engine) => engine.approveHeld({}));
    await w.settle();
    assert.deepEqual(await w.b.ask((engine) => engine.held({})), []);
    await w.expect({ 'd/7': 'edited', keep: 'k' });
  },
);

scenario(
  'G10 an unreadable folder deletes nothing below it, and the rest goes on',
  { init: { 'd/e/f': 'f', 'd/g': 'g', x: 'x' }, stalls: 'checked' },
  async (w) => {
    w.a.setMode('d/e', 0o000);
    w.a.write('x', 'x2');
    w.b.write('d/e/new', 'new');
    await w.settle();
    assert.deepEqual(await w.web.trashed(), []);
    assert.equal((await w.remote())['x'], 'x2');
    assert.equal((await w.remote())['d/e/f'], 'f');
    assert.ok((await w.a.stalls()).includes('FolderUnreadable d/e'), (await w.a.stalls()).join());
    w.a.setMode('d/e', 0o755);
    await w.sleep(600_000);
    await w.settle();
    await w.expect({ 'd/e/f': 'f', 'd/e/new': 'new', 'd/g': 'g', x: 'x2' });
    assert.deepEqual(await w.a.stalls(), []);
  },
);
