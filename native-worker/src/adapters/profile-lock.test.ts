import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { nodeHost, processStart } from './node-host.ts';
import { lockHolder, lockProfile } from './profile-lock.ts';
import { profileAt, type Profile } from '../profile/profile-folder.ts';

const COMMAND = { what: 'coffer ls', isDaemon: false };
const DAEMON = { what: 'coffer daemon', isDaemon: true };

async function inProfile(action: (profile: Profile) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'coffer-lock-'));
  try {
    await action(profileAt(folder, {}));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

test('a profile is held by one, and free again when that one lets go', () =>
  inProfile(async (profile) => {
    const first = await lockProfile(profile, COMMAND);
    assert.deepEqual(lockHolder(profile)?.pid, process.pid);
    await assert.rejects(lockProfile(profile, { ...COMMAND, waitMs: 100 }), {
      code: 'locked',
      message: `this profile is in use by 'coffer ls' (process ${process.pid})`,
    });
    first[Symbol.dispose]();
    assert.equal(lockHolder(profile), undefined);
    using _second = await lockProfile(profile, COMMAND);
    assert.deepEqual(readdirSync(profile.home), ['lock']);
  }));

test('a second daemon does not wait for the first', () =>
  inProfile(async (profile) => {
    using _first = await lockProfile(profile, DAEMON);
    const began = Date.now();
    await assert.rejects(lockProfile(profile, DAEMON), /runs for this profile already/);
    assert.ok(Date.now() - began < 1000);
  }));

test('a lock whose process is gone, of an earlier boot, or of another process with the same id is taken over', () =>
  inProfile(async (profile) => {
    const { pid, bootId: boot } = nodeHost();
    const gone = spawnSync(process.execPath, ['-e', '']).pid;
    const start = processStart(pid);
    const stale = [
      { pid: gone, what: 'x', boot, isDaemon: true },
      { pid, what: 'x', boot: 'another boot', isDaemon: true },
      ...(start === undefined
        ? []
        : [{ pid, what: 'x', boot, start: `${start}1`, isDaemon: true }]),
    ];
    for (const holder of stale) {
      writeFileSync(profile.lockFile, JSON.stringify(holder));
      using _lock = await lockProfile(profile, { ...COMMAND, waitMs: 100 });
      assert.match(readFileSync(profile.lockFile, 'utf8'), /coffer ls/);
    }
  }));
