import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import test from 'node:test';
import { IntegrityError } from '@coffer/protocol/core';
import { networkFault } from '@coffer/sdk';
import { MemorySpace } from './executor/testing/memory-space.ts';
import {
  pairedDevice,
  syncAll,
  testDevice,
  type TestDevice,
} from './executor/testing/test-device.ts';

async function deviceWith(count: number): Promise<{ space: MemorySpace; a: TestDevice }> {
  const space = new MemorySpace();
  const a = await pairedDevice(space, 'anna');
  for (let n = 0; n < count; n++) a.write(`d/${n}`, `content ${n}`);
  await a.sync();
  return { space, a };
}

function liveFiles(space: MemorySpace): number {
  return [...space.snapshot().keys()].filter((id) => {
    const view = space.view(id);
    return view?.kind === 'file' && !view.trashed;
  }).length;
}

test('G1 an empty mount point where the root was pauses the pair and deletes nothing', async () => {
  const { space, a } = await deviceWith(3);
  const { sim } = a.disk;
  assert.ok(sim !== undefined);
  sim.mount(a.root, sim.newVolume({ dev: 9n }));
  const summary = await a.sync();
  assert.equal(summary.stalls, 1);
  assert.equal(liveFiles(space), 3);
  const [stall] = await a.engine.stalls({});
  assert.equal(stall?.reason, 'RootMissing');
  assert.deepEqual(a.disk.fileSystem.readFolder(a.root), []);
  sim.unmount(a.root);
  assert.equal((await a.sync()).stalls, 0);
  assert.equal(liveFiles(space), 3);
});

test('a folder with other contents where the root was pauses the pair', async () => {
  const { space, a } = await deviceWith(3);
  a.disk.user.rename(a.root, `${a.disk.root}/aside`);
  a.disk.user.folder(a.root);
  a.disk.user.write(a.at('stranger'), 'x');
  await a.sync();
  assert.deepEqual(
    (await a.engine.stalls({})).map(({ reason }) => reason),
    ['RootReplaced'],
  );
  assert.equal((await a.engine.status({})).pairs[0]?.state, 'attention');
  assert.deepEqual([liveFiles(space), a.read('stranger')], [3, 'x']);
});

test('G4 deleting more than half is held, kept across a restart, and undone on demand', async () => {
  const { space, a } = await deviceWith(30);
  for (let n = 0; n < 20; n++) a.disk.user.remove(a.at(`d/${n}`));
  a.write('new', 'goes on');
  const summary = await a.sync();
  assert.equal(summary.held, 20);
  assert.equal(liveFiles(space), 31);
  const again = a.restarted();
  assert.equal((await again.sync()).held, 20);
  const [held] = await again.engine.held({});
  assert.deepEqual([held?.side, held?.count, held?.paths.length], ['remote', 20, 20]);
  await again.engine.undoHeld({});
  const undone = await again.sync();
  assert.deepEqual([undone.held, undone.downloaded.files], [0, 20]);
  assert.equal(again.read('d/7'), 'content 7');
  assert.equal(liveFiles(space), 31);
});

test('an approved hold is carried out, but for what was edited meanwhile', async () => {
  const { space, a } = await deviceWith(30);
  const b = await pairedDevice(space, 'bert');
  await b.sync();
  for (let n = 0; n < 20; n++) a.disk.user.remove(a.at(`d/${n}`));
  assert.equal((await a.sync()).held, 20);
  b.write('d/3', 'edited');
  await b.sync();
  await a.engine.approveHeld({});
  assert.equal((await a.sync()).held, 0);
  assert.equal(a.read('d/3'), 'edited');
  assert.equal(liveFiles(space), 11);
});

test('G5 renaming everything is no deletion', async () => {
  const { space, a } = await deviceWith(30);
  for (let n = 0; n < 30; n++) a.disk.user.rename(a.at(`d/${n}`), a.at(`d/r${n}`));
  const summary = await a.sync();
  assert.deepEqual([summary.moved, summary.held, summary.uploaded.files], [30, 0, 0]);
  assert.equal(liveFiles(space), 30);
});

