/** A server that was set back to an earlier state: said honestly, kept quiet, or made up. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { CALLS, decodeJson, encodeJson } from '@coffer/protocol/api';
import { IntegrityError, utf8ToBytes, type Bytes } from '@coffer/protocol/core';
import { encodeHeadEvidence, HeadRefused } from '@coffer/sdk';
import { flip, HONEST, type Mutate } from './evil-server.ts';
import { codeOf, EvilWorld, openFresh, signal, type Victim } from './evil-world.ts';

interface Scene {
  readonly world: EvilWorld;
  readonly laptop: Victim;
  readonly desk: Victim;
  readonly both: readonly Victim[];
}

/** Two devices with what was there when the backup was made. */
async function scene(): Promise<Scene> {
  const world = await EvilWorld.create('laptop', 'desk');
  const laptop = await world.start('laptop');
  const desk = await world.start('desk');
  laptop.write('letters/first', 'before the backup');
  laptop.write('edited', 'as it was');
  laptop.write('deleted later', 'gone since');
  laptop.write('moved/here', 'moves');
  const both = [laptop, desk];
  await settle(both);
  return { world, laptop, desk, both };
}

async function settle(victims: readonly Victim[]): Promise<void> {
  for (let turn = 0; turn < 3; turn++) {
    for (const victim of victims) {
      victim.clock.time += 60 * 60_000;
      await victim.sync();
    }
  }
}

/** What happened since the backup, synced by both. */
async function liveOn({ laptop, desk, both }: Scene): Promise<void> {
  laptop.write('edited', 'as it is');
  laptop.user.remove(laptop.at('deleted later'));
  laptop.user.rename(laptop.at('moved'), laptop.at('moved on'));
  await laptop.sync();
  await desk.sync();
  desk.write('letters/second', 'after the backup');
  await settle(both);
  // The account space moves on, too.
  for (const { drive } of both) await drive.noteHead(signal);
}

async function stallsOf({ engine }: Victim): Promise<readonly string[]> {
  return (await engine.stalls({})).map(({ reason }) => reason);
}

function contentsOf(victim: Victim): Readonly<Record<string, string>> {
  const files = Object.keys(victim.tree()).filter((path) => victim.tree()[path] !== 'folder');
  return Object.fromEntries(files.map((path) => [path, victim.read(path)]));
}

const ACCEPT = { action: 'accept-restored' } as const;
const AFTER = {
  'letters/first': 'before the backup',
  'letters/second': 'after the backup',
  edited: 'as it is',
  'moved on/here': 'moves',
};

test('T39 a restored server that says so stalls each pair until a person accepts it', async () => {
  const here = await scene();
  await using _ = here.world;
  const { world, laptop, desk, both } = here;
  const backup = await world.evil.honest.snapshot();
  await liveOn(here);
  assert.deepEqual(contentsOf(laptop), AFTER);
  await world.evil.honest.restore(backup, { raiseEra: true });
  for (const victim of both) {
    victim.write(`unsent by ${victim.name}`, 'not seen by any server');
    victim.clock.time += 60_000;
    const before = victim.tree();
    const summary = await victim.engine.syncNow({});
    assert.deepEqual([summary.settled, summary.cause], [false, 'attention']);
    assert.match(summary.message ?? '', /restored from a backup.*\/evidence-/);
    assert.deepEqual(await stallsOf(victim), ['ServerRestored']);
    const [stall] = await victim.engine.stalls({});
    assert.ok(stall !== undefined && stall.actions.includes('accept-restored'));
    assert.match(stall.message, /both signed heads are in \/evidence-/);
    assert.deepEqual(victim.tree(), before, 'no file was touched');
  }
  for (const victim of both) {
    await victim.engine.actOnStall(ACCEPT);
    assert.deepEqual(await stallsOf(victim), []);
    for (const [path, content] of Object.entries(AFTER)) assert.equal(victim.read(path), content);
  }
  await settle(both);
  for (const victim of both) {
    const contents = contentsOf(victim);
    // Nothing that a device had is lost: what was edited or moved since stands beside what the server had.
    for (const text of Object.values(AFTER)) {
      assert.ok(Object.values(contents).includes(text), `${victim.name} has ${text}`);
    }
    for (const name of ['laptop', 'desk']) {
      assert.equal(contents[`unsent by ${name}`], 'not seen by any server');
    }
  }
  assert.deepEqual(contentsOf(laptop), contentsOf(desk));
  for (const { drive } of both) await drive.refresh(signal);
  laptop.write('edited', 'life goes on');
  await settle(both);
  assert.equal(desk.read('edited'), 'life goes on');
});

