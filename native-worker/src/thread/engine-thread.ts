/**
 * The engine in a thread of its own, kept running: a thread that dies is started again, after 1 s
 * doubling to 5 min, and goes on from what the database holds. What was asked of it meanwhile fails with
 * a sentence that says so; nothing is lost, since no effect depends on an answer.
 */
import { MessageChannel, Worker, type MessagePort } from 'node:worker_threads';
import {
  ControlFailure,
  type ControlCommandName,
  type ControlTarget,
  type FailureShape,
  type NumberedEvent,
} from '../contract/index.ts';
import { failureOf } from '../control/failure-of.ts';
import { PortTarget } from '../control/port-target.ts';
import { NETWORK_RETRY_MS_MIN, RETRY_MS_MAX } from '../limits.ts';
import type { Clock } from '../ports/index.ts';
import { errorFields } from './engine-log.ts';
import type { ProfilePlace } from './open-profile.ts';
import type {
  EngineThreadChoices,
  FromThread,
  LogEntry,
  ThreadHost,
  ToThread,
} from './thread-messages.ts';

/** A thread that ran for this long was well: the next one starts without waiting long. */
const WELL_AFTER_MS = 10 * 60_000;

export interface EngineThreadOptions {
  /** Module that calls `runEngineThread`; without one, the plain engine. */
  readonly entry?: URL;
  readonly place: ProfilePlace;
  readonly host: ThreadHost;
  /** Read anew for each thread that is started. */
  readonly choices: () => EngineThreadChoices;
  readonly clock: Clock;
  readonly log: (entry: LogEntry) => void;
}

/** Functions cannot go to another thread: what asks for live processes is made there. */
function hostOf({ pid, bootId, start }: ThreadHost): ThreadHost {
  return { pid, bootId, ...(start === undefined ? {} : { start }) };
}

interface Running {
  readonly worker: Worker;
  readonly target: PortTarget;
  readonly post: (message: ToThread, transfer?: readonly MessagePort[]) => void;
  readonly ended: Promise<FailureShape | undefined>;
}

/** What is under way when settings change may take this long to end by itself. */
const RESTART_MS = 5000;

const STARTING: FailureShape = {
  code: 'unavailable',
  message: 'the engine is being started',
  hint: 'Nothing is lost. Try again in a moment.',
};

export class EngineThread implements ControlTarget {
  readonly #options: EngineThreadOptions;
  readonly #stopping = new AbortController();
  readonly #listeners = new Set<(event: NumberedEvent) => void>();
  #firstOutcome = Promise.withResolvers<FailureShape | undefined>();
  #running: Running | undefined;
  #untell: (() => void) | undefined;
  #waiting: AbortController | undefined;
  #isOpen = false;
  #isRestarting = false;
  #failure: FailureShape = STARTING;
  #ended: Promise<void> = Promise.resolve();

  constructor(options: EngineThreadOptions) {
    this.#options = options;
  }

  /** Resolves when the engine is open, or with what kept it from that: it is tried again then. */
  start(): Promise<FailureShape | undefined> {
    this.#ended = this.#keepRunning();
    this.#ended.catch((error: unknown) => this.#firstOutcome.reject(error));
    return this.#firstOutcome.promise;
  }

  readonly call = async (
    name: ControlCommandName,
    input: unknown,
    signal: AbortSignal,
  ): Promise<unknown> => {
    if (this.#running === undefined || !this.#isOpen) throw new ControlFailure(this.#failure);
    return this.#running.target.call(name, input, signal);
  };

  /** Goes on when the thread is started again. */
  readonly subscribe = (listener: (event: NumberedEvent) => void): (() => void) => {
    this.#listeners.add(listener);
    if (this.#isOpen) this.#untell ??= this.#running?.target.subscribe(this.#tell);
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size > 0) return;
      this.#untell?.();
      this.#untell = undefined;
    };
  };

