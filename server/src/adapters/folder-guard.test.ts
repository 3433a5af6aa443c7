import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { createServer } from '../index.ts';
import { DATA_ENTRIES, guardEntries, guardFolder } from './folder-guard.ts';
import { SetupError } from './password-setup-file.ts';

const folder = await mkdtemp(join(tmpdir(), 'coffer-guard-'));
after(() => rm(folder, { recursive: true, force: true }));
const isLinux = process.platform === 'linux';

test('a folder, and one that can be made, are taken', async () => {
  assert.equal(await guardFolder(folder), folder);
  assert.equal(await guardFolder(join(folder, 'not', 'yet')), join(folder, 'not', 'yet'));
  await symlink(folder, join(folder, 'link'));
  assert.equal(await guardFolder(join(folder, 'link', 'x')), join(folder, 'link', 'x'));
});

test('files, pipes and links in a circle are refused, with a word on what to do', async () => {
  await writeFile(join(folder, 'file'), '');
  execFileSync('mkfifo', [join(folder, 'pipe')]);
  await symlink(join(folder, 'circle'), join(folder, 'circle'));
  for (const name of ['file', 'pipe', 'circle', 'file/below', '\0', 'pipe/below']) {
    await assert.rejects(guardFolder(join(folder, name)), SetupError, name);
    await assert.rejects(createServer({ dataDir: join(folder, name) }), SetupError, name);
  }
  await assert.rejects(guardFolder(''), SetupError);
});

test('what the kernel makes up is no place for data', { timeout: 5000 }, async () => {
  if (!isLinux) return;
  for (const path of [
    '/proc',
    '/proc/self',
    '/proc/new',
    '/sys/new',
    '/dev',
    '/dev/zero',
    '/dev/x/y',
  ]) {
    await assert.rejects(guardFolder(path), SetupError, path);
    await assert.rejects(createServer({ dataDir: path }), SetupError, path);
  }
});

test(
  'entries of a data folder that are pipes, devices or links hold nobody',
  { timeout: 5000 },
  async () => {
    for (const { name } of DATA_ENTRIES) {
      const dataDir = join(folder, `entry-${name}`);
      await mkdir(dataDir);
      execFileSync('mkfifo', [join(dataDir, name)]);
      await assert.rejects(createServer({ dataDir }), SetupError, name);
    }
    const linked = join(folder, 'linked');
    await mkdir(linked);
    await symlink('/dev/zero', join(linked, 'password-setup'));
    await assert.rejects(guardEntries(linked, DATA_ENTRIES), /not a plain file/);
  },
);
