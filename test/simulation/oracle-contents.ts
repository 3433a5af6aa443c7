/** I2, I4, I7, I8: nothing is lost, doubled or torn, and contents keep their nodes. */
import type { NodeView } from '@coffer/sdk';
import { IGNORE_FILE } from './ignored.ts';
import type { Ledger } from './ledger.ts';
import { isCopy, show, type Memory } from './oracle-memory.ts';
import type { Feature } from './options.ts';
import { TEMPORARY } from './saving.ts';
import type { Sight } from './sight.ts';

const BACKUP_NAME = /(?:\.(?:bak|old|orig|tmp|backup)|~)(?: |$|'|\/)/;

/** A conflict copy's path: all before the brackets, and the device that made it. */
const COPY_NAME = / \(conflict (\S+) [^/]*$/;

const MOVED_TEMPORARY = /^(?:move|rename) \S*-does-\d+(?:[AB]\.tmp|\.new) to /;

export interface ContentJudgement {
  readonly ledger: Ledger;
  readonly memory: Memory;
  readonly features: ReadonlySet<Feature>;
}

export function contents(sight: Sight, judgement: ContentJudgement): readonly string[] {
  return [...lost(sight, judgement), ...copies(sight, judgement), ...torn(sight, judgement)];
}

/** How often each content is in the drive, by SHA-256. */
export function liveHashes(remote: Sight['remote']): Map<string, number> {
  const live = new Map<string, number>();
  for (const { sha256 } of remote.values())
    if (sha256 !== null) live.set(sha256, (live.get(sha256) ?? 0) + 1);
  return live;
}

/**
 * I2: what somebody wrote and nobody gave up is in a tree. Versions and trash count only where a
 * person's change went there without having it before their eyes: an upload pair takes the head, a
 * change whose answer got lost may have been a deletion, and an editor removes its temporary by name,
 * into which another device's edit may have come.
 */
function lost(sight: Sight, { ledger }: ContentJudgement): readonly string[] {
  const givenUp = ledger.givenUp();
  const live = liveHashes(sight.remote);
  const onDisks = new Set(sight.devices.flatMap((device) => [...device.contents]));
  const mayBePast = ledger.isUncertain || sight.devices.some(({ mode }) => mode === 'upload');
  const takenUnseen = ledger.takenUnseen();
  const written = new Set(ledger.deeds.flatMap(({ wrote }) => wrote));
  return [...written]
    .filter((content) => !givenUp.has(content) && !ledger.lostByCrash.has(content))
    .filter((content) => !onDisks.has(content) && !live.has(ledger.digest(content)))
    .filter(
      (content) =>
        !((mayBePast || takenUnseen.has(content)) && sight.past.has(ledger.digest(content))),
    )
    .map((content) => `I2: lost ${show(content)}, which nobody gave up`);
}

/** I4: no content is there twice, and no conflict copy comes without a conflict. */
function copies(sight: Sight, { ledger, memory, features }: ContentJudgement): readonly string[] {
  const movedAfterCrash = movedWithCrash(ledger);
  // A file that was ignored while it was renamed elsewhere is new when it is ignored no longer. What a
  // crash tore is nobody's own: two empty files are two.
  const own = ledger.writtenOnce();
  const anew = sentAnew(ledger);
  const aside = movedTemporaries(ledger);
  const chosen = chosenWithCrash(ledger);
  const kept = keptTemporaries(sight, ledger);
  // What a person decided not to delete after all is there beside what its content went on to.
  const isUndone = ({ id }: NodeView): boolean => ledger.undoneNodes.has(id);
  const decided = new Map([...sight.remote].filter(([, node]) => !isUndone(node)));
  const doubled = [...liveHashes(decided)]
    .filter(([hash, n]) => n > (memory.doubled.get(hash) ?? 1) && !features.has('ignores'))
    .map(([hash]) => ledger.contentOf(hash) ?? '')
    .filter((content) => own.has(content) && !movedAfterCrash.has(content))
    .filter((content) => !anew.has(content) && !aside.has(content))
    .filter((content) => !chosen.has(content) && !kept.has(content))
    .map((content) => `I4: twice there: ${show(content)}`);
  // An editor's backup of a copy has the copy's name in its own.
  const isBackup = (path: string): boolean => {
    const of = path.replace(/\.bak$/, '');
    return of !== path && (memory.copies.has(of) || sight.remote.has(of));
  };
  const fresh = [...sight.remote.keys()].filter(
    (path) => isCopy(path) && !memory.copies.has(path) && !isBackup(path),
  );
  const deeds = ledger.phaseDeeds();
  const actors = new Set(deeds.map(({ device }) => device));
  // What is undone comes back and may meet something new; a folder that is left out claims its slot. A
  // rule that goes lets out what it hid on other disks, which is new there and may meet a node.
  const isAlone =
    actors.size < 2 &&
    ledger.offInPhase.size === 0 &&
    !ledger.undoneInPhase &&
    !features.has('exclusions') &&
    !deeds.some(({ text }) => text.includes(IGNORE_FILE) || text.startsWith('ignore '));
  const unfounded = fresh.filter(
    (path) => !isOfUnseen(path, sight, actors) && !isSentAnew(path, ledger),
  );
  const needless =
    unfounded.length > 0 && isAlone
      ? [`I4: ${unfounded.join(', ')} without anybody else: ${[...actors].join(', ')}`]
      : [];
  const claims = deeds.length + ledger.offInPhase.size;
  const tooMany =
    fresh.length > claims && !features.has('crowds')
      ? [`I4: ${fresh.length} conflict copies of ${claims} actions`]
      : [];
  return [...doubled, ...needless, ...tooMany, ...unlisted(sight, features)];
}

/**
 * A file that a crashed device had received, and its person moved before it knew so, is new to it. So is
 * one that somebody else moved: the device has it at the old place, without a row that says what it is.
 */
function movedWithCrash(ledger: Ledger): ReadonlySet<string> {
  const wasAnotherOff = ledger.crashedSince();
  return new Set(
    ledger
      .phaseDeeds()
      .flatMap(({ device, touched }) =>
        touched.filter(
          (content) => ledger.offInPhase.has(device) || wasAnotherOff(device, content),
        ),
      ),
  );
}

/**
 * A power cut may bring back what was just left out, without the rows that said which node it was: what
 * somebody moved meanwhile is new to that device when it takes the folder in again.
 */
function chosenWithCrash(ledger: Ledger): ReadonlySet<string> {
  const chosen = [...ledger.choseInPhase].filter(([device]) => ledger.offInPhase.has(device));
  const contents = new Set(chosen.flatMap(([, each]) => [...each]));
  return new Set(
    ledger.phaseDeeds().flatMap(({ touched }) => touched.filter((each) => contents.has(each))),
  );
}

/**
 * An editor's temporary that somebody moved elsewhere while the editor put it over its file: the move
 * keeps the node, and its content has gone on as an edit of the file.
 */
function movedTemporaries(ledger: Ledger): ReadonlySet<string> {
  const deeds = ledger.phaseDeeds();
  const saved = new Map(
    deeds.flatMap(({ device, wrote, mayWrite }) =>
      [...wrote, ...mayWrite].map((content): [string, string] => [content, device]),
    ),
  );
  return new Set(
    deeds
      .filter(({ text }) => MOVED_TEMPORARY.test(text))
      .flatMap(({ device, touched }) =>
        touched.filter((content) => (saved.get(content) ?? device) !== device),
      ),
  );
}

/** A temporary that went up from a pair that only uploads, in the middle of a save: no deletion goes up. */
function keptTemporaries({ remote, devices }: Sight, ledger: Ledger): ReadonlySet<string> {
  const uploading = devices.filter(({ mode }) => mode === 'upload');
  const own = new Set(uploading.flatMap(({ name }) => [...ledger.writtenOn(name)]));
  return new Set(
    [...remote]
      .filter(([path]) => TEMPORARY.test(path))
      .flatMap(([, { sha256 }]) => ledger.contentOf(sha256 ?? '') ?? [])
      .filter((content) => own.has(content)),
  );
}

/**
 * An upload pair keeps its disk as it is, wherever others have what is there. Without a base, after an old
 * state was taken over, that goes up once more, at its places there.
 */
function sentAnew({ metAnew }: Ledger): ReadonlySet<string> {
  return new Set([...(metAnew?.values() ?? [])].flatMap((contents) => [...contents]));
}

/** Its entries meet what has their names by now, too. */
function isSentAnew(copy: string, { metAnew }: Ledger): boolean {
  const [, maker] = COPY_NAME.exec(copy) ?? [];
  return maker !== undefined && metAnew?.has(maker) === true;
}

/** Who only uploads does not see what others have: where it takes a name of theirs, theirs gets another. */
function isOfUnseen(
  path: string,
  { remote, devices }: Sight,
  actors: ReadonlySet<string>,
): boolean {
  const [plain, maker] = path.split(COPY_NAME);
  const [copy, holder] = [path, plain ?? ''].map((each) => remote.get(each)?.id ?? '');
  return devices.some(({ name, mode, nodes }) => {
    if (mode !== 'upload' || name !== maker || !actors.has(name)) return false;
    const own = new Set(nodes.values());
    return own.has(holder ?? '') && !own.has(copy ?? '');
  });
}

/** Every device lists the conflicts that are open. */
function unlisted({ remote, devices }: Sight, features: ReadonlySet<Feature>): readonly string[] {
  if (features.has('exclusions')) return [];
  const ids = new Set([...remote.values()].map(({ id }) => id));
  const open = [...remote.values()].filter(({ copyOf }) => copyOf !== null && ids.has(copyOf));
  return devices
    .filter(({ mode, openConflicts }) => mode === 'two-way' && openConflicts !== open.length)
    .map(
      ({ name, openConflicts }) =>
        `I4: ${name} lists ${openConflicts} conflicts, ${open.length} are open`,
    );
}

/** I7: nothing that nobody wrote is in the drive. */
function torn(sight: Sight, { ledger }: ContentJudgement): readonly string[] {
  return [...liveHashes(sight.remote).keys()]
    .filter((hash) => ledger.contentOf(hash) === undefined)
    .map((hash) => `I7: nobody wrote the content ${hash}`);
}

/** I8: a content that was there at the last rest, and was not given up, is in the same node. */
export function nodeIds(
  sight: Sight,
  { ledger, memory, features }: ContentJudgement,
): readonly string[] {
  // What goes under an ignored name and comes back is new.
  if (features.has('ignores')) return [];
  const own = ledger.writtenOnce();
  const gone = new Set(ledger.phaseDeeds().flatMap(({ gaveUp }) => gaveUp));
  for (const content of sentAnew(ledger)) gone.add(content);
  // What changes places with its backup was saved (engine §4, slot continuity).
  for (const { text, touched } of ledger.phaseDeeds())
    if (BACKUP_NAME.test(text)) for (const content of touched) gone.add(content);
  // A power cut may bring back what was just left out, without the rows that said which node it was.
  for (const content of chosenWithCrash(ledger)) gone.add(content);
  return [...sight.remote].flatMap(([path, { sha256, id }]) => {
    const before = sha256 === null ? undefined : memory.nodeOfContent.get(sha256);
    const content = sha256 === null ? undefined : ledger.contentOf(sha256);
    if (before === undefined || before === id || content === undefined) return [];
    if (memory.doubled.has(sha256 ?? '')) return [];
    return gone.has(content) || !own.has(content)
      ? []
      : [`I8: ${show(content)} at ${path} has another node`];
  });
}
