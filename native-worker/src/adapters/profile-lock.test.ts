import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { once } from 'node:events';
import { nodeHost, processStart } from './node-host.ts';
import { DaemonHasProfile, lockHolder, lockProfile } from './profile-lock.ts';
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
    assert.deepEqual(readdirSync(profile.home), ['lock', 'lock.db']);
  }));

test('a second daemon does not wait for the first', () =>
  inProfile(async (profile) => {
    using _first = await lockProfile(profile, DAEMON);
    const began = Date.now();
    await assert.rejects(lockProfile(profile, DAEMON), /runs for this profile already/);
    assert.ok(Date.now() - began < 1000);
  }));

test('what runs in a daemon as well does not wait for one', () =>
  inProfile(async (profile) => {
    const command = { ...COMMAND, leavesToDaemon: true };
    using daemon = await lockProfile(profile, DAEMON);
    await assert.rejects(lockProfile(profile, command), DaemonHasProfile);
    daemon[Symbol.dispose]();
    using first = await lockProfile(profile, COMMAND);
    const waiting = lockProfile(profile, command);
    first[Symbol.dispose]();
    using _second = await waiting;
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

test('of many programs that meet a lock whose owner is gone, one at a time has it', () =>
  inProfile(async (profile) => {
    const gone = spawnSync(process.execPath, ['-e', '']).pid;
    const stale = { pid: gone, what: 'x', boot: nodeHost().bootId, isDaemon: true };
    const contender = fileURLToPath(new URL('../testing/lock-contender.ts', import.meta.url));
    const words = [contender, profile.home, '30', JSON.stringify(stale)];
    writeFileSync(profile.lockFile, JSON.stringify(stale));
    const programs = Array.from({ length: 3 }, () => spawn(process.execPath, words));
    const said = await Promise.all(
      programs.map(async (program) => {
        const text = Array.fromAsync(program.stdout.setEncoding('utf8'));
        const [code] = (await once(program, 'close')) as [number];
        return [code, (await text).join('')];
      }),
    );
    for (const one of said) assert.deepEqual(one, [0, '']);
    assert.equal(lockHolder(profile), undefined);
  }));

test('who is killed holds nothing any more, though the name stays', () =>
  inProfile(async (profile) => {
    const contender = fileURLToPath(new URL('../testing/lock-contender.ts', import.meta.url));
    const program = spawn(process.execPath, [contender, profile.home, 'killed']);
    await once(program, 'close');
    assert.equal(program.signalCode, 'SIGKILL');
    assert.match(readFileSync(profile.lockFile, 'utf8'), /contender/);
    assert.equal(lockHolder(profile), undefined);
    using _lock = await lockProfile(profile, { ...COMMAND, waitMs: 1000 });
    assert.equal(lockHolder(profile)?.pid, process.pid);
  }));

test('a profile that is held by somebody without a name is not waited for endlessly', () =>
  inProfile(async (profile) => {
    using _first = await lockProfile(profile, COMMAND);
    rmSync(profile.lockFile);
    await assert.rejects(lockProfile(profile, { ...COMMAND, waitMs: 60 }), {
      code: 'locked',
      message: 'this profile is in use by another program',
    });
  }));

test('a process is known by its start where the system says it', () => {
  const { pid, start, isAlive } = nodeHost();
  assert.equal(start, processStart(pid));
  assert.ok(isAlive(pid) && isAlive(pid, start));
  if (start !== undefined) assert.ok(!isAlive(pid, `${start}1`));
});
