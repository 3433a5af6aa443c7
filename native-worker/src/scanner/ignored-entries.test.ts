import assert from 'node:assert/strict';
import { test } from 'node:test';
import { simTestDisk } from '../testing/test-disk.ts';
import { TestScan } from '../testing/test-scan.ts';

function aScan() {
  const disk = simTestDisk();
  const scan = new TestScan(disk);
  return { scan, user: disk.user, at: (path: string) => scan.at(path) };
}

test('ignored entries get no rows, and their folders are not looked into', () => {
  const { scan, user, at } = aScan();
  user.write(at('.cofferignore'), 'node_modules/\n*.log\n');
  user.folder(at('node_modules/deep'));
  user.write(at('node_modules/deep/f'), 'x');
  user.write(at('a.log'), 'x');
  user.write(at('f~'), 'x');
  user.write(at('f'), 'x');
  scan.settle();
  assert.deepEqual(Object.keys(scan.ids()).toSorted(), ['.cofferignore', 'f']);
  assert.equal(scan.tree.rows().length, 2);
  scan.scanner.hintAll();
  assert.equal(scan.pass().folders, 1);
});

test('F1 F7 a synced folder that is newly ignored is detached with all below', () => {
  const { scan, user, at } = aScan();
  user.folder(at('d/e'));
  user.write(at('d/e/f'), 'x');
  user.write(at('g'), 'y');
  scan.synced();
  const ids = scan.ids();
  user.write(at('.cofferignore'), 'd/\n');
  scan.settleHinted(['']);
  for (const path of ['d', 'd/e', 'd/e/f']) {
    const id = ids[path];
    assert.ok(id !== undefined);
    assert.equal(scan.stateOf(id), 'detached', path);
  }
  assert.deepEqual(Object.keys(scan.ids()).toSorted(), ['.cofferignore', 'g']);
});

test('F2 an empty folder that is no longer ignored is seen again with its id', () => {
  const { scan, user, at } = aScan();
  user.folder(at('d/e'));
  scan.synced();
  const ids = scan.ids();
  user.write(at('.cofferignore'), 'd/\n');
  scan.settle();
  user.remove(at('.cofferignore'));
  scan.settle();
  assert.deepEqual(scan.ids(), ids);
});

test('an ignored folder that an operation points at stays detached with what is in it', () => {
  const { scan, user, at } = aScan();
  user.folder(at('d'));
  user.write(at('d/f'), 'x');
  scan.synced();
  const { d, 'd/f': f } = scan.ids();
  assert.ok(d !== undefined && f !== undefined);
  user.write(at('.cofferignore'), 'd/\n');
  scan.settle();
  scan.scanner.hintFolder(d);
  scan.settleHinted([]);
  assert.deepEqual([scan.stateOf(d), scan.stateOf(f)], ['detached', 'detached']);
});

test('F2 what is no longer ignored is seen again with its ids, edits included', () => {
  const { scan, user, at } = aScan();
  user.folder(at('d/e'));
  user.write(at('d/e/f'), 'x');
  scan.synced();
  const ids = scan.ids();
  user.write(at('.cofferignore'), 'd/\n');
  scan.settle();
  user.write(at('d/e/f'), 'edited');
  user.write(at('d/e/new'), 'new');
  user.write(at('.cofferignore'), '# nothing\n');
  scan.settle();
  const { '.cofferignore': rules, 'd/e/new': fresh, ...others } = scan.ids();
  assert.deepEqual(others, ids);
  assert.ok(rules !== undefined && fresh !== undefined);
  assert.equal(scan.tree.byId(scan.id('d/e/f'))?.size, 6);
});

test('F3 a synced file moved into an ignored folder is detached', () => {
  const { scan, user, at } = aScan();
  user.write(at('.cofferignore'), 'private/\n');
  user.folder(at('private/deep'));
  user.write(at('f'), 'x');
  user.write(at('g'), 'y');
  scan.synced();
  const [f, g] = [scan.id('f'), scan.id('g')];
  scan.disk.clock.advance(10_000);
  user.rename(at('f'), at('private/deep/f'));
  user.remove(at('g'));
  scan.settleHinted(['']);
  assert.deepEqual([scan.stateOf(f), scan.stateOf(g)], ['detached', 'gone']);
});

