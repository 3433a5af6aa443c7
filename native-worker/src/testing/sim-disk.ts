/**
 * A disk in memory that behaves as its options say, does the same on every run, and loses at a crash
 * what was not synced (engine §11). Programs of people use `disk.programs`; the engine uses a port from
 * `disk.open()`, in whose calls the simulation takes its turn.
 */
import type { HintListener, HintSource } from '../engine-options.ts';
import type { FileSystem, LocalFaultCode } from '../ports/file-system.ts';
import { OWN_FOLDER } from '../scanner/temporaries.ts';
import { SimPaths } from './sim-paths.ts';
import { createSimPort, type DiskCall } from './sim-port.ts';
import { SimVolume, type SimCrash, type SimVolumeOptions } from './sim-volume.ts';

/** The device died. Nothing may catch it but the simulation; every later call of that port throws it. */
export class Crash extends Error {
  override readonly name = 'Crash';
}

/**
 * Runs before and after each call of the engine: due actions of others happen here. A code makes the
 * call fail: before, nothing happened; after, the effect is there all the same. May throw `Crash`.
 */
export type DiskTurn = (phase: 'before' | 'after', call: DiskCall) => LocalFaultCode | undefined;

/** Holds an asynchronous call until the scheduler lets it run. */
export type Park = <T>(call: DiskCall, run: () => T) => Promise<T>;

/** What becomes of a hint. */
export type DeliverHint = (hint: { readonly path: string }, to: HintListener) => void;

/** Faults of chosen calls. */
export interface InjectedFault {
  readonly call: DiskCall['kind'];
  readonly code: LocalFaultCode;
  /** Part of the path; '' for any. */
  readonly path: string;
  times: number;
}

export interface SimDiskOptions extends SimVolumeOptions {
  /** Unix milliseconds. */
  readonly now: () => number;
}

const NS_PER_MS = 1_000_000n;

export class SimDisk {
  readonly volume: SimVolume;
  /** The port without turns and faults: what programs of people do. */
  readonly programs: FileSystem;
  readonly paths: SimPaths;
  readonly faults: InjectedFault[] = [];
  readonly #watchers = new Set<(path: string) => void>();
  readonly #now: () => number;
  #boot = 0;
  #handles = 0;
  #lastMs = 0;
  #sameMs = 0n;

  constructor(options: SimDiskOptions) {
    this.#now = options.now;
    this.volume = this.newVolume(options);
    this.paths = new SimPaths(this.volume);
    this.programs = this.#port(() => undefined, runAtOnce);
  }

  get openHandles(): number {
    return this.#handles;
  }

  /** Another file system, to be mounted. Give it a `dev` of its own. */
  newVolume(options: SimVolumeOptions): SimVolume {
    return new SimVolume(() => this.#nowNs(), options);
  }

  /** Shows the volume at a folder, whose own entries are hidden until `unmount`. */
  mount(path: string, volume: SimVolume): void {
    this.paths.mount(path, volume);
  }

  unmount(path: string): void {
    this.paths.unmount(path);
  }

  /**
   * Hints as a system gives them: the folder of each change below the root. `deliver` decides what
   * becomes of a hint: sent at once by default; a simulation drops, delays, doubles or loses it.
   */
  hints(deliver: DeliverHint = ({ path }, { folder }) => folder(path)): HintSource {
    return {
      watch: (root, listener) => {
        const onChange = (path: string): void => {
          const folder = path.slice(0, path.lastIndexOf('/'));
          if (folder !== root && !folder.startsWith(`${root}/`)) return;
          const below = folder.slice(root.length + 1);
          if (below !== OWN_FOLDER && !below.startsWith(`${OWN_FOLDER}/`)) {
            deliver({ path: below }, listener);
          }
        };
        this.#watchers.add(onChange);
        return () => {
          this.#watchers.delete(onChange);
        };
      },
    };
  }

  /** Tells watchers that something at a path changed. */
  changed(path: string): void {
    for (const onChange of this.#watchers) onChange(path);
  }

  /** The port of an engine that starts now. It is dead after the next `crash`. */
  open(turn: DiskTurn = () => undefined, park: Park = runAtOnce): FileSystem {
    const boot = this.#boot;
    return this.#port((phase, call) => {
      if (boot !== this.#boot) throw new Crash('the device was switched off');
      const code = turn(phase, call);
      return code ?? (phase === 'before' ? this.#injected(call) : undefined);
    }, park);
  }

  /** The next `times` calls of a kind on a path that contains `path` fail with `code`. */
  inject(call: DiskCall['kind'], code: LocalFaultCode, path = '', times = 1): void {
    this.faults.push({ call, code, path, times });
  }

  /** All volumes lose what was not synced; all handles and ports of engines are dead. */
  crash(how: SimCrash = {}): void {
    this.#boot++;
    this.#handles = 0;
    this.#watchers.clear();
    for (const volume of this.paths.volumes()) volume.crash(how);
  }

  /** Makes durable what changed at least `ageMs` ago, as the system does by itself. */
  writeBack(ageMs: number): void {
    const untilNs = BigInt(this.#now() - ageMs) * NS_PER_MS + (NS_PER_MS - 1n);
    for (const volume of this.paths.volumes()) volume.writeBack(untilNs);
  }

  #injected(call: DiskCall): LocalFaultCode | undefined {
    const fault = this.faults.find(
      (fault) => fault.times > 0 && fault.call === call.kind && call.path.includes(fault.path),
    );
    if (fault === undefined) return undefined;
    fault.times--;
    return fault.code;
  }

  #port(turn: DiskTurn, park: Park): FileSystem {
    return createSimPort({
      paths: this.paths,
      turn,
      park,
      opened: (change) => {
        this.#handles += change;
      },
      changed: (path) => this.changed(path),
    });
  }

  /** Two calls in one millisecond of the simulation differ by a nanosecond. */
  #nowNs(): bigint {
    const now = Math.trunc(this.#now());
    this.#sameMs = now === this.#lastMs ? this.#sameMs + 1n : 0n;
    this.#lastMs = now;
    return BigInt(now) * NS_PER_MS + (this.#sameMs % NS_PER_MS);
  }
}

const runAtOnce: Park = (_call, run) => Promise.resolve().then(run);
