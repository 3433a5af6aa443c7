/** Members who sign what they may not, with a server that shows it all the same. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { CALLS, decodeJson, encodeJson } from '@coffer/protocol/api';
import { IntegrityError, type Bytes } from '@coffer/protocol/core';
import {
  accountBundleDigest,
  decodeRecord,
  encodeSealedCommit,
  memberKey,
  verifyKeyChain,
} from '@coffer/protocol/model';
import {
  openAccountByKey,
  openNodeMeta,
  openSpaceKeys,
  rootKey,
  rotateAccountKey,
  sealMemberEnvelope,
  unwrapNodeKey,
} from '@coffer/protocol/model/open';
import { EvilPeer } from './evil-peer.ts';
import { HONEST } from './evil-server.ts';
import { HonestCalls } from './honest-calls.ts';
import { EvilWorld, refusalOf, refuses, signal, type Victim } from './evil-world.ts';
import { assertNothingLeaked, keysOf } from './leaks.ts';
import {
  addPerson,
  both,
  memberOf,
  newEpoch,
  revoking,
  servingChain,
  type Person,
} from './members.ts';

interface Scene {
  readonly world: EvilWorld;
  readonly laptop: Victim;
  readonly desk: Victim;
  readonly peer: EvilPeer;
  readonly mallory: Person;
}

/** A drive with two devices of its owner, whose keys the peer has, and Mallory as a member. */
async function scene(role: 'viewer' | 'editor' | 'manager'): Promise<Scene> {
  const world = await EvilWorld.create('laptop', 'desk');
  const laptop = await world.start('laptop');
  const desk = await world.start('desk');
  laptop.write('plan', 'of the owner');
  await laptop.sync();
  const peer = await EvilPeer.of(world, laptop.secrets, laptop.drive.space.id);
  const mallory = await addPerson(world, 'mallory');
  await peer.publishAll([memberOf(peer, mallory, role)]);
  await desk.sync();
  return { world, laptop, desk, peer, mallory };
}

const path = (call: 'propose' | 'missing' | 'storePack' | 'read' | 'head', space: string): string =>
  CALLS[call].path.replace(':space', space);

test('T53 what a viewer signs is refused, by the server and by everybody it is shown to', async () => {
  const { world, laptop, desk, peer, mallory } = await scene('viewer');
  await using _ = world;
  const author = mallory.secrets;
  const by = author.account;
  const folder = { ...peer.newNode({ kind: 'folder', name: 'by a viewer' }).record, by };
  const owner = peer.memberRecord();
  const own = memberOf(peer, mallory, 'viewer');
  const cases = [
    ['a folder', [folder]],
    ['the owner out', [[memberKey(owner.account), null] as const]],
    ['a role of one’s own', [{ ...own, rev: 2, role: 'owner' as const }]],
    ['an epoch', newEpoch(peer).records],
    ['a folder in the name of the owner', [{ ...folder, by: owner.account }]],
  ] as const;
  for (const [claim, records] of cases) {
    const made = peer.sign(records, { author });
    const answer = await mallory.calls.send(
      'POST',
      path('propose', peer.space),
      encodeSealedCommit(made.commit),
    );
    assert.equal(answer.status, 422, claim);
    peer.show(made);
    await refuses(world, desk, peer.colluding, ['rule-broken'], claim);
    await peer.catchUp(mallory.chain);
  }
  world.evil.tell(HONEST);
  laptop.write('after', 'after');
  await laptop.sync();
  await desk.sync();
  assert.equal(desk.read('after'), 'after');
});