test('a remote mass deletion is held here and everything stays on the disk', async () => {
  const { space, a } = await deviceWith(30);
  const b = await pairedDevice(space, 'bert');
  await b.sync();
  for (let n = 0; n < 20; n++) a.disk.user.remove(a.at(`d/${n}`));
  await a.sync();
  await a.engine.approveHeld({});
  await a.sync();
  assert.equal((await b.sync()).held, 20);
  assert.equal(Object.keys(b.tree()).length, 31);
  await b.engine.approveHeld({});
  await b.sync();
  assert.equal(Object.keys(b.tree()).length, 11);
});

test('C12 nothing is written or deleted through a symbolic link', async () => {
  const { space, a } = await deviceWith(2);
  const b = await pairedDevice(space, 'bert');
  await b.sync();
  const outside = `${b.disk.root}/outside`;
  b.disk.user.folder(outside);
  b.disk.user.write(`${outside}/0`, 'mine');
  a.write('d/0', 'edited');
  a.write('d/new', 'new');
  a.disk.user.remove(a.at('d/1'));
  await a.sync();
  const { sim } = b.disk;
  assert.ok(sim !== undefined);
  let swapped = false;
  const racing = b.restarted((_phase, call) => {
    // Right after the scan, before anything is put in place.
    if (!swapped && call.kind === 'createFile' && call.path.includes('staging')) {
      swapped = true;
      b.disk.user.rename(b.at('d'), `${b.disk.root}/moved-away`);
      b.disk.user.symlink(outside, b.at('d'));
    }
    return undefined;
  });
  await racing.sync();
  assert.ok(swapped);
  assert.deepEqual(sim.programs.readFolder(outside), ['0']);
  assert.equal(new TextDecoder().decode(b.disk.user.read(`${outside}/0`)), 'mine');
});

test('A18 a file that is edited while its download is under way becomes a conflict copy', async () => {
  const { space, a } = await deviceWith(1);
  const b = await pairedDevice(space, 'bert');
  await b.sync();
  a.write('d/0', 'from anna');
  await a.sync();
  let edited = false;
  const racing = b.restarted((phase, call) => {
    if (!edited && phase === 'after' && call.kind === 'file.sync') {
      edited = true;
      b.write('d/0', 'from bert');
    }
    return undefined;
  });
  await racing.sync();
  await syncAll([racing, a]);
  assert.ok(edited);
  assert.equal(a.read('d/0'), 'from anna');
  const copies = Object.values(a.tree()).filter((content) => content === 'from bert');
  assert.equal(copies.length, 1);
});

test('A17 a file that changes while it is read goes up whole in one of its states', async () => {
  const space = new MemorySpace();
  const a = await pairedDevice(space, 'anna');
  a.write('big', 'x'.repeat(3_000_000));
  a.disk.clock.advance(2000);
  let reads = 0;
  const racing = a.restarted((phase, call) => {
    if (phase === 'after' && call.kind === 'file.read' && ++reads === 5) {
      a.disk.user.append(a.at('big'), 'y');
    }
    return undefined;
  });
  await racing.sync();
  await syncAll([racing]);
  const contents = [...space.contents.values()].map((bytes) => bytes.length);
  assert.ok(contents.every((length) => length === 3_000_000 || length === 3_000_001));
  assert.equal(liveFiles(space), 1);
});

test('H2 a full disk stops the download alone, says so, and goes on when there is room', async () => {
  const { space, a } = await deviceWith(1);
  const b = await pairedDevice(space, 'bert');
  b.write('own', 'goes up');
  const { sim } = b.disk;
  assert.ok(sim !== undefined);
  b.disk.clock.advance(1000);
  sim.inject('file.write', 'disk-full', 'staging');
  const summary = await b.engine.syncNow({});
  assert.equal(summary.settled, true);
  assert.equal(summary.uploaded.files, 1);
  assert.deepEqual(
    (await b.engine.stalls({})).map(({ reason }) => reason),
    ['DiskFull'],
  );
  b.disk.clock.advance(60_000);
  await b.sync();
  assert.deepEqual(await b.engine.stalls({}), []);
  assert.equal(b.read('d/0'), 'content 0');
  await a.sync();
  assert.equal(a.read('own'), 'goes up');
});

