/** What I3 lets come back with a folder, and what it sees beside it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deedOf, type Deed } from './deed.ts';
import { ROOT } from './device.ts';
import { folderNodes, withFolderNodes } from './folder-nodes.ts';
import { resurrection } from './oracles.ts';
import { CONTENT, PATH, seen } from './planted.ts';
import { lookAt } from './sight.ts';
import { ThirdParty } from './third-party.ts';

test('I3 lets a folder that somebody else moved come back with what was in it, and no other', async () => {
  const said = (moved: string, mover: string): Promise<string> =>
    seen(async ({ world, sim }) => {
      world.ledger.startPhase(2);
      world.ledger.record(deedOf(mover, 1, 'move', { moved: [moved] }));
      const within = new Map([
        [CONTENT, ['/d', 'node of d']],
        ['other', ['/d', '/d/e']],
      ]);
      const what = { deleted: [CONTENT], gaveUp: [CONTENT], within };
      world.ledger.record(deedOf(sim.name, 2, 'delete', what));
    });
  const cameBack = /^I3: .*, deleted on laptop, came back/m;
  assert.equal(await said('/d', 'web'), '');
  assert.equal(await said('node of d', 'web'), '');
  assert.match(await said('/d', 'laptop'), cameBack);
  assert.match(await said('/d/e', 'web'), cameBack);
  assert.match(await said('/c', 'web'), cameBack);
});

test('what people delete is known by the folders that go with it, and those by their nodes', async () => {
  let isSeen = false;
  await seen(async ({ world, sim, write }) => {
    sim.user.folder(`${ROOT}/d`);
    write('/d/f', `${CONTENT} f`);
    await world.rest();
    const [node, ...others] = folderNodes(sim).filter(({ path }) => path === '/d');
    assert.ok(node !== undefined && others.length === 0);
    const gone = sim.person.view.goneWith(sim.person.view.entries());
    const deed = deedOf(sim.name, 0, 'purge', { ...gone, moved: ['/d', '/e'] });
    const { moved, within } = withFolderNodes(deed, sim);
    assert.deepEqual(moved, ['/d', '/e', node.node]);
    assert.deepEqual(Object.fromEntries(within), {
      [CONTENT]: [],
      [`${CONTENT} f`]: ['/d', node.node],
    });
    isSeen = true;
  });
  assert.ok(isSeen);
});

test('I3 lets an upload pair bring back with its folder what was deleted in that, and no other pair', async () => {
  const content = `${CONTENT} in it`;
  let asked = 0;
  await seen(async ({ world, sim, other, write }) => {
    sim.user.folder(`${ROOT}/d`);
    write('/d/f', content);
    await world.rest();
    const node = folderNodes(sim).find(({ path }) => path === '/d')?.node ?? '';
    const sight = await lookAt(world);
    const said = (uploads: string, within: readonly string[]): string => {
      world.ledger.startPhase(2);
      const what = { deleted: [content], gaveUp: [content], within: new Map([[content, within]]) };
      world.ledger.record(deedOf(other.name, 0, 'delete', what));
      const devices = sight.devices.map((device) =>
        device.name === uploads ? { ...device, mode: 'upload' as const } : device,
      );
      asked++;
      return resurrection(world, { ...sight, devices }).join();
    };
    const cameBack = /^I3: .*, deleted on desktop, came back/;
    assert.equal(said(sim.name, ['/d', node]), '');
    assert.match(said(sim.name, ['/d']), cameBack);
    assert.match(said('nobody', ['/d', node]), cameBack);
  });
  assert.equal(asked, 3);
});

test('the third party says where the drive has more of what it trashed', async () => {
  const deeds: Deed[] = [];
  await seen(async ({ world, sim, write }) => {
    sim.user.folder(`${ROOT}/d`);
    write('/d/f', CONTENT);
    await world.rest();
    const { ledger, signal } = world;
    const { drive } = await sim.live(signal);
    const listed = drive.list('/', { recursive: true });
    const at = listed.ok ? listed.value.entries.findIndex(({ path }) => path === '/d') : -1;
    const party = new ThirdParty({
      device: sim,
      choices: {
        pick: (_, values) => values.find((value) => value === 'trash') ?? values[0],
        roll: (what) => (what.endsWith(' which') ? at : 0),
      },
      now: () => 0,
      signal,
      contentOf: (sha256) => ledger.contentOf(sha256),
      announce: () => undefined,
    });
    const done = await party.act(1);
    if (done !== undefined) deeds.push(done.deed);
  });
  assert.deepEqual(
    deeds.map(({ text, deleted, still }) => [text, deleted, [...still]]),
    [['trash /d', [CONTENT], [[PATH, CONTENT]]]],
  );
});
