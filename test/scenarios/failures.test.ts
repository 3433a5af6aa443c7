import assert from 'node:assert/strict';
import { ROOT } from '../simulation/device.ts';
import { scenario, type ScenarioWorld } from './harness.ts';
import { effects } from './scenario-device.ts';

const MIXED = {
  'docs/a': 'a1', 'docs/b': 'b1', 'docs/old/c': 'c1', 'photos/1': 'p1', 'photos/2': 'p2',
  'photos/3': 'p3', 'work/x': 'x1', 'work/y': 'y1', 'work/deep/er/z': 'z1', top: 't1', gone: 'g1',
}; // prettier-ignore

/** Thirty things that people do, some of them about the same files. */
function thirtyDeeds(w: ScenarioWorld): void {
  const { first, second } = w;
  first.write('docs/a', 'a2');
  first.rename('docs/b', 'docs/b renamed');
  first.rename('photos', 'pictures');
  first.write('pictures/4', 'p4');
  first.remove('gone');
  first.write('top', 't2 first');
  first.rename('work/x', 'docs/x');
  first.write('docs/x', 'x2');
  first.folder('empty/er');
  first.symlink('top', 'link');
  first.rename('docs/old', 'work/old');
  first.write('work/old/c', 'c2');
  first.setMode('docs/a', 0o755);
  first.write('swap 1', 's1');
  first.write('swap 2', 's2');
  second.write('docs/b', 'b2');
  second.write('photos/1', 'p1 second');
  second.remove('photos/2');
  second.rename('photos/3', 'photos/three');
  second.write('photos/5', 'p5');
  second.write('top', 't2 second');
  second.write('gone', 'g2');
  second.remove('work/deep');
  second.rename('work/y', 'y');
  second.write('docs/old/d', 'd1');
  second.write('docs/a', 'a2');
  second.folder('empty');
  second.write('empty/f', 'f');
  second.rename('work', 'job');
  second.write('swap 1', 's1');
}

scenario(
  'H1★ thirty deeds on two devices, switched off at every point, come to the same end',
  { init: MIXED, crash: ['first', 'second'] },
  async (w) => {
    thirtyDeeds(w);
    await w.settle();
    await w.expect({
      'docs/a': 'a2', 'docs/b renamed': 'b2', 'docs/x': 'x2', 'job/old/c': 'c2', 'job/old/d': 'd1',
      'pictures/1': 'p1 second', 'pictures/three': 'p3', 'pictures/4': 'p4', 'pictures/5': 'p5',
      y: 'y1', gone: 'g2', 'empty/er': null, 'empty/f': 'f', link: '-> top',
      'swap 1': 's1', 'swap 2': 's2',
      top: 't2 first', [`top (conflict ${w.second.name})`]: 't2 second',
    }); // prettier-ignore
    assert.ok(w.second.isExecutable('docs/a'));
  },
);

scenario(
  'H2 a full disk stops downloads alone, and they go on once there is room',
  { init: { f: 'v1' }, caseless: false, stalls: 'checked' },
  async (w) => {
    const { volume } = w.a.sim.disk;
    const used = volume.usedBytes;
    volume.usedBytes = volume.options.totalBytes - 1_000_000;
    w.b.write('f', 'v2');
    w.b.write('new', 'new');
    w.a.write('mine', 'mine');
    await w.settle();
    assert.equal((await w.remote())['mine'], 'mine');
    assert.equal(w.a.read('f'), 'v1');
    assert.ok((await w.a.stalls()).every((stall) => stall.startsWith('DiskFull')));
    assert.ok((await w.a.stalls()).length > 0);
    volume.usedBytes = used;
    await w.sleep(600_000);
    await w.settle();
    await w.expect({ f: 'v2', new: 'new', mine: 'mine' });
    assert.deepEqual(await w.a.stalls(), []);
  },
);

scenario(
  'H2 no space left in the middle of a download: the old file stays, and the new one comes later',
  { init: { f: 'v1' } },
  async (w) => {
    w.b.write('f', 'v2');
    w.a.sim.disk.inject('file.write', 'disk-full', '/staging/', 2);
    await w.b.mustSync();
    await w.a.mustSync();
    assert.match(w.a.read('f'), /^v[12]$/);
    await w.sleep(600_000);
    await w.settle();
    await w.expect({ f: 'v2' });
  },
);

