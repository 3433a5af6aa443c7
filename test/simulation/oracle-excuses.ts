/** Why a content may be there twice, or have another node: the excuses that README.md lists. */
import type { Deed } from './deed.ts';
import { ROOT } from './device.ts';
import type { Ledger } from './ledger.ts';
import { BACKUP_NAME, MOVED_TEMPORARY, PUT_BACK, TEMPORARY } from './saving.ts';
import type { Sight } from './sight.ts';

/** A save touches its old content where it keeps that as a backup. */
const MOVED = /^(?:rename|move|swap|save|begin to save) /;
const RESTORED = /^restore /;
const SLOW_SAVE = /^(?:begin|end) to save /;
/** A save beside which its old content stays under a backup's name, and the path that was saved. */
const KEPT_BACKUP = /^(?:begin to )?save (.*) as S\d .*: .*\bkeep f(?:~|\.bak)/;

/**
 * What a device received and its person moved, right before or after it was switched off: nothing that is
 * left says which node it was.
 */
export function movedWithCrash(ledger: Ledger): ReadonlySet<string> {
  return new Set(
    ledger
      .phaseDeeds()
      .filter((deed) => ledger.isNearOff(deed))
      .flatMap(({ device, touched }) => [...new Set(touched).difference(ledger.writtenOn(device))]),
  );
}

/**
 * A power cut may bring back what was just left out, without the rows that said which node it was: what
 * somebody moved meanwhile is new to that device when it takes the folder in again.
 */
