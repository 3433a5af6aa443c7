/** Goal: of processes that want the page built at once, one builds; one that was killed blocks nobody. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { takeBuildLock } from '../../renderer/scripts/build-lock.ts';
import { TemporaryFolder } from '../e2e/harness.ts';

test('one has the lock at a time, and gives it on', () => {
  using base = new TemporaryFolder();
  const folder = join(base.path, 'locks');
  const first = takeBuildLock(folder);
  assert.ok(first !== undefined);
  assert.equal(takeBuildLock(folder), undefined);
  first[Symbol.dispose]();
  assert.deepEqual(readdirSync(folder), []);
  takeBuildLock(folder)?.[Symbol.dispose]();
});

test('a lock whose owner died, or is somebody else by now, is stepped over and never taken away', async () => {
  using base = new TemporaryFolder();
  const child = spawn(process.execPath, ['-e', '']);
  await once(child, 'exit');
  writeFileSync(join(base.path, 'lock.1'), String(child.pid));
  writeFileSync(join(base.path, 'lock.2'), String(process.pid));
  assert.equal(takeBuildLock(base.path), undefined, 'the last one counts');
  utimesSync(join(base.path, 'lock.2'), new Date(0), new Date(0));
  const taken = takeBuildLock(base.path);
  assert.ok(taken !== undefined);
  assert.deepEqual(readdirSync(base.path).toSorted(), ['lock.1', 'lock.2', 'lock.3']);
  assert.equal(takeBuildLock(base.path), undefined);
  taken[Symbol.dispose]();
});