  /** Sends a port to the guests' side of the thread; throws ControlFailure while it is not open. */
  visit(port: MessagePort): void {
    if (this.#running === undefined || !this.#isOpen) throw new ControlFailure(this.#failure);
    this.#running.post({ kind: 'guest', port }, [port]);
  }

  /** Looks at everything again: the machine slept, or the network came back. */
  async wake(): Promise<void> {
    this.#waiting?.abort();
    if (this.#isOpen) await this.call('wake', {}, this.#stopping.signal);
  }

  /**
   * Begins anew with what people chose meanwhile; resolves once it is open again, or cannot be. What does
   * not end `withinMs` is ended by force: a limit that was too small may keep it from its last request.
   */
  async restart(withinMs = RESTART_MS): Promise<void> {
    const before = this.#firstOutcome;
    const outcome = Promise.withResolvers<FailureShape | undefined>();
    // Who waits for an earlier restart gets what this one comes to.
    outcome.promise.then(before.resolve, before.reject);
    this.#firstOutcome = outcome;
    this.#isRestarting = true;
    this.#waiting?.abort();
    const running = this.#running;
    running?.post({ kind: 'stop' });
    if (running !== undefined) await this.#endWithin(running, running.ended, withinMs);
    await outcome.promise;
  }

  /** Ends it within `withinMs`: first by asking, then by force. */
  async stop(withinMs: number): Promise<void> {
    this.#stopping.abort();
    const running = this.#running;
    running?.post({ kind: 'stop' });
    await this.#endWithin(running, this.#ended, withinMs);
    await this.#ended;
  }

  async #endWithin(
    running: Running | undefined,
    ended: Promise<unknown>,
    withinMs: number,
  ): Promise<void> {
    const over = new AbortController();
    const patience = this.#options.clock.sleep(withinMs, over.signal).then(
      () => true,
      () => false,
    );
    const isLate = await Promise.race([ended.then(() => false), patience]);
    over.abort();
    if (!isLate) return;
    this.#options.log({ level: 'warn', what: 'engine ended by force', fields: {} });
    await running?.worker.terminate();
  }

  async #keepRunning(): Promise<void> {
    const { clock, log } = this.#options;
    const { signal } = this.#stopping;
    for (let tries = 0; !signal.aborted; tries++) {
      const beganMs = clock.now();
      const failure = await this.#runOne();
      this.#running = undefined;
      this.#untell = undefined;
      this.#isOpen = false;
      if (signal.aborted) return;
      if (this.#isRestarting) {
        this.#isRestarting = false;
        tries = -1;
        continue;
      }
      this.#failure = failure ?? CRASHED;
      this.#firstOutcome.resolve(this.#failure);
      if (clock.now() - beganMs > WELL_AFTER_MS) tries = 0;
      const waitMs = Math.min(NETWORK_RETRY_MS_MIN * 2 ** tries, RETRY_MS_MAX);
      log({
        level: 'warn',
        what: 'engine starts again',
        fields: { code: this.#failure.code, waitMs },
      });
      this.#waiting = new AbortController();
      const cut = AbortSignal.any([signal, this.#waiting.signal]);
      await clock.sleep(waitMs, cut).catch(() => undefined);
      this.#isRestarting = false;
    }
  }

  /** What ended it, or kept it from starting: settings may say what nobody can take. */
  async #runOne(): Promise<FailureShape | undefined> {
    try {
      this.#running = this.#startOne();
    } catch (error) {
      return failureOf(error);
    }
    return this.#running.ended;
  }

  #startOne(): Running {
    const { entry, place, host, choices, log } = this.#options;
    const { port1, port2 } = new MessageChannel();
    const worker = new Worker(entry ?? new URL('engine-entry.ts', import.meta.url), {
      workerData: {
        place,
        host: hostOf(host),
        choices: choices(),
        port: port2,
      },
      transferList: [port2],
    });
    const target = new PortTarget(port1);
    let failure: FailureShape | undefined;
    worker.on('message', (message: FromThread) => {
      if (message.kind === 'log') log(message.entry);
      else if (message.kind === 'failed') failure = message.failure;
      else this.#opened(target);
    });
    worker.on('error', (error) => {
      failure = CRASHED;
      log({ level: 'error', what: 'engine crashed', fields: errorFields(error) });
    });
    const ended = new Promise<FailureShape | undefined>((resolve) => {
      worker.once('exit', () => {
        target.fail(new ControlFailure(failure ?? CRASHED));
        port1.close();
        resolve(failure);
      });
    });
    const post: Running['post'] = (message, transfer = []) =>
      worker.postMessage(message, [...transfer]);
    return { worker, target, post, ended };
  }

  #opened(target: PortTarget): void {
    this.#isOpen = true;
    if (this.#listeners.size > 0) this.#untell = target.subscribe(this.#tell);
    this.#firstOutcome.resolve(undefined);
  }

  readonly #tell = (event: NumberedEvent): void => {
    for (const listener of this.#listeners) listener(event);
  };
}

const CRASHED: FailureShape = {
  code: 'unavailable',
  message: 'the engine stopped unexpectedly and is started again',
  hint: "Nothing is lost. Try again in a moment; 'coffer daemon log' says what happened.",
};
