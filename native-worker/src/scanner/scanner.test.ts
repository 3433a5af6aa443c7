import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { scannerOnDisks } from '../testing/scan-on-disks.ts';

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

scannerOnDisks((fresh) => {
  test('a first scan writes a row with the hash of each file', () => {
    const { scan, user, at } = fresh();
    user.folder(at('a/b'));
    user.write(at('a/b/f'), 'hello');
    user.write(at('g'), '');
    user.symlink('a/b', at('link'));
    scan.settle();
    assert.deepEqual(Object.keys(scan.ids()).toSorted(), ['a', 'a/b', 'a/b/f', 'g', 'link']);
    const file = scan.tree.byId(scan.id('a/b/f'));
    assert.deepEqual(
      [file?.sha256, file?.size, file?.kind, file?.state],
      [sha256('hello'), 5, 'file', 'seen'],
    );
    assert.equal(scan.tree.byId(scan.id('link'))?.target, 'a/b');
  });

  test('an unchanged tree hashes and writes nothing', () => {
    const { scan, user, at } = fresh();
    user.folder(at('a/b'));
    user.write(at('a/b/f'), 'hello');
    user.write(at('empty'), '');
    user.symlink('f', at('a/b/link'));
    scan.synced();
    scan.scanner.hintAll();
    const outcome = scan.pass();
    assert.deepEqual(
      [outcome.full, outcome.hashedFiles, outcome.written, outcome.folders, outcome.entries],
      [true, 0, 0, 3, 5],
    );
    assert.deepEqual(scan.tree.dirty, []);
    assert.equal(scan.scanner.dueAt(), undefined);
  });

  test('an edit in place keeps the id', () => {
    const { scan, user, at } = fresh();
    user.write(at('f'), 'one');
    scan.synced();
    const id = scan.id('f');
    user.write(at('f'), 'two, longer');
    scan.settleHinted(['']);
    assert.equal(scan.id('f'), id);
    assert.equal(scan.tree.byId(id)?.sha256, sha256('two, longer'));
  });

  test('a changed file waits 200 ms before it is read', () => {
    const { scan, user, at } = fresh();
    user.write(at('f'), 'one');
    scan.synced();
    scan.disk.clock.advance(60_000);
    user.write(at('f'), 'two');
    // The real clock and the file's time start together only when nothing was advanced.
    if (scan.disk.sim === undefined) return;
    assert.equal(scan.look().hashedFiles, 0);
    assert.equal(scan.scanner.dueAt(), scan.disk.clock.now() + 200);
    scan.disk.clock.advance(200);
    assert.equal(scan.pass().hashedFiles, 1);
  });

  test('A13 an edit of equal size with the old mtime set again is found by ctime', () => {
    const { scan, user, at } = fresh();
    user.write(at('f'), 'one');
    user.setTimes(at('f'), 1_700_000_000_000);
    scan.synced();
    const id = scan.id('f');
    user.write(at('f'), 'two');
    user.setTimes(at('f'), 1_700_000_000_000);
    scan.settleHinted(['']);
    assert.equal(scan.tree.byId(id)?.sha256, sha256('two'));
  });

  test('G6 a changed mtime is metadata: the hash stays', () => {
    const { scan, user, at } = fresh();
    user.write(at('f'), 'one');
    scan.synced();
    const before = scan.tree.byId(scan.id('f'));
    user.setTimes(at('f'), 1_600_000_000_000);
    scan.settle();
    const after = scan.tree.byId(scan.id('f'));
    assert.equal(after?.sha256, before?.sha256);
    assert.equal((after?.mtimeNs ?? 0n) / 1_000_000n, 1_600_000_000_000n);
  });

  test('a deleted file and folder are gone with all below', () => {
    const { scan, user, at } = fresh();
    user.folder(at('a/b'));
    user.write(at('a/b/f'), 'x');
    user.write(at('g'), 'y');
    scan.synced();
    const ids = ['a', 'a/b', 'a/b/f', 'g'].map((path) => scan.id(path));
    user.remove(at('a'));
    user.remove(at('g'));
    scan.settleHinted(['']);
    assert.deepEqual(
      ids.map((id) => scan.stateOf(id)),
      ['gone', 'gone', 'gone', 'gone'],
    );
  });

  test('E6 T68 names that are no text, pipes and links are kept apart, siblings sync', () => {
    const { scan, user, at } = fresh();
    user.folder(at('d'));
    user.rawName(at('d'), Uint8Array.of(0x66, 0xff));
    user.pipe(at('d/pipe'));
    user.symlink('/etc', at('d/out'));
    user.symlink('../d/f', at('d/in'));
    user.write(at('d/f'), 'x');
    scan.settle();
    assert.deepEqual(Object.keys(scan.ids()).toSorted(), ['d', 'd/f', 'd/in', 'd/out']);
    assert.deepEqual(scan.stalls(), [
      'NameNotText f\\xff',
      'SpecialFileSkipped pipe',
      'SymlinkOutside out',
    ]);
    const states = scan.tree.children(scan.id('d')).map(({ state }) => state);
    assert.equal(states.filter((state) => state === 'unknown').length, 2);
    const written = scan.tree.dirty.length;
    scan.settle();
    assert.equal(scan.tree.dirty.length, written);
  });

  test('E3 the second Unicode form of a name stays apart', () => {
    const { scan, user, at } = fresh();
    user.write(at('é'), 'first');
    scan.synced();
    const id = scan.id('é');
    user.write(at('e\u0301'), 'second');
    scan.settle();
    assert.deepEqual(scan.ids(), { é: id });
    assert.deepEqual(scan.stalls(), ['NormalisationClash e\u0301']);
    user.rename(at('e\u0301'), at('other'));
    scan.settle();
    assert.deepEqual(Object.keys(scan.ids()).toSorted(), ['other', 'é']);
    assert.deepEqual(scan.stalls(), []);
  });

  test('E3 a second Unicode form that is deleted is waited for no longer', () => {
    const { scan, user, at } = fresh();
    user.write(at('é'), 'first');
    user.write(at('e\u0301'), 'second');
    scan.synced();
    assert.equal(scan.stalls().length, 1);
    user.remove(at('e\u0301'));
    scan.settle();
    assert.deepEqual(Object.keys(scan.ids()), ['é']);
    assert.deepEqual(scan.stalls(), []);
    assert.equal(scan.scanner.dueAt(), undefined);
  });

  test('slices yield: a pass over many entries is many steps', () => {
    const { scan, user, at } = fresh();
    for (let i = 0; i < 600; i++) user.write(at(`f${i}`), '');
    scan.settle();
    scan.scanner.hintAll();
    let steps = 0;
    for (const pass = scan.scanner.pass(); pass.next().done !== true;) steps++;
    assert.ok(steps >= 3, `${steps} steps`);
  });

  test("the engine's own folder is no node", () => {
    const { scan, user, at } = fresh();
    user.folder(at('.coffer/staging'));
    user.write(at('.coffer/staging/x'), 'x');
    scan.settle();
    assert.deepEqual(scan.ids(), {});
    assert.deepEqual(scan.tree.rows(), []);
  });
});
