/** People who act between two system calls of one operation: what they did is found and sent. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { simTestDisk, type DiskTurn, type SimDiskOptions } from '../testing/index.ts';
import { MemorySpace } from './testing/memory-space.ts';
import { pairedDevice, syncAll, type TestDevice } from './testing/test-device.ts';

const COARSE: Omit<SimDiskOptions, 'now'> = { mtimeGranNs: 2_000_000_000n };

/** Two devices that have f, and what the first one's disk is. */
async function twoDevices(
  options: Omit<SimDiskOptions, 'now'> = {},
): Promise<{ a: TestDevice; b: TestDevice }> {
  const space = new MemorySpace();
  const a = await pairedDevice(space, 'anna', { disk: simTestDisk(options) });
  const b = await pairedDevice(space, 'bert');
  a.write('f', 'first');
  await syncAll([a, b]);
  return { a, b };
}

/** Runs `action` once, after the first call of this kind on a path that ends so. */
function after(kind: string, ending: string, action: () => void): DiskTurn {
  return once('after', kind, ending, action);
}

function once(
  when: 'before' | 'after',
  kind: string,
  ending: string,
  action: () => void,
): DiskTurn {
  let isDone = false;
  return (phase, call) => {
    const isMeant = call.path.endsWith(ending) || call.to?.endsWith(ending) === true;
    if (isDone || phase !== when || call.kind !== kind || !isMeant) return undefined;
    isDone = true;
    action();
    return undefined;
  };
}

const timeOf = ({ disk, at }: TestDevice, path: string): number =>
  Number((disk.sim?.programs.lstat(at(path))?.mtimeNs ?? 0n) / 1_000_000n);

