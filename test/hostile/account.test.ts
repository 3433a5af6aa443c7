/** What a server can do to whoever signs up, signs in or opens an account: forged keys, bundles, devices. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { CALLS, decodeJson, encodeJson, type AnswerOf } from '@coffer/protocol/api';
import { parseId, type Bytes, type DeviceId } from '@coffer/protocol/core';
import { verifySignature } from '@coffer/protocol/crypto';
import { sign } from '@coffer/protocol/crypto/open';
import { decodeAccountBundle, encodeAccountBundle, verifyKeyChain } from '@coffer/protocol/model';
import { createNodeOpenSuite } from '@coffer/protocol/suites/node-open';
import { flip, HONEST, type Mutate } from './evil-server.ts';
import { HonestCalls } from './honest-calls.ts';
import { EvilPeer } from './evil-peer.ts';
import { assertNothingLeaked, keysOf } from './leaks.ts';
import { EvilWorld, openFresh, refusalOf, signal } from './evil-world.ts';

const WITH_PARENTS = { makeParents: true } as const;

type BundleAnswer = AnswerOf<'accountBundle'>;

/** Changes what the server says of the account's keys. */
function onBundle(change: (answer: BundleAnswer) => BundleAnswer): Mutate {
  return ({ call, status, body }) => {
    if (call !== 'accountBundle' || status !== 200) return undefined;
    const { answer } = CALLS.accountBundle;
    return encodeJson(answer, change(decodeJson(answer, body)));
  };
}

async function bundleOf(world: EvilWorld): Promise<BundleAnswer> {
  const [secrets] = world.accounts;
  assert.ok(secrets !== undefined);
  const calls = new HonestCalls(world.evil.honest, world.suite, secrets);
  return decodeJson(CALLS.accountBundle.answer, await calls.get('GET', CALLS.accountBundle.path));
}

/** A device that opens its drive for the first time refuses; what it asked for until then. */
async function refusesToOpen(
  world: EvilWorld,
  lie: Mutate,
  codes: readonly string[],
  claim: string,
): Promise<readonly string[]> {
  const { evil } = world;
  const [secrets] = world.accounts;
  assert.ok(secrets !== undefined);
  const from = evil.trace.length;
  evil.tell(lie);
  const code = await refusalOf(() => openFresh(world, secrets), claim);
  assert.ok(evil.fired > 0, `${claim}: the lie was told`);
  assert.ok(code !== undefined && codes.includes(code), `${claim}: ${code ?? 'was believed'}`);
  evil.tell(HONEST);
  return evil.trace.slice(from);
}

test('T1 T3 a flipped bit anywhere in the wrapped keys is refused, and each in the same way', async () => {
  await using world = await EvilWorld.create('laptop');
  const honest = await bundleOf(world);
  const length = honest.bundle.length;
  const traces = new Set<string>();
  for (let at = 0; at < length; at += 41) {
    const lie = onBundle((answer) => ({
      ...answer,
      bundle: flip(answer.bundle, at, 1 << (at % 8)),
    }));
    const claim = `byte ${at} of ${length}`;
    const trace = await refusesToOpen(world, lie, ['signature-invalid', 'malformed'], claim);
    assert.match(trace.at(-1) ?? '', /GET \/v1\/account\/bundle/, 'nothing is asked after it');
    traces.add(trace.join('\n'));
  }
  assert.equal(traces.size, 1, 'the server cannot tell the corruptions apart by what is asked');
  const [secrets] = world.accounts;
  assert.ok(secrets !== undefined);
  await openFresh(world, secrets);
  assertNothingLeaked(world.evil.sent, keysOf(secrets));
});

test('T3 twenty corruptions of the history leave the same trace', async () => {
  await using world = await EvilWorld.create('laptop');
  const [secrets] = world.accounts;
  assert.ok(secrets !== undefined);
  const traces = new Set<string>();
  for (let n = 0; n < 20; n++) {
    const lie: Mutate = ({ call, body }) =>
      call === 'commits' ? flip(body, Math.floor(body.length * (0.3 + n / 30)), 4) : undefined;
    const codes = [
      'digest-mismatch',
      'signature-invalid',
      'malformed',
      'rule-broken',
      'head-forked',
    ];
    traces.add((await refusesToOpen(world, lie, codes, `corruption ${n}`)).join('\n'));
  }
  assert.equal(traces.size, 1);
});

test('T4 T8 keys of another account, however it was made, are refused by a device that knows its own', async () => {
  await using world = await EvilWorld.create('laptop');
  await using other = await EvilWorld.create('laptop');
  const theirs = await bundleOf(other);
  await refusesToOpen(
    world,
    onBundle(() => theirs),
    ['chain-broken'],
    'bundle and chain',
  );
  await refusesToOpen(
    world,
    onBundle((own) => ({ ...own, bundle: theirs.bundle })),
    ['signature-invalid'],
    'bundle alone',
  );
  await refusesToOpen(
    world,
    onBundle((own) => ({ ...own, chain: theirs.chain })),
    ['chain-broken'],
    'chain alone',
  );
});

