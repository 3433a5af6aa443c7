/**
 * Names, links, times and modes that a member signed meet a disk: nothing leaves the root, nothing is
 * overwritten, what cannot be held is reported, and everything else syncs.
 */
import assert from 'node:assert/strict';
import test from 'node:test';
import type { SimVolumeOptions } from '@coffer/native-worker/testing';
import type { NodeRecord } from '@coffer/protocol/model';
import { EvilPeer, type AnyNode } from './evil-peer.ts';
import { EvilWorld, signal, type Victim } from './evil-world.ts';
import { assertNothingLeaked, keysOf, textsOf } from './leaks.ts';

const OUTSIDE = '/home/outside';
const MINE = 'of the person at the desk';

interface Scene {
  readonly world: EvilWorld;
  readonly desk: Victim;
  readonly peer: EvilPeer;
}

/** A desk with a file of its own in the root and one outside of it. */
async function scene(volume: SimVolumeOptions = {}): Promise<Scene> {
  const world = await EvilWorld.create('laptop', 'desk');
  const desk = await world.start('desk', { volume });
  desk.write('mine', MINE);
  desk.user.folder(OUTSIDE);
  desk.user.write(`${OUTSIDE}/secret`, 'outside of the root');
  await desk.sync();
  const [laptop] = world.accounts;
  assert.ok(laptop !== undefined);
  const peer = await EvilPeer.of(world, desk.secrets, desk.drive.space.id);
  return { world, desk, peer };
}

/** Publishes these nodes and syncs; what there is then on the disk, and why something is not. */
async function meet(
  { world, desk, peer }: Scene,
  nodes: readonly AnyNode[],
): Promise<{ readonly names: readonly string[]; readonly reasons: readonly string[] }> {
  await peer.publishAll(nodes.map((node) => peer.newNode(node).record));
  await desk.sync();
  assert.equal(desk.read('mine'), MINE);
  const { programs } = desk.disk;
  assert.deepEqual(programs.readFolder(OUTSIDE), ['secret']);
  assert.deepEqual([...programs.readFolder('/home')].sort(), ['drive', 'outside']);
  assert.deepEqual(programs.readFolder('/'), ['home']);
  // Syncing again changes nothing, and nothing goes up that came down.
  const before = [desk.tree(), desk.drive.space.storedHead().seq];
  await desk.sync();
  assert.deepEqual([desk.tree(), desk.drive.space.storedHead().seq], before);
  assertNothingLeaked(world.evil.sent, keysOf(desk.secrets, peer.keys));
  const reasons = (await desk.engine.stalls({})).map(({ reason }) => reason);
  return { names: Object.keys(desk.tree()).sort(), reasons };
}

const folder = (name: string): AnyNode => ({ kind: 'folder', name });

/** Writers make tags, and no reader checks them: one that differs lets the server take any name twice. */
function tagOf(n: number): NonNullable<NodeRecord['tag']> {
  return n.toString(16).padStart(32, '0') as NonNullable<NodeRecord['tag']>;
}

test('T63 names that lead out of the root, or to more than one level, never reach the disk', async () => {
  const bad = ['..', '.', '', 'a/b', '/etc', '../outside', 'x/../../outside', 'nul\0byte', '/'];
  const here = await scene();
  await using _ = here.world;
  const { names, reasons } = await meet(here, [...bad.map(folder), folder('good')]);
  assert.deepEqual(names, ['good', 'mine']);
  assert.deepEqual(reasons, Array(bad.length).fill('Undecryptable'));
});

test('T63 names that are paths elsewhere are plain names here', async () => {
  const odd = [
    'a\\b',
    'C:',
    '\\\\server\\share',
    '\\\\?\\C:',
    '~',
    '-rf',
    '*',
    '$(id)',
    '%2e%2e',
    '...',
    '.. ',
  ];
  const here = await scene();
  await using _ = here.world;
  const { names, reasons } = await meet(here, odd.map(folder));
  assert.deepEqual(names, ['mine', ...odd].sort());
  assert.deepEqual(reasons, []);
});

