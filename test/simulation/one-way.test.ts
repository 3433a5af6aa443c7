/** What the oracles let through where pairs go in one direction, and what they see beside it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deedOf } from './deed.ts';
import { ROOT } from './device.ts';
import { Ledger, type HeldNode } from './ledger.ts';
import { agreement } from './oracle-agreement.ts';
import { contents } from './oracle-contents.ts';
import { CONTENT, PATH, seen, type Stage } from './planted.ts';
import type { PairMode } from './shape.ts';
import { lookAt, type DeviceSight, type Sight } from './sight.ts';
import type { World } from './world.ts';

const COPY = `${PATH} (conflict laptop 2026-01-02 03-04-05)`;

/** The same sight, as if the pair of this device went in one direction. */
function withMode(
  sight: Sight,
  name: string,
  mode: PairMode,
  more: Partial<DeviceSight> = {},
): Sight {
  const devices = sight.devices.map((device) =>
    device.name === name ? { ...device, ...more, mode } : device,
  );
  return { ...sight, devices };
}

/** What the oracles say of the contents, of conflict copies and doubled ones alone. */
function doubled({ ledger, memory }: World, sight: Sight): string {
  const found = contents(sight, { ledger, memory, features: new Set() });
  return found.filter((each) => !each.includes(' conflicts, ')).join('\n');
}

async function staged(play: (stage: Stage) => Promise<void>): Promise<void> {
  let isPlayed = false;
  await seen(async (stage) => {
    await play(stage);
    isPlayed = true;
  });
  assert.ok(isPlayed);
}

test('I4 lets a temporary of a save stay where its own pair only uploads, and nowhere else', () =>
  staged(async ({ world, sim, other, write }) => {
    for (const name of [' saved', '-does-13A.tmp']) write(`${PATH}${name}`, `${CONTENT} saved`);
    await world.rest();
    const sight = await lookAt(world);
    assert.match(doubled(world, sight), /^I4: twice there/m);
    assert.equal(doubled(world, withMode(sight, sim.name, 'upload')), '');
    assert.match(doubled(world, withMode(sight, other.name, 'upload')), /^I4: twice there/m);
  }));

test('I4 sees a content twice that an upload pair has under no name of a temporary', () =>
  staged(async ({ world, sim, write }) => {
    for (const name of [' one', ' two']) write(`${PATH}${name}`, `${CONTENT} twice`);
    await world.rest();
    const sight = withMode(await lookAt(world), sim.name, 'upload');
    assert.match(doubled(world, sight), /^I4: twice there/m);
  }));

test('I4 lets who only uploads set aside what it does not have, and nothing of its own', () =>
  staged(async ({ world, sim, other, write }) => {
    write(COPY, `${CONTENT} set aside`);
    await world.rest();
    const sight = await lookAt(world);
    const of = ({ name }: { readonly name: string }): DeviceSight => {
      const found = sight.devices.find((device) => device.name === name);
      assert.ok(found !== undefined);
      return found;
    };
    const nodes = new Map([...of(sim).nodes].filter(([path]) => path !== COPY));
    const needless = /^I4: .* without anybody else: laptop$/m;
    assert.equal(doubled(world, withMode(sight, sim.name, 'upload', { nodes })), '');
    assert.match(doubled(world, withMode(sight, sim.name, 'upload')), needless);
    assert.match(doubled(world, withMode(sight, sim.name, 'two-way', { nodes })), needless);
    assert.match(doubled(world, withMode(sight, other.name, 'upload', { nodes })), needless);
    const node = sight.remote.get(COPY);
    assert.ok(node !== undefined);
    const theirs = COPY.replace(sim.name, other.name);
    const remote = new Map(sight.remote).set(theirs, node);
    remote.delete(COPY);
    const uploading = withMode(sight, sim.name, 'upload', { nodes });
    assert.match(doubled(world, { ...uploading, remote }), needless);
    const without = withMode(sight, sim.name, 'upload', { nodes: new Map() });
    assert.match(doubled(world, without), needless);
    const move = (to: string): void =>
      world.ledger.record(deedOf(sim.name, 0, `move ${ROOT}/x to ${ROOT}${to}`, {}));
    move(`${PATH} else`);
    assert.match(doubled(world, without), needless);
    move(PATH);
    assert.equal(doubled(world, without), '', 'it may have moved its own on since');
    world.ledger.startPhase(2);
    world.ledger.record(deedOf(other.name, 0, 'look', {}));
    const idle = withMode(sight, sim.name, 'upload', { nodes });
    assert.match(doubled(world, idle), /^I4: .* without anybody else: desktop$/m);
  }));

