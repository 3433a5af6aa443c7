/**
 * Everything that a window may ask, whether or not somebody is signed in: about the account and this
 * computer it is answered here, the rest by the engine's thread, which runs while somebody is.
 */
import {
  accountCommands,
  ControlFailure,
  type AccountCommandInput,
  type AccountCommandName,
  type ControlCommandName,
  type ControlTarget,
  type FailureShape,
  type NumberedEvent,
} from '../contract/index.ts';
import { failureOf } from '../control/failure-of.ts';
import { parseInput } from '../control/parse-input.ts';
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
}

export class ProfileTarget implements ControlTarget {
  readonly #options: ProfileTargetOptions;
  readonly #listeners = new Set<(event: NumberedEvent) => void>();
  #engine: EngineThread | undefined;
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
  async start(): Promise<FailureShape | undefined> {
    const { signedIn } = await this.#options.desk.account();
    return signedIn ? this.#startEngine() : undefined;
  }

  /** Ends what runs, every transfer resumable. */
  async stop(withinMs: number): Promise<void> {
    const engine = this.#engine;
    this.#engine = undefined;
    await engine?.stop(withinMs);
  }

  readonly call = async (
    name: ControlCommandName,
    input: unknown,
    signal: AbortSignal,
  ): Promise<unknown> => {
    if (!isDeskCommand(name)) return this.#ofEngine().call(name, input, signal);
    const parsed = parseInput<unknown>(name, accountCommands[name].input, input);
    try {
      return await this.#answer({ name, input: parsed } as DeskCall, signal);
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof ControlFailure) throw error;
      throw new ControlFailure(failureOf(error), { cause: error });
    }
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
        return this.#alone(async () => {
          const made = await desk.signUp(input, signal);
          await this.#startEngine();
          return made;
        });
      case 'signIn':
        return this.#alone(async () => {
          await desk.signIn(input, signal);
          await this.#startEngine();
          return {};
        });
      case 'signOut':
        return this.#alone(() => this.#signOut(signal));
    }
  }

  async #signOut(signal: AbortSignal): Promise<unknown> {
    if (this.#engine === undefined) throw new ControlFailure(NOT_SIGNED_IN);
    await this.#stopEngine();
    try {
      await this.#options.signOut(signal);
    } finally {
      // What failed left the account as it was: it goes on syncing.
      await this.start();
    }
    return {};
  }

  #ofEngine(): EngineThread {
    if (this.#engine === undefined) throw new ControlFailure(NOT_SIGNED_IN);
    return this.#engine;
  }

  async #startEngine(): Promise<FailureShape | undefined> {
    const engine = this.#options.createEngine();
    this.#engine = engine;
    if (this.#listeners.size > 0) this.#untell = engine.subscribe(this.#tell);
    return engine.start();
  }

  async #stopEngine(): Promise<void> {
    this.#untell?.();
    this.#untell = undefined;
    await this.stop(STOP_MS_MAX);
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

/** Those that need no engine; `usage` and `remoteFolders` are asked of the drive in its thread. */
type DeskCommandName = Exclude<AccountCommandName, 'usage' | 'remoteFolders'>;
type DeskCall = {
  readonly [K in DeskCommandName]: { readonly name: K; readonly input: AccountCommandInput<K> };
}[DeskCommandName];

function isDeskCommand(name: ControlCommandName): name is DeskCommandName {
  return Object.hasOwn(accountCommands, name) && name !== 'usage' && name !== 'remoteFolders';
}

const NOT_SIGNED_IN: FailureShape = {
  code: 'not-signed-in',
  message: 'nobody is signed in here',
  hint: 'Sign in, or make an account.',
};