scenario(
  'H3 a file that another program holds waits; everything else goes on',
  { init: { held: 'v1', free: 'v1' }, stalls: 'checked' },
  async (w) => {
    w.a.sim.disk.inject('rename', 'busy', `${ROOT}/held`, 3);
    w.b.write('held', 'v2');
    w.b.write('free', 'v2');
    await w.b.mustSync();
    await w.a.mustSync();
    assert.equal(w.a.read('free'), 'v2');
    assert.equal(w.a.read('held'), 'v1');
    assert.deepEqual(await w.a.stalls(), ['FileBusy held']);
    for (let n = 0; n < 6; n++) {
      await w.sleep(300_000);
      await w.settle();
    }
    await w.expect({ held: 'v2', free: 'v2' });
    assert.deepEqual(await w.a.stalls(), []);
  },
);

scenario(
  'H5 a file that cannot be read fails alone, visibly and ever less often; others sync',
  { stalls: 'checked' },
  async (w) => {
    w.a.sim.disk.inject('openRead', 'io', `${ROOT}/poisoned`, 1_000_000);
    w.a.write('poisoned', 'x');
    for (let n = 0; n < 10; n++) w.a.write(`good ${n}`, `${n}`);
    await w.settle();
    assert.equal(Object.keys(w.b.tree()).length, 10);
    assert.deepEqual(await w.a.stalls(), ['ReadDenied poisoned']);
    w.a.sim.disk.faults.length = 0;
    await w.sleep(600_000);
    await w.settle();
    assert.equal(w.b.read('poisoned'), 'x');
    assert.deepEqual(await w.a.stalls(), []);
  },
);

scenario(
  'H8 a folder that cannot be made keeps its children waiting; the rest is done',
  { init: { x: 'v1' }, stalls: 'checked' },
  async (w) => {
    w.a.sim.disk.inject('makeFolder', 'denied', `${ROOT}/d`, 4);
    w.b.write('d/e/f', 'f');
    w.b.write('x', 'v2');
    w.b.write('g/h', 'h');
    await w.b.mustSync();
    await w.a.mustSync();
    assert.deepEqual(w.a.tree(), { g: null, 'g/h': 'h', x: 'v2' });
    assert.ok((await w.a.stalls()).includes('WriteDenied d'), (await w.a.stalls()).join());
    for (let n = 0; n < 8; n++) {
      await w.sleep(300_000);
      await w.settle();
    }
    await w.expect({ 'd/e/f': 'f', 'g/h': 'h', x: 'v2' });
    assert.deepEqual(await w.a.stalls(), []);
  },
);

scenario('H10 the lock of a device that died stops nobody', { init: { f: 'v1' } }, async (w) => {
  w.a.write('f', 'v2');
  w.a.sim.disk.writeBack(0);
  assert.ok(w.a.sim.disk.programs.lstat(`${ROOT}/.coffer/engine.lock`) !== undefined);
  w.a.sim.switchOff('with the lock held');
  await w.settle();
  await w.expect({ f: 'v2' });
});

scenario(
  'H11 a file that the quota has no room for waits; smaller ones sync, and it goes once it fits',
  { init: { f: 'v1' }, quotaBytes: 120_000, stalls: 'checked' },
  async (w) => {
    w.a.write('big', 'b'.repeat(200_000));
    w.a.write('bigger', 'c'.repeat(300_000));
    for (let n = 0; n < 5; n++) w.a.write(`small ${n}`, `${n}`);
    await w.a.mustSync();
    const small = Object.fromEntries(Array.from({ length: 5 }, (_, n) => [`small ${n}`, `${n}`]));
    assert.deepEqual(await w.remote(), { f: 'v1', ...small });
    assert.deepEqual(await w.a.stalls(), ['QuotaFull big', 'QuotaFull bigger']);
    w.a.write('big', 'it fits now');
    w.a.remove('bigger');
    await w.sleep(600_000);
    await w.settle();
    await w.expect({ big: 'it fits now', f: 'v1', ...small });
    assert.deepEqual(await w.a.stalls(), []);
  },
);

