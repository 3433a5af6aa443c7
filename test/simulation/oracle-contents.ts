/** I2, I7, I8: nothing is lost or torn, and contents keep their nodes; I4 is looked at beside them. */
import { copies } from './oracle-copies.ts';
import { chosenWithCrash, sentAnew } from './oracle-excuses.ts';
import { show, type ContentJudgement } from './oracle-memory.ts';
import { BACKUP_NAME } from './saving.ts';
import { liveHashes, type Sight } from './sight.ts';

export function contents(sight: Sight, judgement: ContentJudgement): readonly string[] {
  return [...lost(sight, judgement), ...copies(sight, judgement), ...torn(sight, judgement)];
}

/**
 * I2: what somebody wrote and nobody gave up is in a tree. Versions and trash count only where a
 * person's change went there without having it before their eyes: an upload pair takes the head, a
 * change whose answer got lost may have been a deletion, and an editor removes its temporary by name,
 * into which another device's edit may have come. What a power cut took is in the drive where that had
 * received it: it may be in versions and trash alone only where its person acted there since, or where
 * the disk's times are too coarse to tell. What came to a free slot in the instant before the engine's
 * rename to it is gone.
 */
function lost(sight: Sight, { ledger, memory }: ContentJudgement): readonly string[] {
  const givenUp = ledger.givenUp();
  const live = liveHashes(sight.remote);
  const onDisks = new Set(sight.devices.flatMap((device) => [...device.contents]));
  const isTaken = ledger.isUncertainInPhase || sight.devices.some(({ mode }) => mode === 'upload');
  const takenUnseen = ledger.takenUnseen();
  const mayBePast = (content: string): boolean =>
    isTaken || takenUnseen.has(content) || memory.maybeTaken.has(ledger.digest(content));
  const fine = new Set(
    sight.devices.filter(({ hasFineTimes }) => hasFineTimes).map(({ name }) => name),
  );
  const written = new Set(ledger.deeds.flatMap(({ wrote }) => wrote));
  return [...written]
    .filter((content) => !givenUp.has(content) && !ledger.overwritten.has(content))
    .filter((content) => !onDisks.has(content) && !live.has(ledger.digest(content)))
    .filter((content) => !(mayBePast(content) && sight.past.has(ledger.digest(content))))
    .filter((content) => {
      const loss = ledger.lostByCrash.get(content);
      if (loss === undefined || !sight.past.has(ledger.digest(content))) return loss === undefined;
      return fine.has(loss.device) && !ledger.hasActedOn(loss);
    })
    .map((content) => `I2: lost ${show(content)}, which nobody gave up`);
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
