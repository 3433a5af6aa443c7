import assert from 'node:assert/strict';
import { scenario } from './harness.ts';
import { effects } from './scenario-device.ts';

const COMMIT = 'POST /v…/spaces/…/commits';

scenario(
  'A1 different edits keep both contents, the first one under the name',
  { init: { 'f.txt': 'v1' }, crash: ['second'] },
  async (w) => {
    const id = await w.id('f.txt');
    w.first.write('f.txt', 'first');
    w.second.write('f.txt', 'second');
    await w.settle();
    await w.expect({ 'f.txt': 'first', [`f (conflict ${w.second.name}).txt`]: 'second' });
    assert.equal(await w.id('f.txt'), id);
    assert.deepEqual(await w.web.versions('f.txt'), ['v1', 'first']);
    const conflicts = await w.first.ask((engine) => engine.conflicts({}));
    assert.deepEqual(
      conflicts.map(({ path }) => path),
      ['/f.txt'],
    );
  },
);

scenario('A2 equal edits bind and send nothing', { init: { f: 'v1' } }, async (w) => {
  w.a.write('f', 'same');
  w.b.write('f', 'same');
  await w.settle();
  await w.expect({ f: 'same' });
  assert.deepEqual(effects(w.second.syncs[0]?.requests ?? []), []);
  assert.deepEqual(await w.web.versions('f'), ['v1', 'same']);
});

scenario('A3 two new files at one slot are both kept', {}, async (w) => {
  w.first.write('f', 'first');
  w.second.write('f', 'second');
  await w.settle();
  await w.expect({ f: 'first', [`f (conflict ${w.second.name})`]: 'second' });
});

scenario('A4 equal new files become one node without a transfer', {}, async (w) => {
  w.a.write('d/f', 'same');
  w.b.write('d/f', 'same');
  await w.settle();
  await w.expect({ 'd/f': 'same' });
  assert.deepEqual(effects(w.second.syncs[0]?.requests ?? []), []);
});

scenario(
  'A5 two populated trees without a base become their union',
  { paired: false },
  async (w) => {
    w.a.write('same', 'equal');
    w.b.write('same', 'equal');
    w.a.write('d/only a', 'a');
    w.b.write('d/only b', 'b');
    w.first.write('d/both', 'first');
    w.second.write('d/both', 'second');
    await w.pair(w.a);
    await w.pair(w.b);
    await w.settle();
    await w.expect({
      same: 'equal',
      'd/only a': 'a',
      'd/only b': 'b',
      'd/both': 'first',
      [`d/both (conflict ${w.second.name})`]: 'second',
    });
    assert.deepEqual(await w.web.trashed(), []);
  },
);

scenario(
  'A6★ an edited conflict copy is a file like others and gets a copy of its own',
  { init: { 'f.txt': 'v1' } },
  async (w) => {
    w.first.write('f.txt', 'first');
    w.second.write('f.txt', 'second');
    await w.settle();
    const name = `f (conflict ${w.second.name}).txt`;
    const copy = w.first.copy(name);
    await w.sleep(3_600_000);
    w.first.write(copy, 'first again');
    w.second.write(copy, 'second again');
    await w.settle();
    const again = `f (conflict ${w.second.name}) (conflict ${w.second.name}).txt`;
    await w.expect({ 'f.txt': 'first', [name]: 'first again', [again]: 'second again' });
    assert.deepEqual(await w.web.trashed(), []);
  },
);

scenario('A8 an edit survives a deletion elsewhere', { init: { f: 'v1' } }, async (w) => {
  const id = await w.id('f');
  w.a.remove('f');
  w.b.write('f', 'v2');
  await w.settle();
  await w.expect({ f: 'v2' });
  assert.equal(await w.id('f'), id);
  assert.deepEqual(await w.web.trashed(), []);
});

scenario(
  'A9 an edited file that was deleted elsewhere comes back with its node and its past',
  { init: { f: 'v1' }, crash: ['second'] },
  async (w) => {
    const id = await w.id('f');
    w.first.remove('f');
    w.second.write('f', 'v2');
    await w.settle();
    await w.expect({ f: 'v2' });
    assert.equal(await w.id('f'), id);
    assert.deepEqual(await w.web.versions('f'), ['v1', 'v2']);
    assert.deepEqual(await w.web.trashed(), []);
  },
);

scenario(
  'A10 a touched file that was deleted elsewhere is deleted',
  { init: { f: 'v1', g: '' } },
  async (w) => {
    w.a.setTimes('f', w.now() - 5000);
    w.b.remove('f');
    await w.settle();
    await w.expect({ g: '' });
    assert.deepEqual(await w.web.trashed(), ['f']);
  },
);

scenario('A11 a touch does not make a conflict with an edit', { init: { f: 'v1' } }, async (w) => {
  w.a.setTimes('f', w.now() + 5000);
  w.b.write('f', 'v2');
  await w.settle();
  await w.expect({ f: 'v2' });
});

