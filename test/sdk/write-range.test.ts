/** Parts of files that are written as new versions. */
import assert from 'node:assert/strict';
import test from 'node:test';
import type { Bytes } from '@coffer/protocol/core';
import type { Drive, RangeWrite } from '@coffer/sdk';
import { systemRandom } from '@coffer/sdk/node';
import { putText, readText, signal, World } from './harness.ts';

const MIB = 1024 * 1024;

async function bytesOf(drive: Drive, path: string): Promise<Buffer> {
  const pieces: Buffer[] = [];
  const sink = { write: (piece: Bytes) => void pieces.push(Buffer.from(piece)) };
  const got = await drive.get(path, sink, {}, signal);
  assert.ok(got.ok);
  return Buffer.concat(pieces);
}

function change(offset: number, length: number, text: string): RangeWrite {
  return { range: { offset, length }, source: [new TextEncoder().encode(text)] };
}

async function codeOf(writing: ReturnType<Drive['writeRange']>): Promise<string> {
  const written = await writing;
  return written.ok ? 'done' : written.error.code;
}

test('bytes in the middle of a large file are written by sending the chunks that they lie in', async () => {
  await using world = await World.create('laptop', 'desk');
  const [{ drive }, desk] = world.pair;
  const content = Buffer.from(systemRandom.bytes(12 * MIB));
  await drive.put('/large', [content], { makeParents: false, executable: true }, signal);
  const sent = drive.space.bytesOnWire().sent;
  const written = await drive.writeRange('/large', change(6 * MIB, 5, 'other'), {}, signal);
  assert.ok(written.ok);
  const travelled = drive.space.bytesOnWire().sent - sent;
  assert.ok(travelled < 5 * MIB, `${travelled} bytes of ${content.length}`);
  content.write('other', 6 * MIB);
  assert.ok((await bytesOf(drive, '/large')).equals(content));
  assert.ok(written.value.node.executable);
  await desk.drive.refresh(signal);
  assert.ok((await bytesOf(desk.drive, '/large')).equals(content));
  const versions = desk.drive.versions('/large');
  assert.ok(versions.ok);
  assert.equal(versions.value.length, 2);
});

test('a range may grow, shrink, be inserted, cut out, or stand at the end', async () => {
  await using world = await World.create('laptop');
  const [{ drive }] = world.pair;
  await putText(drive, '/f', 'one two three');
  for (const [offset, length, text, whole] of [
    [4, 3, 'twenty', 'one twenty three'],
    [0, 3, 'x', 'x twenty three'],
    [1, 0, '-y', 'x-y twenty three'],
    [3, 7, '', 'x-y three'],
    [9, 0, '!', 'x-y three!'],
    [4, 999, 'end', 'x-y end'],
    [0, 7, '', ''],
    [0, 0, 'anew', 'anew'],
  ] as const) {
    assert.ok((await drive.writeRange('/f', change(offset, length, text), {}, signal)).ok);
    assert.equal(await readText(drive, '/f'), whole);
  }
  const beyond = drive.writeRange('/f', change(5, 0, 'x'), {}, signal);
  await assert.rejects(beyond, RangeError);
  for (const [offset, length] of [
    [-1, 0],
    [2, -1],
    [0.5, 1],
  ] as const)
    await assert.rejects(
      drive.writeRange('/f', change(offset, length, 'x'), {}, signal),
      RangeError,
    );
  assert.equal(await readText(drive, '/f'), 'anew');
});

test('what is based on another content than the current one changes nothing', async () => {
  await using world = await World.create('laptop', 'desk');
  const [{ drive }, desk] = world.pair;
  await putText(drive, '/f', 'first');
  await putText(desk.drive, '/f', 'second');
  assert.equal(
    await codeOf(drive.writeRange('/f', change(0, 1, 'F'), { version: 1 }, signal)),
    'conflict',
  );
  assert.equal(
    await codeOf(drive.writeRange('/f', change(0, 1, 'S'), { version: 2 }, signal)),
    'done',
  );
  assert.equal(await readText(drive, '/f'), 'Second');
  const meanwhile = {
    range: { offset: 0, length: 0 },
    source: (async function* () {
      await putText(desk.drive, '/f', 'third');
      yield new TextEncoder().encode('late ');
    })(),
  };
  assert.equal(await codeOf(drive.writeRange('/f', meanwhile, {}, signal)), 'conflict');
  assert.equal(await readText(drive, '/f'), 'third');
});

test('folders, links and what is not there have no bytes to write', async () => {
  await using world = await World.create('laptop');
  const [{ drive }] = world.pair;
  await putText(drive, '/docs/f', 'f');
  await drive.putAll(
    [{ kind: 'symlink', path: '/l', target: 'docs' }],
    { makeParents: false },
    signal,
  );
  const code = (path: string): Promise<string> =>
    codeOf(drive.writeRange(path, change(0, 0, 'x'), {}, signal));
  assert.deepEqual(
    [await code('/docs'), await code('/l'), await code('/nowhere')],
    ['is-a-folder', 'unsupported', 'not-found'],
  );
});