scenario(
  'H11 a file that had no room goes up by itself once something was purged from the drive',
  {
    init: { f: 'v1', filler: 'f'.repeat(90_000) },
    quotaBytes: 120_000,
    stalls: 'checked',
  },
  async (w) => {
    w.a.write('big', 'b'.repeat(60_000));
    await w.a.mustSync();
    assert.deepEqual(await w.a.stalls(), ['QuotaFull big']);
    assert.equal((await w.remote())['big'], undefined);
    await w.web.purge('filler');
    await w.sleep(2 * 86_400_000);
    await w.settle();
    await w.expect({ f: 'v1', big: 'b'.repeat(60_000) });
    assert.deepEqual(await w.a.stalls(), []);
  },
);

/** Text of which no two chunks are equal. */
function unlike(length: number): string {
  let text = '';
  for (let n = 1; text.length < length; n = (n * 48_271) % 2_147_483_647) text += n.toString(36);
  return text.slice(0, length);
}

scenario(
  'H11 nothing is sent of a large file that the quota has no room for, and what comes later has room',
  { init: { f: 'v1' }, quotaBytes: 3_000_000, stalls: 'checked', first: 'b', caseless: false },
  async (w) => {
    w.a.write('huge', unlike(8_000_000));
    const { uploaded } = await w.a.mustSync();
    assert.ok(uploaded.bytesSent < 10_000, `${uploaded.bytesSent} bytes sent`);
    assert.deepEqual(await w.a.stalls(), ['QuotaFull huge']);
    const fits = unlike(1_500_000);
    w.a.write('large', fits);
    w.a.write('small', 's');
    await w.sleep(600_000);
    await w.a.mustSync();
    assert.deepEqual(await w.remote(), { f: 'v1', large: fits, small: 's' });
    assert.deepEqual(await w.a.stalls(), ['QuotaFull huge']);
    w.a.remove('huge');
    await w.settle();
    assert.deepEqual(await w.a.stalls(), []);
  },
);

scenario(
  'H12 after days of sleep the session is renewed and work goes on',
  { init: { f: 'v1' } },
  async (w) => {
    await w.sleep(3 * 86_400_000);
    w.a.write('f', 'v2');
    w.b.write('g', 'g');
    await w.settle();
    await w.expect({ f: 'v2', g: 'g' });
  },
);

scenario(
  'H12 a connection that breaks in every third request still brings all over',
  { init: { f: 'v1' } },
  async (w) => {
    for (let n = 0; n < 10; n++) w.a.write(`d/${n}`, `${n}`.repeat(1000));
    let n = 0;
    w.onRequest = () => (++n % 3 === 0 ? (n % 2 === 0 ? 'lost' : 'answer lost') : undefined);
    await w.settle();
    w.onRequest = undefined;
    const many = Array.from({ length: 10 }, (_, n) => [`d/${n}`, `${n}`.repeat(1000)] as const);
    await w.expect({ f: 'v1', ...Object.fromEntries(many) });
    for (const [path, content] of many) assert.deepEqual(await w.web.versions(path), [content]);
  },
);

scenario(
  'H13★ without a single event from the disk a copy of hundreds of files arrives, without a restart',
  { init: { f: 'v1' } },
  async (w) => {
    w.a.run();
    w.b.run();
    await w.sleep(30_000);
    for (let n = 0; n < 300; n++) w.a.write(`d/${n % 10}/${n}`, `content ${n}`);
    w.b.write('f', 'v2');
    await w.sleep(240_000);
    assert.equal(Object.keys(w.b.tree()).length, 312);
    assert.equal(w.a.read('f'), 'v2');
    await w.a.stop();
    await w.b.stop();
    assert.equal(effects((await w.a.mustSync()).requests).length, 0);
  },
);

scenario(
  'offline, everything waits; once the network is back all of it is done',
  { init: { f: 'v1', g: 'v1' } },
  async (w) => {
    w.network.conditions.cut = true;
    w.a.write('f', 'v2');
    const cut = await w.a.mustSync();
    assert.deepEqual([cut.settled, cut.cause], [false, 'network']);
    w.a.rename('g', 'h');
    w.network.conditions.cut = false;
    await w.settle();
    await w.expect({ f: 'v2', h: 'v1' });
  },
);