test('T12 T28 nobody but the signed members get keys, and nothing but a signed envelope is opened', async () => {
  const { world, desk, peer, mallory } = await scene('editor');
  await using _ = world;
  const own = peer.memberRecord();
  const space = peer.spaceRecord();
  const { records } = newEpoch(peer);
  const place = {
    space: peer.space,
    epoch: records[0].epoch,
    account: own.account,
    role: own.role,
  };
  const stranger = world.suite.kemPublicKey(world.suite.randomBytes(32));
  const resealed = sealMemberEnvelope(world.suite, stranger, place, newEpoch(peer).keys);
  const out = [memberKey(mallory.secrets.account), null] as const;
  const cases = [
    [
      'an envelope for somebody else',
      [records[0], { ...records[1], envelope: resealed }, out],
      ['open-failed'],
    ],
    ['no envelope', [records[0], [memberKey(own.account), null] as const, out], ['rule-broken']],
    [
      'the old envelope',
      [records[0], { ...records[1], envelope: own.envelope }, out],
      ['rule-broken'],
    ],
    ['a member left behind', records, ['rule-broken']],
    ['an older epoch', [{ ...space, rev: space.rev + 1, epoch: 0 }], ['rule-broken', 'malformed']],
    [
      'an epoch of the future',
      [{ ...records[0], epoch: records[0].epoch + 5 }, records[1], out],
      ['rule-broken'],
    ],
    [
      'another creator',
      [{ ...space, rev: space.rev + 1, creator: mallory.secrets.account }],
      ['rule-broken'],
    ],
    [
      'another identity',
      [{ ...own, rev: own.rev + 1, identity: mallory.chain.identity }],
      ['rule-broken'],
    ],
    [
      'a pin that goes back',
      [{ ...own, rev: own.rev + 1, chainSeq: 0 }],
      ['rule-broken', 'signature-invalid'],
    ],
  ] as const;
  for (const [claim, rows, codes] of cases) {
    peer.show(peer.sign(rows));
    await refuses(world, desk, peer.colluding, codes, claim);
    await peer.catchUp(mallory.chain);
  }
  await desk.sync();
  assertNothingLeaked(world.evil.sent, keysOf(desk.secrets, peer.keys));
});

test('T27 T54 a removed member opens nothing that is written afterwards, and no old epoch comes back', async () => {
  const { world, laptop, desk, peer, mallory } = await scene('editor');
  await using _ = world;
  const { suite } = world;
  const old = peer.keys;
  const { records, keys } = newEpoch(peer);
  await peer.publishAll([...records, [memberKey(mallory.secrets.account), null]]);
  const removedAt = peer.head?.seq ?? 0;
  await laptop.sync();
  laptop.write('plan', 'not for Mallory');
  laptop.write('secret/deeper/new', 'not for Mallory either');
  await laptop.sync();
  await desk.sync();
  assert.equal(desk.read('secret/deeper/new'), 'not for Mallory either');
  await peer.catchUp(mallory.chain);

  const oldKeys: Bytes[] = [...old.epochKeys.values(), old.chunkerKey];
  for (const epochKey of old.epochKeys.values()) oldKeys.push(rootKey(suite, epochKey));
  let written = 0;
  const later = peer.children(peer.root).filter(({ kr }) => kr >= removedAt);
  for (const node of later) {
    for (const key of oldKeys) {
      assert.throws(
        () => unwrapNodeKey(suite, key, node, node.wrappedKey ?? new Uint8Array()),
        IntegrityError,
      );
      assert.throws(() => openNodeMeta(suite, key, node, node.meta), IntegrityError);
      written++;
    }
  }
  assert.ok(written >= 4, 'there were nodes to try');
  const space = peer.spaceRecord();
  assert.throws(
    () => openSpaceKeys(suite, space, { ...peer.memberRecord(), account: mallory.secrets.account }, [mallory.secrets.deviceKemSeed]),
    IntegrityError,
  ); // prettier-ignore
  assert.ok(keys.epoch > old.epoch);

  peer.show(peer.sign([{ ...space, rev: space.rev + 1, epoch: old.epoch }]));
  await refuses(world, desk, peer.colluding, ['rule-broken'], 'the epoch before');
  const before = world.evil.sent.length;
  desk.write('afterwards', 'under the newest epoch');
  await desk.sync();
  assertNothingLeaked(world.evil.sent.slice(before), keysOf(desk.secrets, keys));
  assert.equal((await mallory.calls.signIn()) !== undefined, true);
  const answer = await mallory.calls.send('GET', path('head', peer.space));
  assert.equal(answer.status, 404);
});

