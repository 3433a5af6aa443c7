import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { afterEach, describe, test } from 'node:test';
import { realTestDisk, simTestDisk, type TestDisk } from '../testing/test-disk.ts';
import { TestScan } from '../testing/test-scan.ts';

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

const DISKS: Readonly<Record<string, () => TestDisk>> = {
  simulated: () => simTestDisk(),
  real: () => realTestDisk(),
};

for (const [name, makeDisk] of Object.entries(DISKS)) {
  describe(`scanner on a ${name} disk`, () => {
    let disk: TestDisk | undefined;
    const fresh = (): { scan: TestScan; user: TestDisk['user']; at: (path: string) => string } => {
      disk = makeDisk();
      const scan = new TestScan(disk);
      return { scan, user: disk.user, at: (path) => scan.at(path) };
    };
    afterEach(() => disk?.dispose());

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
      disk?.clock.advance(60_000);
      user.write(at('f'), 'two');
      // The real clock and the file's time start together only when nothing was advanced.
      if (disk?.sim === undefined) return;
      assert.equal(scan.look().hashedFiles, 0);
      assert.equal(scan.scanner.dueAt(), disk.clock.now() + 200);
      disk.clock.advance(200);
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

    test('B1 B2 a renamed folder keeps its id and those of all below, and nothing is hashed', () => {
      const { scan, user, at } = fresh();
      user.folder(at('a/b'));
      for (let i = 0; i < 20; i++) user.write(at(`a/b/${i}`), `content ${i}`);
      scan.synced();
      const before = scan.ids();
      user.rename(at('a'), at('z'));
      disk?.clock.advance(1000);
      const outcome = scan.look();
      assert.equal(outcome.hashedFiles, 0);
      assert.equal(outcome.written, 1);
      assert.equal(scan.id('z'), before['a']);
      assert.equal(scan.id('z/b/7'), before['a/b/7']);
    });

    test('B3 rename and edit in one beat is one node', () => {
      const { scan, user, at } = fresh();
      user.folder(at('d'));
      user.write(at('f'), 'one');
      scan.synced();
      const id = scan.id('f');
      user.rename(at('f'), at('d/g'));
      user.write(at('d/g'), 'other content');
      scan.settleHinted(['d', '']);
      assert.equal(scan.id('d/g'), id);
      assert.equal(scan.tree.byId(id)?.sha256, sha256('other content'));
    });

    test('a move is seen from either end alone', () => {
      const { scan, user, at } = fresh();
      user.folder(at('from'));
      user.folder(at('to'));
      user.write(at('from/f'), 'x');
      user.write(at('from/g'), 'y');
      scan.synced();
      const [f, g] = [scan.id('from/f'), scan.id('from/g')];
      user.rename(at('from/f'), at('to/f'));
      scan.settleHinted(['to']);
      assert.equal(scan.id('to/f'), f);
      user.rename(at('from/g'), at('to/g'));
      scan.settleHinted(['from'], 0);
      disk?.clock.advance(5000);
      scan.settleHinted(['to']);
      assert.equal(scan.id('to/g'), g);
      assert.deepEqual(
        scan.tree.rows().filter(({ state }) => state !== 'seen'),
        [],
      );
    });

    test('B10 swapped files and folders swap their ids', () => {
      const { scan, user, at } = fresh();
      user.folder(at('p'));
      user.folder(at('q'));
      user.write(at('p/in-p'), '1');
      user.write(at('a'), 'content of a');
      user.write(at('b'), 'content of b');
      scan.synced();
      const before = scan.ids();
      for (const [x, y] of [
        ['a', 'b'],
        ['p', 'q'],
      ] as const) {
        user.rename(at(x), at('t'));
        user.rename(at(y), at(x));
        user.rename(at('t'), at(y));
      }
      scan.settleHinted(['']);
      assert.deepEqual(scan.ids(), {
        a: before['b'],
        b: before['a'],
        p: before['q'],
        q: before['p'],
        'q/in-p': before['p/in-p'],
      });
    });

    test('B22 B29 a rename over another file: the moved one keeps its id, the other is gone', () => {
      const { scan, user, at } = fresh();
      user.write(at('a'), 'content of a');
      user.write(at('b'), 'content of b');
      scan.synced();
      const before = scan.ids();
      user.rename(at('a'), at('b'));
      scan.settleHinted(['']);
      assert.deepEqual(scan.ids(), { b: before['a'] });
      assert.equal(before['b'] === undefined ? '' : scan.stateOf(before['b']), 'gone');
    });

    test('B23 a rename and a new file at the old name are two nodes', () => {
      const { scan, user, at } = fresh();
      user.write(at('a'), 'content of a');
      scan.synced();
      const id = scan.id('a');
      user.rename(at('a'), at('b'));
      user.write(at('a'), 'new');
      scan.settleHinted(['']);
      assert.equal(scan.id('b'), id);
      assert.notEqual(scan.id('a'), id);
    });

    test('B25 a file moved into a new folder three levels deep is moved', () => {
      const { scan, user, at } = fresh();
      user.write(at('f'), 'x');
      scan.synced();
      const id = scan.id('f');
      user.folder(at('1/2/3'));
      user.rename(at('f'), at('1/2/3/f'));
      scan.settleHinted(['']);
      assert.equal(scan.id('1/2/3/f'), id);
    });

    test('a folder moved below one that was below it keeps both ids', () => {
      const { scan, user, at } = fresh();
      user.folder(at('a/b'));
      user.write(at('a/f'), 'x');
      scan.synced();
      const before = scan.ids();
      user.rename(at('a/b'), at('b'));
      user.rename(at('a'), at('b/a'));
      scan.settleHinted(['']);
      assert.deepEqual(scan.ids(), {
        b: before['a/b'],
        'b/a': before['a'],
        'b/a/f': before['a/f'],
      });
    });

    test('a file moved out of a folder that is then deleted or renamed keeps its id', () => {
      const { scan, user, at } = fresh();
      user.folder(at('dead'));
      user.folder(at('old'));
      user.write(at('dead/f'), '1');
      user.write(at('dead/g'), '2');
      user.write(at('old/h'), '3');
      user.write(at('old/i'), '4');
      scan.synced();
      const before = scan.ids();
      user.rename(at('dead/f'), at('f'));
      user.remove(at('dead'));
      user.rename(at('old/h'), at('h'));
      user.rename(at('old'), at('new'));
      scan.settleHinted(['']);
      assert.deepEqual(scan.ids(), {
        f: before['dead/f'],
        h: before['old/h'],
        new: before['old'],
        'new/i': before['old/i'],
      });
    });

    test('B36 of a hard link pair the renamed name keeps its id', () => {
      const { scan, user, at } = fresh();
      user.write(at('a'), 'shared');
      user.link(at('a'), at('b'));
      scan.synced();
      const before = scan.ids();
      assert.notEqual(before['a'], before['b']);
      assert.equal(scan.stalls().filter((stall) => stall.startsWith('HardLinkCopied')).length, 1);
      user.rename(at('b'), at('c'));
      scan.settleHinted(['']);
      assert.deepEqual(scan.ids(), { a: before['a'], c: before['b'] });
    });

    test('a new hard link is a copy, never a move', () => {
      const { scan, user, at } = fresh();
      user.folder(at('d'));
      user.write(at('d/a'), 'shared');
      scan.synced();
      const id = scan.id('d/a');
      user.link(at('d/a'), at('b'));
      scan.settleHinted(['']);
      assert.equal(scan.id('d/a'), id);
      assert.notEqual(scan.id('b'), id);
      assert.deepEqual(scan.stalls(), ['HardLinkCopied b']);
    });

    test('B37 a folder copied anew and deleted is matched by what it holds', () => {
      const { scan, user, at } = fresh();
      user.folder(at('d'));
      for (let i = 0; i < 5; i++) user.write(at(`d/${i}`), `content ${i}`);
      scan.synced();
      const before = scan.ids();
      user.folder(at('e'));
      for (let i = 0; i < 5; i++) user.write(at(`e/${i}`), `content ${i}`);
      user.remove(at('d'));
      scan.settle();
      assert.equal(scan.id('e'), before['d']);
      assert.equal(scan.id('e/3'), before['d/3']);
    });

    test('rule 3 matches a file copied to another folder by its hash', () => {
      const { scan, user, at } = fresh();
      user.folder(at('x'));
      user.write(at('f'), 'unique content');
      scan.synced();
      const id = scan.id('f');
      user.write(at('x/copy'), 'unique content');
      user.remove(at('f'));
      // Both have settled: otherwise the time that each takes says which one is judged first.
      scan.disk.clock.advance(1000);
      scan.settle();
      assert.deepEqual(scan.ids(), { x: scan.id('x'), 'x/copy': id });
    });

    test('C11 a folder deleted and made again is that folder', () => {
      const { scan, user, at } = fresh();
      user.folder(at('d'));
      user.write(at('d/f'), 'x');
      scan.synced();
      const id = scan.id('d');
      const file = scan.id('d/f');
      user.remove(at('d'));
      user.folder(at('d'));
      user.write(at('d/g'), 'other');
      scan.settle();
      assert.equal(scan.id('d'), id);
      assert.equal(scan.stateOf(file), 'gone');
    });

    test('D1 D7 D8 a change of type is the old node gone and a new one', () => {
      const { scan, user, at } = fresh();
      user.write(at('a'), 'file');
      user.folder(at('b'));
      user.write(at('b/f'), 'x');
      user.write(at('c'), 'file c');
      scan.synced();
      const before = scan.ids();
      user.remove(at('a'));
      user.folder(at('a'));
      user.remove(at('b'));
      user.symlink('nowhere', at('b'));
      user.remove(at('c'));
      user.symlink('a', at('c'));
      scan.settle();
      for (const path of ['a', 'b', 'b/f', 'c']) {
        const id = before[path];
        assert.ok(id !== undefined);
        assert.equal(scan.stateOf(id), 'gone', path);
      }
      assert.deepEqual(Object.keys(scan.ids()).toSorted(), ['a', 'b', 'c']);
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
}
