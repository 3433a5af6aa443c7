import assert from 'node:assert/strict';
import test from 'node:test';
import { profileAt } from '@coffer/native-worker/profile-folder';
import { lockProfile } from '@coffer/native-worker/profile-lock';
import { runInvocation } from './run-command.ts';
import { CommandWorld, recordingStreams } from './testing/command-world.ts';

test('a command runs in the daemon that took the profile after it had found none', async () => {
  await using world = new CommandWorld();
  await world.start();
  using resources = new DisposableStack();
  const { streams, said } = recordingStreams();
  let asked = 0;
  const code = await runInvocation({
    argv: ['--home', world.home, 'sync', 'now'],
    streams,
    env: {},
    cwd: world.base,
    signal: AbortSignal.timeout(10_000),
    elsewhere: async () => {
      asked += 1;
      if (asked > 1) return 0;
      const daemon = { what: 'coffer start', isDaemon: true };
      resources.use(await lockProfile(profileAt(world.home, {}), daemon));
      return undefined;
    },
  });
  assert.deepEqual([code, asked, said()], [0, 2, { stdout: '', stderr: '' }]);
});