test('T39 a device that accepts while another one lives on with the restored server loses nothing', async () => {
  const here = await scene();
  await using _ = here.world;
  const { world, laptop, desk, both } = here;
  const backup = await world.evil.honest.snapshot();
  await liveOn(here);
  await world.evil.honest.restore(backup, { raiseEra: true });
  await desk.engine.syncNow({});
  await desk.engine.actOnStall(ACCEPT);
  // The restored server is edited on, past what the laptop had seen.
  for (let n = 0; n < 30; n++) {
    desk.write(`new/${n}`, `new ${n}`);
    await settle([desk]);
  }
  assert.ok(desk.drive.space.head().seq > laptop.drive.space.head().seq);
  const summary = await laptop.engine.syncNow({});
  assert.equal(summary.cause, 'attention', summary.message);
  assert.deepEqual(await stallsOf(laptop), ['ServerRestored']);
  await laptop.engine.actOnStall(ACCEPT);
  await settle(both);
  assert.deepEqual(contentsOf(laptop), contentsOf(desk));
  const contents = Object.values(contentsOf(laptop));
  for (const text of [...Object.values(AFTER), 'new 29']) assert.ok(contents.includes(text), text);
});

test('T39 without a raised era there is nothing to accept, and the heads are kept as evidence', async () => {
  const here = await scene();
  await using _ = here.world;
  const { world, both } = here;
  const backup = await world.evil.honest.snapshot();
  await liveOn(here);
  await world.evil.honest.restore(backup, { raiseEra: false });
  for (const victim of both) {
    const before = victim.tree();
    world.evidence.length = 0;
    const summary = await victim.engine.syncNow({});
    assert.deepEqual([summary.settled, summary.cause], [false, 'integrity']);
    assert.deepEqual(await stallsOf(victim), ['IntegrityFailure']);
    const accepting = await victim.engine.actOnStall(ACCEPT).catch((error: unknown) => error);
    assert.equal(codeOf(accepting, 'accept'), 'head-rolled-back');
    const [evidence] = world.evidence;
    assert.ok(evidence !== undefined && evidence.offered.seq < evidence.pinned.seq);
    assert.equal(evidence.pinned.id, victim.drive.space.storedHead().id);
    assert.ok(encodeHeadEvidence(evidence).length > 0);
    assert.deepEqual(victim.tree(), before);
  }
});

test('T39 an acceptance that breaks off changes nothing here', async () => {
  const here = await scene();
  await using _ = here.world;
  const { world, laptop, both } = here;
  const backup = await world.evil.honest.snapshot();
  await liveOn(here);
  await world.evil.honest.restore(backup, { raiseEra: true });
  await laptop.engine.syncNow({});
  const pinned = laptop.drive.space.storedHead();
  const before = laptop.tree();
  const cut = new Error('switched off');
  const accepting = laptop.drive.acceptRestored(signal, () => {
    throw cut;
  });
  await assert.rejects(accepting, cut);
  assert.deepEqual(laptop.drive.space.storedHead(), pinned);
  const summary = await laptop.engine.syncNow({});
  assert.deepEqual([summary.cause, laptop.tree()], ['attention', before]);
  for (const victim of both) {
    await victim.engine.syncNow({});
    await victim.engine.actOnStall(ACCEPT);
  }
  await settle(both);
  const contents = Object.values(contentsOf(laptop));
  for (const text of Object.values(AFTER)) assert.ok(contents.includes(text), text);
});

test('T39 where the account space alone went back, pairs stay as they are', async () => {
  const here = await scene();
  await using _ = here.world;
  const { world, laptop, both } = here;
  const backup = await world.evil.honest.snapshot();
  for (const { drive } of both) await drive.noteHead(signal);
  await world.evil.honest.restore(backup, { raiseEra: true });
  const refused = await laptop.drive.refresh(signal).catch((error: unknown) => error);
  assert.ok(refused instanceof HeadRefused && refused.isDeclaredRestore);
  assert.notEqual(refused.space, laptop.drive.space.id);
  await laptop.sync();
  await laptop.engine.actOnStall(ACCEPT);
  await laptop.drive.refresh(signal);
  await laptop.drive.noteHead(signal);
  assert.equal((await laptop.engine.syncNow({})).settled, true);
  assert.deepEqual(contentsOf(laptop), contentsOf(here.desk));
});