test('H5 a file that may not be read is a stall and the others sync', async () => {
  const space = new MemorySpace();
  const a = await pairedDevice(space, 'anna');
  a.write('good', 'good');
  a.write('secret', 'secret');
  a.disk.user.setMode(a.at('secret'), 0o000);
  await a.sync();
  assert.equal(liveFiles(space), 1);
  assert.deepEqual(
    (await a.engine.stalls({})).map(({ reason, path }) => [reason, path]),
    [['ReadDenied', a.at('secret')]],
  );
  a.disk.user.setMode(a.at('secret'), 0o600);
  a.disk.clock.advance(400_000);
  await a.sync();
  assert.equal(liveFiles(space), 2);
  assert.deepEqual(await a.engine.stalls({}), []);
});

test('H5 what may not be read does not keep `sync now` from its end', async () => {
  const space = new MemorySpace();
  const a = await pairedDevice(space, 'anna');
  a.write('closed/f', 'inside');
  await a.sync();
  a.write('secret', 'secret');
  for (const path of ['closed', 'secret']) a.disk.user.setMode(a.at(path), 0o000);
  const { settled, seconds } = await a.engine.syncNow({});
  assert.deepEqual([settled, seconds < 20], [true, true], `after ${seconds} s`);
  const reasons = (await a.engine.stalls({})).map(({ reason }) => reason);
  assert.deepEqual(reasons.toSorted(), ['FolderUnreadable', 'ReadDenied']);
  for (const path of ['closed', 'secret']) a.disk.user.setMode(a.at(path), 0o700);
  a.disk.clock.advance(400_000);
  await a.sync();
  assert.deepEqual(await a.engine.stalls({}), []);
  assert.equal(liveFiles(space), 2);
});

test('H15 a folder that a live engine syncs is not taken from it by a new pair', async () => {
  const { a } = await deviceWith(1);
  const host = { pid: 2, bootId: 'boot', isAlive: () => true };
  const other = testDevice(new MemorySpace(), 'bert', { disk: a.disk }).restarted(undefined, host);
  await assert.rejects(
    other.engine.addPair({ local: a.root, remote: '/all' }),
    /another Coffer syncs this folder already/,
  );
  await a.sync();
  assert.deepEqual(await a.engine.stalls({}), []);
});

test('H15 a second engine on the same root is refused while the first one lives', async () => {
  const { a } = await deviceWith(1);
  const second = a.restarted(undefined, { pid: 2, bootId: 'boot', isAlive: () => true });
  await second.sync();
  assert.deepEqual(
    (await second.engine.stalls({})).map(({ reason }) => reason),
    ['AnotherEngineRunning'],
  );
  const afterDeath = a.restarted(undefined, { pid: 2, bootId: 'boot', isAlive: () => false });
  await afterDeath.sync();
  assert.deepEqual(await afterDeath.engine.stalls({}), []);
});

test('an outage is waited out; without an end it is said in the summary', async () => {
  const space = new MemorySpace();
  const a = await pairedDevice(space, 'anna');
  a.write('f', 'f');
  a.disk.clock.advance(1000);
  let left = 2;
  space.fault = () => {
    if (left-- > 0) throw networkFault('no answer', undefined);
  };
  assert.equal((await a.engine.syncNow({})).settled, true);
  space.fault = () => {
    throw networkFault('no answer', undefined);
  };
  const summary = await a.engine.syncNow({});
  assert.deepEqual([summary.settled, summary.cause], [false, 'network']);
  assert.equal((await a.engine.status({})).pairs[0]?.state, 'offline');
});

test('an integrity failure stops the space, touches no file and is said', async () => {
  const { space, a } = await deviceWith(2);
  const before = a.tree();
  space.fault = () => {
    throw new IntegrityError('head-rolled-back', 'the head went back');
  };
  const summary = await a.engine.syncNow({});
  assert.deepEqual([summary.settled, summary.cause], [false, 'integrity']);
  assert.deepEqual(a.tree(), before);
  assert.equal((await a.engine.status({})).pairs[0]?.state, 'error');
  space.fault = () => undefined;
  await a.sync();
  assert.equal((await a.engine.status({})).pairs[0]?.state, 'idle');
});

