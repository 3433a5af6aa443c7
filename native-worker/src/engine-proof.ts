/**
 * What a power cut, or pulling out a disk, did to a root is nobody's deed: names and contents that were
 * not on the disk yet come from the drive again. Once in each boot of the system, and when the root was
 * away, the first looks tell; what changed last is read again although its times are the same.
 */
import type { EngineOptions } from './engine-options.ts';
import { FINE_TIMES_NS } from './limits.ts';
import { LocalFault } from './ports/index.ts';
import type { LocalId } from './planner/types.ts';
import type { LocalRow, Scanner } from './scanner/index.ts';
import type { LocalPaths } from './executor/index.ts';
import { ProofTable, type Pair, type PairTrees } from './trees/index.ts';

export class RootProof {
  readonly #pair: Pair;
  readonly #trees: PairTrees;
  readonly #paths: LocalPaths;
  readonly #scanner: Scanner;
  readonly #options: EngineOptions;
  readonly #proofs: ProofTable;
  /** Undefined: not asked yet in this life, or since the root was away. */
  #isProven: boolean | undefined;
  /** What the disk may not have kept, as it was seen then. */
  readonly #doubtful = new Map<LocalId, LocalRow>();
  /** Those of them whose names the disk did not keep, and the inode that had the name again then. */
  readonly #nameless = new Map<LocalId, bigint | null>();
  /** Those that had an earlier time of writing than what had been seen, before anybody wrote since. */
  readonly #setBack = new Set<LocalId>();

  constructor(of: {
    readonly pair: Pair;
    readonly trees: PairTrees;
    readonly paths: LocalPaths;
    readonly scanner: Scanner;
    readonly engine: EngineOptions;
  }) {
    this.#pair = of.pair;
    this.#trees = of.trees;
    this.#paths = of.paths;
    this.#scanner = of.scanner;
    this.#options = of.engine;
    this.#proofs = new ProofTable(of.trees.db, of.pair.id);
  }

