/** What the newer excuses of the oracles let through, and what is seen beside it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deedOf, type Deed } from './deed.ts';
import { ROOT } from './device.ts';
import { IGNORE_FILE } from './ignored.ts';
import { Ledger } from './ledger.ts';
import { tooManyCopies } from './oracle-copies.ts';
import { freshMemory } from './oracle-memory.ts';
import { checkWorld } from './oracles.ts';
import { CONTENT, PATH, seen, type Stage } from './planted.ts';
import { withExpired } from './sight.ts';

const DAY_MS = 24 * 3_600_000;
const LOST = `I2: lost "${CONTENT} unseen", which nobody gave up`;

/** What an editor took away by name goes to the trash; `days` later the next change is made. */
async function takeUnseen(stage: Stage, days: number, isPurged: boolean): Promise<void> {
  const { world, sim, other, write } = stage;
  const content = `${CONTENT} unseen`;
  write(`${PATH} away`, content);
  await world.rest();
  sim.user.remove(`${ROOT}${PATH} away`);
  const taken = { gaveUp: [content], unseen: [content] };
  world.ledger.record(deedOf(other.name, 0, 'end to save', taken));
  await world.rest();
  assert.deepEqual(await checkWorld(world), []);
  await world.scheduler.clock('calendar').sleep(days * DAY_MS);
  const { drive } = await sim.live(world.signal);
  if (isPurged) assert.equal(await drive.edit.emptyTrash({}, world.signal), 1);
  write(`${PATH} later`, `${CONTENT} later`);
  await world.rest();
}

test('I2 lets what was taken away unseen go when the trash has kept it for its time, and no day sooner', async () => {
  assert.equal(await seen((stage) => takeUnseen(stage, 31, false)), '');
  assert.equal(await seen((stage) => takeUnseen(stage, 29, false)), '');
  assert.equal(await seen((stage) => takeUnseen(stage, 29, true)), LOST);
});

test('what is kept is known until its time is over, and again when it is there again', () => {
  const at = (there: ReadonlyMap<string, number>, now: number): readonly [string, number][] => [
    ...withExpired(there, new Map([['a', 5]]), now),
  ];
  assert.deepEqual(at(new Map(), 5), []);
  assert.deepEqual(at(new Map(), 6), [['a', 5]]);
  assert.deepEqual(at(new Map([['a', 9]]), 6), [['a', 9]]);
});

test('I2 lets a rename take the file that came to its place in that instant, and no other', async () => {
  const made = `${CONTENT} made`;
  const plant = async ({ world, sim, other }: Stage, mayAct: boolean): Promise<void> => {
    other.user.rename(`${ROOT}${PATH}`, `${ROOT}${PATH} newer`);
    world.ledger.record(deedOf(sim.name, world.scheduler.now(), 'create', { wrote: [made] }));
    let isMade = false;
    sim.onCall = (phase, { kind, to }) => {
      const isMeant = phase === 'before' && kind === 'rename' && to?.endsWith(' newer') === true;
      if (isMade || !mayAct || !isMeant) return;
      isMade = true;
      sim.user.write(`${ROOT}${PATH} newer`, made);
    };
    await world.rest();
    assert.equal(isMade, mayAct);
  };
  assert.equal(await seen((stage) => plant(stage, true)), '');
  const lost = `I2: lost "${made}", which nobody gave up`;
  assert.equal(await seen((stage) => plant(stage, false)), lost);
});

test('I2 misses what is in a recycle area alone, and was touched right after a power cut', async () => {
  const content = `${CONTENT} touched`;
  const plant = async ({ world, sim, other, write }: Stage): Promise<void> => {
    world.ledger.switchedOff(sim.name, new Map(), new Map(), world.scheduler.now());
    write(`${PATH} touched`, content);
    const touched = [content];
    world.ledger.record(deedOf(sim.name, world.scheduler.now(), `touch ${PATH}`, { touched }));
    await world.rest();
    other.user.remove(`${ROOT}${PATH} touched`);
    await world.rest();
  };
  assert.equal(await seen(plant), `I2: lost "${content}", which nobody gave up`);
});