test('an upload pair never deletes remotely and takes nothing down', async () => {
  const space = new MemorySpace();
  const a = await pairedDevice(space, 'anna', { mode: 'upload' });
  const b = await pairedDevice(space, 'bert');
  a.write('f', 'v1');
  a.write('g', 'g');
  await a.sync();
  await b.sync();
  b.write('new', 'n');
  b.write('g', 'from bert');
  await b.sync();
  a.disk.user.remove(a.at('f'));
  await a.sync();
  assert.deepEqual(a.tree(), { g: 'g' });
  await b.sync();
  assert.deepEqual(b.tree(), { f: 'v1', g: 'from bert', new: 'n' });
});

test('a download pair sends nothing up', async () => {
  const space = new MemorySpace();
  const a = await pairedDevice(space, 'anna');
  const b = await pairedDevice(space, 'bert', { mode: 'download' });
  a.write('f', 'v1');
  await a.sync();
  await b.sync();
  b.write('own', 'stays here');
  b.disk.user.remove(b.at('f'));
  await b.sync();
  await a.sync();
  assert.deepEqual([a.tree(), b.tree()], [{ f: 'v1' }, { own: 'stays here' }]);
});

test('what is excluded leaves this disk, stays remotely and comes back when included', async () => {
  const { space, a } = await deviceWith(12);
  const pair = a.root;
  await a.engine.exclude({ pair, remote: ['/d'] });
  await a.sync();
  assert.deepEqual(a.tree(), {});
  assert.equal(liveFiles(space), 12);
  await a.engine.include({ pair, remote: ['/d'] });
  await a.sync();
  assert.equal(Object.keys(a.tree()).length, 13);
});

test('a dry run says what would happen and does nothing', async () => {
  const space = new MemorySpace();
  const a = await pairedDevice(space, 'anna');
  a.write('f', 'four');
  a.disk.clock.advance(1000);
  const plan = await a.engine.dryRun({});
  assert.deepEqual(plan.operations, [{ op: 'remote-upload', path: '/f', bytes: 4 }]);
  assert.equal(liveFiles(space), 0);
});

for (const keep of ['mine', 'theirs', 'both'] as const) {
  test(`a conflict resolved by keeping ${keep} leaves the other content in the history`, async () => {
    const { space, a } = await deviceWith(1);
    const b = await pairedDevice(space, 'bert');
    await b.sync();
    a.write('d/0', 'theirs');
    b.write('d/0', 'mine');
    await syncAll([a, b]);
    await b.engine.resolveConflict({ path: '/d/0', keep });
    await syncAll([b, a]);
    assert.deepEqual(a.tree(), b.tree());
    assert.deepEqual(await b.engine.conflicts({}), []);
    const files = Object.values(a.tree()).filter((content) => content !== null);
    assert.deepEqual(files.toSorted(), keep === 'both' ? ['mine', 'theirs'] : [keep]);
    const texts = [...space.versions.values()]
      .flat()
      .map((digest) => new TextDecoder().decode(space.contents.get(digest)));
    if (keep === 'mine') assert.ok(texts.includes('theirs'));
    if (keep === 'theirs') assert.ok(texts.includes('mine'));
  });
}

test('pairs may not nest, and removing one leaves both sides', async () => {
  const { space, a } = await deviceWith(2);
  await assert.rejects(
    a.engine.addPair({ local: a.at('d'), remote: '/x' }),
    /is inside .*, which is synced already/,
  );
  await a.engine.removePair({ pair: a.root });
  assert.deepEqual(await a.engine.listPairs({}), []);
  assert.equal(Object.keys(a.tree()).length, 3);
  assert.equal(liveFiles(space), 2);
  await a.engine.addPair({ local: a.root, remote: '/' });
  const summary = await a.sync();
  assert.deepEqual([summary.uploaded.files, summary.downloaded.files], [0, 0]);
});