describe('between the calls of one operation', () => {
  test('an edit in place of a file that is just being renamed goes up', async () => {
    const { a, b } = await twoDevices();
    b.disk.user.rename(b.at('f'), b.at('g'));
    await b.sync();
    a.disk.clock.advance(5000);
    const edit = after('rename', '/drive/g', () => a.disk.user.write(a.at('g'), 'mine!'));
    const busy = a.restarted(edit);
    await syncAll([busy, b]);
    assert.deepEqual([busy.read('g'), b.read('g')], ['mine!', 'mine!']);
  });

  for (const phase of ['before', 'after'] as const) {
    test(`a file that is made executable ${phase} its rename is so everywhere`, async () => {
      const { a, b } = await twoDevices();
      b.disk.user.rename(b.at('f'), b.at('g'));
      await b.sync();
      a.disk.clock.advance(5000);
      let isMade = false;
      const makeExecutable = once(phase, 'rename', '/drive/g', () => {
        isMade = true;
        a.disk.user.setMode(a.at(phase === 'before' ? 'f' : 'g'), 0o755);
      });
      const busy = a.restarted(makeExecutable);
      await syncAll([busy, b]);
      assert.ok(isMade);
      const modes = [busy, b].map(({ disk, at }) => disk.sim?.programs.lstat(at('g'))?.mode);
      assert.deepEqual(
        modes.map((mode) => ((mode ?? 0) & 0o100) !== 0),
        [true, true],
      );
    });
  }

  for (const [what, birthTimes] of [
    ['with birth times', true],
    ['without birth times', false],
  ] as const) {
    for (const phase of ['before', 'after'] as const) {
      test(`two files that change places ${phase} the rename of one keep their nodes ${what}`, async () => {
        const { a, b } = await twoDevices({ birthTimes });
        a.write('other', 'the other one');
        await syncAll([a, b]);
        const nodes = a.database.sql('SELECT node_id, size FROM base_node ORDER BY size');
        const before = nodes.all();
        b.disk.user.rename(b.at('f'), b.at('g'));
        await b.sync();
        a.disk.clock.advance(5000);
        let isSwapped = false;
        const swap = once(phase, 'rename', '/drive/g', () => {
          isSwapped = true;
          const at = a.at(phase === 'before' ? 'f' : 'g');
          a.disk.user.rename(at, a.at('aside'));
          a.disk.user.rename(a.at('other'), at);
          a.disk.user.rename(a.at('aside'), a.at('other'));
        });
        const busy = a.restarted(swap);
        await syncAll([busy, b]);
        assert.ok(isSwapped);
        assert.deepEqual(busy.tree(), { g: 'the other one', other: 'first' });
        assert.deepEqual(b.tree(), busy.tree());
        assert.deepEqual(nodes.all(), before);
      });
    }
  }

  test('an edit of a file that is just being set aside stays in its conflict copy', async () => {
    const { a, b } = await twoDevices();
    b.write('f', 'theirs');
    await b.sync();
    a.write('f', 'mine');
    a.disk.clock.advance(5000);
    let copy = '';
    const edit: DiskTurn = (phase, { kind, to }) => {
      if (phase !== 'after' || kind !== 'rename' || to?.includes('(conflict ') !== true || copy)
        return undefined;
      copy = to.slice(a.root.length + 1);
      a.disk.user.write(to, 'mine too');
      return undefined;
    };
    const busy = a.restarted(edit);
    await syncAll([busy, b]);
    assert.notEqual(copy, '');
    assert.deepEqual(b.tree(), { f: 'theirs', [copy]: 'mine too' });
  });

  test('an edit of a file that is just being recycled goes up', async () => {
    const { a, b } = await twoDevices();
    a.write('g', 'stays');
    await syncAll([a, b]);
    b.disk.user.remove(b.at('f'));
    await b.sync();
    a.disk.clock.advance(5000);
    let isEdited = false;
    const edit: DiskTurn = (phase, { kind, path }) => {
      if (isEdited || phase !== 'before' || kind !== 'rename' || path !== a.at('f'))
        return undefined;
      isEdited = true;
      a.disk.user.write(a.at('f'), 'mine!');
      return undefined;
    };
    const busy = a.restarted(edit);
    await syncAll([busy, b]);
    assert.ok(isEdited);
    for (const device of [busy, b]) assert.deepEqual(device.tree(), { f: 'mine!', g: 'stays' });
  });

  for (const how of ['in place', 'by another file']) {
    test(`an edit ${how} of a file that a download just replaces is in a conflict copy`, async () => {
      const { a, b } = await twoDevices();
      b.write('f', 'theirs');
      await b.sync();
      a.disk.clock.advance(5000);
      let isEdited = false;
      const edit: DiskTurn = (phase, { kind, path }) => {
        if (isEdited || phase !== 'before' || kind !== 'rename' || path !== a.at('f'))
          return undefined;
        isEdited = true;
        const target = how === 'in place' ? a.at('f') : a.at('.f.new');
        a.disk.user.write(target, 'mine!');
        if (target !== a.at('f')) a.disk.user.rename(target, a.at('f'));
        return undefined;
      };
      const busy = a.restarted(edit);
      await syncAll([busy, b]);
      assert.ok(isEdited);
      const contents = Object.entries(b.tree());
      assert.deepEqual(contents.map(([, content]) => content).toSorted(), ['mine!', 'theirs']);
      assert.equal(b.read('f'), 'theirs');
      assert.deepEqual(busy.tree(), b.tree());
    });
  }

  test('a time that a person sets right after the engine did is sent', async () => {
    const { a, b } = await twoDevices();
    b.disk.user.setTimes(b.at('f'), 1_600_000_000_000);
    await b.sync();
    const touch = after('setTimes', '/drive/f', () =>
      a.disk.user.setTimes(a.at('f'), 1_500_000_000_000),
    );
    const busy = a.restarted(touch);
    await syncAll([busy, b]);
    assert.deepEqual([timeOf(busy, 'f'), timeOf(b, 'f')], [1_500_000_000_000, 1_500_000_000_000]);
  });

  test('an executable bit that a person sets right after the engine did is sent', async () => {
    const { a, b } = await twoDevices();
    b.disk.user.setMode(b.at('f'), 0o755);
    await b.sync();
    const chmod = after('setMode', '/drive/f', () => a.disk.user.setMode(a.at('f'), 0o644));
    const busy = a.restarted(chmod);
    await syncAll([busy, b]);
    const modes = [busy, b].map(({ disk, at }) => disk.sim?.programs.lstat(at('f'))?.mode);
    assert.deepEqual(modes, [0o644, 0o644]);
  });

  test('an executable bit that a person sets on a file that just came down is sent', async () => {
    const { a, b } = await twoDevices();
    a.write('new', 'new');
    await a.sync();
    const busy = b.restarted(
      after('link', '/drive/new', () => b.disk.user.setMode(b.at('new'), 0o755)),
    );
    await syncAll([busy, a]);
    const mode = a.disk.sim?.programs.lstat(a.at('new'))?.mode ?? 0;
    assert.equal(mode & 0o100, 0o100);
  });

  test('a link that is made anew while it is being renamed goes up', async () => {
    const { a, b } = await twoDevices();
    b.disk.user.symlink('old', b.at('l'));
    await syncAll([b, a]);
    b.disk.user.rename(b.at('l'), b.at('k'));
    await b.sync();
    a.disk.clock.advance(5000);
    let isDone = false;
    const busy = a.restarted((phase, { kind, path }) => {
      if (isDone || phase !== 'before' || kind !== 'rename' || !path.endsWith('/l'))
        return undefined;
      isDone = true;
      a.disk.user.remove(a.at('l'));
      a.disk.user.symlink('another', a.at('l'));
      return undefined;
    });
    await syncAll([busy, b]);
    assert.deepEqual(b.tree(), { f: 'first', k: '-> another' });
    assert.deepEqual(busy.tree(), b.tree());
  });

  test('a file that could not leave a folder which goes for another of its name is not recycled with it', async () => {
    const { a, b } = await twoDevices();
    a.write('n/x', 'x');
    await syncAll([a, b]);
    b.disk.user.rename(b.at('n'), b.at('m'));
    await b.sync();
    for (const name of ['m/1', 'm/2']) a.write(name, name);
    a.disk.clock.advance(5000);
    let faults = 0;
    const busy = a.restarted((phase, { kind, path }) => {
      const isMeant = phase === 'before' && kind === 'rename' && path.endsWith('/m/1');
      return isMeant && faults++ === 0 ? 'busy' : undefined;
    });
    await busy.engine.syncNow({});
    a.disk.clock.advance(3_600_000);
    await syncAll([busy, b]);
    assert.ok(faults > 0, 'nothing was to leave');
    assert.deepEqual(b.tree(), { f: 'first', m: null, 'm/1': 'm/1', 'm/2': 'm/2', 'm/x': 'x' });
    assert.deepEqual(busy.tree(), b.tree());
  });

  test('a file that just left a folder which somebody deleted keeps its node where it is now', async () => {
    const { a, b } = await twoDevices();
    for (const name of ['d/out', 'd/in', 'place']) a.write(name, name);
    await syncAll([a, b]);
    b.disk.user.remove(b.at('d'));
    await b.sync();
    a.disk.clock.advance(5000);
    const node = a.database.sql('SELECT node_id FROM base_node WHERE size = 5 AND name = ?');
    const moved = node.get('out');
    const leave = after('readFolder', '/drive/d', () => {
      a.disk.user.remove(a.at('place'));
      a.disk.user.rename(a.at('d/out'), a.at('place'));
    });
    const busy = a.restarted(leave);
    await syncAll([busy, b]);
    assert.deepEqual(b.tree(), { f: 'first', place: 'd/out' });
    assert.deepEqual(busy.tree(), b.tree());
    assert.deepEqual(node.get('place'), moved);
  });
});

