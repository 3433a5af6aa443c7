/**
 * What devices of one account tell each other while the engine runs (docs/protocol.md §4): that a head
 * moved, and which head each has seen, so that a server that shows one of them less is noticed.
 */
import { IntegrityError } from '@coffer/protocol/core';
import { HeadRefused, RemoteFault, type Drive } from '@coffer/sdk';
import type { Clock } from '../ports/index.ts';
import { errorFields, type EngineLog } from './engine-log.ts';

/** Other devices are told of our head at most this often. */
const NOTE_HEAD_MS_MIN = 10 * 60_000;

/** What of a drive it uses. */
export type WatchedDrive = Pick<Drive, 'events' | 'noteHead' | 'refresh'> & {
  readonly space: Pick<Drive['space'], 'id' | 'storedHead'>;
};

export class HeadKeeper {
  readonly #drive: WatchedDrive;
  readonly #log: EngineLog;
  readonly #clock: Clock;
  readonly #failed = Promise.withResolvers<never>();
  #notedSeq = -1;
  #notedAtMs = Number.NEGATIVE_INFINITY;

  constructor(drive: WatchedDrive, log: EngineLog, clock: Clock) {
    this.#drive = drive;
    this.#log = log;
    this.#clock = clock;
    this.#failed.promise.catch(() => undefined);
  }

  /** Rejects with an IntegrityError when the server shows us less than another device; else never settles. */
  get failed(): Promise<never> {
    return this.#failed.promise;
  }

  /** The engine's `watchRemote`. */
  watch(onChange: () => void, signal: AbortSignal): Promise<void> {
    return this.#drive.events({
      signal,
      onOpen: () => {
        this.#log.info('server reached');
        onChange();
      },
      onHead: ({ space }) => {
        if (space === this.#drive.space.id) onChange();
        else void this.#compare(onChange, signal);
      },
      onLost: (fault) => this.#log.info('server lost', errorFields(fault)),
    });
  }

  /** Tells our head if it moved, not too often. */
  async note(signal: AbortSignal): Promise<void> {
    const { seq } = this.#drive.space.storedHead();
    const now = this.#clock.now();
    if (seq === this.#notedSeq || now - this.#notedAtMs < NOTE_HEAD_MS_MIN) return;
    this.#notedAtMs = now;
    await this.#drive.noteHead(signal);
    // Only now: what could not be told is told later, though the head does not move again.
    this.#notedSeq = seq;
  }

  async #compare(onChange: () => void, signal: AbortSignal): Promise<void> {
    try {
      await this.#drive.refresh(signal);
    } catch (error) {
      // The engine stalls its pairs until a person accepts what the restored server has.
      if (this.#isRestoredDrive(error)) onChange();
      else if (error instanceof IntegrityError) this.#failed.reject(error);
      else if (!(error instanceof RemoteFault) && !signal.aborted) this.#failed.reject(error);
    }
  }

  #isRestoredDrive(error: unknown): boolean {
    if (!(error instanceof HeadRefused)) return false;
    return error.isDeclaredRestore && error.space === this.#drive.space.id;
  }
}
