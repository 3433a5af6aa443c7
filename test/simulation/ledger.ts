/** What people wrote, touched and gave up: against it the oracles judge the world. */
import { createHash } from 'node:crypto';
import type { Deed } from './deed.ts';

/** Unsynced writes of people may be torn by a crash; the system writes back what is older. */
const UNSYNCED_MS_MAX = 10_000;
/** Devices look at their disks again within this time after a start. */
const NEAR_OFF_MS = 10_000;

/** A node whose deletion waits for a person, as it was agreed on. */
export interface HeldNode {
  readonly node: string;
  readonly kind: string;
  /** SHA-256 of a file, target of a link, name of a folder; null where nothing is known of it. */
  readonly what: string | null;
}

/** A content that a power cut took off a device before it was on its disk. */
export interface Loss {
  readonly device: string;
  readonly at: number;
  /** Where the file was; undefined when the engine was moving it. */
  readonly path: string | undefined;
  /** What is at its path since, if anything. */
  readonly left: string | undefined;
}

export class Ledger {
  readonly deeds: Deed[] = [];
  /** Every content that a person wrote, and what a crash made of unsynced ones. */
  readonly known = new Set<string>();
  /** Contents that a crash took before they were on disk: nobody's fault. */
  readonly lostByCrash = new Map<string, Loss>();
  /** Contents of files that a rename of the engine met, made between its look at the free slot and that. */
  readonly overwritten = new Set<string>();
  /** Devices that were switched off in this phase: their unsynced deletions may be undone. */
  readonly offInPhase = new Set<string>();
  /**
   * Devices that left folders out or took them in again in this phase, and the contents of those: what was
   * deleted there did not go up.
   */
  readonly choseInPhase = new Map<string, Set<string>>();
  /** Devices that were ever switched off. */
  readonly everOff = new Set<string>();
  undoneInPhase = false;
  /** Nodes of which a deletion was held in this phase, and undone by a person. */
  readonly undoneNodes = new Set<string>();
  /** What a person took back on a device, by its name: a download pair alone keeps it. */
  readonly takenBack = new Map<string, readonly HeldNode[]>();
  /**
   * Everybody took an old state over: all pairs meet the drive anew, as at their first sync. By device that
   * only uploads, what it has elsewhere than the drive; undefined before.
   */
  metAnew: ReadonlyMap<string, ReadonlySet<string>> | undefined;
  /** Somebody's change of this phase may or may not have been made: what it was about is not known. */
  isUncertainInPhase = false;
  phase = 0;
  /** When devices were switched off in this phase. */
  readonly #offMs = new Map<string, readonly number[]>();
  readonly #torn = new Map<string, Set<string>>();
  readonly #digests = new Map<string, string>();
  readonly #contents = new Map<string, string>();
  #phaseStart = 0;

  startPhase(phase: number): void {
    this.phase = phase;
    this.#phaseStart = this.deeds.length;
    this.offInPhase.clear();
    this.#offMs.clear();
    this.choseInPhase.clear();
    this.undoneInPhase = false;
    this.isUncertainInPhase = false;
    this.undoneNodes.clear();
  }

  /** A person undid what was held on this device. */
  takeBack(device: string, held: readonly HeldNode[]): void {
    this.undoneInPhase = true;
    for (const { node } of held) this.undoneNodes.add(node);
    this.takenBack.set(device, [...(this.takenBack.get(device) ?? []), ...held]);
  }

  record(deed: Deed): void {
    this.deeds.push(deed);
    for (const content of [...deed.wrote, ...deed.mayWrite]) this.known.add(content);
  }

  /** A device left folders with these contents out, or took them in. */
  choose(device: string, contents: Iterable<string>): void {
    const chosen = this.choseInPhase.get(device) ?? new Set();
    this.choseInPhase.set(device, chosen.union(new Set(contents)));
  }

  /** Names of folders that were deleted on this device, at any time. */
  foldersGoneOn(device: string): ReadonlySet<string> {
    const own = this.deeds.filter((deed) => deed.device === device);
    return new Set(own.flatMap(({ folders }) => folders));
  }