scenario(
  'A12 deleted on both sides is gone without an error',
  { init: { f: 'v1', g: '' } },
  async (w) => {
    w.a.remove('f');
    w.b.remove('f');
    await w.settle();
    await w.expect({ g: '' });
    assert.deepEqual(effects(w.second.syncs[0]?.requests ?? []), []);
  },
);

scenario(
  'A13★ an edit of the same size with the old mtime put back is found by its ctime',
  { init: { f: 'v1' } },
  async (w) => {
    const mtime = w.a.mtimeMs('f');
    w.a.write('f', 'v2');
    w.a.setTimes('f', mtime);
    await w.settle();
    await w.expect({ f: 'v2' });
    assert.deepEqual(await w.web.versions('f'), ['v1', 'v2']);
  },
);

scenario('A14 an edit with an older mtime is sent', { init: { f: 'v1' } }, async (w) => {
  w.a.write('f', 'older');
  w.a.setTimes('f', w.now() - 365 * 86_400_000);
  await w.settle();
  await w.expect({ f: 'older' });
  assert.equal(w.b.mtimeMs('f'), w.a.mtimeMs('f'));
});

scenario('A15 a new revision with an equal mtime comes down', { init: { f: 'v1' } }, async (w) => {
  const mtime = w.b.mtimeMs('f');
  w.b.write('f', 'other length');
  w.b.setTimes('f', mtime);
  await w.settle();
  await w.expect({ f: 'other length' });
  assert.equal(w.a.mtimeMs('f'), mtime);
});

scenario('A16 times far ahead and at the epoch travel and come to rest', {}, async (w) => {
  const ahead = Date.UTC(2199, 0, 1);
  w.a.write('ahead', '1');
  w.a.setTimes('ahead', ahead);
  w.b.write('epoch', '0');
  w.b.setTimes('epoch', 0);
  await w.settle();
  await w.expect({ ahead: '1', epoch: '0' });
  for (const device of [w.a, w.b])
    assert.deepEqual([device.mtimeMs('ahead'), device.mtimeMs('epoch')], [ahead, 0]);
});

scenario(
  'A16 both sides with times of their own converge on one',
  { init: { f: 'v1' } },
  async (w) => {
    const first = Date.UTC(2031, 0, 1);
    w.first.setTimes('f', first);
    w.second.setTimes('f', 1000);
    await w.settle();
    await w.expect({ f: 'v1' });
    assert.deepEqual([w.a.mtimeMs('f'), w.b.mtimeMs('f')], [first, first]);
    assert.deepEqual(await w.web.versions('f'), ['v1']);
  },
);

scenario(
  'A17★ a file edited again while it is sent ends with its last content and no torn version',
  { init: { f: 'v1' }, meanwhile: 'first' },
  async (w) => {
    const id = await w.id('f');
    const last = 'third, which is longer';
    w.first.write('f', 'second');
    w.meanwhile = () => w.first.write('f', last);
    await w.settle();
    if (w.first.read('f') !== last) {
      w.meanwhile();
      await w.settle();
    }
    await w.expect({ f: last });
    assert.equal(await w.id('f'), id);
    const versions = await w.web.versions('f');
    assert.ok(versions.length <= 3, versions.join());
    for (const version of versions) assert.ok(['v1', 'second', last].includes(version), version);
  },
);

scenario(
  'A18★ a file edited while its new content comes down keeps that edit as a copy',
  { init: { f: 'v1' } },
  async (w) => {
    w.first.write('f', 'theirs');
    await w.first.mustSync();
    w.second.duringCall(
      ({ kind, path }) => kind === 'file.write' && path.includes('/staging/'),
      () => w.second.write('f', 'mine'),
    );
    await w.second.mustSync();
    await w.settle();
    await w.expect({ f: 'theirs', [`f (conflict ${w.second.name})`]: 'mine' });
  },
);

scenario(
  'A19 a file deleted while it is sent is gone everywhere',
  { init: { g: '' }, meanwhile: 'first' },
  async (w) => {
    w.first.write('f', 'v1');
    w.meanwhile = () => w.first.remove('f');
    await w.settle();
    w.meanwhile();
    await w.settle();
    await w.expect({ g: '' });
  },
);

for (const isSwitchedOff of [false, true]) {
  const how = isSwitchedOff ? 'and the device switched off' : 'and the device going on';
  scenario(
    `A20★ a commit whose answer got lost, ${how}, makes one node and one version`,
    { init: { f: 'v1' } },
    async (w) => {
      const id = await w.id('f');
      w.first.write('f', 'v2');
      w.first.write('new', 'n1');
      w.onRequest = (device, { method, path }) => {
        if (device !== w.first.name || method !== 'POST' || !path.endsWith('/commits'))
          return undefined;
        w.onRequest = undefined;
        if (!isSwitchedOff) return 'answer lost';
        return 'answer lost, then off';
      };
      await w.settle();
      await w.expect({ f: 'v2', new: 'n1' });
      assert.equal(await w.id('f'), id);
      assert.deepEqual(await w.web.versions('f'), ['v1', 'v2']);
      assert.deepEqual(await w.web.versions('new'), ['n1']);
    },
  );
}

