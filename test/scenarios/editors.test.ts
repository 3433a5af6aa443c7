import assert from 'node:assert/strict';
import { EDITORS } from '@coffer/native-worker/testing';
import { ROOT } from '../simulation/device.ts';
import { scenario } from './harness.ts';

/** Editors are done within a fraction of a second. */
const STEP_MS = 40;
const INIT = { 'doc.txt': 'v1', other: 'o' };

for (const editor of EDITORS) {
  const title = /^S\d/.test(editor.name) ? editor.name : `S5 ${editor.name}`;
  scenario(`${title}: one version more of the same node`, { init: INIT }, async (w) => {
    const id = await w.id('doc.txt');
    const steps = editor.steps(w.a.sim.user, w.a.at('doc.txt'), 'v2', '1');
    w.a.wrote('v2');
    for (const step of steps) step();
    await w.settle();
    assert.equal(w.b.read('doc.txt'), 'v2');
    assert.equal(await w.id('doc.txt'), id);
    assert.deepEqual(await w.web.versions('doc.txt'), ['v1', 'v2']);
    assert.deepEqual(await w.web.trashed(), []);
    const left = Object.keys(await w.remote()).filter((path) => !(path in INIT));
    assert.ok(left.length === 0 || left.join() === 'doc.txt.bak', left.join());
  });

  scenario(
    `${title}: looked at while it is saved, the node stays and is never deleted`,
    { init: INIT },
    async (w) => {
      const id = await w.id('doc.txt');
      w.a.wrote('v2');
      const steps = editor.steps(w.a.sim.user, w.a.at('doc.txt'), 'v2', '1');
      for (const [n, step] of steps.entries()) w.later(STEP_MS * n, step);
      for (let n = 0; n < 20; n++) {
        await w.a.mustSync();
        assert.equal(await w.id('doc.txt'), id);
        assert.deepEqual(await w.web.trashed(), []);
        await w.sleep(STEP_MS / 2);
      }
      await w.settle();
      assert.equal(w.b.read('doc.txt'), 'v2');
      assert.equal(await w.id('doc.txt'), id);
      assert.deepEqual(await w.web.versions('doc.txt'), ['v1', 'v2']);
      assert.deepEqual(w.b.conflictCopies(), []);
    },
  );
}

scenario(
  'S4★ Office with f absent for three seconds: one version of the same node, no deletion',
  { init: INIT },
  async (w) => {
    const id = await w.id('doc.txt');
    w.a.write('~$doc.txt', 'who');
    w.a.write('1A.tmp', 'v2');
    w.later(100, () => w.a.rename('doc.txt', '1B.tmp'));
    w.later(3100, () => w.a.rename('1A.tmp', 'doc.txt'));
    w.later(3200, () => w.a.remove('1B.tmp'));
    w.later(3300, () => w.a.remove('~$doc.txt'));
    for (let n = 0; n < 20; n++) {
      await w.a.mustSync();
      assert.equal(await w.id('doc.txt'), id);
      assert.ok(!(await w.web.trashed()).includes('doc.txt'));
      await w.sleep(200);
    }
    await w.settle();
    await w.expect({ ...INIT, 'doc.txt': 'v2' });
    assert.equal(await w.id('doc.txt'), id);
    assert.deepEqual(await w.web.versions('doc.txt'), ['v1', 'v2']);
  },
);

scenario('S12 a download of a browser is sent once it is whole', { init: { x: '' } }, async (w) => {
  for (const part of ['part', 'part and more']) {
    w.a.write('film.mkv.crdownload', part);
    await w.settle();
    assert.deepEqual(await w.remote(), { x: '' });
  }
  w.a.write('film.mkv.crdownload', 'the whole film');
  w.a.rename('film.mkv.crdownload', 'film.mkv');
  await w.settle();
  await w.expect({ 'film.mkv': 'the whole film', x: '' });
  assert.deepEqual(await w.web.versions('film.mkv'), ['the whole film']);
});

scenario('S11 a file that grows is sent once it is quiet', { init: { x: '' } }, async (w) => {
  const whole = Array.from({ length: 30 }, (_, n) => `line ${n}`).join();
  w.a.wrote(whole);
  for (let n = 0; n < 30; n++) {
    const line = n === 0 ? 'line 0' : `,line ${n}`;
    w.later(100 * n, () => w.a.sim.user.append(w.a.at('log'), line));
  }
  for (let n = 0; n < 15; n++) {
    await w.a.mustSync();
    await w.sleep(150);
  }
  await w.settle();
  await w.expect({ log: whole, x: '' });
  assert.deepEqual(await w.web.versions('log'), [whole]);
});

const FOLDER = { 'd/1': 'one', 'd/e/2': 'two', x: '' };

for (const isCopied of [false, true]) {
  scenario(
    `S10 a deleted folder ${isCopied ? 'copied' : 'moved'} back from the desktop's trash is restored, not sent`,
    { init: FOLDER },
    async (w) => {
      const ids = [await w.id('d'), await w.id('d/1'), await w.id('d/e/2')];
      const bin = '/home/bin';
      w.a.sim.user.folder(bin);
      w.a.sim.user.rename(`${ROOT}/d`, `${bin}/d`);
      await w.settle();
      await w.expect({ x: '' });
      assert.deepEqual(await w.web.trashed(), ['d']);
      await w.sleep(120_000);
      if (isCopied)
        for (const [path, content] of [
          ['d/1', 'one'],
          ['d/e/2', 'two'],
        ] as const)
          w.a.write(path, content);
      else w.a.sim.user.rename(`${bin}/d`, `${ROOT}/d`);
      w.a.syncs.length = 0;
      await w.settle();
      await w.expect(FOLDER);
      assert.deepEqual([await w.id('d'), await w.id('d/1'), await w.id('d/e/2')], ids);
      const packs = w.a.syncs
        .flatMap(({ requests }) => requests)
        .filter((r) => r.endsWith('/packs'));
      assert.deepEqual(packs, []);
      assert.deepEqual(await w.web.trashed(), []);
    },
  );
}
