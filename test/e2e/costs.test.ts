/** What changes may cost on the wire, by real processes: renames, insertions and copies send little. */
import assert from 'node:assert/strict';
import { createCipheriv } from 'node:crypto';
import { cpSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { Device, ServerProcess, TemporaryFolder, treeOf } from './harness.ts';

const KIB = 1024;
const MIB = 1024 * KIB;
const FILES = 2000;

/** Bytes that do not compress or repeat, the same on every run: a stream cipher's key stream. */
function incompressible(length: number, name: string): Buffer {
  const key = Buffer.alloc(32, name);
  return createCipheriv('aes-256-ctr', key, Buffer.alloc(16)).update(Buffer.alloc(length));
}

test('renames, insertions and copies send little', async (t) => {
  using base = new TemporaryFolder();
  await using server = await ServerProcess.start(join(base.path, 'server'));
  const device = new Device(base.path, 'laptop');
  const at = (name: string): string => join(device.folder, name);
  await device.signUp(server.url, 'costs@example.org');
  await device.do('sync', 'add', device.folder, '/');
  mkdirSync(at('folder'));
  for (let i = 0; i < FILES; i++)
    writeFileSync(at(`folder/${i}`), `file ${i} `.repeat(1 + (i % 50)));
  const large = incompressible(256 * MIB, 'large');
  writeFileSync(at('large'), large);
  await device.sync();

  await t.test(`a folder of ${FILES} files is renamed with less than 64 KiB`, async () => {
    renameSync(at('folder'), at('renamed'));
    const { uploaded, moved } = await device.sync();
    assert.equal(moved, 1);
    assert.ok(uploaded.bytesSent < 64 * KIB, `${uploaded.bytesSent} bytes sent`);
  });

  await t.test('1 MiB in the middle of 256 MiB sends less than 6 MiB', async () => {
    const inserted = incompressible(MIB, 'inserted');
    const middle = 128 * MIB + 12345;
    writeFileSync(
      at('large'),
      Buffer.concat([large.subarray(0, middle), inserted, large.subarray(middle)]),
    );
    const { uploaded } = await device.sync();
    assert.equal(uploaded.files, 1);
    assert.ok(uploaded.bytesSent < 6 * MIB, `${uploaded.bytesSent} bytes sent`);
  });

  await t.test(`a copy of a folder of ${FILES} files sends less than 2 MiB`, async () => {
    cpSync(at('renamed'), at('copy'), { recursive: true, preserveTimestamps: true });
    const { uploaded } = await device.sync();
    assert.equal(uploaded.files, FILES);
    assert.ok(uploaded.bytesSent < 2 * MIB, `${uploaded.bytesSent} bytes sent`);
  });

  await t.test('a second sync sends nothing', async () => {
    const { uploaded } = await device.sync();
    assert.deepEqual(uploaded, { files: 0, bytes: 0, bytesSent: 0 });
  });

  await t.test('another device gets all of it, byte for byte', async () => {
    const other = new Device(base.path, 'desktop');
    await other.signIn(server.url, 'costs@example.org');
    await other.do('sync', 'add', other.folder, '/');
    await other.sync();
    assert.deepEqual(treeOf(other.folder), treeOf(device.folder));
  });
});