describe('within one tick of coarse times', () => {
  test('a link that replaces the one that just came down goes up', async () => {
    const { a, b } = await twoDevices({ ...COARSE, inodeReuse: true });
    b.disk.user.symlink('one', b.at('link'));
    await b.sync();
    let looks = 0;
    const replace: DiskTurn = (phase, { kind, path }) => {
      const isThere = a.disk.sim?.programs.lstat(a.at('link')) !== undefined;
      const isLook = phase === 'after' && kind === 'lstat' && path === a.at('link') && isThere;
      if (!isLook || ++looks > 1) return undefined;
      a.disk.user.remove(a.at('link'));
      a.disk.user.symlink('two', a.at('link'));
      return undefined;
    };
    const busy = a.restarted(replace);
    await syncAll([busy, b]);
    assert.deepEqual([busy.tree()['link'], b.tree()['link']], ['-> two', '-> two']);
  });

  test('a content of equal size and time that replaces the one that just came down goes up', async () => {
    const { a, b } = await twoDevices(COARSE);
    b.write('f', 'other');
    await b.sync();
    let isDone = false;
    const edit: DiskTurn = (phase, { kind, path }) => {
      const isPlaced =
        phase === 'after' && kind === 'lstat' && path === a.at('f') && a.read('f') === 'other';
      if (!isPlaced || isDone) return undefined;
      isDone = true;
      const time = timeOf(a, 'f');
      a.disk.user.write(path, 'mine!');
      a.disk.user.setTimes(path, time);
      return undefined;
    };
    const busy = a.restarted(edit);
    await syncAll([busy, b]);
    assert.deepEqual([busy.read('f'), b.read('f')], ['mine!', 'mine!']);
  });
});