test('I2 lets a power cut take what the drive had not received, and the trash keep what its person took since', async () => {
  const [received, never] = [`${CONTENT} received`, `${CONTENT} never sent`];
  const plant = async (stage: Stage, since: string | undefined): Promise<void> => {
    const { world, sim, write } = stage;
    write(`${PATH} cut`, received);
    await world.rest();
    const at = world.scheduler.now();
    world.ledger.record(deedOf(sim.name, at, 'write', { wrote: [never] }));
    sim.user.remove(`${ROOT}${PATH} cut`);
    const loss = { device: sim.name, at: at + 1, left: undefined };
    world.ledger.lostByCrash.set(received, { ...loss, path: `${ROOT}/f/cut` });
    world.ledger.lostByCrash.set(never, { ...loss, path: `${ROOT}/f/never` });
    if (since !== undefined) world.ledger.record(deedOf(sim.name, at + 2, since, {}));
    await world.rest();
  };
  const lost = `I2: lost "${received.slice(0, 30)}", which nobody gave up`;
  assert.equal(await seen((stage) => plant(stage, undefined)), lost);
  assert.equal(await seen((stage) => plant(stage, `create ${ROOT}/else`)), lost);
  assert.equal(await seen((stage) => plant(stage, `create ${ROOT}/f/else`)), '');
});

test('a lost answer excuses what happened in its phase, and nothing of a later one', async () => {
  const plant = async ({ world, sim, write }: Stage, isLater: boolean): Promise<void> => {
    world.ledger.isUncertainInPhase = true;
    const names = ['soon', 'late'];
    for (const name of names) write(`${PATH} ${name}`, `${CONTENT} ${name}`);
    await world.rest();
    for (const name of isLater ? names : ['soon']) {
      sim.user.remove(`${ROOT}${PATH} ${name}`);
      await world.rest();
      assert.deepEqual(name === 'soon' ? await checkWorld(world) : [], []);
      world.ledger.startPhase(2);
    }
    world.ledger.record(deedOf(sim.name, 0, 'planted', { deleted: isLater ? [CONTENT] : [] }));
  };
  assert.equal(await seen((stage) => plant(stage, false)), '');
  const later = await seen((stage) => plant(stage, true));
  assert.match(later, /^I2: lost "Geheimnis planted late"/m);
  assert.match(later, /^I3: "Geheimnis planted", deleted on laptop, came back/m);
  assert.ok(!later.includes('planted soon'));
});

test('I4 lets a backup be there twice that one put over a file and another renamed, no more and no other', async () => {
  const content = `${CONTENT} old`;
  const plant = async (
    stage: Stage,
    from: string,
    mover: string,
    { count = 2, how = `rename /${from} to /b`, put = `replace /a by /${from}` } = {},
  ): Promise<void> => {
    const { world, sim, write } = stage;
    world.ledger.startPhase(2);
    for (let n = 1; n <= count; n++) write(`${PATH} ${n}`, content);
    const now = world.scheduler.now();
    const touched = [content];
    world.ledger.record(deedOf(sim.name, now, put, { touched }));
    world.ledger.record(deedOf(mover, now, how, { touched }));
    await world.rest();
  };
  assert.equal(await seen((stage) => plant(stage, 'f.bak', 'web')), '');
  const how = 'save /f.bak as one that keeps a backup of it';
  assert.equal(await seen((stage) => plant(stage, 'f.bak', 'web', { how })), '');
  const swapped = { how: 'swap /c and /f.bak' };
  assert.equal(await seen((stage) => plant(stage, 'f.bak', 'web', swapped)), '');
  for (const put of ['swap /a and /f.bak', 'swap /f.bak and /a'])
    assert.equal(await seen((stage) => plant(stage, 'f.bak', 'web', { put })), '');
  const twice = /^I4: twice there/m;
  const swap = { put: 'swap /a and /f' };
  assert.match(await seen((stage) => plant(stage, 'f', 'web', swap)), twice);
  assert.match(await seen((stage) => plant(stage, 'f.bak', 'web', { how: 'touch /f.bak' })), twice);
  assert.match(await seen((stage) => plant(stage, 'f', 'web')), twice);
  assert.match(await seen((stage) => plant(stage, 'f.bak', stage.sim.name)), twice);
  assert.match(await seen((stage) => plant(stage, 'f.bak', 'web', { count: 3 })), twice);
});

