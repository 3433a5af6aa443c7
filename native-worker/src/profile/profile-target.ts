/**
 * Everything that a window may ask, whether or not somebody is signed in: about the account and this
 * computer it is answered here, the rest by the engine's thread, which runs while somebody is.
 */
import type { MessagePort } from 'node:worker_threads';
import {
  ControlFailure,
  deskCommands,
  type AccountCommandInput,
  type ControlCommandName,
  type ControlTarget,
  type DeskCommandName,
  type FailureShape,
  type NumberedEvent,
} from '../contract/index.ts';
import { answering } from '../control/failure-of.ts';
import { parseInput } from '../control/parse-input.ts';
import type { Clock } from '../ports/index.ts';
import type { EngineThread } from '../thread/index.ts';
import type { AccountDesk } from './account-desk.ts';

/** A thread that does not end by itself within this time is ended by force. */
const STOP_MS_MAX = 8_000;

export interface ProfileTargetOptions {
  readonly desk: AccountDesk;
  /** A thread for the engine of whoever is signed in then, not started yet. */
  readonly createEngine: () => EngineThread;
  /** Ends the session at the server and forgets the device; nobody else has the profile open. */
  readonly signOut: (signal: AbortSignal) => Promise<void>;
  /**
   * Takes the profile: it is held while somebody is signed in, and free for other programs while
   * nobody is. Rejects with ControlFailure `locked`.
   */
  readonly hold: () => Promise<Disposable>;
  /** Told when the engine was started, and when it is about to end. */
  readonly engineChanged?: (isRunning: boolean) => void;
}

/** How often it is looked whether another program signed in. */
const LOOK_EVERY_MS = 1000;

export class ProfileTarget implements ControlTarget {
  readonly #options: ProfileTargetOptions;
  readonly #listeners = new Set<(event: NumberedEvent) => void>();
  #engine: EngineThread | undefined;
  #held: Disposable | undefined;
  #isEnding = false;
  #untell: (() => void) | undefined;
  /** Signing in and out happen one after the other. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(options: ProfileTargetOptions) {
    this.#options = options;
  }

  /** The engine that runs, if somebody is signed in. */
  get engine(): EngineThread | undefined {
    return this.#engine;
  }

  /** Starts the engine when somebody is signed in; resolves with what keeps it from opening. */
  start(): Promise<FailureShape | undefined> {
    return this.#alone(() => this.#startIfSignedIn());
  }

  /** Starts the engine once another program signed in, until `signal` aborts. */
  async follow(clock: Clock, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await clock.sleep(LOOK_EVERY_MS, signal).catch(() => undefined);
      // Who holds the profile now lets it go again: the next look comes soon.
      if (!signal.aborted && this.#engine === undefined) await this.start().catch(() => undefined);
    }
  }

  /** Ends what runs, every transfer resumable, and lets the profile go for good. */
  async stop(withinMs: number): Promise<void> {
    this.#isEnding = true;
    this.#options.desk[Symbol.dispose]();
    await this.#letGo(withinMs);
  }

