/** Each oracle sees the violation that it is there for. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deedOf } from './deed.ts';
import { ROOT } from './device.ts';
import { Ledger } from './ledger.ts';
import { checkWorld } from './oracles.ts';
import { MARK } from './person.ts';
import { CONTENT, PATH, seen, type Stage } from './planted.ts';
import { makeFolder, renameFolder, saveEverywhere, showOldHead } from './probes.ts';
import { lookAt } from './sight.ts';
import { brokenWorld, differences } from './verdict.ts';

test('I1 sees a file that a device has alone, and one that it lacks', async () => {
  const alone = await seen(async ({ other }) => other.user.write(`${ROOT}/more`, 'x'));
  assert.match(alone, /^I1: desktop alone has file/m);
  const lacking = await seen(async ({ other }) => other.user.remove(`${ROOT}${PATH}`));
  assert.match(lacking, /^I1: desktop has nothing at/m);
});

test('I1 lets a folder be gone with what is left out in it where its person deleted it, and nowhere else', async () => {
  const plant = async ({ world, sim, other, write }: Stage, isOwn: boolean): Promise<void> => {
    sim.user.folder(`${ROOT}/f/out`);
    write('/f/out/file', `${CONTENT} out`);
    await world.rest();
    const { engine } = await other.live(world.signal);
    await engine.exclude({ pair: ROOT, remote: ['/f/out'] });
    await world.rest();
    other.user.remove(`${ROOT}/f`);
    const device = isOwn ? other.name : sim.name;
    world.ledger.record(deedOf(device, 0, 'delete', { folders: ['f'] }));
    await world.rest();
  };
  assert.equal(await seen((stage) => plant(stage, true)), '');
  assert.match(await seen((stage) => plant(stage, false)), /^I1: desktop has nothing at \/f,/m);
});

test('I1 sees a time and an executable bit that differ', async () => {
  const time = await seen(async ({ other }) => other.user.setTimes(`${ROOT}${PATH}`, 1000));
  assert.match(time, /^I1: desktop has file \w+ of 1000/m);
  const mode = await seen(async ({ other }) => other.user.setMode(`${ROOT}${PATH}`, 0o755));
  assert.match(mode, /^I1: desktop has file executable/m);
});

test('I2 sees a content that is nowhere', async () => {
  const violations = await seen(async ({ world, sim }) =>
    world.ledger.record(deedOf(sim.name, 0, 'planted', { wrote: ['never there'] })),
  );
  assert.match(violations, /^I2: lost "never there"/m);
});

test('I2 sees a content that is in the trash alone although nobody gave it up', async () => {
  const violations = await seen(async ({ world, sim, write }) => {
    write(`${PATH} away`, `${CONTENT} away`);
    await world.rest();
    sim.user.remove(`${ROOT}${PATH} away`);
    await world.rest();
  });
  assert.match(violations, /^I2: lost "Geheimnis planted away", which nobody gave up$/m);
});

test('I2 wants what an editor took away by name in the trash at least', async () => {
  const violations = await seen(async ({ world, sim, other, write }) => {
    const [trashed, never] = [`${CONTENT} of another`, 'never there'];
    write(`${PATH} away`, trashed);
    await world.rest();
    sim.user.remove(`${ROOT}${PATH} away`);
    world.ledger.record(deedOf(sim.name, 0, 'planted', { wrote: [never] }));
    const taken = { gaveUp: [trashed, never], unseen: [trashed, never] };
    world.ledger.record(deedOf(other.name, 0, 'end to save', taken));
    await world.rest();
  });
  assert.equal(violations, 'I2: lost "never there", which nobody gave up');
});

test('I2 sees an engine that wrote into a folder that is not its root', async () => {
  const violations = await seen(async ({ sim }) => {
    assert.ok(sim.isExternal ? sim.unplug() : sim.swapRoot());
    sim.user.write(`${ROOT}/of the engine`, 'x');
    return sim.bringBack();
  });
  assert.match(violations, /^I2: laptop (wrote into an empty mount point|touched a folder)/m);
});

test('I3 sees a deleted content that is there', async () => {
  const violations = await seen(async ({ world, sim }) =>
    world.ledger.record(deedOf(sim.name, 0, 'planted', { deleted: [CONTENT] })),
  );
  assert.match(violations, /^I3: .*planted", deleted on laptop, came back/m);
});

test('I3 excuses what was chosen and what a crash may undo, for no other crash and no other move', async () => {
  const said = (happen: (stage: Stage) => void): Promise<string> =>
    seen(async (stage) => {
      const { world, sim } = stage;
      world.ledger.startPhase(2);
      happen(stage);
      world.ledger.record(deedOf(sim.name, 9, 'delete', { deleted: [CONTENT], gaveUp: [CONTENT] }));
    });
  const cameBack = /^I3: .*planted", deleted on laptop, came back/m;
  assert.equal(await said(({ world, sim }) => world.ledger.choose(sim.name, [CONTENT])), '');
  assert.match(await said(({ world, sim }) => world.ledger.choose(sim.name, ['other'])), cameBack);
  const crash = await said(({ world, other }) => {
    world.ledger.switchedOff(other.name, new Map(), new Map(), 5);
  });
  assert.match(crash, cameBack);
  const off = (at: number): Promise<string> =>
    said(({ world, sim }) => void world.ledger.switchedOff(sim.name, new Map(), new Map(), at));
  assert.equal(await off(10_009), '', 'what was not on the disk yet');
  assert.match(await off(10_010), cameBack);
  const move = await said(({ world, other }) =>
    world.ledger.record(deedOf(other.name, 5, 'move', { touched: ['other'] })),
  );
  assert.match(move, cameBack);
});

test('I3 lets one of two equal files stay when the other is deleted, and not both', async () => {
  const plant = async ({ world, sim, write }: Stage, isDeleted: boolean): Promise<void> => {
    write(`${PATH} again`, CONTENT);
    await world.rest();
    await checkWorld(world);
    world.ledger.startPhase(2);
    if (isDeleted) sim.user.remove(`${ROOT}${PATH} again`);
    world.ledger.record(deedOf(sim.name, 0, 'delete', { deleted: [CONTENT], gaveUp: [CONTENT] }));
    await world.rest();
  };
  assert.equal(await seen((stage) => plant(stage, true)), '');
  assert.match(
    await seen((stage) => plant(stage, false)),
    /^I3: .*, deleted on laptop, came back/m,
  );
});

test('I3 lets stay where it is what who deleted an equal file had there, and nothing else', async () => {
  const said = (path: string, content: string, isThere: boolean): Promise<string> =>
    seen(async ({ world, sim, write }) => {
      world.ledger.startPhase(2);
      if (isThere) write(`${PATH} again`, CONTENT);
      const what = { deleted: [CONTENT], gaveUp: [CONTENT], still: new Map([[path, content]]) };
      world.ledger.record(deedOf(sim.name, world.scheduler.now(), 'delete', what));
      await world.rest();
    });
  const cameBack = /^I3: .*, deleted on laptop, came back/m;
  assert.equal(await said(PATH, CONTENT, false), '');
  assert.match(await said(`${PATH} again`, CONTENT, false), cameBack);
  assert.match(await said(PATH, `${CONTENT} else`, false), cameBack);
  assert.match(await said(`${PATH} again`, CONTENT, true), cameBack);
});

test('I4 lets be twice there what a device received and its person moved at a power cut, nothing else', async () => {
  interface Cut {
    readonly writer?: string;
    readonly off?: string;
    readonly afterMs?: number;
  }
  const plant = async (
    { world, sim, write }: Stage,
    { writer = 'phone', off = sim.name, afterMs = 10_000 }: Cut,
  ): Promise<void> => {
    const content = `${CONTENT} moved`;
    world.ledger.startPhase(2);
    for (const name of ['f', 'g']) write(`${PATH} ${name}`, content, false);
    const now = world.scheduler.now();
    world.ledger.record(deedOf(writer, now, 'write', { wrote: [content] }));
    world.ledger.record(deedOf(sim.name, now, 'move', { touched: [content] }));
    world.ledger.switchedOff(off, new Map(), new Map(), now + afterMs);
    await world.rest();
  };
  assert.equal(await seen((stage) => plant(stage, {})), '');
  const twice = /^I4: twice there/m;
  assert.match(await seen((stage) => plant(stage, { afterMs: 10_001 })), twice);
  assert.match(await seen((stage) => plant(stage, { writer: stage.sim.name })), twice);
  assert.match(await seen((stage) => plant(stage, { off: 'phone' })), twice);
});

test('I4 sees a third of two equal files, although two are known', async () => {
  const violations = await seen(async ({ world, write }) => {
    write(`${PATH} again`, CONTENT);
    await world.rest();
    await checkWorld(world);
    write(`${PATH} and again`, CONTENT);
    await world.rest();
  });
  assert.match(violations, /^I4: twice there/m);
});

test('I4 lets a moved temporary be twice there where another was saving it', async () => {
  const text = 'move /f/.laptop-does-13A.tmp to /g';
  const plant = async ({ world, sim, write }: Stage, mover: string): Promise<void> => {
    for (const name of ['f', 'g']) write(`${PATH} ${name}`, `${CONTENT} saved`);
    world.ledger.record(deedOf(mover, 0, text, { touched: [`${CONTENT} saved`] }));
    assert.equal(sim.name, 'laptop');
    await world.rest();
  };
  assert.equal(await seen((stage) => plant(stage, 'web')), '');
  assert.match(await seen((stage) => plant(stage, 'laptop')), /^I4: twice there/m);
});

test('I4 knows a conflict copy again whose folder was moved, and no other node and no other name', async () => {
  const copy = 'x (conflict laptop 2026-01-02 03-04-05)';
  const said = (to: string, isNew = false): Promise<string> =>
    seen(async ({ world, sim, other, write }) => {
      sim.user.folder(`${ROOT}/d`);
      write(`/d/${copy}`, `${CONTENT} of a copy`);
      world.ledger.record(deedOf(other.name, world.scheduler.now(), 'look', {}));
      await world.rest();
      assert.deepEqual(await checkWorld(world), []);
      world.ledger.startPhase(2);
      const now = world.scheduler.now();
      world.ledger.record(deedOf(sim.name, now, `move ${ROOT}/d to ${ROOT}${to}`, {}));
      sim.user.rename(`${ROOT}/d`, `${ROOT}/e`);
      if (to !== '/e') sim.user.rename(`${ROOT}/e/${copy}`, `${ROOT}${to}`);
      if (isNew) write(`/${copy}`, `${CONTENT} of another`);
      await world.rest();
    });
  assert.equal(await said('/e'), '');
  assert.equal(await said(`/${copy}`), '');
  const needless = /^I4: .* without anybody else: laptop$/m;
  assert.match(await said(`/e/${copy} (conflict desktop 2026-01-02 03-04-05)`), needless);
  assert.match(await said('/e', true), needless);
});

test('I4 sees a content that is there twice', async () => {
  const violations = await seen(async ({ world, write }) => {
    write(`${PATH} again`, CONTENT);
    await world.rest();
  });
  assert.match(violations, /^I4: twice there/m);
});

test('I4 lets a content be there twice that a person took back, and no third time', async () => {
  const plant = async ({ world, write }: Stage, names: readonly string[]): Promise<void> => {
    for (const name of ['once', ...names]) write(`${PATH} ${name}`, `${CONTENT} anew`);
    await world.rest();
    const undone = (await lookAt(world)).remote.get(`${PATH} again`);
    assert.ok(undone !== undefined);
    world.ledger.undoneNodes.add(undone.id);
  };
  assert.equal(await seen((stage) => plant(stage, ['again'])), '');
  const third = await seen((stage) => plant(stage, ['again', 'and again']));
  assert.match(third, /^I4: twice there/m);
});

test('I4 lets twice there be what an upload pair had elsewhere when it met an old state, no more', async () => {
  const plant = async ({ world, sim, write }: Stage, elsewhere: string): Promise<void> => {
    write(`${PATH} again`, CONTENT);
    await world.rest();
    world.ledger.metAnew = new Map([[sim.name, new Set([elsewhere])]]);
  };
  assert.equal(await seen((stage) => plant(stage, CONTENT)), '');
  assert.match(await seen((stage) => plant(stage, 'another')), /^I4: twice there/m);
});

test('I4 takes the backup of a conflict copy for a file, and any other copy for one', async () => {
  const copy = `${PATH} (conflict laptop 2026-01-02 03-04-05)`;
  const violations = await seen(async ({ world, write }) => {
    for (const path of [copy, `${copy}.bak`, `${copy} 2.bak`]) write(path, `${CONTENT} ${path}`);
    await world.rest();
  });
  assert.match(violations, /^I4: /m);
  assert.ok(violations.includes(`${copy} 2.bak`) && !violations.includes(`${copy}.bak`));
});

test('I4 sees a conflict copy without a conflict', async () => {
  const violations = await seen(async ({ world, write }) => {
    write(`${PATH} (conflict laptop 2026-01-02 03-04-05)`, `${CONTENT} copy`);
    await world.rest();
  });
  assert.match(violations, /^I4: .* without anybody else/m);
});

test('I5 sees a device that has something to do', async () => {
  const violations = await seen(async ({ write }) => write(`${PATH} late`, `${CONTENT} late`));
  assert.match(violations, /^I5: laptop is not idle at rest/m);
});

test('I6 sees a folder rename that sends content', async () => {
  const violations = await seen(async ({ world, actor, sim, write }) => {
    assert.ok(await makeFolder(world, sim));
    write(`/${MARK}-probe/more`, `${CONTENT} more`);
    return renameFolder(world, actor);
  });
  assert.match(violations, /^I6: a folder rename sent .*packs.* records/m);
});

test('I7 sees a content that nobody wrote', async () => {
  const violations = await seen(async ({ world, write }) => {
    write(`${PATH} torn`, 'half of someth', false);
    await world.rest();
  });
  assert.match(violations, /^I7: nobody wrote the content/m);
});

test('I7 sees a file that a crash tore although its device did not write it', () => {
  const ledger = new Ledger();
  ledger.record(deedOf('laptop', 0, 'write', { wrote: ['whole'] }));
  const after = new Map([['/f', '\0\0\0\0\0']]);
  const violations = ledger.switchedOff('desktop', new Map([['/f', 'whole']]), after, 1000);
  assert.match(violations.join('\n'), /^I7: desktop has a torn file at \/f/);
});

test('I8 lets a power cut change the node of what was left out and moved, and of nothing else', async () => {
  const plant = async ({ world, other }: Stage, chosen: string): Promise<void> => {
    world.memory.nodeOfContent = new Map([[world.ledger.digest(CONTENT), 'another node']]);
    world.ledger.startPhase(2);
    world.ledger.choose(other.name, [chosen]);
    world.ledger.offInPhase.add(other.name);
    world.ledger.record(deedOf('phone', 0, 'move', { touched: [CONTENT] }));
  };
  assert.equal(await seen((stage) => plant(stage, CONTENT)), '');
  assert.match(await seen((stage) => plant(stage, 'another')), /^I8: .* has another node/m);
});

test('I8 sees a content that changed its node', async () => {
  const violations = await seen(async ({ world }) => {
    const hash = world.ledger.digest(CONTENT);
    world.memory.nodeOfContent = new Map([[hash, 'another node']]);
    world.ledger.startPhase(2);
  });
  assert.match(violations, /^I8: .* has another node/m);
});

test('I8 sees a save that made another node', async () => {
  const violations = await seen(async ({ world, actor, sim }) => {
    assert.ok(await makeFolder(world, sim));
    await renameFolder(world, actor);
    const save = world.rest.bind(world);
    // Between the save and the rest somebody puts the content into a new file instead.
    world.rest = async () => {
      world.rest = save;
      const path = `${ROOT}/${MARK}-renamed probe/file 0`;
      const saved = sim.person.view.contentOf(path);
      sim.user.remove(path);
      await save();
      sim.user.write(path, saved);
      await save();
    };
    return saveEverywhere(world, sim);
  });
  assert.match(violations, /^I8: a save by in place \(nano\) made another node/m);
});

test('I9 sees two runs that differ', () => {
  const one = { ...brokenWorld({ seed: 1 }, ''), logHash: 'a', log: ['same', 'one'] };
  const two = { ...one, logHash: 'b', log: ['same', 'two'] };
  assert.deepEqual(differences(one, two), ['I9: two runs differ at line 1: one / two']);
  assert.deepEqual(differences(one, one), []);
});

test('I11 sees a name and a hash in a request', async () => {
  const name = await seen(async ({ world }) => {
    world.network.sent.push(new TextEncoder().encode(`{"name":"${MARK}-alpha"}`));
  });
  assert.match(name, /^I11: left a device/m);
  const hash = await seen(async ({ world }) => {
    world.network.sent.push(Buffer.from(world.ledger.digest(CONTENT), 'hex'));
  });
  assert.match(hash, /^I11: left a device/m);
});

test('I12 sees a stall at rest', async () => {
  const violations = await seen(async ({ world, sim }) => {
    sim.user.pipe(`${ROOT}/pipe`);
    await world.syncOnce(sim);
  });
  assert.match(violations, /^I12: laptop stalls at rest: SpecialFileSkipped/m);
});

test('an old head that a device takes is seen', async () => {
  const violations = await seen(async ({ world }) => {
    const sync = world.syncOnce.bind(world);
    const rest = world.rest.bind(world);
    // A device that remembers nothing takes whatever it is shown.
    world.rest = async () => {
      await rest();
      world.syncOnce = (device) => {
        device.loseDatabase();
        return sync(device);
      };
    };
    const found = await showOldHead(world);
    world.syncOnce = sync;
    await world.addPairs();
    return found;
  });
  assert.match(violations, /^refusal: laptop took an old head/m);
});