test('I4 lets a backup be there once more whose file one deleted after saving and another moved, no other', async () => {
  const [first, old, saved, later] = ['first', 'old', 'saved', 'later'].map(
    (each) => `${CONTENT} ${each}`,
  );
  assert.ok(first !== undefined && old !== undefined && saved !== undefined && later !== undefined);
  const said = ({
    editor = 'S5 AutoCAD: f to f.bak, create f, keep f.bak',
    move = `swap ${ROOT}/b and ${ROOT}/f`,
    mover = 'web',
    moved = old,
    gone = saved,
    deleter = 'phone',
    count = 2,
  } = {}): Promise<string> =>
    seen(async ({ world, write }) => {
      world.ledger.startPhase(2);
      const tell = (device: string, text: string, what: Partial<Deed>): void =>
        world.ledger.record(deedOf(device, world.scheduler.now(), text, what));
      write(`${PATH} 1`, first);
      tell('laptop', `edit ${ROOT}/f`, { wrote: [old], gaveUp: [first] });
      for (let n = 1; n <= count; n++) write(`${PATH} ${n}`, old);
      const kept = { wrote: [saved], touched: [old] };
      tell('phone', `save ${ROOT}/f as ${editor}`, kept);
      tell('phone', `edit ${ROOT}/f`, { wrote: [later], gaveUp: [saved] });
      tell(mover, move, { touched: [moved] });
      tell(deleter, `delete ${ROOT}/f`, { gaveUp: [saved, later], deleted: [gone] });
      await world.rest();
    });
  assert.equal(await said(), '');
  assert.equal(await said({ moved: first, gone: later, move: 'move /f to /c' }), '');
  assert.equal(
    await said({ editor: 'S2 gedit: write .goutputstream, keep f~, rename over f' }),
    '',
  );
  const twice = /^I4: twice there/m;
  assert.match(await said({ editor: 'in place (nano)' }), twice);
  assert.match(await said({ mover: 'phone' }), twice);
  assert.match(await said({ deleter: 'web' }), twice);
  assert.match(await said({ moved: CONTENT }), twice);
  assert.match(await said({ gone: CONTENT }), twice);
  assert.match(await said({ move: 'rename /c to /f' }), twice, 'another came to its place');
  assert.match(await said({ move: 'touch /f' }), twice);
  assert.match(await said({ count: 3 }), twice);
});

test('I4 lets a temporary, or a backup, be there once more that somebody restored, no more and no other', async () => {
  const content = `${CONTENT} saved`;
  const said = (text: string, count = 2): Promise<string> =>
    seen(async ({ world, write }) => {
      world.ledger.startPhase(2);
      for (let n = 1; n <= count; n++) write(`${PATH} ${n}`, content);
      const now = world.scheduler.now();
      world.ledger.record(deedOf('web', now, text, { touched: [content] }));
      await world.rest();
    });
  assert.equal(await said('restore /phone-does-18A.tmp'), '');
  assert.equal(await said(`restore ${PATH}.bak`), '');
  const twice = /^I4: twice there/m;
  assert.match(await said('restore /phone-does-18A.tmp', 3), twice);
  assert.match(await said(`restore ${PATH} 1`), twice);
  assert.match(await said('touch /phone-does-18A.tmp'), twice);
});

test('I4 lets a temporary be there beside its file where a power cut met the save, and nothing else', async () => {
  const content = `${CONTENT} saved`;
  const said = (given: {
    readonly text?: string;
    readonly saver?: string;
    readonly offMs?: number;
    readonly temporary?: string;
    readonly count?: number;
    readonly isNextPhase?: boolean;
    readonly what?: Partial<Deed>;
  }): Promise<string> =>
    seen(async ({ world, sim, write }) => {
      const { text = 'begin to save', saver = sim.name, offMs = 10_000, count = 1 } = given;
      const { what = { mayWrite: [content] } } = given;
      const { ledger } = world;
      ledger.startPhase(2);
      for (let n = 1; n <= count; n++) write(`${PATH} ${n}`, content);
      write(given.temporary ?? '/laptop-does-15A.tmp', content);
      const now = world.scheduler.now();
      ledger.record(deedOf('phone', now, 'edit', { wrote: [content] }));
      ledger.record(deedOf(saver, now, `${text} ${ROOT}${PATH} 1`, what));
      ledger.switchedOff(sim.name, new Map(), new Map(), now + offMs);
      if (given.isNextPhase === true) ledger.startPhase(3);
      await world.rest();
    });
  assert.equal(await said({}), '');
  assert.equal(await said({ text: 'end to save', offMs: 0 }), '');
  assert.equal(await said({ what: { gaveUp: [content] } }), '', 'the old content');
  const twice = /^I4: twice there/m;
  assert.match(await said({ what: { deleted: [content] } }), twice);
  assert.match(await said({ offMs: 10_001 }), twice);
  assert.match(await said({ saver: 'phone' }), twice, 'another device was switched off');
  assert.match(await said({ temporary: `${PATH} 2` }), twice);
  assert.match(await said({ count: 2 }), twice);
  assert.match(await said({ text: 'edit' }), twice);
  assert.match(await said({ isNextPhase: true }), twice);
});

