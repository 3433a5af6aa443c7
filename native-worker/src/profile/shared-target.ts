/**
 * A profile as a window sees it, whoever has it: answered by the engine of this process, or by the
 * daemon that had the profile before. When that one ends, this process takes the profile over.
 */
import {
  ControlFailure,
  type ControlCommandName,
  type ControlTarget,
  type FailureShape,
  type NumberedEvent,
} from '../contract/index.ts';
import type { Clock } from '../ports/index.ts';
import { isDeskCommand } from './profile-target.ts';

/** Another program with the profile. */
export interface OtherProgram {
  readonly pid: number;
  readonly what: string;
  /** Where it answers; absent for a command, which is done soon, and for a daemon on its way. */
  readonly place?: { readonly port: number; readonly token: string };
}

/** Its contract; `LoopbackTarget` but for tests. */
export interface OtherTarget extends ControlTarget {
  readonly speaksOurs: (signal: AbortSignal) => Promise<boolean>;
  readonly close: () => void;
}

/** This process, as far as it can have the profile: a `ServedProfile`. */
export interface OwnProgram {
  readonly target: ControlTarget & { readonly engine: object | undefined };
  /** Takes the profile if somebody is signed in; rejects while another program has it. */
  readonly start: () => Promise<unknown>;
}

export interface SharedTargetOptions {
  readonly own: OwnProgram;
  readonly findOther: () => OtherProgram | undefined;
  readonly connect: (place: NonNullable<OtherProgram['place']>, onLost: () => void) => OtherTarget;
  readonly clock: Clock;
}

/** How often it is looked who has the profile. */
const LOOK_EVERY_MS = 1000;

/** Who has the profile, and whether that one answers. */
type Holder =
  | { readonly kind: 'own' | 'nobody' }
  | { readonly kind: 'busy'; readonly pid: number; readonly what: string }
  | { readonly kind: 'other'; readonly pid: number; readonly target: OtherTarget };

export class SharedTarget implements ControlTarget {
  readonly #options: SharedTargetOptions;
  readonly #listeners = new Set<(event: NumberedEvent) => void>();
  readonly #holderListeners = new Set<() => void>();
  #holder: Holder = { kind: 'nobody' };
  /** The daemon that answered before does so no more. */
  #isLost = false;
  #starting: Promise<unknown> | undefined;
  #untell: readonly (() => void)[] = [];

  constructor(options: SharedTargetOptions) {
    this.#options = options;
  }

  /** Told when somebody else answers from now on: everything is to be asked anew. */
  onHolder(listener: () => void): void {
    this.#holderListeners.add(listener);
  }

  readonly call = async (
    name: ControlCommandName,
    input: unknown,
    signal: AbortSignal,
  ): Promise<unknown> => {
    if (this.#holder.kind === 'other') return this.#holder.target.call(name, input, signal);
    const { target } = this.#options.own;
    if (isDeskCommand(name)) return target.call(name, input, signal);
    // Whoever asks while the engine is being opened gets its answer, not the news that it is.
    await this.#starting;
    if (target.engine === undefined && this.#holder.kind === 'busy') {
      throw new ControlFailure(heldBy(this.#holder));
    }
    return target.call(name, input, signal);
  };

  readonly subscribe = (listener: (event: NumberedEvent) => void): (() => void) => {
    this.#listeners.add(listener);
    if (this.#listeners.size === 1) this.#listen();
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size === 0) this.#deafen();
    };
  };

  /** Looks who has the profile, and takes it if nobody has, until `signal` aborts. */
  async follow(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.look(signal);
      await this.#options.clock.sleep(LOOK_EVERY_MS, signal).catch(() => undefined);
    }
  }

  /** Never rejects. What is begun here goes on by itself. */
  async look(signal: AbortSignal): Promise<void> {
    const { own, findOther } = this.#options;
    if (own.target.engine !== undefined) return this.#change({ kind: 'own' });
    const other = findOther();
    if (other === undefined) return this.#take();
    const isKnown = this.#holder.kind === 'other' && this.#holder.pid === other.pid;
    if (this.#isLost || !isKnown) await this.#join(other, signal);
  }

  #take(): void {
    const { own } = this.#options;
    const settle = (): void =>
      this.#change({ kind: own.target.engine === undefined ? 'nobody' : 'own' });
    this.#starting ??= own
      .start()
      .catch(() => undefined) // Another program was faster: the next look finds it.
      .finally(() => {
        this.#starting = undefined;
        settle();
      });
    settle();
  }

  async #join({ pid, what, place }: OtherProgram, signal: AbortSignal): Promise<void> {
    const onLost = (): void => {
      this.#isLost = true;
    };
    const target = place && this.#options.connect(place, onLost);
    if (target !== undefined && (await target.speaksOurs(signal))) {
      this.#change({ kind: 'other', pid, target });
    } else {
      target?.close();
      this.#change({ kind: 'busy', pid, what });
    }
  }

  get #target(): OtherTarget | undefined {
    return this.#holder.kind === 'other' ? this.#holder.target : undefined;
  }

  #change(holder: Holder): void {
    const before = this.#holder;
    if (isSame(before, holder)) return;
    if (before.kind === 'other') before.target.close();
    this.#holder = holder;
    this.#isLost = false;
    if (this.#listeners.size > 0) {
      this.#deafen();
      this.#listen();
    }
    for (const listener of this.#holderListeners) listener();
  }

  #listen(): void {
    const { target } = this.#options.own;
    const tell = (event: NumberedEvent): void => {
      for (const listener of this.#listeners) listener(event);
    };
    this.#untell = [target.subscribe(tell), this.#target?.subscribe(tell) ?? (() => undefined)];
  }

  #deafen(): void {
    for (const untell of this.#untell) untell();
    this.#untell = [];
  }
}

function isSame(before: Holder, after: Holder): boolean {
  if (before.kind === 'busy' && after.kind === 'busy') return before.pid === after.pid;
  return before.kind === after.kind && after.kind !== 'other';
}

function heldBy({ pid, what }: { readonly pid: number; readonly what: string }): FailureShape {
  return {
    code: 'locked',
    message: `'${what}' (process ${pid}) has this profile`,
    hint: 'Syncing goes on here once it is done. Nothing is lost.',
  };
}
