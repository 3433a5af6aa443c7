/** Mass deletions and roots that are not what they were: nothing is deleted until a person says so. */
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { Device, ServerProcess, settle, TemporaryFolder, treeOf } from './harness.ts';

const EMAIL = 'gates@example.org';
const FILES = 1200;
const DELETED = 501;

async function twoDevices(
  base: string,
  server: ServerProcess,
  files: number,
): Promise<readonly [Device, Device]> {
  const laptop = new Device(base, 'laptop');
  const desktop = new Device(base, 'desktop');
  await laptop.signUp(server.url, EMAIL);
  await desktop.signIn(server.url, EMAIL);
  for (let i = 0; i < files; i++) writeFileSync(join(laptop.folder, `file ${i}`), `content ${i}`);
  for (const device of [laptop, desktop]) {
    await device.do('sync', 'add', device.folder, '/');
    await device.sync();
  }
  assert.deepEqual(treeOf(desktop.folder), treeOf(laptop.folder));
  return [laptop, desktop];
}

test('501 deletions are held, everything else goes on, and a person decides', async (t) => {
  using base = new TemporaryFolder();
  await using server = await ServerProcess.start(join(base.path, 'server'));
  const [laptop, desktop] = await twoDevices(base.path, server, FILES);
  const names = readdirSync(laptop.folder).filter((name) => name.startsWith('file'));

  await t.test('they are held with exit 3, and nothing is deleted anywhere', async () => {
    for (const name of names.slice(0, DELETED)) rmSync(join(laptop.folder, name));
    writeFileSync(join(laptop.folder, 'new'), 'goes up all the same');
    const { code, stdout } = await laptop.run('sync', 'now', '--json');
    assert.equal(code, 3);
    assert.equal((JSON.parse(stdout) as { held: number }).held, DELETED);
    await desktop.sync();
    assert.equal(Object.keys(treeOf(desktop.folder)).length, FILES + 1);
  });

  await t.test('undo brings them back', async () => {
    await laptop.do('held', 'undo');
    await settle(laptop, desktop);
    assert.equal(Object.keys(treeOf(laptop.folder)).length, FILES + 1);
    assert.deepEqual(treeOf(laptop.folder), treeOf(desktop.folder));
  });

  await t.test('approve deletes them, into the trash', async () => {
    for (const name of names.slice(0, DELETED)) rmSync(join(laptop.folder, name));
    assert.equal((await laptop.run('sync', 'now')).code, 3);
    await laptop.do('held', 'approve');
    await settle(laptop, desktop);
    assert.equal(Object.keys(treeOf(desktop.folder)).length, FILES + 1 - DELETED);
    const trash = JSON.parse(await laptop.do('trash', '--json')) as unknown[];
    assert.equal(trash.length, DELETED);
  });
});

test('a root that is gone, emptied or swapped deletes nothing and heals by itself', async (t) => {
  using base = new TemporaryFolder();
  await using server = await ServerProcess.start(join(base.path, 'server'));
  const [laptop, desktop] = await twoDevices(base.path, server, 30);
  const before = treeOf(laptop.folder);
  const aside = `${laptop.folder} aside`;

  async function staysWhole(reason: string): Promise<void> {
    const { code, stdout } = await laptop.run('sync', 'now', '--json', '--timeout', '20');
    assert.equal(code, 3, stdout);
    const stalls = JSON.parse((await laptop.run('stalls', '--json')).stdout) as {
      reason: string;
    }[];
    assert.ok(
      stalls.some((stall) => stall.reason === reason),
      JSON.stringify(stalls),
    );
    await desktop.sync();
    assert.deepEqual(treeOf(desktop.folder), before);
  }

  async function heals(): Promise<void> {
    await settle(laptop, desktop);
    assert.deepEqual(treeOf(laptop.folder), before);
    assert.deepEqual(treeOf(desktop.folder), before);
    assert.equal((await laptop.run('stalls')).code, 0);
  }

  await t.test('gone', async () => {
    renameSync(laptop.folder, aside);
    await staysWhole('RootMissing');
    renameSync(aside, laptop.folder);
    await heals();
  });

  await t.test('an empty folder in its place, as an unmounted disk leaves it', async () => {
    renameSync(laptop.folder, aside);
    mkdirSync(laptop.folder);
    await staysWhole('RootMissing');
    assert.deepEqual(readdirSync(laptop.folder), [], 'nothing is created there');
    rmSync(laptop.folder, { recursive: true });
    renameSync(aside, laptop.folder);
    await heals();
  });

  await t.test('another folder with files in its place', async () => {
    renameSync(laptop.folder, aside);
    mkdirSync(laptop.folder);
    writeFileSync(join(laptop.folder, 'foreign'), 'not of this pair');
    await staysWhole('RootReplaced');
    rmSync(laptop.folder, { recursive: true });
    renameSync(aside, laptop.folder);
    await heals();
  });

  await t.test('every file deleted at once is held', async () => {
    for (const name of Object.keys(before)) rmSync(join(laptop.folder, name), { recursive: true });
    const { code, stdout } = await laptop.run('sync', 'now', '--json');
    assert.equal(code, 3);
    assert.equal((JSON.parse(stdout) as { held: number }).held, 30);
    await laptop.do('held', 'undo');
    await heals();
  });
});
