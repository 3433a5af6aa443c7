/** What somebody saved while a download replaced the file is in a tree, whenever the device ended. */
import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import test from 'node:test';
import { Crash, type DiskCall, type DiskTurn } from '../testing/index.ts';
import { crashHistory, type CrashHistory } from './testing/crash-history.ts';
import { cutPowerBack, LATER_BOOT, THIRD_BOOT } from './testing/power-cut.ts';
import { syncAll, type TestDevice } from './testing/test-device.ts';

const CHANGING = new Set<DiskCall['kind']>([
  'rename',
  'link',
  'unlink',
  'createFile',
  'file.sync',
  'syncFolder',
]);

/** b lacks the new content of a file. */
async function behind(): Promise<CrashHistory> {
  const history = await crashHistory();
  const { a, b } = history;
  a.write('d/f', 'first');
  await syncAll([a, b]);
  a.write('d/f', 'theirs');
  await a.sync();
  b.disk.clock.advance(60_000);
  b.disk.sim?.writeBack(0);
  return history;
}

type Edit = (device: TestDevice) => void;

const EDITS: Readonly<Record<string, Edit>> = {
  'in place': ({ disk, at }) => disk.user.write(at('d/f'), 'mine!'),
  'by another file': ({ disk, at }) => {
    disk.user.write(at('d/.f.new'), 'mine!');
    disk.user.rename(at('d/.f.new'), at('d/f'));
  },
};

/** Ends b right after the rename of the file to the recycle area, which the edit came just before. */
async function endsAtReplace(b: TestDevice, edit: Edit, end: Edit): Promise<void> {
  let isDead = false;
  const turn: DiskTurn = (phase, { kind, path }) => {
    if (isDead) throw new Crash('the process is dead');
    if (kind !== 'rename' || path !== b.at('d/f')) return undefined;
    if (phase === 'before') {
      edit(b);
      return undefined;
    }
    isDead = true;
    victim.database.close();
    end(b);
    throw new Crash('killed');
  };
  const victim = b.restarted(turn);
  await assert.rejects(victim.engine.syncNow({}));
  assert.ok(isDead, 'nothing was replaced');
}

async function haveBoth({ a, folder }: CrashHistory, again: TestDevice): Promise<void> {
  await syncAll([again, a]);
  assert.deepEqual(again.tree(), a.tree());
  const files = Object.values(a.tree()).filter((content) => content !== null);
  assert.deepEqual(files.toSorted(), ['mine!', 'theirs']);
  assert.equal(a.read('d/f'), 'theirs');
  again.database.close();
  rmSync(folder, { recursive: true });
}

/** What reached the disk before the power went: all of it. */
const powerLoss: Edit = ({ disk }) => {
  disk.sim?.writeBack(0);
  disk.sim?.crash();
};

const ENDS: Readonly<Record<string, { readonly end: Edit; readonly host?: typeof LATER_BOOT }>> = {
  'is killed': { end: () => undefined },
  'loses power': { end: powerLoss, host: LATER_BOOT },
};

for (const [how, edit] of Object.entries(EDITS)) {
  for (const [what, { end, host }] of Object.entries(ENDS)) {
    test(`an edit ${how} of a file that is just replaced is in a conflict copy where the device ${what}`, async () => {
      const history = await behind();
      await endsAtReplace(history.b, edit, end);
      await haveBoth(history, history.b.restarted(undefined, host));
    });
  }

  test(`so it is where the power goes at any time of recovering from an edit ${how}`, async () => {
    let number = 0;
    for (let isCut = true; isCut; number++) {
      const history = await behind();
      const { b } = history;
      await endsAtReplace(b, edit, powerLoss);
      isCut = await losesPowerAt(b, number);
      await haveBoth(history, b.restarted(undefined, THIRD_BOOT));
    }
    assert.ok(number > 5, `only ${number} cuts: nothing was recovered`);
  });
}

/** Runs b's sync and cuts its power after the `last`-th call that changes the disk; false when it had ended before. */
async function losesPowerAt(b: TestDevice, last: number): Promise<boolean> {
  let isCut = false;
  let seen = 0;
  const victim = b.restarted((phase, { kind }) => {
    if (isCut) throw new Crash('the process is dead');
    if (phase !== 'after' || !CHANGING.has(kind) || seen++ !== last) return undefined;
    isCut = true;
    victim.database.close();
    cutPowerBack(b);
    throw new Crash('the power went');
  }, LATER_BOOT);
  try {
    await victim.engine.syncNow({});
  } catch (error) {
    assert.ok(isCut, `died of something else: ${String(error)}`);
  }
  return isCut;
}

for (const [what, end] of Object.entries({
  'is killed': () => undefined,
  'loses power': powerLoss,
})) {
  test(`what nobody wrote to is replaced at once where the device ${what}`, async () => {
    const { a, b, folder } = await behind();
    await endsAtReplace(b, () => undefined, end);
    const asked: string[] = [];
    const again = b.restarted((phase, { kind, path }) => {
      if (phase === 'before' && kind === 'createFile') asked.push(path);
      return undefined;
    });
    await syncAll([again, a]);
    assert.deepEqual(again.tree(), { d: null, 'd/f': 'theirs' });
    assert.deepEqual(a.tree(), again.tree());
    assert.deepEqual(
      asked.filter((path) => path.includes('/staging/')),
      [],
    );
    again.database.close();
    rmSync(folder, { recursive: true });
  });
}