  /** Content by its SHA-256, of all that are known. */
  contentOf(sha256: string): string | undefined {
    if (this.#contents.size < this.known.size)
      for (const content of this.known) this.#contents.set(this.digest(content), content);
    return this.#contents.get(sha256);
  }

  digest(content: string): string {
    const known = this.#digests.get(content) ?? digestOf(content);
    this.#digests.set(content, known);
    return known;
  }

  phaseDeeds(): readonly Deed[] {
    return this.deeds.slice(this.#phaseStart);
  }

  /**
   * Whether its device was switched off so shortly after a deed that the disk may have undone it, or so
   * shortly before that its engine may not have looked yet.
   */
  isNearOff({ device, at }: Deed): boolean {
    return (this.#offMs.get(device) ?? []).some((offMs) => Math.abs(offMs - at) <= NEAR_OFF_MS);
  }

  /** What the file with this content held before in this phase: on other devices it may still do. */
  earlierInPhase(content: string): ReadonlySet<string> {
    const earlier = new Set<string>();
    let open: readonly string[] = [content];
    while (open.length > 0) {
      const before = this.phaseDeeds()
        .filter(({ wrote, mayWrite }) =>
          open.some((each) => [...wrote, ...mayWrite].includes(each)),
        )
        .flatMap(({ gaveUp, touched }) => [...gaveUp, ...touched])
        .filter((each) => each !== content && !earlier.has(each));
      for (const each of before) earlier.add(each);
      open = before;
    }
    return earlier;
  }

  /** Contents that came to be on this device. */
  writtenOn(device: string): ReadonlySet<string> {
    const own = this.deeds.filter((deed) => deed.device === device);
    const written = own.flatMap(({ wrote, mayWrite }) => [...wrote, ...mayWrite]);
    return new Set([...written, ...(this.#torn.get(device) ?? [])]);
  }

  /** Contents that came to be on this device and on no other: crashes tear files of many to the same. */
  writtenOnlyOn(device: string): ReadonlySet<string> {
    const others = new Set([...this.deeds.map((deed) => deed.device), ...this.#torn.keys()]);
    others.delete(device);
    const elsewhere = [...others].flatMap((other) => [...this.writtenOn(other)]);
    return this.writtenOn(device).difference(new Set(elsewhere));
  }

  /** Contents that a person wrote: no two actions write the same. What a crash tears is not among them. */
  writtenOnce(): ReadonlySet<string> {
    return new Set(this.deeds.flatMap(({ wrote, mayWrite }) => [...wrote, ...mayWrite]));
  }

  /** Contents whose file somebody deleted or overwrote knowingly, at any time; one's own are known. */
  givenUp(): ReadonlySet<string> {
    const isKnown = ({ device, unseen }: Deed, content: string): boolean =>
      !unseen.includes(content) || this.writtenOn(device).has(content);
    return new Set(
      this.deeds.flatMap((deed) => deed.gaveUp.filter((content) => isKnown(deed, content))),
    );
  }

  /** Contents that an editor took away by name, at any time: they went the way of a deletion. */
  takenUnseen(): ReadonlySet<string> {
    return new Set(this.deeds.flatMap(({ unseen }) => unseen));
  }

  /**
   * A crash while the engine moved files: what the person had not synced goes with them, or is torn on its
   * way to its place.
   */
  switchedOffMoving(
    device: string,
    staged: { readonly before: readonly string[]; readonly after: readonly string[] },
    now: number,
  ): void {
    const unsynced = this.unsyncedOn(device, now);
    const loss = { device, at: now, path: undefined, left: undefined };
    for (const content of staged.before)
      if (!staged.after.includes(content) && unsynced.has(content))
        this.lostByCrash.set(content, loss);
    for (const content of staged.after) {
      const isNew = !staged.before.includes(content);
      if (!isNew || ![...unsynced].some((each) => isTear(content, each))) continue;
      this.#markTorn(device, content);
      this.known.add(content);
    }
  }

  /**
   * Whether the person of a device did something since a power cut to the file that it went back to, or in
   * the folder that it took one from: that change is theirs.
   */
  hasActedOn({ device, at, path, left }: Loss): boolean {
    const folder = path?.slice(0, path.lastIndexOf('/') + 1);
    const above = folder?.split('/') ?? [];
    const isAbout = ({ text, gaveUp, touched, folders }: Deed): boolean =>
      (folder !== undefined && text.includes(folder)) ||
      folders.some((each) => above.includes(each)) ||
      (left !== undefined && [...gaveUp, ...touched].includes(left));
    return this.deeds.some((deed) => deed.device === device && deed.at >= at && isAbout(deed));
  }

  /** Contents that a person wrote on this device and that may not be on its disk yet. */
  unsyncedOn(device: string, now: number): ReadonlySet<string> {
    const recent = this.deeds.filter(
      (deed) => deed.device === device && now - deed.at <= UNSYNCED_MS_MAX,
    );
    return new Set(recent.flatMap(({ wrote, mayWrite }) => [...wrote, ...mayWrite]));
  }

  /**
   * Judges what a crash left of a device's files. Torn or lost contents are the person's own unsynced
   * ones, or a violation: what the engine placed must be durable before it counts.
   */
  switchedOff(
    device: string,
    before: ReadonlyMap<string, string>,
    after: ReadonlyMap<string, string>,
    now: number,
  ): readonly string[] {
    this.offInPhase.add(device);
    this.#offMs.set(device, [...(this.#offMs.get(device) ?? []), now]);
    this.everOff.add(device);
    const violations: string[] = [];
    const left = new Set(after.values());
    const unsynced = this.unsyncedOn(device, now);
    for (const [path, content] of before)
      if (!left.has(content) && unsynced.has(content))
        this.lostByCrash.set(content, { device, at: now, path, left: after.get(path) });
    const whole = new Set([...before.values(), ...this.writtenOnce()]);
    for (const [path, content] of after) {
      if (whole.has(content)) continue;
      this.#markTorn(device, content);
      if (this.known.has(content)) continue;
      const was = before.get(path);
      if (![...unsynced].some((each) => isTear(content, each)))
        violations.push(
          `I7: ${device} has a torn file at ${path} after a crash: ${show(content)}, was ${show(was)}`,
        );
      this.known.add(content);
    }
    return violations;
  }

  #markTorn(device: string, content: string): void {
    const torn = this.#torn.get(device) ?? new Set();
    this.#torn.set(device, torn.add(content));
  }
}

/** What a crash may make of a new file: nothing, or its length with no more than the first half of it. */
export function isTear(torn: string, whole: string | undefined): boolean {
  if (torn === '' || whole === undefined) return whole !== undefined;
  if (torn.length !== whole.length) return false;
  const half = whole.slice(0, whole.length >> 1);
  return /^\0*$/.test(torn.startsWith(half) ? torn.slice(half.length) : torn);
}

function digestOf(content: string): string {
  return createHash('sha256').update(Buffer.from(content, 'latin1')).digest('hex');
}

function show(content: string | undefined): string {
  return content === undefined ? 'nothing' : JSON.stringify(content.slice(0, 40));
}
