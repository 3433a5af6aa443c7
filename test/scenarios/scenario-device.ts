/** One device of a scenario: what its person does at the disk, and what its engine says. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import type { Engine } from '@coffer/native-worker';
import type { DiskCall } from '@coffer/native-worker/testing';
import { ROOT, type SimDevice } from '../simulation/device.ts';
import { isConflictCopy, localTree, text, withoutTimes, type Tree } from './tree.ts';

export type Summary = Awaited<ReturnType<Engine['syncNow']>>;

/** How a device reaches the world that it is in. */
export interface DeviceWorld {
  readonly signal: AbortSignal;
  readonly through: <T>(work: Promise<T>) => Promise<T>;
  readonly requests: readonly string[];
  /** Remembers a content, so that it can be found again by its hash. */
  readonly wrote: (sha256: string, content: string) => void;
}

export interface SyncResult extends Summary {
  /** Requests of this device, as `METHOD path` without ids. */
  readonly requests: readonly string[];
}

const CHANGING_CALLS =
  /^(createFile|make|link|rename|unlink|removeFolder|set|syncFolder|file\.(write|set|sync))/;
const SYNC_TIMEOUT_MS = 120_000;

type Row = Readonly<Record<string, string | bigint | Uint8Array | null>>;

export interface Snapshot {
  readonly tables: ReadonlyMap<string, readonly Row[]>;
  readonly files: readonly {
    readonly path: string;
    readonly content: string | null;
    readonly mtimeMs: number;
  }[];
}

export class ScenarioDevice {
  readonly sim: SimDevice;
  readonly name: string;
  /** Every finished `sync` since the scenario began. */
  readonly syncs: SyncResult[] = [];
  readonly #world: DeviceWorld;
  #loop: { readonly stop: AbortController; readonly ended: Promise<void> } | undefined;

  constructor(sim: SimDevice, world: DeviceWorld) {
    this.sim = sim;
    this.name = sim.name;
    this.#world = world;
  }

  at(path: string): string {
    return path === '' ? ROOT : `${ROOT}/${path}`;
  }

  /** Makes the file and folders above it, or truncates it in place. */
  write(path: string, content: string): void {
    const slash = path.lastIndexOf('/');
    if (slash > 0) this.sim.user.folder(this.at(path.slice(0, slash)));
    this.sim.user.write(this.at(path), content);
    this.wrote(content);
  }

  /** Another program writes this content: it can be found again by its hash. */
  wrote(content: string): void {
    this.#world.wrote(createHash('sha256').update(content).digest('hex'), content);
  }

  read(path: string): string {
    return text(this.sim.user.read(this.at(path)));
  }

  folder(path: string): void {
    this.sim.user.folder(this.at(path));
  }

  remove(path: string): void {
    this.sim.user.remove(this.at(path));
  }

  rename(from: string, to: string): void {
    this.sim.user.rename(this.at(from), this.at(to));
  }

  /** A hard link. */
  link(from: string, to: string): void {
    this.sim.user.link(this.at(from), this.at(to));
  }

  symlink(target: string, path: string): void {
    this.sim.user.symlink(target, this.at(path));
  }

  setTimes(path: string, mtimeMs: number): void {
    this.sim.user.setTimes(this.at(path), mtimeMs);
  }

  setMode(path: string, mode: number): void {
    this.sim.user.setMode(this.at(path), mode);
  }

  exists(path: string): boolean {
    return this.sim.disk.programs.lstat(this.at(path)) !== undefined;
  }

