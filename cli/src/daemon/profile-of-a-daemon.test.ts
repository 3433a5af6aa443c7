/** Commands that work on a profile alone, while a daemon has it. */
import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import test from 'node:test';
import { lockHolder } from '@coffer/native-worker/profile-lock';
import { profileOf } from '@coffer/native-worker/profile-folder';
import { CommandWorld } from '../testing/command-world.ts';

const LOCK = import.meta.resolve('@coffer/native-worker/profile-lock');
const FOLDER = import.meta.resolve('@coffer/native-worker/profile-folder');

/** A process that has the profile as a daemon has it, until it is asked to end. */
async function daemonOf(home: string): Promise<ChildProcess> {
  const script = `
    import { lockProfile } from '${LOCK}';
    import { profileOf } from '${FOLDER}';
    await lockProfile(profileOf(${JSON.stringify(home)}), { what: 'coffer daemon', isDaemon: true });
    process.stdout.write('ready');
    setInterval(() => undefined, 1000);`;
  const words = ['--input-type=module', '--eval', script];
  const daemon = spawn(process.execPath, words, { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(daemon.stdout, 'data');
  return daemon;
}

test('a daemon ends for what works on its profile alone, and for nothing that is refused or not confirmed', async () => {
  await using world = new CommandWorld();
  await world.start();
  const profile = profileOf(world.home);
  const daemon = await daemonOf(world.home);
  try {
    const began = Date.now();
    const server = ['--server', world.url, '--email', 'ana@example.org'];
    for (const words of [
      ['login', ...server],
      ['signup', ...server],
      ['login', '--pair'],
    ]) {
      const refused = await world.run(words);
      assert.match(refused.stderr, /"already-signed-in"/, words.join(' '));
    }
    const asked = await world.run(['account', 'delete']);
    assert.deepEqual([asked.code, /Nothing was deleted/.test(asked.stderr)], [2, true]);
    const declined = await world.run(['account', 'delete'], { answer: 'no' });
    assert.deepEqual([declined.code, /Nothing was deleted/.test(declined.stderr)], [2, true]);
    assert.ok(Date.now() - began < 20_000, 'nobody waited for the daemon');
    assert.equal(lockHolder(profile)?.pid, daemon.pid, 'the daemon goes on');
    const ended = once(daemon, 'exit');
    const out = await world.run(['logout']);
    assert.equal(out.code, 0, out.stderr);
    await ended;
  } finally {
    daemon.kill('SIGKILL');
  }
});
