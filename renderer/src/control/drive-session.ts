/**
 * Keeps a snapshot true: reads everything when connected, then follows the event stream. A stream
 * loses nothing while it lasts but states that a newer one replaced, so its numbers are not looked
 * at; what a command of the person may have changed is read again.
 */
import type { AccountListing, EngineEvent, EngineStatus } from '@coffer/native-worker/contract';
import {
  failureOf,
  type ControlClient,
  type ControlCommandName,
  type ControlInput,
  type ControlNews,
  type ControlOutput,
} from './control-client.ts';
import { NOTHING_KNOWN, type DriveSnapshot } from './drive-snapshot.ts';

/** Lines of activity that a page holds. */
const ACTIVITY_LENGTH_MAX = 60;

export class DriveSession {
  readonly #client: ControlClient;
  readonly #onChange: (snapshot: DriveSnapshot) => void;
  #snapshot = NOTHING_KNOWN;
  #stop: (() => void) | undefined;
  #decisionTurn = 0;
  /** Of each reader: what runs, and whether it has to run once more. */
  readonly #reading = new Map<string, { isStale: boolean; done: Promise<void> }>();

  constructor(client: ControlClient, onChange: (snapshot: DriveSnapshot) => void) {
    this.#client = client;
    this.#onChange = onChange;
  }

  get snapshot(): DriveSnapshot {
    return this.#snapshot;
  }

  start(): void {
    this.#stop ??= this.#client.subscribe((news) => this.#hear(news));
  }

  close(): void {
    this.#stop?.();
    this.#stop = undefined;
  }

  /** Carries out a command of the person, then reads what it may have changed. */
  async act<K extends ControlCommandName>(
    command: K,
    input: ControlInput<K>,
  ): Promise<ControlOutput<K>> {
    const output = await this.#client.call(command, input);
    await this.reload();
    return output;
  }

  /** One command for each input, until one fails; then what they may have changed is read, once. */
  async actOnEach<K extends ControlCommandName>(
    command: K,
    inputs: readonly ControlInput<K>[],
  ): Promise<void> {
    try {
      for (const input of inputs) await this.#client.call(command, input);
    } finally {
      await this.reload();
    }
  }

  /** A question that changes nothing. */
  ask<K extends ControlCommandName>(command: K, input: ControlInput<K>): Promise<ControlOutput<K>> {
    return this.#client.call(command, input);
  }

  /** Reads everything. Never rejects: what failed is in the snapshot. */
  async reload(): Promise<void> {
    await this.#once('all', () => this.#readAll());
  }

  #hear(news: ControlNews): void {
    if (news.kind === 'lost') {
      this.#change({ connection: 'lost' });
    } else if (news.kind === 'connected') {
      this.#change({ connection: 'live' });
      void this.reload();
    } else {
      this.#take(news.event.event);
    }
  }

  #take(event: EngineEvent): void {
    switch (event.kind) {
      case 'status':
        return this.#takeStatus(event.status);
      case 'activity':
        return this.#change({
          activity: [event.activity, ...(this.#snapshot.activity ?? [])].slice(
            0,
            ACTIVITY_LENGTH_MAX,
          ),
        });
      case 'settled':
        void this.#once('usage', () => this.#readUsage());
        void this.#once('decisions', () => this.#readDecisions());
        return;
      case 'stall':
      case 'hold':
      case 'conflict':
        void this.#once('decisions', () => this.#readDecisions());
        return;
    }
  }

  #takeStatus(status: EngineStatus): void {
    const before = this.#snapshot.status;
    this.#change({ status });
    if (before === undefined) return;
    if (decisionsIn(before) !== decisionsIn(status)) {
      void this.#once('decisions', () => this.#readDecisions());
    }
    // A daemon says no `settled` of its own: what it sent shows in when it last finished.
    if (syncedIn(before) !== syncedIn(status)) void this.#once('usage', () => this.#readUsage());
    if (pairsIn(before) !== pairsIn(status)) void this.#once('all', () => this.#readAll());
  }

  async #readAll(): Promise<void> {
    const account = await this.#account();
    if (account?.signedIn === false) {
      this.#decisionTurn++;
      this.#change({ ...NOTHING_KNOWN, connection: 'live', account });
      return;
    }
    try {
      await this.#readDrive(account);
    } catch (error) {
      // Somebody signed out between the two questions: then nobody's drive is to be shown.
      const isOut = failureOf(error).code === 'not-signed-in';
      if (!isOut || (await this.#account())?.signedIn !== false) throw error;
      await this.#readAll();
    }
  }

  async #readDrive(account: AccountListing | undefined): Promise<void> {
    const [status, pairs, activity] = await Promise.all([
      this.#client.call('status', {}),
      this.#client.call('listPairs', {}),
      this.#client.call('activity', { limit: ACTIVITY_LENGTH_MAX }),
      this.#readDecisions(),
    ]);
    this.#change({ account, status, pairs, activity, failure: undefined, connection: 'live' });
    void this.#once('usage', () => this.#readUsage());
  }

  /** Undefined where an engine answers alone: it is somebody's, and does not know whose. */
  async #account(): Promise<AccountListing | undefined> {
    try {
      return await this.#client.call('account', {});
    } catch (error) {
      if (failureOf(error).code === 'not-found') return undefined;
      throw error;
    }
  }

  /** Of several readings under way only the one that began last counts: others may know less. */
  async #readDecisions(): Promise<void> {
    const turn = ++this.#decisionTurn;
    const [conflicts, held, stalls] = await Promise.all([
      this.#client.call('conflicts', {}),
      this.#client.call('held', {}),
      this.#client.call('stalls', {}),
    ]);
    if (turn === this.#decisionTurn) this.#change({ conflicts, held, stalls });
  }

  /** Away from the server the last answer stays. */
  async #readUsage(): Promise<void> {
    try {
      this.#change({ usage: await this.#client.call('usage', {}) });
    } catch (error) {
      if (failureOf(error).code === 'not-signed-in') await this.reload();
    }
  }

  /** One reading of a kind at a time; asked for meanwhile, it is done once more. */
  #once(name: string, read: () => Promise<void>): Promise<void> {
    const running = this.#reading.get(name);
    if (running !== undefined) {
      running.isStale = true;
      return running.done;
    }
    const entry = { isStale: true, done: Promise.resolve() };
    this.#reading.set(name, entry);
    entry.done = this.#readUntilFresh(name, entry, read);
    return entry.done;
  }

  async #readUntilFresh(
    name: string,
    entry: { isStale: boolean },
    read: () => Promise<void>,
  ): Promise<void> {
    while (entry.isStale) {
      entry.isStale = false;
      try {
        await read();
      } catch (error) {
        const failure = failureOf(error);
        this.#change(failure.code === 'unreached' ? { connection: 'lost' } : { failure });
      }
    }
    this.#reading.delete(name);
  }

  #change(part: Partial<DriveSnapshot>): void {
    this.#snapshot = { ...this.#snapshot, ...part };
    this.#onChange(this.#snapshot);
  }
}

function decisionsIn({ pairs }: EngineStatus): string {
  return pairs
    .map(({ id, conflicts, held, stalls }) => `${id} ${conflicts} ${held} ${stalls}`)
    .join();
}

function syncedIn({ pairs }: EngineStatus): string {
  return pairs.map(({ lastSyncedAt }) => lastSyncedAt).join();
}

function pairsIn({ pairs }: EngineStatus): string {
  return pairs.map(({ id }) => id).join();
}