  /** To be called before the engine writes anything in the root. */
  rootHolds(): void {
    if (this.#isProven !== undefined) return;
    const { host, clock } = this.#options;
    this.#isProven = this.#proofs.isProved(host.bootId);
    if (this.#isProven) return;
    const known = this.#proofs.nameless();
    for (const id of new Set([...known.keys(), ...this.#proofs.unproved(clock.now())])) {
      const row = this.#trees.local.byId(id);
      if (row === undefined) continue;
      this.#doubtful.set(id, row);
      const instead = known.get(id);
      const lost = instead === undefined ? this.#lostOf(row) : { instead };
      if (lost === 'content') this.#setBack.add(id);
      else if (lost !== undefined) this.#nameless.set(id, lost.instead);
    }
    // The next power cut may come before they are judged, and after the engine wrote into their folders.
    const isMore = this.#nameless.size > known.size;
    if (isMore) this.#trees.db.durably(() => this.#proofs.setNameless(this.#nameless));
    this.#scanner.prove([...this.#doubtful.keys()]);
  }

  rootIsAway(): void {
    if (this.#isProven !== undefined) this.#proofs.setProved(null);
    this.#isProven = undefined;
    this.#forget();
  }

  #forget(): void {
    this.#doubtful.clear();
    this.#nameless.clear();
    this.#setBack.clear();
  }

  /** After each pass, before anything is planned. */
  scanned(outcome: { readonly full: boolean }): void {
    if (this.#isProven !== false) return;
    this.#trees.db.transaction(() => {
      const { size } = this.#nameless;
      for (const before of this.#doubtful.values()) this.#judge(before);
      if (this.#nameless.size < size) this.#proofs.setNameless(this.#nameless);
    });
    if (!outcome.full) return;
    const open = this.#scanner.unproven();
    // What becomes of the others from now on is somebody's deed.
    for (const id of this.#doubtful.keys()) if (!open.has(id)) this.#doubtful.delete(id);
    const nameless = [...this.#nameless].filter(([id]) => open.has(id));
    this.#proofs.setNameless(new Map(nameless));
    if (open.size > 0) return;
    this.#isProven = true;
    this.#forget();
    this.#proofs.setProved(this.#options.host.bootId);
  }

  #judge(before: LocalRow): void {
    const { local, base } = this.#trees;
    const now = local.byId(before.id);
    if (now === undefined || now.state === 'gone') {
      // What went with the folder above it is judged with that.
      if (local.byId(before.parent)?.state === 'gone') return;
      this.#doubtful.delete(before.id);
      // A folder that somebody moved before the power cut is found by the scan alone.
      const isNameless = this.#nameless.has(before.id) || typeof this.#lostOf(before) === 'object';
      if (isNameless) this.#comeAgain(before.id);
      return;
    }
    if (now.state !== 'seen') return;
    if (now.sha256 === before.sha256) {
      // What becomes of another name that it was found under is somebody's deed; it may not be read yet.
      const hasMoved = now.parent !== before.parent || now.name !== before.name;
      if (hasMoved && this.#nameless.delete(before.id)) this.#setBack.add(before.id);
      return;
    }
    this.#doubtful.delete(before.id);
    const agreed = base.byLocalId(before.id);
    // To a pair that only uploads nothing comes: the drive gets what is here, and a version has the rest.
    if (this.#pair.mode === 'upload') return;
    if (agreed?.sha256 !== before.sha256 || !this.#isContentLost(before, now)) return;
    // As if the drive had changed since: its content replaces this one, which is recycled, or kept beside it.
    const { mtimeNs, executable } = now;
    const sha256 = this.#mayBeWritten(before, now) ? null : now.sha256;
    base.put({ ...agreed, sha256, localMtimeNs: mtimeNs, executable });
    this.#trees.dirty.markRemote(agreed.id);
  }

  /**
   * Somebody changed the entry since, if only its name or mode: that it bears an earlier time may be their
   * doing too. Nothing is agreed on about such a content, which becomes a conflict copy.
   */
  #mayBeWritten(before: LocalRow, now: LocalRow): boolean {
    return now.ino === before.ino && now.ctimeNs >= before.ctimeNs && now.mtimeNs < before.mtimeNs;
  }

  /**
   * What shows at once that the disk did not keep it. Who deletes an entry, or puts another in its place,
   * changes its folder, later than whatever had been seen of the entry. Of a name, what has it instead.
   */
  #lostOf({
    id,
    parent,
    ino,
    mtimeNs,
    ctimeNs,
  }: LocalRow): 'content' | { readonly instead: bigint | null } | undefined {
    const [path, above] = [id, parent].map((each) => this.#paths.absolute(each));
    if (path === undefined || above === undefined) return undefined;
    const { fileSystem } = this.#options;
    try {
      const stat = fileSystem.lstat(path);
      if (stat?.ino === ino) return stat.mtimeNs < mtimeNs ? 'content' : undefined;
      const folder = fileSystem.lstat(above);
      const isName = folder?.type === 'folder' && folder.mtimeNs < ctimeNs;
      return isName ? { instead: stat?.ino ?? null } : undefined;
    } catch (error) {
      if (error instanceof LocalFault) return undefined;
      throw error;
    }
  }

  /**
   * Nobody can set the time of the last change of an entry: one before what had been seen is that of an
   * earlier state. And who writes changes the time of the content: under an equal one, or one that the
   * disk went back to, another content or size was written by nobody, whatever else happened to the entry.
   */
  #isContentLost(before: LocalRow, now: LocalRow): boolean {
    const instead = this.#nameless.get(before.id);
    // Its folder had not changed since: what had the name then had it before.
    if (now.ino !== before.ino && now.ino === instead) return true;
    if (now.ctimeNs < before.ctimeNs) return now.ctimeNs > 0n;
    if (now.ino !== before.ino || now.mtimeNs > before.mtimeNs) return false;
    if (now.mtimeNs < before.mtimeNs) return instead !== undefined || this.#setBack.has(before.id);
    return this.#pair.caps.mtimeGranNs < FINE_TIMES_NS;
  }

  /** Nothing is agreed on about what is gone here: it is new from the drive. */
  #comeAgain(id: LocalId): void {
    const { base, dirty } = this.#trees;
    const agreed = base.byLocalId(id);
    if (agreed === undefined) return;
    const below = base.removeReturning(agreed.id);
    base.remove(agreed.id);
    for (const node of [agreed.id, ...below]) dirty.markRemote(node);
  }
}