scenario(
  'A21 equal size and mtime without a base say nothing: the hash decides',
  { paired: false },
  async (w) => {
    w.first.write('f', 'one');
    w.second.write('f', 'two');
    for (const device of [w.a, w.b]) device.setTimes('f', w.now() - 60_000);
    await w.pair(w.a);
    await w.pair(w.b);
    await w.settle();
    await w.expect({ f: 'one', [`f (conflict ${w.second.name})`]: 'two' });
  },
);

scenario('A22 empty files are made, filled and emptied', { init: { f: 'v1' } }, async (w) => {
  w.a.write('empty', '');
  w.b.write('f', '');
  await w.settle();
  await w.expect({ empty: '', f: '' });
  await w.sleep(3_600_000);
  w.b.write('empty', 'grown');
  await w.settle();
  await w.expect({ empty: 'grown', f: '' });
  assert.deepEqual(await w.web.versions('empty'), ['', 'grown']);
});

scenario(
  'A22 a download that breaks off leaves the file as it was',
  { init: { f: 'v1' } },
  async (w) => {
    await w.web.write('f', 'v2'.repeat(1000));
    let lost = 0;
    w.onRequest = (device, { path }) => {
      if (device !== w.a.name || !path.endsWith('/read') || lost++ > 0) return undefined;
      assert.equal(w.a.read('f'), 'v1');
      return 'answer lost';
    };
    await w.settle();
    await w.expect({ f: 'v2'.repeat(1000) });
    assert.ok(lost > 0);
  },
);

const DAY_MS = 86_400_000;
const THREE_YEARS_MS = 3 * 365 * DAY_MS;

scenario(
  'A23 a clock three years ahead decides nothing: edits of days win, clash and are kept as with a right one, and its person is told',
  { init: { f: 'v1', g: 'v1', gone: 'x' }, aheadMs: THREE_YEARS_MS, stalls: 'checked' },
  async (w) => {
    w.b.write('f', 'by the clock ahead');
    await w.settle();
    await w.sleep(DAY_MS);
    w.a.write('f', 'later, by the right clock');
    w.a.remove('gone');
    await w.settle();
    const edited = { f: 'later, by the right clock', g: 'v1' };
    await w.expect(edited);
    assert.deepEqual(await w.web.trashed(), ['gone']);

    await w.sleep(DAY_MS);
    w.first.write('g', 'first');
    w.second.write('g', 'second');
    await w.settle();
    await w.expect({ ...edited, g: 'first', [`g (conflict ${w.second.name})`]: 'second' });

    await w.sleep(DAY_MS);
    w.b.remove('f');
    await w.settle();
    assert.deepEqual(await w.web.trashed(), ['f', 'gone']);
    assert.deepEqual(await w.web.versions('g'), ['v1', 'first']);
    assert.deepEqual([await w.a.stalls(), await w.b.stalls()], [[], ['ClockSkew']]);
  },
);

scenario(
  'A24 a device that lost its database unites, deletes nothing and copies only where bytes differ',
  { init: { same: 's', 'd/edited': 'v1', gone: 'g', theirs: 't1' } },
  async (w) => {
    await w.web.write('theirs', 't2');
    await w.web.trash('gone');
    w.second.write('d/edited', 'v2');
    w.second.loseDatabase();
    await w.pair(w.second);
    await w.settle();
    const copy = (path: string): string => `${path} (conflict ${w.second.name})`;
    await w.expect({
      same: 's',
      gone: 'g',
      'd/edited': 'v1',
      [copy('d/edited')]: 'v2',
      theirs: 't2',
      [copy('theirs')]: 't1',
    });
  },
);

scenario('a commit carries all small changes of one sync', { init: { f: 'v1' } }, async (w) => {
  for (let n = 0; n < 20; n++) w.a.write(`d/${n}`, `${n}`);
  w.a.write('f', 'v2');
  await w.settle();
  const made = w.a.syncs[0]?.requests.filter((request) => request === COMMIT);
  assert.equal(made?.length, 1);
});

scenario('A7 one conflict met by two devices makes one copy', { init: { f: 'v1' } }, async (w) => {
  await w.web.write('f', 'theirs');
  w.a.write('f', 'ours');
  w.b.write('f', 'ours');
  await w.settle();
  await w.expect({ f: 'theirs', [`f (conflict ${w.first.name})`]: 'ours' });
});

scenario(
  'A18★ a file edited while its new content comes down is never overwritten',
  { init: { f: 'v1' }, meanwhile: 'second' },
  async (w) => {
    w.first.write('f', 'theirs');
    w.meanwhile = () => w.second.write('f', 'mine');
    await w.settle();
    w.meanwhile = undefined;
    const mine = w.second.conflictCopies().map((path) => w.second.read(path));
    if (mine.length > 0 || w.second.read('f') === 'theirs') {
      const isEdited = mine.length > 0;
      const copy = isEdited ? { [`f (conflict ${w.second.name})`]: 'mine' } : {};
      await w.expect({ f: 'theirs', ...copy });
    } else {
      await w.expect({ f: 'mine' });
      assert.deepEqual(await w.web.versions('f'), ['v1', 'theirs', 'mine']);
    }
  },
);