test('F3 a deleted file whose inode an ignored one got is deleted, without birth times, too', () => {
  const disk = simTestDisk({ birthTimes: false });
  const scan = new TestScan(disk, { birthtime: false });
  const { user } = disk;
  user.write(scan.at('.cofferignore'), 'build/\n');
  user.folder(scan.at('build'));
  user.write(scan.at('f'), 'content of f');
  user.write(scan.at('g'), 'content of g');
  scan.synced();
  const { f, g } = scan.ids();
  assert.ok(f !== undefined && g !== undefined);
  disk.clock.advance(10_000);
  user.remove(scan.at('f'));
  user.write(scan.at('build/other'), 'something else');
  user.rename(scan.at('g'), scan.at('build/g'));
  scan.settle(20_000);
  assert.deepEqual([scan.stateOf(f), scan.stateOf(g)], ['gone', 'detached']);
});

test('F4 an ignored file moved out is a new entry', () => {
  const { scan, user, at } = aScan();
  user.write(at('.cofferignore'), 'private/\n');
  user.folder(at('private'));
  user.write(at('private/f'), 'x');
  scan.synced();
  user.rename(at('private/f'), at('f'));
  scan.settleHinted(['']);
  assert.equal(scan.stateOf(scan.id('f')), 'seen');
});

test('F5 a rule file that moves with its folder goes on to count there', () => {
  const { scan, user, at } = aScan();
  user.folder(at('a'));
  user.write(at('a/.cofferignore'), '/secret\n');
  user.write(at('a/secret'), 'x');
  scan.synced();
  user.rename(at('a'), at('b'));
  scan.settleHinted(['']);
  user.write(at('b/open'), 'x');
  scan.settleHinted(['b']);
  assert.deepEqual(Object.keys(scan.ids()).toSorted(), ['b', 'b/.cofferignore', 'b/open']);
});

test('F5 a malformed line is a stall, mended by mending the line', () => {
  const { scan, user, at } = aScan();
  user.write(at('.cofferignore'), '*.log\n[oops\n');
  scan.settle();
  assert.deepEqual(scan.stalls(), ['IgnoreFileMalformed .cofferignore:2']);
  user.write(at('.cofferignore'), '*.log\n');
  scan.settleHinted(['']);
  assert.deepEqual(scan.stalls(), []);
});

test('what stalls in a folder that is found ignored in the same pass is over', () => {
  const { scan, user, at } = aScan();
  user.folder(at('d'));
  user.write(at('d/f'), 'x');
  scan.synced();
  scan.disk.clock.advance(60_000);
  user.setMode(at('d/f'), 0);
  user.write(at('d/f'), 'other');
  user.write(at('.cofferignore'), 'd/\n');
  scan.disk.clock.advance(60_000);
  scan.settleHinted(['', 'd']);
  assert.deepEqual(Object.keys(scan.ids()), ['.cofferignore']);
  assert.deepEqual(scan.stalls(), []);
});

test('a rule file that cannot be read freezes its folder instead of syncing what it ignores', () => {
  const { scan, user, at } = aScan();
  user.folder(at('d'));
  user.write(at('d/.cofferignore'), 'secret\n');
  user.write(at('d/secret'), 'x');
  user.setMode(at('d/.cofferignore'), 0);
  scan.settle(1000);
  assert.deepEqual(scan.ids(), {});
  assert.deepEqual(scan.stalls(), ['FolderUnreadable ']);
  user.setMode(at('d/.cofferignore'), 0o644);
  scan.settle(20_000);
  assert.deepEqual(Object.keys(scan.ids()).toSorted(), ['d', 'd/.cofferignore']);
});

test('C9 a hollow folder is adopted again when something not ignored appears in it', () => {
  const { scan, user, at } = aScan();
  user.write(at('.cofferignore'), '*.log\n');
  user.folder(at('d'));
  user.write(at('d/a.log'), 'x');
  scan.synced();
  const id = scan.id('d');
  // What the executor leaves when the remote folder was deleted.
  scan.tree.mark(id, 'hollow');
  scan.settle();
  assert.equal(scan.stateOf(id), 'hollow');
  user.write(at('d/f'), 'x');
  scan.settleHinted(['d']);
  assert.deepEqual(Object.keys(scan.ids()).toSorted(), ['.cofferignore', 'd', 'd/f']);
  assert.equal(scan.id('d'), id);
});

test('hints inside ignored folders cost nothing', () => {
  const { scan, user, at } = aScan();
  user.write(at('.cofferignore'), 'target/\n');
  user.folder(at('target/debug'));
  scan.settle();
  scan.scanner.hint('target/debug');
  assert.equal(scan.scanner.dueAt(), undefined);
});

test('checkIgnored names the rule and the line', () => {
  const { scan, user, at } = aScan();
  user.write(at('.cofferignore'), '\n*.log\n');
  scan.settle();
  assert.deepEqual(scan.scanner.checkIgnored('d/x.log', false), {
    ignored: true,
    rule: { file: '.cofferignore', line: 2, text: '*.log' },
  });
});