  mtimeMs(path: string): number {
    return Number((this.#stat(path).mtimeNs + 500_000n) / 1_000_000n);
  }

  inode(path: string): bigint {
    return this.#stat(path).ino;
  }

  isExecutable(path: string): boolean {
    return (this.#stat(path).mode & 0o100) !== 0;
  }

  /** With real names. */
  tree(): Tree {
    return localTree(this.sim);
  }

  /** Real path of the only conflict copy whose path without its time is `path`. */
  copy(path: string): string {
    const found = Object.keys(this.tree()).filter((real) => withoutTimes(real) === path);
    assert.equal(found.length, 1, `${this.name} has ${found.length} of ${path}`);
    return found[0] ?? '';
  }

  conflictCopies(): readonly string[] {
    return Object.keys(this.tree()).filter(isConflictCopy);
  }

  /** Contents in the recycle area by the path that they had. */
  recycled(): Tree {
    const all = localTree(this.sim, this.at('.coffer/recycle'));
    const files = Object.entries(all).filter(
      ([path, content]) => content !== null && !path.endsWith('index.jsonl'),
    );
    return Object.fromEntries(
      files.map(([path, content]) => [path.split('/').slice(2).join('/'), content]),
    );
  }

  /** Runs `action` inside the first disk call of the engine that `isIt` picks. */
  duringCall(
    isIt: (call: DiskCall, phase: 'before' | 'after') => boolean,
    action: () => void,
  ): void {
    this.sim.onCall = (phase, call) => {
      if (!isIt(call, phase)) return;
      this.sim.onCall = undefined;
      action();
    };
  }

  atCall(atCall: number, action: () => void): void {
    const at = this.sim.calls + atCall;
    this.duringCall(() => this.sim.calls === at, action);
  }

  /** Numbers of all calls of the next sync that look at or change the tree, each as it begins. */
  noteCalls(): readonly number[] {
    const points: number[] = [];
    const start = this.sim.calls;
    this.sim.onCall = (phase, { path }) => {
      if (phase === 'before' && !/\.coffer($|\/(pair|engine))/.test(path))
        points.push(this.sim.calls - start);
    };
    return points;
  }

  /**
   * Numbers of the disk calls of the next sync at which being switched off makes a difference:
   * before each of them something became new on disk, in the database or at the server.
   */
  noteCrashPoints(): readonly number[] {
    const points: number[] = [];
    const start = this.sim.calls;
    let effects = 0;
    let last = '';
    this.sim.onCall = (phase, { kind }) => {
      if (phase === 'after' && CHANGING_CALLS.test(kind)) effects++;
      const row = this.sim.database.sql<{ n: number }>('SELECT total_changes() AS n').get();
      const state = `${effects} ${row?.n} ${this.#world.requests.length}`;
      if (state !== last) points.push(this.sim.calls - start);
      last = state;
    };
    return points;
  }

  /** One `sync now`; undefined when the device was switched off under it. */
  async sync(): Promise<SyncResult | undefined> {
    const { signal, through, requests } = this.#world;
    const from = requests.length;
    const work = this.sim
      .live(signal)
      .then(({ engine }) => engine.syncNow({ timeoutMs: SYNC_TIMEOUT_MS }, { signal }));
    const summary = await through(this.sim.whileOn(work));
    if (summary === 'off') return undefined;
    const own = `${this.name} `;
    const made = requests.slice(from).filter((request) => request.startsWith(own));
    const result = { ...summary, requests: made.map((request) => request.slice(own.length)) };
    this.syncs.push(result);
    return result;
  }

  /** Starts the engine's own loop; it goes on while simulated time passes. */
  run(): void {
    const stop = new AbortController();
    const ended = this.sim.live(this.#world.signal).then(({ engine }) => engine.run(stop.signal));
    ended.catch(() => undefined);
    this.#loop = { stop, ended };
  }

  /** Ends the loop; rejects with what it ended with before. */
  async stop(): Promise<void> {
    this.#loop?.stop.abort();
    await this.#world.through(this.#loop?.ended ?? Promise.resolve());
    this.#loop = undefined;
  }

  /** `sync` of a device that stays on. */
  async mustSync(): Promise<SyncResult> {
    const result = await this.sync();
    assert.ok(result !== undefined, `${this.name} was switched off`);
    return result;
  }

  /** The profile is lost; what is on the disk is durable and stays. */
  loseDatabase(): void {
    this.sim.disk.writeBack(0);
    this.sim.loseDatabase();
  }

  /** Disk and database as they are now. */
  snapshot(): Snapshot {
    const { database } = this.sim;
    const tables = database
      .sql<{ name: string }>("SELECT name FROM sqlite_master WHERE type = 'table'")
      .all()
      .map(({ name }) => name)
      .filter((name) => !name.startsWith('sqlite_'));
    const rows = (name: string): readonly Row[] =>
      database.wideSql<Row>(`SELECT * FROM "${name}"`).all();
    const files = Object.entries(this.tree()).map(([path, content]) => ({
      path,
      content,
      mtimeMs: this.mtimeMs(path),
    }));
    return { tables: new Map(tables.map((name) => [name, rows(name)])), files };
  }

  /** An old state comes back, as a virtual machine or a backup of the whole disk brings it. */
  restore({ tables, files }: Snapshot): void {
    this.loseDatabase();
    const { database } = this.sim;
    database.sql('PRAGMA defer_foreign_keys = ON').run();
    for (const [name, rows] of tables) {
      database.sql(`DELETE FROM "${name}"`).run();
      for (const row of rows) {
        const columns = Object.keys(row).map((column) => `"${column}"`);
        const marks = columns.map((_, i) => `?${i + 1}`);
        database
          .sql(`INSERT INTO "${name}" (${columns.join()}) VALUES (${marks.join()})`)
          .run(Object.fromEntries(Object.values(row).map((value, i) => [i + 1, value])));
      }
    }
    const kept = new Set(files.map(({ path }) => path));
    for (const path of Object.keys(this.tree())) if (!kept.has(path)) this.remove(path);
    for (const { path, content, mtimeMs } of files) {
      if (content === null) this.folder(path);
      else this.write(path, content);
      this.setTimes(path, mtimeMs);
    }
    this.sim.disk.writeBack(0);
  }

  /** Asks the running engine something. */
  ask<T>(question: (engine: Engine) => Promise<T>): Promise<T> {
    return this.#world.through(
      this.sim.live(this.#world.signal).then(({ engine }) => question(engine)),
    );
  }

  /** Reasons and paths below the root of what stalls now, sorted. */
  async stalls(): Promise<readonly string[]> {
    const stalls = await this.ask((engine) => engine.stalls({}));
    return stalls
      .map(({ reason, path }) => `${reason} ${path.slice(ROOT.length + 1)}`.trim())
      .sort();
  }

  #stat(path: string): NonNullable<ReturnType<SimDevice['disk']['programs']['lstat']>> {
    const stat = this.sim.disk.programs.lstat(this.at(path));
    assert.ok(stat !== undefined, `${this.name} has no ${path}`);
    return stat;
  }
}

/** Requests that move content or change the drive. */
export function effects(requests: readonly string[]): readonly string[] {
  return requests.filter((request) => /POST .*(commits|packs|missing|read)/.test(request));
}