const KEEPS = 'as S5 AutoCAD: f to f.bak, create f, keep f.bak';

test('I4 lets a backup be there beside its file where a power cut met the save, and nothing else', async () => {
  const old = `${CONTENT} old`;
  const said = ({
    offMs = 10_000,
    text = KEEPS,
    kept = old,
    name = '.bak',
    count = 1,
  }): Promise<string> =>
    seen(async ({ world, sim, write }) => {
      const { ledger } = world;
      ledger.startPhase(2);
      for (let n = 1; n <= count; n++) write(`${PATH} ${n}`, old);
      write(`${PATH}${name}`, old);
      const now = world.scheduler.now();
      ledger.record(deedOf('phone', now, 'edit', { wrote: [old] }));
      const saved = { wrote: [`${CONTENT} saved`], touched: [kept], gaveUp: [`${CONTENT} saved`] };
      ledger.record(deedOf(sim.name, now, `save ${ROOT}${PATH} 1 ${text}`, saved));
      ledger.switchedOff(sim.name, new Map(), new Map(), now + offMs);
      await world.rest();
    });
  assert.equal(await said({}), '');
  const twice = /^I4: twice there/m;
  assert.match(await said({ offMs: 10_001 }), twice);
  assert.match(await said({ text: 'in place (nano)' }), twice);
  assert.match(await said({ kept: CONTENT }), twice);
  assert.match(await said({ name: ' 2' }), twice);
  assert.match(await said({ count: 2 }), twice);
});

test('I4 lets a content be in two backups that two people kept, and nowhere else', async () => {
  const old = `${CONTENT} old`;
  const said = (
    savers: readonly string[],
    names = ['f.bak', 'g.bak'],
    text = KEEPS,
  ): Promise<string> =>
    seen(async ({ world, write }) => {
      const { ledger } = world;
      ledger.startPhase(2);
      for (const name of names) write(`/${name}`, old);
      const now = world.scheduler.now();
      ledger.record(deedOf('phone', now, 'edit', { wrote: [old] }));
      for (const saver of savers)
        ledger.record(deedOf(saver, now, `save ${ROOT}/f ${text}`, { touched: [old] }));
      await world.rest();
    });
  assert.equal(await said(['laptop', 'phone']), '');
  const twice = /^I4: twice there/m;
  assert.match(await said(['laptop', 'laptop']), twice);
  assert.match(await said(['laptop', 'phone'], ['f.bak', 'g']), twice);
  assert.match(await said(['laptop', 'phone'], ['f.bak', 'g.bak', 'h.bak']), twice);
  assert.match(await said(['laptop', 'phone'], ['f.bak', 'g.bak'], 'in place (nano)'), twice);
});

test('I4 counts what a rule hid in earlier phases when the rules change, and nothing else', async () => {
  const said = (hidden: readonly string[], now: string, unruledDeeds = 0): string => {
    const ledger = new Ledger();
    for (const text of hidden) ledger.record(deedOf('phone', 0, text, {}));
    ledger.startPhase(2);
    ledger.record(deedOf('laptop', 0, now, {}));
    const memory = { ...freshMemory(), unruledDeeds };
    const names = [1, 2, 3].map((n) => `/a (conflict phone 2026-01-02 03-04-0${n}).scratch`);
    return tooManyCopies(names, { ledger, memory, features: new Set(['ignores']) }).join();
  };
  const [edit, rules] = ['edit /a.scratch', `edit /${IGNORE_FILE}`];
  const told = 'I4: 3 conflict copies of 1 actions';
  assert.equal(said([edit, edit], rules), '');
  assert.equal(said([edit], rules), told);
  assert.equal(said([edit, 'edit /a'], rules), told);
  assert.equal(said([edit, edit], edit), told, 'the rules are as they were');
  assert.equal(said([edit, edit], rules, 1), told, 'the first was made before there were rules');
});