export function chosenWithCrash(ledger: Ledger): ReadonlySet<string> {
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
export function movedTemporaries(ledger: Ledger): ReadonlySet<string> {
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

/**
 * A backup that somebody put over another file is an edit of that one (engine §4, slot continuity). Who
 * renamed the backup elsewhere meanwhile keeps it under its new name.
 */
export function movedBackups(ledger: Ledger): ReadonlySet<string> {
  const deeds = ledger.phaseDeeds();
  const putBack = deeds.filter(({ text }) => PUT_BACK.test(text));
  const moved = deeds.filter(({ text }) => MOVED.test(text));
  return new Set(
    putBack.flatMap(({ device, touched }) =>
      touched.filter((content) =>
        moved.some((other) => other.device !== device && other.touched.includes(content)),
      ),
    ),
  );
}

/**
 * A backup is a new node, the saved file keeps its own (engine §4, slot continuity). Who deletes what was
 * saved before that goes up deletes the node; another who moved it keeps it, with its old content, at its
 * new place (engine §5.2, moved and deleted), beside the backup.
 */
export function movedUnderSaves(ledger: Ledger): ReadonlySet<string> {
  const deeds = ledger.phaseDeeds();
  return new Set(
    deeds.flatMap((save, at) => {
      const [, path] = KEPT_BACKUP.exec(save.text) ?? [];
      if (path === undefined || !deeds.slice(at).some((deed) => isSavedGone(deed, save, ledger)))
        return [];
      return [...save.touched, ...save.gaveUp].filter((content) =>
        deeds.some((deed) => isMoveOf(path, content, deed, save, ledger)),
      );
    }),
  );
}

/** What was saved, or what was written over it since, was deleted there. */
function isSavedGone({ device, deleted }: Deed, save: Deed, ledger: Ledger): boolean {
  const saved = [...save.wrote, ...save.mayWrite];
  return (
    device === save.device &&
    deleted.some((gone) =>
      saved.some((each) => gone === each || ledger.earlierInPhase(gone).has(each)),
    )
  );
}

/** Somebody else moved the file itself, with this content or one before it. */
function isMoveOf(path: string, content: string, deed: Deed, save: Deed, ledger: Ledger): boolean {
  const text = deed.text.replaceAll(ROOT, '');
  const name = path.replace(ROOT, '');
  const moves = [`rename ${name} to `, `move ${name} to `, `swap ${name} and `];
  const isMoved =
    moves.some((words) => text.startsWith(words)) ||
    (text.startsWith('swap ') && text.endsWith(` and ${name}`));
  const mayHold = ledger.earlierInPhase(content).union(new Set([content]));
  return isMoved && deed.device !== save.device && deed.touched.some((each) => mayHold.has(each));
}

/**
 * An editor's temporary, or a backup, that went up and was put over its file is in the trash, and its
 * content has gone on as an edit of the file: who restores it has it once more.
 */
export function restoredPutBack(ledger: Ledger): ReadonlySet<string> {
  const restores = ledger.phaseDeeds().filter(({ text }) => RESTORED.test(text));
  const wasPutBack = ({ text }: Deed): boolean => TEMPORARY.test(text) || BACKUP_NAME.test(text);
  return new Set(restores.filter(wasPutBack).flatMap(({ touched }) => touched));
}

/** Contents of the drive's files whose names are temporaries'. */
function inTemporaries(remote: Sight['remote'], ledger: Ledger): ReadonlySet<string> {
  return new Set(contentsAt(TEMPORARY, remote, ledger));
}

/** Contents of the drive's files with such names, each as often as it is there. */
function contentsAt(name: RegExp, remote: Sight['remote'], ledger: Ledger): readonly string[] {
  return [...remote]
    .filter(([path]) => name.test(path))
    .flatMap(([, { sha256 }]) => ledger.contentOf(sha256 ?? '') ?? []);
}

/**
 * A power cut may take the saved file and leave the backup of it: the old content is at that, and the file
 * has it again from the drive.
 */
export function backupsWithCrash({ remote }: Sight, ledger: Ledger): ReadonlySet<string> {
  const saves = keepingSaves(ledger).filter((deed) => ledger.isNearOff(deed));
  const old = new Set(saves.flatMap(({ touched }) => touched));
  return new Set(contentsAt(BACKUP_NAME, remote, ledger)).intersection(old);
}

/** Two people saved one file, under two names since one of them moved it: each has a backup of its own. */
export function backedUpTwice({ remote }: Sight, ledger: Ledger): ReadonlySet<string> {
  const saves = keepingSaves(ledger);
  const backups = contentsAt(BACKUP_NAME, remote, ledger);
  const keepers = (content: string): ReadonlySet<string> =>
    new Set(saves.flatMap(({ touched, device }) => (touched.includes(content) ? [device] : [])));
  return new Set(
    backups.filter((each, at) => backups.indexOf(each) < at && keepers(each).size > 1),
  );
}

function keepingSaves(ledger: Ledger): readonly Deed[] {
  return ledger.phaseDeeds().filter(({ text }) => KEPT_BACKUP.test(text));
}

/** A temporary that went up from a pair that only uploads, in the middle of a save: no deletion goes up. */
export function keptTemporaries({ remote, devices }: Sight, ledger: Ledger): ReadonlySet<string> {
  const uploading = devices.filter(({ mode }) => mode === 'upload');
  const own = new Set(uploading.flatMap(({ name }) => [...ledger.writtenOn(name)]));
  return inTemporaries(remote, ledger).intersection(own);
}

/**
 * A temporary that went up in the middle of a save, or that a power cut brought back, with the new content
 * or the old one: the power cut takes back its rename over the file, or its removal, and nothing that is
 * left says that the drive's edit of the file was it, or that its editor had done with it.
 */
export function temporariesWithCrash({ remote }: Sight, ledger: Ledger): ReadonlySet<string> {
  const saves = ledger
    .phaseDeeds()
    .filter((deed) => SLOW_SAVE.test(deed.text) && ledger.isNearOff(deed));
  const saved = new Set(
    saves.flatMap(({ wrote, mayWrite, gaveUp }) => [...wrote, ...mayWrite, ...gaveUp]),
  );
  return inTemporaries(remote, ledger).intersection(saved);
}

/**
 * An upload pair keeps its disk as it is, wherever others have what is there. Without a base, after an old
 * state was taken over, that goes up once more, at its places there.
 */
export function sentAnew({ metAnew }: Ledger): ReadonlySet<string> {
  return new Set([...(metAnew?.values() ?? [])].flatMap((contents) => [...contents]));
}
