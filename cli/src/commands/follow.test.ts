import assert from 'node:assert/strict';
import { utimesSync } from 'node:fs';
import test from 'node:test';
import { lockProfile } from '@coffer/native-worker/profile-lock';
import { CommandContext } from '../context.ts';
import { Output } from '../output.ts';
import { parseInvocation } from '../parse-arguments.ts';
import { CommandWorld, recordingStreams } from '../testing/command-world.ts';
import { followActivity } from './follow.ts';
import { COMMANDS } from './registry.ts';

type Engine = Awaited<ReturnType<CommandContext['engine']>>;

/** At its second look a daemon has just taken the profile, which was free a moment before. */
class OvertakenContext extends CommandContext {
  looks = 0;
  readonly resources = new DisposableStack();

  override async engine(): Promise<Engine> {
    this.looks += 1;
    if (this.looks === 2)
      this.resources.use(await lockProfile(this.profile, { what: 'coffer start', isDaemon: true }));
    else setTimeout(() => utimesSync(this.profile.databaseFile, 1, 1), 300);
    return super.engine();
  }
}

test('who follows the activity is not told it again from the beginning where a daemon takes the profile', async () => {
  await using world = new CommandWorld();
  await world.start();
  const { input } = parseInvocation(['--home', world.home, 'activity', '-f'], COMMANDS);
  const { streams } = recordingStreams();
  await using context = new OvertakenContext({
    command: 'activity',
    input,
    output: new Output(streams, { json: true, quiet: false, verbose: false, color: false }),
    signal: AbortSignal.timeout(20_000),
    env: {},
    cwd: world.base,
    metDaemon: 'takes-over',
  });
  using _lock = context.resources;
  const following = followActivity(context, 100, () => undefined);
  await assert.rejects(following, { code: 'locked', message: 'a daemon has the profile now' });
  assert.equal(context.looks, 2);
});