  async #letGo(withinMs: number): Promise<void> {
    const engine = this.#engine;
    this.#engine = undefined;
    if (engine !== undefined) this.#options.engineChanged?.(false);
    await engine?.stop(withinMs);
    this.#held?.[Symbol.dispose]();
    this.#held = undefined;
  }

  /** Sends a port to the guests' side of the engine's thread. */
  visit(port: MessagePort): void {
    this.#ofEngine().visit(port);
  }

  readonly call = async (
    name: ControlCommandName,
    input: unknown,
    signal: AbortSignal,
  ): Promise<unknown> => {
    if (!isDeskCommand(name)) return this.#ofEngine().call(name, input, signal);
    const parsed = parseInput<unknown>(name, deskCommands[name].input, input);
    return answering(signal, () => this.#answer({ name, input: parsed } as DeskCall, signal));
  };

  /** Goes on over signing in and out. */
  readonly subscribe = (listener: (event: NumberedEvent) => void): (() => void) => {
    this.#listeners.add(listener);
    this.#untell ??= this.#engine?.subscribe(this.#tell);
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size > 0) return;
      this.#untell?.();
      this.#untell = undefined;
    };
  };

  async #answer({ name, input }: DeskCall, signal: AbortSignal): Promise<unknown> {
    const { desk } = this.#options;
    switch (name) {
      case 'account':
        return desk.account();
      case 'checkServer':
        return desk.checkServer(input.server, signal);
      case 'localFolders':
        return desk.localFolders(input.path);
      case 'signUp':
        return this.#alone(() => this.#enter(() => desk.signUp(input, signal)));
      case 'signIn':
        return this.#alone(() =>
          this.#enter(async () => {
            await desk.signIn(input, signal);
            return {};
          }),
        );
      case 'joinByPairing':
        return this.#alone(() =>
          this.#enter(async () => {
            await desk.joinByPairing(input, signal);
            return {};
          }),
        );
      case 'recoverAccount':
        return desk.recoverAccount(input, signal);
      case 'settleRecovery':
        return this.#settleRecovery(input);
      case 'signOut':
        return this.#alone(() => this.#signOut(signal));
    }
  }

  async #settleRecovery(input: AccountCommandInput<'settleRecovery'>): Promise<unknown> {
    const { desk } = this.#options;
    const settle = (): Promise<void> => desk.settleRecovery(input);
    // The engine gives the spaces new keys too, within a minute.
    await (input.isKept ? this.#alone(() => this.#enter(settle)) : settle());
    return {};
  }

  /** Signs in or up with the profile held, and keeps it for the engine. */
  async #enter<T>(action: () => Promise<T>): Promise<T> {
    await this.#hold();
    try {
      return await action();
    } finally {
      if (this.#engine === undefined) {
        await this.#startIfSignedIn();
        if (this.#engine === undefined) await this.#letGo(0);
      }
    }
  }

  async #signOut(signal: AbortSignal): Promise<unknown> {
    if (this.#engine === undefined) throw new ControlFailure(NOT_SIGNED_IN);
    await this.#stopEngine();
    await this.#hold();
    try {
      await this.#options.signOut(signal);
    } finally {
      // What failed left the account as it was: it goes on syncing.
      await this.#startIfSignedIn();
      if (this.#engine === undefined) await this.#letGo(0);
    }
    return {};
  }

  async #startIfSignedIn(): Promise<FailureShape | undefined> {
    const { signedIn } = await this.#options.desk.account();
    if (!signedIn || this.#engine !== undefined || this.#isEnding) return undefined;
    await this.#hold();
    if (!this.#isEnding) return this.#startEngine();
    // The end came while another program still had the profile.
    await this.#letGo(0);
    return undefined;
  }

  async #hold(): Promise<void> {
    this.#held ??= await this.#options.hold();
  }

  #ofEngine(): EngineThread {
    if (this.#engine === undefined) throw new ControlFailure(NOT_SIGNED_IN);
    return this.#engine;
  }

  async #startEngine(): Promise<FailureShape | undefined> {
    const engine = this.#options.createEngine();
    this.#engine = engine;
    if (this.#listeners.size > 0) this.#untell = engine.subscribe(this.#tell);
    const failure = await engine.start();
    this.#options.engineChanged?.(true);
    return failure;
  }

  async #stopEngine(): Promise<void> {
    this.#untell?.();
    this.#untell = undefined;
    await this.#letGo(STOP_MS_MAX);
  }

  #alone<T>(action: () => Promise<T>): Promise<T> {
    const result = this.#last.then(action);
    this.#last = result.catch(() => undefined);
    return result;
  }

  readonly #tell = (event: NumberedEvent): void => {
    for (const listener of this.#listeners) listener(event);
  };
}

type DeskCall = {
  readonly [K in DeskCommandName]: { readonly name: K; readonly input: AccountCommandInput<K> };
}[DeskCommandName];

export function isDeskCommand(name: ControlCommandName): name is DeskCommandName {
  return Object.hasOwn(deskCommands, name);
}

const NOT_SIGNED_IN: FailureShape = {
  code: 'not-signed-in',
  message: 'nobody is signed in here',
  hint: 'Sign in, or make an account.',
};
