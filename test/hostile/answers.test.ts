/**
 * Every answer of the interface, field by field and as a whole, put in the place of the honest one.
 * Refused with a name, or a value that the client takes from nobody but the server and that harms
 * nothing; never a defect, a changed file or a leak.
 */
import assert from 'node:assert/strict';
import test from 'node:test';
import { CALLS, type CallName } from '@coffer/protocol/api';
import { utf8ToBytes } from '@coffer/protocol/core';
import { mutateLeaves } from './cbor-mutations.ts';
import { EvilPeer } from './evil-peer.ts';
import { HONEST, type Mutate } from './evil-server.ts';
import { mutateJson } from './json-mutations.ts';
import { assertNothingLeaked, keysOf, textsOf } from './leaks.ts';
import { EvilWorld, openFresh, refusalOf, signal, type Victim } from './evil-world.ts';

const NAME = 'marie-curie.txt';
const TEXT = 'the discovery of polonium';

/** A laptop with a file and a desk that has it too. */
async function settled(): Promise<{ world: EvilWorld; laptop: Victim; desk: Victim }> {
  const world = await EvilWorld.create('laptop', 'desk');
  const laptop = await world.start('laptop');
  laptop.write(NAME, TEXT);
  await laptop.sync();
  const desk = await world.start('desk');
  await desk.sync();
  return { world, laptop, desk };
}

/** What a client does to get an answer of `call`. */
interface Scenario {
  readonly call: CallName;
  readonly run: (parts: { world: EvilWorld; desk: Victim; turn: number }) => Promise<unknown>;
  /** Fields that only the server knows: another value there is believed, and changes no file. */
  readonly believed: RegExp;
}

const open: Scenario['run'] = ({ world, desk }) => openFresh(world, desk.secrets);
const put: Scenario['run'] = ({ desk, turn }) =>
  desk.drive.put('/own.txt', [utf8ToBytes(`turn ${turn}`)], { makeParents: true }, signal);

const JSON_SCENARIOS: readonly Scenario[] = [
  { call: 'sessionChallenge', run: open, believed: /^$/ },
  // A token is the server's own word: a wrong one is refused by it, and then asked for anew.
  { call: 'startSession', run: open, believed: /token|expiresAt/ },
  { call: 'accountBundle', run: open, believed: /^$/ },
  // Where the drive is stands in the account space: what the server says of it is not asked.
  { call: 'spaces', run: open, believed: /spaces\[\d\]\.(kind|space)/ },
  // The commit itself is checked with the signature that comes with it.
  { call: 'head', run: open, believed: /serverTime|era|signature/ },
  { call: 'propose', run: put, believed: /seq|id/ },
  { call: 'storePack', run: put, believed: /stored/ },
  {
    call: 'devices',
    run: ({ desk }) => desk.drive.devices(signal),
    believed: /id|createdAt|lastSeenAt/,
  },
  { call: 'quota', run: ({ desk }) => desk.drive.usage(signal), believed: /Bytes/ },
];

for (const { call, run, believed } of JSON_SCENARIOS) {
  test(`T7 T58 each field of the answer to ${call} is taken as it should be or not at all`, async () => {
    const { world, desk } = await settled();
    await using _ = world;
    const { evil } = world;
    let turn = 0;
    let honest: Uint8Array | undefined;
    evil.tell((exchange) => {
      if (exchange.call === call && exchange.status === 200) honest ??= exchange.body;
      return undefined;
    });
    const scenario = async (): Promise<unknown> => {
      // Long enough for the session to end: it is opened anew.
      world.clock.time += 20 * 60_000;
      return run({ world, desk, turn: turn++ });
    };
    await scenario();
    assert.ok(honest !== undefined, 'the answer was asked for');
    const mutations = mutateJson(honest);
    assert.ok(mutations.length >= 12, `${mutations.length} mutations`);
    for (const { what, keepsShape, body } of mutations) {
      const claim = `${call}: ${what}`;
      let told = false;
      evil.tell((exchange) => {
        if (told || exchange.call !== call || exchange.status !== 200) return undefined;
        told = true;
        return body;
      });
      const tree = desk.tree();
      const code = await refusalOf(scenario, claim);
      assert.ok(evil.fired > 0, `${claim}: was told`);
      if (!keepsShape) assert.equal(code, 'malformed', claim);
      else if (code === undefined) assert.match(what, believed, `${claim}: was believed`);
      assert.deepEqual(desk.tree(), tree, claim);
      evil.tell(HONEST);
      if (call === 'propose') await settleAfterLostCommit(world, desk, claim);
    }
    await scenario();
    await desk.sync();
    assert.equal(desk.read(NAME), TEXT);
    const peer = await EvilPeer.of(world, desk.secrets, desk.drive.space.id);
    assertNothingLeaked(evil.sent, keysOf(desk.secrets, peer.keys), textsOf(NAME, TEXT, 'own.txt'));
  });
}

