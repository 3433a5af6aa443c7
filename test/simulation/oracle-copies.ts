/** I4: nothing is there twice, and conflict copies come of conflicts. */
import type { NodeView } from '@coffer/sdk';
import type { Deed } from './deed.ts';
import { ROOT } from './device.ts';
import { IGNORE_FILE, isScratch, SCRATCH } from './ignored.ts';
import type { Ledger } from './ledger.ts';
import {
  backedUpTwice,
  backupsWithCrash,
  chosenWithCrash,
  keptTemporaries,
  movedBackups,
  movedTemporaries,
  movedUnderSaves,
  movedWithCrash,
  restoredPutBack,
  sentAnew,
  temporariesWithCrash,
} from './oracle-excuses.ts';
import { isCopy, show, type ContentJudgement } from './oracle-memory.ts';
import type { Feature } from './options.ts';
import { liveHashes, type Sight } from './sight.ts';

/** A conflict copy's path: all before the brackets, and the device that made it. */
const COPY_NAME = / \(conflict (\S+) [^/]*$/;

/** I4: no content is there twice, and no conflict copy comes without a conflict. */
export function copies(sight: Sight, judgement: ContentJudgement): readonly string[] {
  const { memory, features } = judgement;
  // An editor's backup of a copy has the copy's name in its own.
  const isBackup = (path: string): boolean => {
    const of = path.replace(/\.bak$/, '');
    return of !== path && (memory.copies.has(of) || sight.remote.has(of));
  };
  // One that was there may be elsewhere since, as with the folder that it is in; under another name of
  // a copy it lost a clash.
  const known = new Set([...memory.copies].map(([path, id]) => `${id}/${nameOf(path)}`));
  const isKnown = (path: string, { id }: NodeView): boolean =>
    memory.copies.has(path) || known.has(`${id}/${nameOf(path)}`);
  const fresh = [...sight.remote]
    .filter(([path, node]) => isCopy(path) && !isKnown(path, node) && !isBackup(path))
    .map(([path]) => path);
  return [
    ...doubled(sight, judgement),
    ...needless(fresh, sight, judgement),
    ...tooManyCopies(fresh, judgement),
    ...unlisted(sight, features),
  ];
}

function doubled(sight: Sight, { ledger, memory, features }: ContentJudgement): readonly string[] {
  // A file that was ignored while it was renamed elsewhere is new when it is ignored no longer.
  if (features.has('ignores')) return [];
  // What a crash tore is nobody's own: two empty files are two.
  const own = ledger.writtenOnce();
  const excused = new Set([
    ...movedWithCrash(ledger),
    ...sentAnew(ledger),
    ...movedTemporaries(ledger),
    ...chosenWithCrash(ledger),
    ...keptTemporaries(sight, ledger),
  ]);
  const onceMore = movedBackups(ledger)
    .union(movedUnderSaves(ledger))
    .union(restoredPutBack(ledger))
    .union(temporariesWithCrash(sight, ledger))
    .union(backupsWithCrash(sight, ledger))
    .union(backedUpTwice(sight, ledger));
  // What a person decided not to delete after all is there beside what its content went on to.
  const isUndone = ({ id }: NodeView): boolean => ledger.undoneNodes.has(id);
  const decided = new Map([...sight.remote].filter(([, node]) => !isUndone(node)));
  return [...liveHashes(decided)]
    .map(([hash, n]) => ({ n, before: memory.doubled.get(hash), content: ledger.contentOf(hash) }))
    .filter(({ n, before = 1, content = '' }) => n > before + (onceMore.has(content) ? 1 : 0))
    .flatMap(({ content = '' }) => (own.has(content) && !excused.has(content) ? [content] : []))
    .map((content) => `I4: twice there: ${show(content)}`);
}

function needless(
  fresh: readonly string[],
  sight: Sight,
  { ledger, features }: ContentJudgement,
): readonly string[] {
  const deeds = ledger.phaseDeeds();
  const actors = new Set(deeds.map(({ device }) => device));
  // What is undone comes back and may meet something new; a folder that is left out claims its slot. A
  // rule that goes lets out what it hid on other disks, which is new there and may meet a node.
  const isAlone =
    actors.size < 2 &&
    ledger.offInPhase.size === 0 &&
    !ledger.undoneInPhase &&
    !features.has('exclusions') &&
    !deeds.some(isOfRules);
  const unfounded = fresh.filter(
    (path) => !isOfUnseen(path, sight, deeds) && !isSentAnew(path, ledger),
  );
  return unfounded.length > 0 && isAlone
    ? [`I4: ${unfounded.join(', ')} without anybody else: ${[...actors].join(', ')}`]
    : [];
}

/** I4: no more copies among `fresh`, those of this phase, than somebody's deeds or crashes account for. */
export function tooManyCopies(
  fresh: readonly string[],
  judgement: ContentJudgement,
): readonly string[] {
  const { ledger, features } = judgement;
  const claims = ledger.phaseDeeds().length + ledger.offInPhase.size;
  const ofHidden = Math.min(fresh.filter(isScratch).length, hiddenDeeds(judgement));
  return fresh.length - ofHidden > claims && !features.has('crowds')
    ? [`I4: ${fresh.length} conflict copies of ${claims} actions`]
    : [];
}

/**
 * How many deeds of earlier phases a rule may have hidden: those with names that it is about, since there
 * was a rule file anywhere. A change of the rules in this phase lets them meet each other.
 */
function hiddenDeeds({ ledger, memory }: ContentJudgement): number {
  const deeds = ledger.phaseDeeds();
  if (!deeds.some(isOfRules)) return 0;
  const earlier = ledger.deeds.slice(memory.unruledDeeds, ledger.deeds.length - deeds.length);
  return earlier.filter((deed) => deed.text.includes(SCRATCH) && !isOfRules(deed)).length;
}

function isOfRules({ text }: Deed): boolean {
  return text.includes(IGNORE_FILE) || text.startsWith('ignore ');
}

/** Its entries meet what has their names by now, too. */
function isSentAnew(copy: string, { metAnew }: Ledger): boolean {
  const [, maker] = COPY_NAME.exec(copy) ?? [];
  return maker !== undefined && metAnew?.has(maker) === true;
}

/**
 * Who only uploads does not see what others have, or where they moved its own: where it takes such a name,
 * theirs gets another.
 */
function isOfUnseen(path: string, { remote, devices }: Sight, deeds: readonly Deed[]): boolean {
  const [plain = '', maker] = path.split(COPY_NAME);
  const [copy = '', holder = ''] = [path, plain].map((each) => remote.get(each)?.id);
  return devices.some(({ name, mode, nodes, places }) => {
    const acts = deeds.filter(({ device }) => device === name);
    if (mode !== 'upload' || name !== maker || acts.length === 0) return false;
    const own = new Set(nodes.values());
    // It may have moved its own on since.
    const hasTaken = acts.some(({ text }) => text.endsWith(` to ${ROOT}${plain}`));
    if (!own.has(holder) && !hasTaken) return false;
    const here = places.get(copy) ?? plain;
    return !own.has(copy) || (here !== path && here !== plain && !isMovedHere(here, acts));
  });
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

function isMovedHere(here: string, acts: readonly Deed[]): boolean {
  const name = nameOf(here);
  return acts.some(
    ({ text }) => /^(?:move|rename|swap|replace) /.test(text) && text.includes(name),
  );
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
