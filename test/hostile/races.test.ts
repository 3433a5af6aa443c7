/**
 * The person at the disk is faster than the engine, or the power goes: whatever came from the server,
 * nothing of theirs is overwritten, nothing leaves the tree without a copy, nothing is half there.
 */
import assert from 'node:assert/strict';
import test from 'node:test';
import { HONEST } from './evil-server.ts';
import { EvilWorld, signal, type Victim } from './evil-world.ts';

interface Scene {
  readonly world: EvilWorld;
  readonly laptop: Victim;
  readonly desk: Victim;
}

async function scene(): Promise<Scene> {
  const world = await EvilWorld.create('laptop', 'desk');
  const laptop = await world.start('laptop');
  const desk = await world.start('desk');
  laptop.write('kept/a', 'first a');
  laptop.write('b', 'first b');
  await laptop.sync();
  await desk.sync();
  return { world, laptop, desk };
}

/** Does this once, when the desk has looked at its disk and asks the server. */
function afterScan(world: EvilWorld, action: () => void): { readonly count: () => number } {
  let count = 0;
  world.evil.tell(({ call }) => {
    if (call === 'head' && count++ === 0) action();
    return undefined;
  });
  return { count: () => count };
}

/** Contents of all files of the tree. */
function contents(victim: Victim): readonly string[] {
  return Object.values(victim.tree()).map((entry) => entry.replace(/ mode .*/, ''));
}

/** Contents of all files in the recycle area. */
function recycled({ disk, user, at }: Victim): readonly string[] {
  const found: string[] = [];
  const visit = (folder: string): void => {
    if (disk.programs.lstat(folder)?.type !== 'folder') return;
    for (const name of disk.programs.readFolder(folder)) {
      const path = `${folder}/${String(name)}`;
      if (disk.programs.lstat(path)?.type === 'folder') visit(path);
      else found.push(new TextDecoder().decode(user.read(path)));
    }
  };
  visit(at('.coffer/recycle'));
  return found;
}

async function settleBoth({ world, laptop, desk }: Scene): Promise<void> {
  world.evil.tell(HONEST);
  for (let turn = 0; turn < 3; turn++) {
    for (const victim of [desk, laptop]) {
      victim.clock.time += 60_000;
      await victim.sync();
    }
  }
  assert.deepEqual(Object.keys(desk.tree()).sort(), Object.keys(laptop.tree()).sort());
  assert.deepEqual([...contents(desk)].sort(), [...contents(laptop)].sort());
}

test('T66 a file that appears in the slot of a download while it is put there stays', async () => {
  for (const kind of ['link', 'createFile'] as const) {
    const here = await scene();
    await using _ = here.world;
    const { laptop, desk } = here;
    laptop.write('new', 'from the laptop');
    await laptop.sync();
    let appeared = 0;
    desk.onCall = (phase, call) => {
      if (phase !== 'before' || call.kind !== kind || appeared > 0) return;
      appeared++;
      desk.user.write(desk.at('new'), 'from the person');
    };
    desk.clock.time += 1000;
    await desk.engine.syncNow({ timeoutMs: 60_000 });
    assert.equal(appeared, 1, kind);
    desk.onCall = () => {};
    assert.ok(contents(desk).includes('from the person'), kind);
    await settleBoth(here);
    for (const content of ['from the person', 'from the laptop']) {
      assert.ok(contents(desk).includes(content), `${kind}: ${content}`);
    }
  }
});

test('T66 a file that the person changes before it is replaced or deleted is not replaced or deleted', async () => {
  const changes: readonly (readonly [string, (laptop: Victim) => void])[] = [
    ['replaced', (laptop) => laptop.write('b', 'second b of the laptop')],
    ['deleted', (laptop) => laptop.user.remove(laptop.at('b'))],
    ['moved', (laptop) => laptop.user.rename(laptop.at('b'), laptop.at('kept/b'))],
  ];
  for (const [claim, change] of changes) {
    const here = await scene();
    await using _ = here.world;
    const { world, laptop, desk } = here;
    change(laptop);
    await laptop.sync();
    // As long as the old one, and at the same time as far as a coarse clock can tell.
    const edited = afterScan(world, () => desk.user.write(desk.at('b'), 'mine: b'));
    desk.clock.time += 1000;
    await desk.engine.syncNow({ timeoutMs: 60_000 });
    assert.ok(edited.count() > 0, claim);
    assert.ok(contents(desk).includes('mine: b'), `${claim}: the edit is still in the tree`);
    await settleBoth(here);
    assert.ok(contents(desk).includes('mine: b'), claim);
    if (claim === 'replaced') assert.ok(contents(desk).includes('second b of the laptop'));
  }
});