test('T41 T42 a revoked device is out, whether the server hides the revocation or not', async () => {
  const { world, laptop, desk, peer, mallory } = await scene('viewer');
  await using _ = world;
  const chain = revoking(world, peer, laptop.secrets);
  const own = peer.memberRecord();
  const repinned = { ...own, rev: own.rev + 1, chainSeq: chain.seq, chainHead: chain.head };
  const byDesk = { author: { ...desk.secrets } };
  const revocation = peer.sign([repinned], byDesk);

  peer.show(revocation);
  await refuses(
    world,
    desk,
    peer.colluding,
    ['signature-invalid'],
    'the chain without its last entry',
  );
  world.evil.tell(both(peer.colluding, servingChain(chain)));
  await desk.drive.refresh(signal);
  const pinned = desk.drive.space.storedHead();
  assert.equal(pinned.id, revocation.id);

  // The laptop is revoked now. It signs on, and the server shows it.
  peer.show(peer.sign([peer.newNode({ kind: 'folder', name: 'by a lost laptop' }).record]));
  const lie = both(peer.colluding, servingChain(chain));
  await refuses(world, desk, lie, ['signature-invalid'], 'a commit of the revoked device');
  // Nor can the revocation be left out again.
  const code = await refusalOf(() => desk.drive.refresh(signal), 'the honest head');
  assert.equal(code, 'head-rolled-back');
  assert.equal(desk.read('plan'), laptop.read('plan'));
  assert.ok(mallory.chain.seq > 0);
});

/**
 * What a device does to the account's keys when the laptop is lost; the spaces are not renewed yet. Answers
 * the KEM seeds that the laptop knows.
 */
async function loseLaptop(world: EvilWorld, laptop: Victim, desk: Victim) {
  const { api, session } = desk.drive.own;
  const { account, accountKey: key, generation } = desk.secrets;
  const stored = await session.run((token) => api.call('accountBundle', { token }, signal), signal);
  const chain = verifyKeyChain(world.suite, account, stored.chain);
  const source = { bundle: stored.bundle, chain };
  const opened = openAccountByKey(world.suite, source, { generation, key });
  assert.ok(opened);
  const next = rotateAccountKey(world.suite, opened, {
    revoke: [laptop.secrets.device],
    exportKey: world.suite.randomBytes(64),
    recoveryKey: world.suite.randomBytes(32),
    time: world.clock.now(),
  });
  const { sessions } = world.evil.honest.application.services;
  const { token } = await sessions.startEnrolment(account);
  const entries = next.chain.entries.slice(chain.seq + 1);
  const previous = accountBundleDigest(world.suite, stored.bundle);
  const body = { entries, bundle: next.bundle, previous };
  await api.call('replaceKeys', { token, body }, signal);
  return opened.secrets.kemSeeds;
}

test('T42 T54 after a loss every member gets the new epoch, the lost device does not', async () => {
  const { world, laptop, desk, mallory } = await scene('viewer');
  await using _ = world;
  const before = desk.drive.space.records().space.epoch;
  const known = await loseLaptop(world, laptop, desk);
  await desk.drive.noteHead(signal);
  const { space, member } = desk.drive.space.records();
  assert.ok(space.epoch > before);
  assert.equal(member.epoch, space.epoch);
  const key = memberKey(mallory.secrets.account);
  const stored = desk.store.view(space.space).getRecord(key);
  assert.ok(stored);
  const theirs = decodeRecord(key, stored);
  assert.ok(theirs.type === 'member' && theirs.epoch === space.epoch && !theirs.rotate);
  const seeds = await kemSeedsOf(world, mallory);
  assert.equal(openSpaceKeys(world.suite, space, theirs, seeds).epoch, space.epoch);
  assert.throws(() => openSpaceKeys(world.suite, space, member, known), IntegrityError);
  desk.write('afterwards', 'not for the lost one');
  await desk.sync();
  const code = await refusalOf(() => laptop.drive.refresh(signal), 'the lost laptop');
  assert.equal(code, 'device-revoked');
});