test('T64 names that Windows reserves are escaped there, reversibly, and make no stream', async () => {
  const odd = [
    'CON', 'nul.txt', 'COM¹', 'com1', 'LPT9.tar.gz', 'ends.', 'ends ', 'file:stream', 'a\\b', 'C:',
    '..\\up', 'PROGRA~1', 'que?ry', '<tag>', 'pi|pe', 'quo"te', 'st*r', 'tab\there', '\u0001',
  ]; // prettier-ignore
  const here = await scene({ windowsNames: true, caseSensitive: false, nameUnit: 'utf16' });
  await using _ = here.world;
  const { names } = await meet(here, odd.map(folder));
  assert.equal(names.length, odd.length + 1, `all are there: ${names.join(', ')}`);
  for (const name of names) assert.doesNotMatch(name, /[<>:"\\|?*\p{Cc}]|[. ]$/u);
  const remote = here.desk.drive.space.children(here.peer.root);
  assert.deepEqual(
    remote.map((node) => ('name' in node ? node.name : '')).sort(),
    [...odd, 'mine'].sort(),
    'the drive keeps every name as it was',
  );
});

test('T57 T69 names that are one name on this disk get two, and nothing is overwritten', async () => {
  const twins = [
    'A',
    'a',
    'caf\u00e9',
    'cafe\u0301',
    'MINE',
    'Mine',
    'ﬁ',
    'fi',
    'Straße',
    'STRASSE',
  ];
  for (const volume of [
    { caseSensitive: false },
    { caseSensitive: false, normalising: true },
    {},
  ]) {
    const here = await scene(volume);
    await using _ = here.world;
    const nodes = twins.map((name, n): AnyNode => ({ ...folder(name), tag: tagOf(n) }));
    const { names } = await meet(here, nodes);
    assert.equal(names.length, twins.length + 1, `${JSON.stringify(volume)}: ${names.join(', ')}`);
    assert.equal(here.desk.read('mine'), MINE);
  }
});

test('T57 many nodes with one name, which no tag gave away, all have a place of their own', async () => {
  const here = await scene();
  await using _ = here.world;
  const { peer, desk } = here;
  const records = Array.from({ length: 12 }, (_, n): NodeRecord => {
    const { record } = peer.newNode(folder('same'));
    return { ...record, tag: tagOf(n) };
  });
  await peer.publishAll(records);
  await desk.sync();
  const names = Object.keys(desk.tree()).filter((name) => name.startsWith('same'));
  assert.equal(new Set(names).size, 12);
  await desk.sync();
  assert.deepEqual(
    Object.keys(desk.tree()).filter((name) => name.startsWith('same')),
    names,
  );
});

test('T65 bidirectional and invisible characters stay as they are, on the disk and in lists', async () => {
  const odd = [
    'invoice\u202efdp.exe',
    'a\u200bb',
    'a\u2066b\u2069',
    '\ufeffbom',
    'рaypal',
    '\u00ad',
  ];
  const here = await scene();
  await using _ = here.world;
  const { names } = await meet(here, odd.map(folder));
  assert.deepEqual(names, ['mine', ...odd].sort());
});

test('T70 names too long for this disk are cut, paths too long reported, and the others continue', async () => {
  const here = await scene();
  await using _ = here.world;
  const { peer, desk } = here;
  const long = [`${'n'.repeat(300)}.txt`, 'ü'.repeat(400), '漢'.repeat(341), 'x'.repeat(1024)];
  const tooLong = ['y'.repeat(1025), 'z'.repeat(60_000)];
  const { names, reasons } = await meet(here, [...long, ...tooLong, 'short'].map(folder));
  assert.equal(names.length, long.length + 2);
  for (const name of names) assert.ok(new TextEncoder().encode(name).length <= 255, name);
  assert.deepEqual(reasons, ['Undecryptable', 'Undecryptable']);
  const deep: NodeRecord[] = [];
  let parent = peer.root;
  let key: Uint8Array | undefined;
  for (let n = 0; n < 100; n++) {
    const made = peer.newNode({ ...folder('d'.repeat(60)), parent }, key);
    deep.push(made.record);
    ({ id: parent } = made.record);
    ({ key } = made);
  }
  await peer.publishAll([...deep, peer.newNode(folder('beside')).record]);
  desk.clock.time += 1000;
  await desk.engine.syncNow({ timeoutMs: 60_000 });
  assert.equal(desk.tree()['beside'], 'folder');
  const stalls = await desk.engine.stalls({});
  assert.ok(stalls.length > 2, 'what is too deep is said');
});

test('T66 T67 links that lead out of the root are links, and nothing is read or written through them', async () => {
  const targets = [
    OUTSIDE,
    '../outside',
    '/etc/passwd',
    '../../..',
    '/',
    '.',
    'mine',
    '/dev/zero',
    'a'.repeat(4096),
  ];
  const here = await scene();
  await using _ = here.world;
  const { desk, peer, world } = here;
  const links = targets.map((target, n): AnyNode => ({
    kind: 'symlink',
    name: `link ${n}`,
    target,
  }));
  const bad = ['', 'nul\0', 'a'.repeat(4097)].map((target, n): AnyNode => ({
    kind: 'symlink',
    name: `bad ${n}`,
    target,
  }));
  const { reasons } = await meet(here, [...links, ...bad]);
  const outside = Array<string>(6).fill('SymlinkOutside');
  assert.deepEqual(reasons, [...bad.map(() => 'Undecryptable'), ...outside]);
  const tree = desk.tree();
  assert.equal(tree['link 0'], `-> ${OUTSIDE}`);
  assert.equal(tree['link 2'], '-> /etc/passwd');
  // A folder of the drive at the place of a link, with a file of the outside's name in it.
  const { record, key } = peer.newNode(folder('trap'));
  const inner = peer.newNode({ kind: 'folder', name: 'secret', parent: record.id }, key);
  await peer.publishAll([record, inner.record]);
  desk.user.symlink(OUTSIDE, desk.at('trap'));
  desk.clock.time += 1000;
  await desk.engine.syncNow({ timeoutMs: 60_000 });
  assert.deepEqual(desk.disk.programs.readFolder(OUTSIDE), ['secret']);
  assert.equal(
    new TextDecoder().decode(desk.user.read(`${OUTSIDE}/secret`)),
    'outside of the root',
  );
  assertNothingLeaked(world.evil.sent, textsOf('outside of the root'));
});

test('T68 pipes, special files and hard links in the root block nothing and go nowhere', async () => {
  const here = await scene();
  await using _ = here.world;
  const { desk } = here;
  desk.user.pipe(desk.at('pipe'));
  desk.user.link(desk.at('mine'), desk.at('second name'));
  const { names } = await meet(here, [folder('good')]);
  assert.ok(names.includes('good') && names.includes('second name'));
  assert.equal(desk.drive.resolve('/pipe').ok, false);
});

test('T71 times and sizes at the edge of numbers, and modes beyond the executable bit, do no harm', async () => {
  const here = await scene();
  await using _ = here.world;
  const { desk } = here;
  const edge = [
    0,
    -1,
    1,
    -(2 ** 52),
    Number.MIN_SAFE_INTEGER,
    Number.MAX_SAFE_INTEGER,
    Date.UTC(9999, 11, 31),
    2 ** 31 * 1000,
    2 ** 33 * 1000,
  ];
  const files = edge.map((mtimeMs, n): AnyNode => ({
    kind: 'file', name: `time ${n}`, mtimeMs, executable: n % 2 === 0, content: emptyContent,
  })); // prettier-ignore
  const huge: AnyNode = {
    kind: 'file',
    name: 'huge',
    size: Number.MAX_SAFE_INTEGER,
    content: emptyContent,
  };
  await here.peer.publishAll([...files, huge].map((node) => here.peer.newNode(node).record));
  desk.clock.time += 1000;
  await desk.engine.syncNow({ timeoutMs: 60_000 });
  assert.equal(desk.read('mine'), MINE);
  assert.equal(desk.tree()['huge'], undefined, 'no file of 2^53 bytes');
  const { programs } = desk.disk;
  let placed = 0;
  for (let n = 0; n < edge.length; n++) {
    const stat = programs.lstat(desk.at(`time ${n}`));
    if (stat === undefined) continue;
    placed++;
    assert.equal(stat.mode & 0o7000, 0, 'no setuid, setgid or sticky bit');
    assert.equal((stat.mode & 0o100) !== 0, n % 2 === 0);
    assert.equal(stat.mode & 0o022, 0, 'nobody else may write');
  }
  assert.ok(placed >= edge.length - 2, `${placed} of ${edge.length} files are there`);
  await desk.drive.refresh(signal);
});

const emptyContent = () => ({ storedBytes: 0, chunkCount: 0, inlinePage: null, pages: [] });