test('T66 a file that appears where another is to be moved stays', async () => {
  const here = await scene();
  await using _ = here.world;
  const { world, laptop, desk } = here;
  laptop.user.rename(laptop.at('b'), laptop.at('target'));
  await laptop.sync();
  const appeared = afterScan(world, () => desk.user.write(desk.at('target'), 'the person’s own'));
  desk.clock.time += 1000;
  await desk.engine.syncNow({ timeoutMs: 60_000 });
  assert.ok(appeared.count() > 0);
  assert.ok(contents(desk).includes('the person’s own'));
  await settleBoth(here);
  for (const content of ['the person’s own', 'first b'])
    assert.ok(contents(desk).includes(content));
});

test('what a newer version replaces and what a deletion takes is in the recycle area', async () => {
  const here = await scene();
  await using _ = here.world;
  const { laptop, desk } = here;
  laptop.write('b', 'second b');
  laptop.user.remove(laptop.at('kept/a'));
  await laptop.sync();
  await desk.sync();
  assert.deepEqual([desk.read('b'), desk.tree()['kept/a']], ['second b', undefined]);
  const kept = recycled(desk);
  assert.ok(kept.includes('first b'), 'the replaced version');
  assert.ok(kept.includes('first a'), 'the deleted file');
});

test('a file that is overwritten while it is read goes up in one of its states, never in both', async () => {
  const size = 3 * 1024 * 1024;
  for (let nth = 1; nth <= 8; nth++) {
    const here = await scene();
    await using _ = here.world;
    const { laptop, desk } = here;
    laptop.user.write(laptop.at('large'), 'a'.repeat(size));
    let reads = 0;
    laptop.onCall = (phase, call) => {
      if (phase !== 'after' || call.kind !== 'file.read' || ++reads !== nth) return;
      laptop.user.write(laptop.at('large'), 'b'.repeat(size));
    };
    laptop.clock.time += 1000;
    await laptop.engine.syncNow({ timeoutMs: 60_000 });
    laptop.onCall = () => {};
    laptop.clock.time += 60_000;
    await laptop.sync();
    await desk.drive.refresh(signal);
    const versions = desk.drive.versions('/large');
    assert.ok(versions.ok);
    for (const { number } of versions.value) {
      const letters = new Set<number>();
      const sink = { write: (part: Uint8Array) => part.forEach((byte) => letters.add(byte)) };
      assert.ok((await desk.drive.get('/large', sink, { version: number }, signal)).ok);
      assert.equal(letters.size, 1, `version ${number} after read ${nth}`);
    }
  }
});

test('T77 a power cut after the last name was written leaves whole files, not names', async () => {
  const here = await scene();
  await using _ = here.world;
  const { world, laptop, desk } = here;
  const long = 'x'.repeat(400_000);
  laptop.write('long', long);
  laptop.write('b', 'second b');
  await laptop.sync();
  let cut = false;
  desk.onCall = (phase, call) => {
    // The system wrote all names, and of contents what it was told to write.
    if (phase === 'after' && call.kind === 'unlink' && call.path.includes('staging')) cut = true;
  };
  await desk.sync();
  assert.ok(cut, 'files came through staging');
  // The engine died with the power: there is nothing of it to be closed.
  world.victims.splice(world.victims.indexOf(desk), 1);
  desk.disk.crash({ keepNames: (pending) => pending, torn: () => 'lost' });
  assert.equal(desk.read('long'), long);
  assert.equal(desk.read('b'), 'second b');
});
