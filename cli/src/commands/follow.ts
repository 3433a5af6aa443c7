/**
 * Commands that go on with what happens until Ctrl-C. In the daemon they hear of it. Where none runs,
 * only other commands change anything: the profile is looked at again when its database changed, and
 * let go in between, so that those commands do not wait.
 */
import { once } from 'node:events';
import { statSync } from 'node:fs';
import { setInterval as every, setTimeout as sleep } from 'node:timers/promises';
import type { Engine, EngineStatus } from '@coffer/native-worker/contract';
import { DaemonHasProfile, lockHolder } from '@coffer/native-worker/profile-lock';
import type { CommandContext } from '../context.ts';
import { CliFailure, EXIT } from '../failure.ts';

const LOOK_MS = 500;

/** Tells each status, at most 2 a second. */
export async function followStatus(
  context: CommandContext,
  tell: (status: EngineStatus) => void,
): Promise<number> {
  const { signal } = context;
  let last = '';
  const tellNew = (status: EngineStatus): void => {
    const text = JSON.stringify(status);
    if (text !== last) tell(status);
    last = text;
  };
  if (!context.isInDaemon)
    return lookAgain(context, async (engine) => tellNew(await engine.status({})));
  const engine = await context.engine();
  tellNew(await engine.status({}));
  let newest: EngineStatus | undefined;
  const unsubscribe = engine.subscribe(({ event }) => {
    if (event.kind === 'status') newest = event.status;
  });
  try {
    for await (const _tick of every(LOOK_MS, undefined, { signal })) {
      if (newest !== undefined) tellNew(newest);
      newest = undefined;
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    unsubscribe();
  }
  return EXIT.interrupted;
}

type Activity = Awaited<ReturnType<Engine['activity']>>[number];

/** More than this between two looks is told in part. */
const ACTIVITY_MAX = 1000;

/** Tells the newest `limit` entries, oldest first, and then each that comes. */
export async function followActivity(
  context: CommandContext,
  limit: number,
  tell: (entry: Activity) => void,
): Promise<number> {
  const { signal } = context;
  if (!context.isInDaemon) {
    let newest: string | undefined;
    return lookAgain(context, async (engine) => {
      const isFirst = newest === undefined;
      const entries = await engine.activity({ limit: isFirst ? limit : ACTIVITY_MAX });
      const known = entries.findIndex((entry) => JSON.stringify(entry) === newest);
      const fresh = known < 0 ? entries : entries.slice(0, known);
      for (const entry of fresh.toReversed()) tell(entry);
      newest = fresh[0] === undefined ? (newest ?? '') : JSON.stringify(fresh[0]);
    });
  }
  const engine = await context.engine();
  for (const entry of (await engine.activity({ limit })).toReversed()) tell(entry);
  const unsubscribe = engine.subscribe(({ event }) => {
    if (event.kind === 'activity') tell(event.activity);
  });
  if (!signal.aborted) await once(signal, 'abort');
  unsubscribe();
  return EXIT.interrupted;
}

async function lookAgain(
  context: CommandContext,
  look: (engine: Engine) => Promise<void>,
): Promise<number> {
  const { signal, profile } = context;
  let hasTold = false;
  try {
    while (!signal.aborted) {
      const engine = await context.engine();
      hasTold = true;
      await look(engine);
      await context.release();
      const seen = stampOf(profile.databaseFile);
      // Whoever works on the profile now is not waited for: it changes the database when it ends.
      while (stampOf(profile.databaseFile) === seen || lockHolder(profile) !== undefined) {
        if (lockHolder(profile)?.isDaemon === true) throw daemonTook();
        await sleep(LOOK_MS, undefined, { signal });
      }
    }
  } catch (error) {
    // Run again in the daemon it would tell everything twice.
    if (hasTold && error instanceof DaemonHasProfile) throw daemonTook();
    if (!signal.aborted) throw error;
  }
  return EXIT.interrupted;
}

function stampOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

function daemonTook(): CliFailure {
  return new CliFailure(
    'locked',
    'a daemon has the profile now',
    'Run it again: it then hears of everything from the daemon.',
  );
}
