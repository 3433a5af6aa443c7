/** A scanner over a test disk and a tree in memory. */
import { LINUX } from '../planner/testing/pretend-pair.ts';
import type { Caps, LocalId } from '../planner/types.ts';
import {
  createScanner,
  type Scanner,
  type ScanOutcome,
  type ScannerOptions,
} from '../scanner/index.ts';
import { MemoryLocalTree } from './memory-local-tree.ts';
import type { TestDisk } from './test-disk.ts';

/** What a common Linux file system can hold. */
export const PLAIN_CAPS: Caps = LINUX;

/** More passes than anything that comes to rest needs. */
const PASSES_MAX = 50;

export class TestScan {
  readonly disk: TestDisk;
  readonly tree: MemoryLocalTree;
  readonly scanner: Scanner;

  constructor(
    disk: TestDisk,
    caps: Partial<Caps> = {},
    options: Partial<ScannerOptions> & { readonly tree?: MemoryLocalTree } = {},
  ) {
    this.disk = disk;
    const stat = disk.fileSystem.lstat(disk.root);
    if (stat === undefined) throw new Error('the root is there');
    const { ino, birthNs, mtimeNs, ctimeNs, mode } = stat;
    const content = { size: 0, sha256: null, target: null, executable: false };
    this.tree =
      options.tree ?? new MemoryLocalTree({ ino, birthNs, mtimeNs, ctimeNs, mode, ...content });
    this.scanner = createScanner({
      fileSystem: disk.fileSystem,
      clock: disk.clock,
      rootPath: disk.root,
      caps: { ...PLAIN_CAPS, ...caps },
      ...options,
      tree: this.tree,
    });
  }

  at(path: string): string {
    return `${this.disk.root}/${path}`;
  }

  /** One pass, to its end. */
  pass(): ScanOutcome {
    const pass = this.scanner.pass();
    for (;;) {
      const step = pass.next();
      if (step.done === true) return step.value;
    }
  }

  /** Hints the folder and lets one pass look, without letting time pass. */
  look(path = ''): ScanOutcome {
    this.scanner.hint(path);
    return this.pass();
  }

  /** Lets time pass and looks at everything until nothing is due within the next `ms`. */
  settle(ms = 5000): void {
    this.scanner.hintAll();
    this.#untilQuiet(ms);
  }

  /** The same for hinted folders alone. */
  settleHinted(paths: readonly string[], ms = 5000): void {
    for (const path of paths) this.scanner.hint(path);
    this.#untilQuiet(ms);
  }

  /** Everything is at rest and synced: what tests start from. */
  synced(): void {
    this.settle();
    this.tree.pairAll();
    this.tree.dirty.length = 0;
  }

  /** Path of each row that is not gone, with its id. */
  ids(): Readonly<Record<string, LocalId>> {
    const out: Record<string, LocalId> = {};
    for (const { id, state } of this.tree.rows()) {
      const path = state === 'seen' ? this.scanner.pathOf(id) : undefined;
      if (path !== undefined) out[path] = id;
    }
    return out;
  }

  id(path: string): LocalId {
    const id = this.ids()[path];
    if (id === undefined) throw new Error(`no row at ${path}`);
    return id;
  }

  stateOf(id: LocalId): string | undefined {
    return this.tree.byId(id)?.state;
  }

  /** "reason name" of all stalls. */
  stalls(): readonly string[] {
    return [...this.tree.stalls.values()]
      .flat()
      .map(({ reason, name }) => `${reason} ${name}`)
      .toSorted();
  }

  #untilQuiet(ms: number): void {
    const end = this.disk.clock.now() + ms;
    for (let passes = 0; passes < PASSES_MAX; passes++) {
      const due = this.scanner.dueAt();
      if (due === undefined || due > end) return;
      this.disk.clock.advance(Math.max(0, due - this.disk.clock.now()));
      if (this.pass().rootLost) return;
    }
    throw new Error('the scanner does not come to rest');
  }
}
