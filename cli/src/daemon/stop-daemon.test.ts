import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { isAlive } from '@coffer/native-worker/host';
import { profileOf, type Profile } from '@coffer/native-worker/profile-folder';
import { stopDaemon } from './stop-daemon.ts';

/** Holds the profile like a daemon; asked to end, it lets go at once and lives on for a while. */
const DAEMON = `
  import { lockProfile } from '@coffer/native-worker/profile-lock';
  import { profileOf } from '@coffer/native-worker/profile-folder';
  const [home, lingerMs] = process.argv.slice(1);
  const lock = await lockProfile(profileOf(home), { what: 'coffer daemon', isDaemon: true });
  process.on('SIGTERM', () => {
    lock[Symbol.dispose]();
    setTimeout(() => process.exit(), Number(lingerMs));
  });
  setInterval(() => {}, 1000);
  console.log('ready');
`;

async function withDaemon(
  lingerMs: number,
  run: (profile: Profile, daemon: ChildProcess) => Promise<void>,
): Promise<void> {
  const home = mkdtempSync(join(tmpdir(), 'coffer-stop-'));
  const words = ['--input-type=module', '-e', DAEMON, home, String(lingerMs)];
  const daemon = spawn(process.execPath, words, {
    cwd: import.meta.dirname,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    await once(daemon.stdout, 'data');
    await run(profileOf(home), daemon);
  } finally {
    daemon.kill('SIGKILL');
    rmSync(home, { recursive: true, force: true });
  }
}

test('a daemon has ended when its process is gone, not when it lets the profile go', () =>
  withDaemon(400, async (profile, { pid = 0 }) => {
    assert.equal(await stopDaemon(profile), true);
    assert.ok(!isAlive(pid));
    assert.equal(await stopDaemon(profile), false, 'none runs any more');
  }));

test('a daemon that lets the profile go and does not end is told with its process', () =>
  withDaemon(30_000, async (profile, { pid }) => {
    await assert.rejects(stopDaemon(profile, 200), {
      code: 'timeout',
      message: `the daemon let go of the profile, but its process ${pid} still runs after 0.2 s`,
      hint: new RegExp(`kill -9 ${pid}`),
    });
  }));