test('T11 no new epoch is sealed to a member whose keys are not those known', async () => {
  const { world, laptop, desk, mallory } = await scene('viewer');
  await using _ = world;
  await loseLaptop(world, laptop, desk);
  const head = desk.drive.space.storedHead();
  const account = mallory.secrets.account;
  const { answer } = CALLS.chain;
  world.evil.tell(({ call, request }) =>
    call === 'chain' && request.path.includes(account)
      ? encodeJson(answer, { entries: mallory.chain.entries.slice(-1) })
      : undefined,
  );
  const code = await refusalOf(() => desk.drive.noteHead(signal), 'another chain of a member');
  assert.ok(world.evil.fired > 0);
  assert.equal(code, 'chain-broken');
  assert.deepEqual(desk.drive.space.storedHead(), head);
  world.evil.tell(HONEST);
  await desk.drive.noteHead(signal);
  assert.ok(desk.drive.space.storedHead().seq > head.seq);
});

async function kemSeedsOf(world: EvilWorld, { calls, secrets, chain }: Person) {
  const { answer, path: bundlePath } = CALLS.accountBundle;
  const { bundle } = decodeJson(answer, await calls.get('GET', bundlePath));
  const { accountKey: key, generation } = secrets;
  const opened = openAccountByKey(world.suite, { bundle, chain }, { generation, key });
  assert.ok(opened);
  return opened.secrets.kemSeeds;
}

test('T42 a session speaks for its own device and for no other', async () => {
  const { world, desk, peer } = await scene('viewer');
  await using _ = world;
  const made = peer.sign([peer.newNode({ kind: 'folder', name: 'of the laptop' }).record]);
  const calls = new HonestCalls(world.evil.honest, world.suite, desk.secrets);
  await calls.signIn();
  const answer = await calls.send(
    'POST',
    path('propose', peer.space),
    encodeSealedCommit(made.commit),
  );
  assert.equal(answer.status, 403);
  assert.equal(await peer.publish(made), undefined);
});

test('T48 a viewer reads the space, writes nothing, and gets nothing of spaces that are not its own', async () => {
  const { world, peer, mallory, laptop } = await scene('viewer');
  await using _ = world;
  await mallory.calls.signIn();
  const id = new Uint8Array(32).fill(9);
  assert.equal((await mallory.calls.send('GET', path('head', peer.space))).status, 200);
  assert.equal((await mallory.calls.send('POST', path('missing', peer.space), id)).status, 403);
  assert.equal((await mallory.calls.send('POST', path('storePack', peer.space), id)).status, 403);
  const absent = await mallory.calls.send('POST', path('read', peer.space), id);
  assert.deepEqual([absent.status, absent.body.length], [200, 36]);
  const homes = (await laptop.keyStore.load())?.homes;
  assert.ok(homes !== undefined);
  const unknown = 'ab'.repeat(16);
  for (const call of ['head', 'missing', 'read'] as const) {
    const method = call === 'head' ? 'GET' : 'POST';
    const body = call === 'head' ? undefined : id;
    const foreign = await mallory.calls.send(method, path(call, homes.accountSpace), body);
    const nobody = await mallory.calls.send(method, path(call, unknown), body);
    assert.deepEqual([foreign.status, foreign.body], [nobody.status, nobody.body]);
    assert.equal(foreign.status, 404);
  }
});
