/** A drive that is read without its commits: what it shows is what a full client shows. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { decodeProofAnswer, encodeProofAnswer } from '@coffer/protocol/api';
import { concatBytes, type Bytes } from '@coffer/protocol/core';
import type { LazyDrive } from '@coffer/sdk';
import { systemRandom } from '@coffer/sdk/node';
import { putText, signal, World } from './harness.ts';
import { look, phoneOf } from './lazy-scene.ts';

async function read(
  drive: LazyDrive,
  path: string,
  range?: { readonly offset: number; readonly length: number },
): Promise<Bytes> {
  const parts: Bytes[] = [];
  const sink = { write: (part: Bytes) => void parts.push(part.slice()) };
  const got = await drive.get(path, sink, range === undefined ? {} : { range }, signal);
  if (!got.ok) throw new Error(`${path}: ${got.error.code}`);
  return concatBytes(...parts);
}

test('a folder is listed without reading a commit, and shows what a full client shows', async () => {
  await using world = await World.create('laptop', 'phone');
  const [laptop] = world.pair;
  for (const name of ['a', 'b/c', 'b/d/e', 'ü']) await putText(laptop.drive, `/${name}`, name);
  const phone = phoneOf(world);
  const drive = await phone.open();
  assert.deepEqual(await look(drive, '/'), ['/a', '/b', '/ü']);
  assert.deepEqual(await look(drive, '/b'), ['/b/c', '/b/d']);
  assert.deepEqual(await look(drive, '/b/d/'), ['/b/d/e']);
  assert.deepEqual(await look(drive, '/b/d/e'), ['/b/d/e']);
  const mine = await drive.list('/b', signal);
  const theirs = laptop.drive.list('/b');
  assert.ok(mine.ok && theirs.ok);
  assert.deepEqual(mine.value.entries, theirs.value.entries);
  assert.equal(mine.value.seq, laptop.drive.space.head().seq);
  const calls = phone.calls();
  assert.ok(!calls.includes('commits') && !calls.includes('head'), calls.join(' '));
});

test('a known folder costs one request, and a later start shows no member anew', async () => {
  await using world = await World.create('laptop', 'phone');
  const [laptop] = world.pair;
  await putText(laptop.drive, '/b/d/e', 'e');
  const phone = phoneOf(world);
  const drive = await phone.open();
  await look(drive, '/b/d');
  phone.calls();
  await putText(laptop.drive, '/b/d/f', 'f');
  assert.deepEqual(await look(drive, '/b/d'), ['/b/d/e', '/b/d/f']);
  assert.deepEqual(phone.calls(), ['proof']);
  const again = await phone.open();
  assert.equal(again.head().seq, laptop.drive.space.head().seq);
  assert.deepEqual(await look(again, '/b/d'), ['/b/d/e', '/b/d/f']);
});

test('what is not there, and what is no folder, is refused by a code', async () => {
  await using world = await World.create('laptop', 'phone');
  const [laptop] = world.pair;
  await putText(laptop.drive, '/a/b', 'b');
  const drive = await phoneOf(world).open();
  const codeOf = async (path: string): Promise<string> => {
    const listed = await drive.list(path, signal);
    return listed.ok ? 'ok' : listed.error.code;
  };
  assert.equal(await codeOf('/x'), 'not-found');
  assert.equal(await codeOf('/a/b/c'), 'not-found');
  assert.equal(await codeOf('/a/..'), 'name-invalid');
  const folder = await drive.get('/a', { write: () => {} }, {}, signal);
  assert.equal(folder.ok ? '' : folder.error.code, 'is-a-folder');
  await assert.rejects(drive.list('/a', AbortSignal.abort()), { name: 'AbortError' });
});

test('a folder that moved, was renamed or trashed is found where it is now', async () => {
  await using world = await World.create('laptop', 'phone');
  const [laptop] = world.pair;
  await putText(laptop.drive, '/a/b/c', 'c');
  const drive = await phoneOf(world).open();
  assert.deepEqual(await look(drive, '/a/b'), ['/a/b/c']);
  await laptop.drive.edit.move('/a', '/z', signal);
  assert.deepEqual(await look(drive, '/z/b'), ['/z/b/c']);
  const gone = await drive.list('/a/b', signal);
  assert.equal(gone.ok ? '' : gone.error.code, 'not-found');
  await laptop.drive.edit.trash('/z', signal);
  assert.deepEqual(await look(drive, '/'), []);
});

test('members, keys and heads that change later are followed through the authority chain', async () => {
  await using world = await World.create('laptop', 'desk', 'phone');
  const [laptop, desk] = world.pair;
  const phone = phoneOf(world, world.devices[2]);
  const drive = await phone.open();
  // A device's first commit carries its own pin: it changes a member record.
  await putText(laptop.drive, '/from laptop', '1');
  await putText(desk.drive, '/from desk', '2');
  assert.deepEqual(await look(drive, '/'), ['/from desk', '/from laptop']);
  await putText(laptop.drive, '/later', '3');
  assert.deepEqual(await look(await phone.open(), '/'), ['/from desk', '/from laptop', '/later']);
});

test('a content is read whole, or the bytes of a range alone', async () => {
  await using world = await World.create('laptop', 'phone');
  const [laptop] = world.pair;
  const bytes = systemRandom.bytes(5_000_000);
  await laptop.drive.put('/large', [bytes], { makeParents: false }, signal);
  await putText(laptop.drive, '/empty', '');
  const phone = phoneOf(world);
  const drive = await phone.open();
  assert.deepEqual(await read(drive, '/large'), bytes);
  const ranges = [
    [0, 1],
    [4_999_999, 1],
    [1_000_000, 2_500_000],
    [4_999_990, 100],
    [6_000_000, 10],
    [7, 0],
  ] as const;
  for (const [offset, length] of ranges) {
    const part = await read(drive, '/large', { offset, length });
    assert.deepEqual(part, bytes.slice(offset, offset + length), `${offset} ${length}`);
  }
  assert.equal((await read(drive, '/empty', { offset: 0, length: 5 })).length, 0);
  await assert.rejects(read(drive, '/large', { offset: -1, length: 5 }), RangeError);
});

test('a folder that does not fit into one answer comes whole in several', async () => {
  await using world = await World.create('laptop', 'phone');
  const [laptop] = world.pair;
  const folders = Array.from({ length: 60 }, (_, i) => ({
    kind: 'folder' as const,
    path: `/many/${i}`,
  }));
  await laptop.drive.putAll(folders, { makeParents: true }, signal);
  const phone = phoneOf(world);
  const drive = await phone.open();
  phone.evil.tell(({ call, body }) => {
    if (call !== 'proof') return undefined;
    const answer = decodeProofAnswer(body);
    return encodeProofAnswer({ ...answer, rows: answer.rows.slice(0, 25) });
  });
  phone.calls();
  assert.equal((await look(drive, '/many')).length, folders.length);
  assert.deepEqual(phone.calls(), ['proof', 'proof', 'proof', 'proof']);
});

test('a folder that changes while it comes in parts is begun anew, only then', async () => {
  await using world = await World.create('laptop', 'phone');
  const [laptop] = world.pair;
  const paths = Array.from({ length: 30 }, (_, i) => `/many/${i}`);
  const folders = paths.map((path) => ({ kind: 'folder' as const, path }));
  await laptop.drive.putAll(folders, { makeParents: true }, signal);
  const phone = phoneOf(world);
  const drive = await phone.open();
  await look(drive, '/many');

  /** What the phone sees when `change` is made after the first 20 rows; and its calls. */
  async function lookDuring(change: (missing: string) => Promise<unknown>) {
    let isDone = false;
    phone.evil.tell(({ call, body }) => {
      const answer = call === 'proof' ? decodeProofAnswer(body) : undefined;
      if (answer === undefined || answer.rows.length <= 20) return undefined;
      const rows = answer.rows.slice(0, 20);
      const part = encodeProofAnswer({ ...answer, rows });
      if (isDone) return part;
      isDone = true;
      const came = new Set(rows.map(([key]) => key.slice(32)));
      const listed = laptop.drive.list('/many', { recursive: false });
      const missing = listed.ok && listed.value.entries.find(({ node }) => !came.has(node.id));
      assert.ok(missing);
      return { body: after(change(missing.path), part) };
    });
    phone.calls();
    const seen = await look(drive, '/many');
    return { seen, calls: phone.calls() };
  }

  const beside = await lookDuring(() => putText(laptop.drive, '/beside', 'x'));
  assert.deepEqual(beside, { seen: [...paths].sort(), calls: ['proof', 'proof'] });
  let renamed = '';
  const within = await lookDuring((missing) => {
    renamed = missing;
    return laptop.drive.edit.move(missing, '/many/renamed', signal);
  });
  const now = [...paths.filter((path) => path !== renamed), '/many/renamed'].sort();
  assert.deepEqual(within, { seen: now, calls: ['proof', 'proof', 'proof', 'proof'] });
});

async function* after(done: Promise<unknown>, bytes: Bytes): AsyncGenerator<Bytes, void> {
  await done;
  yield bytes;
}