test('I4 lets who only uploads set aside its own where it has that under another name since before', () =>
  staged(async ({ world, sim, write }) => {
    write(COPY, `${CONTENT} set aside`);
    await world.rest();
    const sight = await lookAt(world);
    const id = sight.remote.get(COPY)?.id;
    assert.ok(id !== undefined);
    const saidWith = (mode: PairMode, here: string): string =>
      doubled(world, withMode(sight, sim.name, mode, { places: new Map([[id, here]]) }));
    const needless = /^I4: .* without anybody else: laptop$/m;
    assert.equal(saidWith('upload', `${PATH} else`), '');
    assert.match(saidWith('two-way', `${PATH} else`), needless);
    assert.match(saidWith('upload', PATH), needless);
    world.ledger.record(deedOf(sim.name, 0, `rename ${ROOT}/x to ${ROOT}${PATH} else`, {}));
    assert.match(saidWith('upload', `${PATH} else`), needless);
  }));

test('a name that an upload pair deleted and took again is of what has it now', () =>
  staged(async ({ world, sim }) => {
    const { database } = sim;
    const id = (await lookAt(world)).remote.get(PATH)?.id;
    assert.ok(id !== undefined);
    const gone = { first: '0'.repeat(32), last: 'f'.repeat(32) };
    database.sql('CREATE TEMP TABLE gone AS SELECT * FROM base_node').run();
    const [there] = database.sql<{ n: number }>('SELECT count(*) AS n FROM gone').all();
    assert.equal(there?.n, 1);
    for (const node of Object.values(gone)) {
      database.sql('UPDATE gone SET node_id = ?, local_id = -1').run(node);
      database.sql('INSERT INTO base_node SELECT * FROM gone').run();
      const device = (await lookAt(world)).devices.find(({ name }) => name === sim.name);
      database.sql('DELETE FROM base_node WHERE node_id = ?').run(node);
      assert.equal(device?.nodes.get(PATH), id);
      assert.equal(device.places.get(node), undefined);
    }
    database.sql('DROP TABLE gone').run();
  }));

test('I4 lets an upload pair make a copy where it met an old state anew, and no other device', () =>
  staged(async ({ world, sim, other, write }) => {
    write(COPY, `${CONTENT} set aside`);
    await world.rest();
    const sight = await lookAt(world);
    world.ledger.metAnew = new Map([[sim.name, new Set()]]);
    assert.equal(doubled(world, sight), '');
    world.ledger.metAnew = new Map([[other.name, new Set()]]);
    assert.match(doubled(world, sight), /^I4: .* without anybody else: laptop$/m);
  }));

test('I1 lets a download pair keep what its person took back, and nothing else', () =>
  staged(async ({ world, sim, other }) => {
    const [link, folder] = [`${PATH} link`, `${PATH} folder`];
    sim.user.symlink('target 1', `${ROOT}${link}`);
    sim.user.folder(`${ROOT}${folder}`);
    await world.rest();
    const whole = withMode(await lookAt(world), other.name, 'download');
    const devices = whole.devices.filter(({ name }) => name === other.name);
    const said = (...held: readonly (readonly [string, string])[]): readonly string[] => {
      const ledger = new Ledger();
      const nodes = held.map(([kind, what]): HeldNode => ({ node: what, kind, what }));
      ledger.takeBack(other.name, nodes);
      return agreement({ ...whole, remote: new Map(), devices }, ledger, new Set());
    };
    const file = ['file', world.ledger.digest(CONTENT)] as const;
    const [target, name] = [['symlink', 'target 1'] as const, ['folder', folder.slice(1)] as const];
    assert.deepEqual(said(file, target, name), []);
    const another = said(['file', world.ledger.digest('another')], target, name);
    assert.match(another.join('\n'), /^I1: desktop alone has file .*$/);
    const alone = `I1: desktop alone has symlink target 1 at ${link}`;
    assert.deepEqual(said(file, name), [alone]);
    assert.deepEqual(said(file, ['symlink', 'target 2'], name), [alone]);
    assert.deepEqual(said(file, ['file', 'target 1'], name), [alone]);
    const elsewhere = said(file, target, ['folder', 'elsewhere']);
    assert.deepEqual(elsewhere, [`I1: desktop alone has folder at ${folder}`]);
  }));
