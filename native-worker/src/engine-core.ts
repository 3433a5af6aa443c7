/** The pairs of one space, what they share, and the events that they give. */
import type { NodeId } from '@coffer/protocol/core';
import type { SpaceDelta } from '@coffer/sdk';
import type { EngineEvent, NumberedEvent } from './contract/index.ts';
import { EngineFault } from './contract/index.ts';
import { activityLine } from './engine-activity.ts';
import type { EngineOptions } from './engine-options.ts';
import { PairRunner } from './engine-pair.ts';
import { Turns } from './engine-turns.ts';
import { TransferBoard } from './executor/index.ts';
import { CLOCK_SKEW_MS_MAX } from './limits.ts';
import { PairTable, type Pair } from './trees/index.ts';

export class EngineCore {
  readonly options: EngineOptions;
  readonly pairs: PairTable;
  readonly board = new TransferBoard();
  /** Whatever scans, plans or executes takes a turn. */
  readonly turns = new Turns();
  readonly #runners = new Map<string, PairRunner>();
  readonly #listeners = new Set<(event: NumberedEvent) => void>();
  #eventNumber = 0;
  #poke: () => void = () => undefined;
  #onChange: () => void = () => undefined;
  #onWake: () => void = () => undefined;

  constructor(options: EngineOptions) {
    this.options = options;
    this.pairs = new PairTable(options.database);
    for (const pair of this.pairs.list()) if (pair.space === options.space) this.open(pair);
  }

  runners(): readonly PairRunner[] {
    return [...this.#runners.values()];
  }

  open(pair: Pair): PairRunner {
    const runner = new PairRunner({
      pair,
      engine: this.options,
      board: this.board,
      applied: this.applied,
      happened: (activity) => {
        if (!this.hasListeners()) return;
        const { deviceName } = this.options;
        const line = activityLine(activity, deviceName, this.remotePath(pair.remoteRoot));
        this.emit({ kind: 'activity', activity: line });
      },
    });
    this.#runners.set(pair.id, runner);
    return runner;
  }

  forget(pair: string): void {
    this.#runners.delete(pair);
  }

  /** By id or absolute local path. Throws EngineFault `not-found`. */
  find(name: string): PairRunner {
    const path = name.length > 1 ? name.replace(/\/+$/, '') : name;
    const runner = this.runners().find(({ pair }) => pair.id === name || pair.localPath === path);
    if (runner === undefined) {
      throw new EngineFault(
        'not-found',
        `${name} is no synced folder`,
        "'coffer sync list' shows them. Nothing was changed.",
      );
    }
    return runner;
  }

  select(names: readonly string[] | undefined): readonly PairRunner[] {
    return names === undefined || names.length === 0
      ? this.runners()
      : names.map((name) => this.find(name));
  }

  /** Inside the store's transaction, for every commit that is applied. */
  readonly applied = (delta: SpaceDelta): void => {
    for (const runner of this.#runners.values()) runner.apply(delta);
  };

  /** Brings the space to the server's head and every pair to the space. */
  async pull(signal: AbortSignal): Promise<void> {
    this.catchUp();
    await this.options.spaceClient.pull(signal, this.applied);
    this.catchUp();
    this.#compareClocks();
  }

  /** Nothing is decided by clocks; but people read times of files and of conflicts. */
  #compareClocks(): void {
    const skewMs = this.options.spaceClient.clockOffsetMs();
    const isSkewed = Math.abs(skewMs) > CLOCK_SKEW_MS_MAX;
    for (const { book } of this.#runners.values()) {
      book.setPairStall('ClockSkew', isSkewed, `${Math.round(skewMs / 1000)} s`);
    }
  }

  /** Commits of other programs on this profile reached the store without the pairs. */
  catchUp(): void {
    for (const runner of this.#runners.values()) runner.catchUp();
  }

  /** Absolute remote path of a node, as people write it. */
  remotePath(id: NodeId): string {
    const { spaceClient } = this.options;
    const names: string[] = [];
    for (let at = id; at !== spaceClient.rootFolder;) {
      const node = spaceClient.node(at);
      if (node === undefined || 'unreadable' in node || names.length > 256) break;
      names.push(node.name);
      at = node.parent;
    }
    return `/${names.reverse().join('/')}`;
  }

  isPaused(runner: PairRunner): boolean {
    return runner.pair.pausedUntilMs > this.options.clock.now();
  }

  subscribe(listener: (event: NumberedEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  emit(event: EngineEvent): void {
    this.#eventNumber += 1;
    const numbered = { number: this.#eventNumber, event };
    for (const listener of this.#listeners) listener(numbered);
  }

  hasListeners(): boolean {
    return this.#listeners.size > 0;
  }

  /** Pairs or exclusions are others than before. */
  changed(): void {
    this.#onChange();
    this.poke();
  }

  /** What keeps the list of pairs outside of the database. */
  onChange(action: () => void): void {
    this.#onChange = action;
  }

  /** Wakes the loop: there may be work. */
  poke(): void {
    this.#poke();
  }

  onPoke(action: () => void): void {
    this.#poke = action;
  }

  /** Nothing is known of what happened meanwhile: both sides are looked at in full. */
  wake(): void {
    for (const runner of this.#runners.values()) runner.scanner.hintAll();
    this.#onWake();
    this.poke();
  }

  /** What asks the server at once. */
  onWake(action: () => void): void {
    this.#onWake = action;
  }
}