/** A commit whose answer was nonsense is in the space all the same: it is found there. */
async function settleAfterLostCommit(world: EvilWorld, desk: Victim, claim: string): Promise<void> {
  assert.equal(await refusalOf(() => desk.drive.refresh(signal), claim), undefined, claim);
  await desk.sync();
  assert.equal(world.evil.fired, 0);
}

test('T58 each leaf of every commit of a space is bound by a hash or a signature', async () => {
  const { world, desk } = await settled();
  await using _ = world;
  const { evil } = world;
  const drive = desk.drive.space.id;
  let honest: Uint8Array | undefined;
  const isDrive: Mutate = ({ call, space, body }) => {
    if (call === 'commits' && space === drive) honest ??= body;
    return undefined;
  };
  evil.tell(isDrive);
  await openFresh(world, desk.secrets);
  assert.ok(honest !== undefined);
  const mutations = mutateLeaves(honest, 8);
  assert.ok(mutations.length >= 100, `${mutations.length} leaves`);
  let believed = 0;
  for (const { path, bytes } of mutations) {
    evil.tell(({ call, space }) => (call === 'commits' && space === drive ? bytes : undefined));
    const code = await refusalOf(() => openFresh(world, desk.secrets), path);
    assert.ok(evil.fired > 0, path);
    if (code !== undefined) continue;
    // Era and head of a list of commits are the head answer's to say.
    assert.match(path, /^\/[01]$/, `${path} was believed`);
    believed++;
  }
  assert.equal(believed, 2);
  evil.tell(HONEST);
  await openFresh(world, desk.secrets);
});

test('T45 answers that repeat numbers, ids and times make no key or nonce repeat', async () => {
  const { world, desk } = await settled();
  await using _ = world;
  const { evil } = world;
  const challenge = utf8ToBytes(JSON.stringify({ challenge: 'A'.repeat(43) }));
  const before = evil.sent.length;
  evil.tell(({ call, body }) => {
    if (call === 'sessionChallenge') return challenge;
    if (call === 'head') {
      const said = JSON.parse(new TextDecoder().decode(body)) as Record<string, unknown>;
      return utf8ToBytes(JSON.stringify({ ...said, serverTime: 0 }));
    }
    return undefined;
  });
  await desk.drive.put('/once', [utf8ToBytes('same words')], { makeParents: true }, signal);
  await desk.drive.put('/twice', [utf8ToBytes('same words')], { makeParents: true }, signal);
  assert.ok(evil.fired > 0);
  const commits = evil.sent.slice(before).filter((bytes) => bytes.length > 600);
  const sealed = new Set<string>();
  for (const commit of commits) {
    // Version 1 of a seal and 24 bytes of nonce: no two commits share any stretch of this length.
    for (let at = 0; at + 25 <= commit.length; at++) {
      if (commit[at] !== 1) continue;
      const nonce = Buffer.from(commit.subarray(at + 1, at + 25));
      if (new Set(nonce).size < 12) continue;
      sealed.add(nonce.toString('hex'));
    }
  }
  assert.ok(sealed.size > 10);
  evil.tell(HONEST);
  await desk.sync();
  assert.equal(desk.read('once'), desk.read('twice'));
});

test('the interface has no answer that none of these tests changes', () => {
  const here = new Set<CallName>(JSON_SCENARIOS.map(({ call }) => call));
  const elsewhere: readonly CallName[] = [
    'commits', // above
    'read', 'missing', // content.test.ts
    'chain', // history.test.ts
    'signUpStart', 'signUpFinish', 'signInStart', 'signInFinish', 'addDevice', 'endSession', // account.test.ts
    'events', // transport.test.ts
    'account', 'registerPassword', 'replaceKeys', 'deleteAccount', 'recoveryBundle', 'signUpConfirm',
    'startSecondFactor', 'confirmSecondFactor', 'endSecondFactor', // account-life.test.ts
    'openPairing', 'pairingOffer', 'offerPairing', 'answerPairing', 'pairingAnswer', // the same
    'proof', // test/sdk/hostile-proofs.test.ts
    'health', // no client asks for it
  ]; // prettier-ignore
  for (const call of elsewhere) here.add(call);
  assert.deepEqual([...here].sort(), Object.keys(CALLS).sort());
});
