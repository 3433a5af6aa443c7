/** A drive by paths, against the real server in this process. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { utf8ToBytes } from '@coffer/protocol/core';
import { paths, putText, readText, signal, World } from './harness.ts';

test('what one device puts, the other one lists and reads', async () => {
  await using world = await World.create('laptop', 'desk');
  const [laptop, desk] = world.pair;
  await putText(laptop.drive, '/docs/plan.txt', 'first');
  await desk.drive.refresh(signal);
  assert.deepEqual(paths(desk.drive), ['/docs', '/docs/plan.txt']);
  assert.equal(await readText(desk.drive, 'docs/plan.txt'), 'first');
});

test('a file of many chunks comes back whole, and a second put of it sends no content', async () => {
  await using world = await World.create('laptop', 'desk');
  const [laptop, desk] = world.pair;
  const bytes = new Uint8Array(9_000_000).map((_, i) => (i * i * 7 + (i >> 9)) % 251);
  await laptop.drive.put('/a.bin', [bytes], { makeParents: false }, signal);
  await desk.drive.refresh(signal);
  let at = 0;
  const write = (part: Uint8Array): void => {
    assert.deepEqual(part, bytes.subarray(at, at + part.length));
    at += part.length;
  };
  assert.ok((await desk.drive.get('/a.bin', { write }, {}, signal)).ok);
  assert.equal(at, bytes.length);
  const before = laptop.drive.space.bytesOnWire().sent;
  await laptop.drive.put('/b.bin', [bytes], { makeParents: false }, signal);
  assert.ok(laptop.drive.space.bytesOnWire().sent - before < 20_000);
});

test('a put onto a file makes a version, and restoring one sends no chunk', async () => {
  await using world = await World.create('laptop');
  const [{ drive, requests }] = world.pair;
  for (const text of ['one', 'two', 'three']) await putText(drive, '/a', text);
  const versions = drive.versions('/a');
  assert.ok(versions.ok);
  assert.deepEqual(
    versions.value.map(({ number, isCurrent }) => [number, isCurrent]),
    [
      [1, false],
      [2, false],
      [3, true],
    ],
  );
  assert.equal(await readText(drive, '/a', 1), 'one');
  requests.length = 0;
  assert.ok((await drive.edit.restoreVersion('/a', { version: 1 }, signal)).ok);
  assert.ok(!requests.some((request) => request.endsWith('/packs')), requests.join('\n'));
  assert.equal(await readText(drive, '/a'), 'one');
  assert.equal(await readText(drive, '/a', 3), 'three');
  assert.ok((await drive.edit.restoreVersion('/a', { version: 2, to: '/b' }, signal)).ok);
  assert.equal(await readText(drive, '/b'), 'two');
});

test('trash keeps a folder whole and gives it back; purge removes it for ever', async () => {
  await using world = await World.create('laptop', 'desk');
  const [laptop, desk] = world.pair;
  await putText(laptop.drive, '/docs/deep/a', 'kept');
  assert.ok((await laptop.drive.edit.trash('/docs', signal)).ok);
  assert.deepEqual(paths(laptop.drive), []);
  await desk.drive.refresh(signal);
  const [thrown] = desk.drive.trashed();
  assert.equal(thrown?.from?.name, 'docs');
  assert.ok((await desk.drive.edit.restore(thrown.id, {}, signal)).ok);
  assert.equal(await readText(desk.drive, '/docs/deep/a'), 'kept');
  assert.ok((await desk.drive.edit.purge('/docs', signal)).ok);
  await laptop.drive.refresh(signal);
  assert.deepEqual([paths(laptop.drive), laptop.drive.trashed()], [[], []]);
});

test('what is restored into a taken name is refused and stays in the trash', async () => {
  await using world = await World.create('laptop');
  const [{ drive }] = world.pair;
  await putText(drive, '/a', 'old');
  assert.ok((await drive.edit.trash('/a', signal)).ok);
  await putText(drive, '/a', 'new');
  const [thrown] = drive.trashed();
  assert.ok(thrown !== undefined);
  const refused = await drive.edit.restore(thrown.id, {}, signal);
  assert.equal(refused.ok ? '' : refused.error.code, 'exists');
  assert.ok((await drive.edit.restore(thrown.id, { to: '/a (old)' }, signal)).ok);
  assert.equal(await readText(drive, '/a (old)'), 'old');
});

test('emptying the trash removes what is in it and nothing else', async () => {
  await using world = await World.create('laptop');
  const [{ drive }] = world.pair;
  for (const path of ['/a/x', '/b', '/c']) await putText(drive, path, path);
  for (const path of ['/a', '/b']) assert.ok((await drive.edit.trash(path, signal)).ok);
  assert.equal(await drive.edit.emptyTrash({}, signal), 2);
  assert.deepEqual([paths(drive), drive.trashed()], [['/c'], []]);
});

test('a move goes into a folder or to a name, and never replaces', async () => {
  await using world = await World.create('laptop');
  const [{ drive, requests }] = world.pair;
  await putText(drive, '/a', 'a');
  await putText(drive, '/docs/b', 'b');
  assert.ok((await drive.edit.move('/a', '/docs', signal)).ok);
  assert.ok((await drive.edit.move('/docs/a', '/docs/c', signal)).ok);
  const refused = await drive.edit.move('/docs/c', '/docs/b', signal);
  assert.equal(refused.ok ? '' : refused.error.code, 'exists');
  const looped = await drive.edit.move('/docs', '/docs/inner', signal);
  assert.equal(looped.ok ? '' : looped.error.code, 'refused');
  assert.deepEqual(paths(drive), ['/docs', '/docs/b', '/docs/c']);
  requests.length = 0;
  assert.ok((await drive.edit.move('/docs', '/papers', signal)).ok);
  assert.equal(requests.filter((request) => request.startsWith('POST')).length, 1);
});

test('names are looked up by their NFC form, and one folder holds each once', async () => {
  await using world = await World.create('laptop');
  const [{ drive }] = world.pair;
  await putText(drive, '/cafe\u0301', 'x');
  assert.equal(await readText(drive, '/caf\u00e9'), 'x');
  assert.deepEqual(paths(drive), ['/cafe\u0301']);
  const made = await drive.makeFolder('/caf\u00e9', { parents: true }, signal);
  assert.equal(made.ok ? '' : made.error.code, 'exists');
});

test('paths with segments that no name can be are refused', async () => {
  await using world = await World.create('laptop');
  const [{ drive }] = world.pair;
  for (const path of ['/../a', './a', '/a\0b', `/${'x'.repeat(1025)}`]) {
    const made = await drive.makeFolder(path, { parents: true }, signal);
    assert.equal(made.ok ? '' : made.error.code, 'name-invalid', path);
  }
});

test('a folder needs its parents unless they are to be made too', async () => {
  await using world = await World.create('laptop');
  const [{ drive }] = world.pair;
  const refused = await drive.makeFolder('/a/b/c', {}, signal);
  assert.equal(refused.ok ? '' : refused.error.code, 'not-found');
  assert.ok((await drive.makeFolder('/a/b/c', { parents: true }, signal)).ok);
  assert.ok((await drive.makeFolder('/a/b/c', { parents: true }, signal)).ok);
  const again = await drive.makeFolder('/a/b/c', {}, signal);
  assert.equal(again.ok ? '' : again.error.code, 'exists');
  assert.deepEqual(paths(drive), ['/a', '/a/b', '/a/b/c']);
});

test('many items share one commit, and each has its own outcome', async () => {
  await using world = await World.create('laptop');
  const [{ drive, requests }] = world.pair;
  await putText(drive, '/taken/inside', 'x');
  requests.length = 0;
  const text = (value: string) => () => [new TextEncoder().encode(value)];
  const meta = { mtimeMs: 1, executable: true };
  const broken = (): Iterable<Uint8Array> => {
    throw new RangeError('cannot be read');
  };
  const outcomes = await drive.putAll(
    [
      { kind: 'folder', path: '/new' },
      { kind: 'file', path: '/new/a', open: text('a'), meta },
      { kind: 'file', path: '/new/deep/b', open: text('b'), meta },
      { kind: 'symlink', path: '/new/link', target: 'a' },
      { kind: 'file', path: '/taken', open: text('c'), meta },
      { kind: 'file', path: '/broken', open: broken, meta },
      { kind: 'file', path: '/new/A', open: text(''), meta },
    ],
    { makeParents: true },
    signal,
  );
  assert.deepEqual(
    outcomes.map((outcome) => (outcome.kind === 'refused' ? outcome.code : outcome.kind)),
    ['done', 'done', 'done', 'done', 'is-a-folder', 'failed', 'done'],
  );
  assert.equal(requests.filter((request) => request.endsWith('/commits')).length, 1);
  assert.equal(await readText(drive, '/new/deep/b'), 'b');
  assert.equal(await readText(drive, '/new/A'), '');
  const link = drive.resolve('/new/link');
  assert.equal(link.ok && link.value.node.target, 'a');
});

test('devices say their names, and the list marks this one', async () => {
  await using world = await World.create('laptop', 'desk');
  const [laptop] = world.pair;
  const devices = await laptop.drive.devices(signal);
  assert.deepEqual(devices.map(({ name, isCurrent }) => [name, isCurrent]).sort(), [
    ['desk', false],
    ['laptop', true],
  ]);
});

test('a device that only the server names is refused, one that it hides is shown', async () => {
  await using world = await World.create('laptop', 'desk');
  const [laptop, desk] = world.pair;
  const ghost = { id: 'ab'.repeat(16), createdAt: 1, lastSeenAt: null };
  const listing = (devices: readonly unknown[]) => {
    laptop.answer = ({ request, body }) =>
      request.path === '/v1/account/devices' ? utf8ToBytes(JSON.stringify({ devices })) : body;
  };
  listing([ghost]);
  await assert.rejects(laptop.drive.devices(signal), {
    name: 'IntegrityError',
    code: 'chain-broken',
  });
  listing([]);
  const shown = await laptop.drive.devices(signal);
  assert.deepEqual(
    shown.map(({ id }) => id).sort(),
    [laptop.secrets.device, desk.secrets.device].sort(),
  );
});

test('a restart asks the server nothing to show what was verified', async () => {
  await using world = await World.create('laptop');
  const [laptop] = world.pair;
  await putText(laptop.drive, '/a', 'a');
  laptop.requests.length = 0;
  const reopened = await laptop.reopen();
  assert.deepEqual(paths(reopened), ['/a']);
  assert.deepEqual(laptop.requests, []);
});

test('signing out forgets the secrets and ends the session', async () => {
  await using world = await World.create('laptop');
  const [laptop] = world.pair;
  await laptop.drive.signOut(signal);
  assert.equal(await laptop.keyStore.load(), undefined);
  assert.equal(laptop.requests.at(-1), 'DELETE /v1/sessions');
});

test('an approved deletion says so to other devices, a plain one beside it does not', async () => {
  await using world = await World.create('laptop', 'desk');
  const [laptop, desk] = world.pair;
  for (const name of ['approved', 'plain']) await putText(laptop.drive, `/${name}`, name);
  await desk.drive.refresh(signal);
  const idOf = (path: string) => {
    const entry = laptop.drive.resolve(path);
    assert.ok(entry.ok);
    return entry.value.node.id;
  };
  const [approved, plain] = [idOf('/approved'), idOf('/plain')];
  const hold = { batch: 'ab'.repeat(16), nodes: 1 };
  const outcomes = await laptop.drive.space.commit(
    [
      { op: 'trash', id: approved, hold },
      { op: 'trash', id: plain },
    ],
    signal,
  );
  assert.deepEqual(
    outcomes.map(({ kind }) => kind),
    ['done', 'done'],
  );
  const delta = await desk.drive.space.pull(signal);
  assert.deepEqual(delta.approved, [approved]);
  assert.deepEqual([...delta.changed].sort(), [approved, plain].sort());
});

test('what is trashed on its own stays in the trash when its trashed folder comes back', async () => {
  await using world = await World.create('laptop', 'desk');
  const [{ drive }] = world.pair;
  for (const name of ['kept', 'gone']) await putText(drive, `/folder/${name}`, name);
  const folder = drive.resolve('/folder');
  const gone = drive.resolve('/folder/gone');
  assert.ok(folder.ok && gone.ok);
  const [parent, child] = [folder.value.node.id, gone.value.node.id];
  await drive.space.commit([{ op: 'trash', id: parent }], signal);
  const outcomes = await drive.space.commit(
    [
      { op: 'trash', id: child },
      { op: 'restore', id: parent, parent: drive.space.rootFolder, name: 'folder' },
    ],
    signal,
  );
  assert.deepEqual(
    outcomes.map(({ kind }) => kind),
    ['done', 'done'],
  );
  assert.deepEqual(paths(drive), ['/folder', '/folder/kept']);
  assert.deepEqual(
    drive.trashed().map(({ id, from }) => [id, from]),
    [[child, { parent, name: 'gone' }]],
  );
});