test('T39 nothing to accept on a server that was not set back', async () => {
  const { world, laptop } = await scene();
  await using _ = world;
  await assert.rejects(laptop.engine.actOnStall(ACCEPT), { code: 'invalid' });
  laptop.write('still', 'works');
  await laptop.sync();
});

test('T39 a head that no device signed is no evidence, whatever era it comes with', async () => {
  const here = await scene();
  await using _ = here.world;
  const { world, laptop } = here;
  let old: Bytes | undefined;
  world.evil.tell(({ call, space, body }) => {
    if (call === 'head' && space === laptop.drive.space.id) old ??= body;
    return undefined;
  });
  await laptop.drive.refresh(signal);
  world.evil.tell(HONEST);
  await liveOn(here);
  const answer = decodeJson(CALLS.head.answer, old ?? new Uint8Array());
  const before = laptop.tree();
  for (const era of [0, 1]) {
    const lie: Mutate = ({ call, space }) =>
      call === 'head' && space === laptop.drive.space.id
        ? encodeJson(CALLS.head.answer, { ...answer, era, signature: flip(answer.signature) })
        : undefined;
    world.evil.tell(lie);
    const refused = await laptop.drive.refresh(signal).catch((error: unknown) => error);
    assert.ok(refused instanceof IntegrityError && !(refused instanceof HeadRefused));
    assert.equal(refused.code, 'signature-invalid');
    const summary = await laptop.engine.syncNow({});
    assert.equal(summary.cause, 'integrity');
    assert.deepEqual(await stallsOf(laptop), ['IntegrityFailure']);
    await assert.rejects(laptop.engine.actOnStall(ACCEPT), { code: 'signature-invalid' });
  }
  assert.deepEqual([world.evidence, laptop.tree()], [[], before]);
  world.evil.tell(HONEST);
  await settle(here.both);
});

test('T39 a restored state that does not hold together is not accepted', async () => {
  const here = await scene();
  await using _ = here.world;
  const { world, laptop } = here;
  const backup = await world.evil.honest.snapshot();
  await liveOn(here);
  await world.evil.honest.restore(backup, { raiseEra: true });
  await laptop.engine.syncNow({});
  const pinned = laptop.drive.space.storedHead();
  const before = laptop.tree();
  world.evil.tell(({ call, body }) =>
    call === 'commits' ? flip(body, body.length - 20) : undefined,
  );
  const refused = await laptop.engine.actOnStall(ACCEPT).catch((error: unknown) => error);
  assert.ok(codeOf(refused, 'accept') !== undefined);
  assert.deepEqual([laptop.drive.space.storedHead(), laptop.tree()], [pinned, before]);
  world.evil.tell(HONEST);
  await laptop.engine.actOnStall(ACCEPT);
  await laptop.sync();
});

test('T38 T39 a restored state that leads to another branch than the offered head is not accepted', async () => {
  const here = await scene();
  await using _ = here.world;
  const { world, laptop, desk } = here;
  const { evil } = world;
  const drive = laptop.drive.space.id;
  const backup = await evil.honest.snapshot();
  await liveOn(here);
  // Every commit of it is signed and follows from the one before, to the end that the server lost.
  let lost: Bytes | undefined;
  evil.tell(({ call, space, body }) => {
    if (call === 'commits' && space === drive) lost ??= body;
    return undefined;
  });
  await openFresh(world, desk.secrets);
  assert.ok(lost !== undefined);
  evil.tell(HONEST);
  await evil.honest.restore(backup, { raiseEra: true });
  const anew = await openFresh(world, desk.secrets);
  await anew.put('/since', [utf8ToBytes('the restore')], { makeParents: true }, signal);
  await laptop.engine.syncNow({});
  assert.deepEqual(await stallsOf(laptop), ['ServerRestored']);
  const pinned = laptop.drive.space.storedHead();
  const before = laptop.tree();
  evil.tell(({ call, space }) => (call === 'commits' && space === drive ? lost : undefined));
  const refused = await laptop.engine.actOnStall(ACCEPT).catch((error: unknown) => error);
  assert.ok(evil.fired > 0);
  assert.equal(codeOf(refused, 'accept'), 'malformed');
  assert.deepEqual([laptop.drive.space.storedHead(), laptop.tree()], [pinned, before]);
  evil.tell(HONEST);
  await laptop.engine.actOnStall(ACCEPT);
  await laptop.sync();
  assert.equal(laptop.read('since'), 'the restore');
});
