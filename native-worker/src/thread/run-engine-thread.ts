/**
 * Inside the engine's thread: opens the profile, runs the engine with the system's watchers and worker
 * threads for large files, and answers the control contract.
 */
import { platform } from 'node:os';
import { parentPort, workerData, type MessagePort } from 'node:worker_threads';
import { Defect } from '@coffer/protocol/core';
import { RemoteFault } from '@coffer/sdk/faults';
import { systemClock, systemRandom, yieldNodeTurn } from '@coffer/sdk/node';
import { AccountSteps } from '../account/index.ts';
import { isAlive } from '../adapters/index.ts';
import type { Engine } from '../contract/index.ts';
import { engineTarget } from '../control/engine-target.ts';
import { failureOf } from '../control/failure-of.ts';
import { serveTarget } from '../control/port-target.ts';
import { createNativeSource } from '../watcher/index.ts';
import { logOf, type EngineLog } from './engine-log.ts';
import { HeadKeeper } from './head-keeper.ts';
import { openProfile, type OpenedProfile } from './open-profile.ts';
import { withDrive } from './drive-target.ts';
import type { EngineThreadData, FromThread, ToThread } from './thread-messages.ts';

/** How often the thread looks after itself when nothing happens. */
const UPKEEP_MS = 60_000;
/** What a guest gets: the same drive and engine that the thread has. */
export interface EngineThreadParts {
  readonly profile: OpenedProfile;
  readonly engine: Engine;
  readonly signal: AbortSignal;
}

/** `onGuest`: what the program around the engine does with a port that it sent. */
export async function runEngineThread(
  onGuest: (port: MessagePort, parts: EngineThreadParts) => void,
): Promise<void> {
  if (parentPort === null) throw new Defect('the engine runs in a worker thread');
  const port = parentPort;
  const data = workerData as EngineThreadData;
  const tell = (message: FromThread): void => port.postMessage(message);
  const log = logOf((entry) => tell({ kind: 'log', entry }));
  const stopping = new AbortController();
  let parts: EngineThreadParts | undefined;
  port.on('message', (message: ToThread) => {
    if (message.kind === 'stop') stopping.abort();
    else if (parts === undefined) message.port.close();
    else onGuest(message.port, parts);
  });
  try {
    await work(data, { log, signal: stopping.signal }, (opened) => {
      parts = opened;
      tell({ kind: 'opened' });
    });
  } catch (error) {
    if (!stopping.signal.aborted) {
      log.failed('engine failed', error);
      tell({ kind: 'failed', failure: failureOf(error) });
    }
  } finally {
    data.port.close();
    port.close();
  }
}

interface Around {
  readonly log: EngineLog;
  readonly signal: AbortSignal;
}

async function work(
  { place, host, choices, port }: EngineThreadData,
  { log, signal }: Around,
  onOpened: (parts: EngineThreadParts) => void,
): Promise<void> {
  await using resources = new AsyncDisposableStack();
  const profile = resources.use(await openProfile({ place, choices }, signal));
  const heads = new HeadKeeper(profile.drive, log, systemClock);
  const engine = profile.createEngine({
    host: { ...host, isAlive },
    hints: createNativeSource({ clock: systemClock, platform: platform() }),
    watchRemote: (onChange, until) => heads.watch(onChange, until),
  });
  const { drive, secrets } = profile;
  const around = { drive, server: secrets.server, clock: systemClock, random: systemRandom };
  const steps = resources.use(new AccountSteps(around));
  serveTarget(withDrive(engineTarget(engine), { drive, steps, rest: yieldNodeTurn }), port);
  onOpened({ profile, engine, signal });
  const over = new AbortController();
  const upkeep = keepUp(async () => {
    await profile.contentPool.rest();
    await heads.note(over.signal);
  }, over.signal);
  try {
    await Promise.race([engine.run(signal), heads.failed, upkeep]);
  } finally {
    over.abort();
    await upkeep;
  }
}

/** Until `signal` aborts. What the server or the connection refuses is done again later; the rest rejects. */
async function keepUp(action: () => Promise<void>, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      await systemClock.sleep(UPKEEP_MS, signal);
      await action();
    } catch (error) {
      if (!signal.aborted && !(error instanceof RemoteFault)) throw error;
    }
  }
}
