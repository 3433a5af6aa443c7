/**
 * One of many programs at one profile: takes the lock again and again, each time after an owner that is
 * gone, and says `overlap` on standard output when another one is inside at the same time. With
 * `killed` in place of a number of rounds it dies while it has the lock.
 */
import { rmSync, writeFileSync } from 'node:fs';
import { lockProfile } from '../adapters/profile-lock.ts';
import { profileOf } from '../profile/profile-folder.ts';

const [folder = '', rounds = '', stale = ''] = process.argv.slice(2);
const profile = profileOf(folder);
const inside = `${folder}/inside`;
const who = { what: 'contender', isDaemon: false, waitMs: 0 };

if (rounds === 'killed') {
  await lockProfile(profile, who);
  process.kill(process.pid, 'SIGKILL');
}
for (let taken = 0; taken < Number(rounds);) {
  const lock = await lockProfile(profile, who).catch(() => undefined);
  if (lock === undefined) continue;
  taken++;
  const isAlone = isMade(inside, '');
  if (isAlone) rmSync(inside);
  else process.stdout.write('overlap\n');
  lock[Symbol.dispose]();
  isMade(profile.lockFile, stale);
}

/** False when it is there already. */
function isMade(path: string, text: string): boolean {
  try {
    writeFileSync(path, text, { flag: 'wx' });
    return true;
  } catch {
    return false;
  }
}