test('a pair that cannot be added makes nothing on the drive, and says what is in the way', async () => {
  const space = new MemorySpace();
  const a = testDevice(space, 'anna');
  a.write('file', 'of a person');
  const before = [...space.snapshot().keys()];
  const add = (local: string, more: object = {}) =>
    a.engine.addPair({ local, remote: '/new', ...more });
  await assert.rejects(add(a.at('file')), /drive\/file is no folder$/);
  await assert.rejects(add(a.at('file/below/it')), {
    name: 'EngineFault',
    code: 'unsuitable',
    message: `${a.at('file/below')} cannot be made: a part of that path is no folder`,
    hint: 'Nothing was changed. Give another path.',
  });
  await assert.rejects(add(a.at('d'), { exclude: ['/nowhere'] }), /is not on the drive/);
  assert.deepEqual([...space.snapshot().keys()], before);
  assert.deepEqual(a.tree(), { file: 'of a person' });
});

test('what was made on the drive since the last sync can be excluded at once', async () => {
  const space = new MemorySpace();
  const a = await pairedDevice(space, 'anna');
  await a.sync();
  const b = await pairedDevice(space, 'bert');
  b.write('new/in', 'in');
  await b.sync();
  await a.client.pull(new AbortController().signal);
  await a.engine.exclude({ pair: a.root, remote: ['/new'] });
  await a.sync();
  assert.deepEqual(a.tree(), {});
});

test('a pair that was added with a remote path syncs with that folder alone', async () => {
  const space = new MemorySpace();
  const a = await pairedDevice(space, 'anna');
  a.write('docs/in', 'in');
  a.write('out', 'out');
  await a.sync();
  const b = testDevice(space, 'bert');
  await b.engine.addPair({ local: b.root, remote: '/docs' });
  await b.sync();
  assert.deepEqual(b.tree(), { in: 'in' });
  a.disk.user.rename(a.at('out'), a.at('docs/out'));
  a.disk.user.rename(a.at('docs/in'), a.at('in'));
  await a.sync();
  await b.sync();
  assert.deepEqual(b.tree(), { out: 'out' });
});

test('a pair whose remote folder was deleted stops and keeps its files', async () => {
  const space = new MemorySpace();
  const a = await pairedDevice(space, 'anna');
  a.write('docs/in', 'in');
  a.write('out', 'out');
  await a.sync();
  const b = testDevice(space, 'bert');
  await b.engine.addPair({ local: b.root, remote: '/docs' });
  await b.sync();
  a.disk.user.remove(a.at('docs'));
  await a.sync();
  await b.sync();
  assert.deepEqual(b.tree(), { in: 'in' });
  assert.deepEqual(
    (await b.engine.stalls({})).map(({ reason }) => reason),
    ['RemoteRootGone'],
  );
});

test('H6 a damaged database is set aside; both sides are compared anew and nothing is sent', async () => {
  const folder = mkdtempSync(`${tmpdir()}/coffer-engine-`);
  const databasePath = `${folder}/engine.db`;
  const space = new MemorySpace();
  const a = await pairedDevice(space, 'anna', { databasePath });
  a.write('f', 'v1');
  a.write('d/g', 'g');
  await a.sync();
  a.database.close();
  writeFileSync(databasePath, 'this is no database'.repeat(100));
  rmSync(`${databasePath}-wal`, { force: true });
  a.disk.user.remove(a.at('d/g'));
  const again = a.restarted();
  assert.ok(readdirSync(folder).some((name) => name.startsWith('engine.corrupt-')));
  assert.deepEqual(
    (await again.engine.stalls({})).map(({ reason }) => reason),
    ['DbRecovered'],
  );
  space.requests.length = 0;
  await again.sync();
  assert.equal(space.requests.includes('upload'), false);
  assert.deepEqual(again.tree(), { d: null, 'd/g': 'g', f: 'v1' });
  assert.deepEqual(await again.engine.stalls({}), []);
  again.database.close();
  rmSync(folder, { recursive: true });
});
