/**
 * What changes may cost on the wire, by real processes: renames, insertions and copies send little. Counted by who
 * stands between, with headers and sessions; what the client says of itself is held against that.
 */
import assert from 'node:assert/strict';
import { createCipheriv } from 'node:crypto';
import { cpSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { CountingProxy } from './counting-proxy.ts';
import { Device, ServerProcess, TemporaryFolder, treeOf, type SyncSummary } from './harness.ts';

const KIB = 1024;
const MIB = 1024 * KIB;
const FILES = 2000;
/** Headers, the session and questions about the head: what one sync sends besides. */
const BESIDES_BYTES_MAX = 16 * KIB;

/** Bytes that do not compress or repeat, the same on every run: a stream cipher's key stream. */
function incompressible(length: number, name: string): Buffer {
  const key = Buffer.alloc(32, name);
  return createCipheriv('aes-256-ctr', key, Buffer.alloc(16)).update(Buffer.alloc(length));
}

test('renames, insertions and copies send little', async (t) => {
  using base = new TemporaryFolder();
  await using wire = await CountingProxy.start();
  await using server = await ServerProcess.start(join(base.path, 'server'), {
    publicUrl: wire.url,
  });
  wire.upstreamPort = server.port;
  const device = new Device(base.path, 'laptop');
  const at = (name: string): string => join(device.folder, name);
  await device.signUp(wire.url, 'costs@example.org');
  await device.do('sync', 'add', device.folder, '/');
  /** One sync, and what it sent, which is what it says. */
  async function syncCounted(): Promise<{ readonly summary: SyncSummary; readonly sent: number }> {
    const before = wire.sent;
    const summary = await device.sync();
    const sent = wire.sent - before;
    const { bytesSent } = summary.uploaded;
    assert.ok(sent >= bytesSent, `${sent} bytes sent, ${bytesSent} said`);
    assert.ok(sent < bytesSent + BESIDES_BYTES_MAX, `${sent} bytes sent, ${bytesSent} said`);

    return { summary, sent };
  }
  mkdirSync(at('folder'));
  for (let i = 0; i < FILES; i++)
    writeFileSync(at(`folder/${i}`), `file ${i} `.repeat(1 + (i % 50)));
  const large = incompressible(256 * MIB, 'large');
  writeFileSync(at('large'), large);
  await device.sync();

  await t.test(`a folder of ${FILES} files is renamed with less than 64 KiB`, async () => {
    renameSync(at('folder'), at('renamed'));
    const { summary, sent } = await syncCounted();
    assert.equal(summary.moved, 1);
    assert.ok(sent < 64 * KIB, `${sent} bytes sent`);
  });

  await t.test('1 MiB in the middle of 256 MiB sends less than 6 MiB', async () => {
    const inserted = incompressible(MIB, 'inserted');
    const middle = 128 * MIB + 12345;
    writeFileSync(
      at('large'),
      Buffer.concat([large.subarray(0, middle), inserted, large.subarray(middle)]),
    );
    const { summary, sent } = await syncCounted();
    assert.equal(summary.uploaded.files, 1);
    assert.ok(sent < 6 * MIB, `${sent} bytes sent`);
  });

  await t.test(`a copy of a folder of ${FILES} files sends less than 2 MiB`, async () => {
    cpSync(at('renamed'), at('copy'), { recursive: true, preserveTimestamps: true });
    const { summary, sent } = await syncCounted();
    assert.equal(summary.uploaded.files, FILES);
    assert.ok(sent < 2 * MIB, `${sent} bytes sent`);
  });

  await t.test(
    'a second sync sends nothing but the question whether there is something new',
    async () => {
      const { summary, sent } = await syncCounted();
      assert.deepEqual(summary.uploaded, { files: 0, bytes: 0, bytesSent: 0 });
      assert.ok(sent < 4 * KIB, `${sent} bytes sent`);
    },
  );

  await t.test('another device gets all of it, byte for byte', async () => {
    const other = new Device(base.path, 'desktop');
    await other.signIn(wire.url, 'costs@example.org');
    await other.do('sync', 'add', other.folder, '/');
    await other.sync();
    assert.deepEqual(treeOf(other.folder), treeOf(device.folder));
  });
});