test('T13 a device that the server adds to chain or bundle is refused, and gets no key', async () => {
  await using world = await EvilWorld.create('laptop', 'desk');
  const ghost = world.suite.randomBytes(32);
  const resigned = onBundle((own) => {
    const { body } = decodeAccountBundle(own.bundle);
    return {
      ...own,
      bundle: encodeAccountBundle(body, sign(world.suite, ghost, 'account-bundle', body)),
    };
  });
  await refusesToOpen(world, resigned, ['signature-invalid'], 'signed by a key of the server');
  const last = (chain: readonly Bytes[]): Bytes => chain.at(-1) ?? new Uint8Array();
  const longer = onBundle((own) => ({ ...own, chain: [...own.chain, last(own.chain)] }));
  await refusesToOpen(world, longer, ['chain-broken'], 'an entry twice');
  const forged = onBundle((own) => ({
    ...own,
    chain: [...own.chain.slice(0, -1), flip(last(own.chain))],
  }));
  await refusesToOpen(world, forged, ['chain-broken', 'malformed'], 'a forged entry');

  const desk = await world.start('desk');
  const extra = parseId<DeviceId>('6b'.repeat(16));
  world.evil.tell(({ call, body }) => {
    if (call !== 'devices') return undefined;
    const { answer } = CALLS.devices;
    const { devices } = decodeJson(answer, body);
    return encodeJson(answer, {
      devices: [...devices, { id: extra, createdAt: 1, lastSeenAt: 1 }],
    });
  });
  await assert.rejects(desk.drive.devices(signal), {
    name: 'IntegrityError',
    code: 'chain-broken',
  });
  assert.ok(world.evil.fired > 0);
  world.evil.tell(({ call }) =>
    call === 'devices' ? encodeJson(CALLS.devices.answer, { devices: [] }) : undefined,
  );
  const shown = await desk.drive.devices(signal);
  assert.equal(shown.length, 2, 'a device that the server leaves out is shown all the same');
  await desk.drive.put('/after', [new Uint8Array(3)], WITH_PARENTS, signal);
  world.evil.tell(HONEST);
  const { bundle, chain } = await bundleOf(world);
  const { deviceEnvelopes } = decodeAccountBundle(bundle);
  const certified = verifyKeyChain(world.suite, desk.secrets.account, chain).devices();
  assert.deepEqual(
    deviceEnvelopes.map(({ device }) => device),
    certified.map(({ device }) => device).sort(),
  );
  const peer = await EvilPeer.of(world, desk.secrets, desk.drive.space.id);
  assertNothingLeaked(world.evil.sent, keysOf(desk.secrets, peer.keys));
});

test('T13 an own key chain that went back or has another branch is refused', async () => {
  await using world = await EvilWorld.create('laptop', 'desk');
  const laptop = await world.start('laptop');
  const desk = await world.start('desk');
  laptop.write('a', 'a');
  await laptop.sync();
  await desk.sync();
  assert.ok(laptop.store.chain(laptop.secrets.account).length > 2);
  const cut = onBundle((own) => ({ ...own, chain: own.chain.slice(0, -1) }));
  world.evil.tell(cut);
  // A restart with a lost cache of keys asks for the bundle again.
  const { homes: _, ...secrets } = laptop.secrets;
  const forgetful = Object.assign(Object.create(laptop.store) as typeof laptop.store, {
    nodeKey: () => undefined,
  });
  const code = await refusalOf(() => openFresh(world, secrets, forgetful), 'a shorter chain');
  assert.equal(code, 'head-rolled-back');
  assert.ok(world.evil.fired > 0);
});

test('T5 signatures by keys that anybody can sign for, and second forms of a signature, are refused', async () => {
  const suite = await createNodeOpenSuite();
  const body = suite.randomBytes(40);
  const order = 2n ** 252n + 27742317777372353535851937790883648493n;
  const seed = suite.randomBytes(32);
  const good = sign(suite, seed, 'commit-sign', body);
  const key = suite.ed25519PublicKey(seed);
  assert.ok(verifySignature(suite, key, 'commit-sign', body, good));
  const s = littleEndian(good.subarray(32)) + order;
  const second = new Uint8Array(good);
  for (let i = 0; i < 32; i++) second[32 + i] = Number((s >> BigInt(8 * i)) & 0xffn);
  assert.ok(!verifySignature(suite, key, 'commit-sign', body, second), 'S + L');
  const smallOrder = [
    '00'.repeat(32),
    `01${'00'.repeat(31)}`,
    `${'00'.repeat(31)}80`,
    `01${'00'.repeat(30)}80`,
    `ec${'ff'.repeat(30)}7f`,
    `ed${'ff'.repeat(30)}7f`,
    `ee${'ff'.repeat(30)}7f`,
    'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
    '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  ];
  for (const hex of smallOrder) {
    const point = Buffer.from(hex, 'hex');
    for (const r of [point, Buffer.from(`01${'00'.repeat(31)}`, 'hex')]) {
      const forged = new Uint8Array([...r, ...new Uint8Array(32)]);
      assert.ok(!verifySignature(suite, point, 'commit-sign', body, forged), hex);
    }
  }
});

function littleEndian(bytes: Bytes): bigint {
  return [...bytes].reduceRight((sum, byte) => sum * 256n + BigInt(byte), 0n);
}
