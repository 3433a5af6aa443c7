/**
 * Goal: a server that serves one sealed object in the place of another gains nothing. Every object of
 * the protocol is opened in the slot of every other. All share one key, one seed and one id wherever
 * the formats allow it, so that label and associated data alone keep them apart.
 */
import assert from 'node:assert/strict';
import test from 'node:test';
import {
  concatBytes,
  IntegrityError,
  parseId,
  type AccountId,
  type Bytes,
  type ChunkId,
  type CommitId,
  type DeviceId,
  type Digest,
  type FileRequestId,
  type ItemId,
  type LinkId,
  type NodeId,
  type PairingId,
  type SpaceId,
} from '@coffer/protocol/core';
import type { MemberRecord, SpaceRecord } from '@coffer/protocol/model';
import {
  openAccountKeyForDevice,
  openAccountSecrets,
  accountPublicKeys,
  openDrop,
  openItem,
  openLinkPayload,
  openNodeMeta,
  openNotes,
  openOldEpochs,
  openPairedAccountKey,
  openPairingAnswer,
  openPairingOffer,
  openSpaceKeys,
  sealAccountKeyForDevice,
  sealAccountSecrets,
  sealDrop,
  sealItem,
  sealLinkPayload,
  sealMemberEnvelope,
  sealNodeMeta,
  sealNotes,
  sealOldEpochs,
  sealPairingAnswer,
  sealPairingOffer,
  unwrapAccountKey,
  unwrapNodeKey,
  wrapAccountKey,
  wrapNodeKey,
} from '@coffer/protocol/model/open';
import { openChunk, openPage, sealForeignChunk, sealPage } from '@coffer/protocol/content/open';
import { createNodeOpenSuite } from '@coffer/protocol/suites/node-open';

interface Slot {
  readonly name: string;
  readonly object: Bytes;
  readonly open: (object: Bytes) => unknown;
}

const suite = await createNodeOpenSuite();
const key = suite.randomBytes(32);
const ID = parseId<SpaceId>('5a'.repeat(16)) as string;
const id = <T extends string>(): T => ID as T;
const digest = '7b'.repeat(32) as Digest;
const kem = suite.kemPublicKey(key);
const identity = suite.ed25519PublicKey(key);
const account = id<AccountId>();
const accountKey = { generation: 1, key };
const device = { device: id<DeviceId>(), seed: key, kemSeed: key };
const deviceKeys = { device: id<DeviceId>(), publicKey: identity, kem };
const keys = { epoch: 1, epochKeys: new Map([[1, key]]), chunkerKey: key };
const space = id<SpaceId>();
const pairing = { id: id<PairingId>(), key };
const place = { space, id: id<NodeId>(), parent: id<NodeId>(), kr: 1, pk: 1 } as const;
const metaPlace = { ...place, kind: 'folder', rev: 1 } as const;

const slots: readonly Slot[] = [
  ...accountSlots(),
  ...pairingSlots(),
  ...spaceSlots(),
  ...contentSlots(),
  ...outsideSlots(),
];

test('every object opens in its own slot', () => {
  assert.ok(slots.length >= 17, `${slots.length} slots`);
  for (const { name, object, open } of slots) assert.doesNotThrow(() => open(object), name);
});

test('no object opens in the slot of another, with one and the same refusal family', () => {
  for (const target of slots) {
    for (const { name, object } of slots) {
      if (name === target.name) continue;
      assert.throws(
        () => target.open(object),
        (error) => error instanceof IntegrityError,
        `${name} in the slot of ${target.name}`,
      );
    }
  }
});

test('no object opens with zeros, nothing, a cut end or another version', () => {
  for (const { name, object, open } of slots) {
    for (const bad of [
      new Uint8Array(0),
      new Uint8Array(object.length),
      object.subarray(0, -1),
      concatBytes(object, Uint8Array.of(0)),
      // Envelopes and chunks start with other things than a version: their first byte changes too.
      ...[0, 2, 0xff].filter((first) => object[0] !== first).map((first) => object.with(0, first)),
    ]) {
      assert.throws(() => open(bad), IntegrityError, name);
    }
  }
});

function accountSlots(): readonly Slot[] {
  const secrets = { identitySeed: key, kemSeeds: [key] } as const;
  const publicKeys = accountPublicKeys(suite, secrets);
  const wrapSlot = (purpose: 'password' | 'recovery'): Slot => ({
    name: `account key by ${purpose}`,
    object: wrapAccountKey(suite, key, account, purpose, accountKey),
    open: (object) => unwrapAccountKey(suite, key, { account, purpose, generation: 1 }, object),
  });
  return [
    wrapSlot('password'),
    wrapSlot('recovery'),
    {
      name: 'account secrets',
      object: sealAccountSecrets(suite, account, accountKey, secrets),
      open: (object) => openAccountSecrets(suite, account, accountKey, publicKeys, object),
    },
    {
      name: 'account key for a device',
      object: sealAccountKeyForDevice(suite, account, deviceKeys, accountKey),
      open: (envelope) =>
        openAccountKeyForDevice(suite, account, device, { generation: 1, envelope }),
    },
  ];
}

function pairingSlots(): readonly Slot[] {
  const given = { account, identity, chainHead: digest, device: deviceKeys, accountKey };
  const answer = sealPairingAnswer(suite, pairing, given);
  const { envelope } = openPairingAnswer(suite, pairing, answer);
  return [
    {
      name: 'pairing offer',
      object: sealPairingOffer(suite, pairing, deviceKeys),
      open: (object) => openPairingOffer(suite, pairing, object),
    },
    {
      name: 'pairing answer',
      object: answer,
      open: (object) => openPairingAnswer(suite, pairing, object),
    },
    {
      name: 'account key in a pairing answer',
      object: envelope,
      open: (object) => {
        const from = { account, identity, chainHead: digest, envelope: object };
        return openPairedAccountKey(suite, from, device, 1);
      },
    },
  ];
}

function spaceSlots(): readonly Slot[] {
  const member = { space, epoch: 1, account, role: 'owner' } as const;
  const oldEpochs = sealOldEpochs(suite, space, keys);
  const spaceRecord = { space, epoch: 1, oldEpochs } as SpaceRecord;
  const notePlace = { space, account, device: id<DeviceId>(), seq: 2 };
  const item = {
    type: 'contact',
    account,
    identity,
    chainSeq: 1,
    chainHead: digest,
    state: 'verified',
  } as const;
  const itemPlace = { space, id: id<ItemId>(), rev: 1, epoch: 1 };
  return [
    {
      name: 'epoch key of a member',
      object: sealMemberEnvelope(suite, kem, member, keys),
      open: (envelope) =>
        openSpaceKeys(suite, spaceRecord, { ...member, envelope } as MemberRecord, [key]),
    },
    {
      name: 'old epochs',
      object: oldEpochs,
      open: (object) => openOldEpochs(suite, { ...spaceRecord, oldEpochs: object }, key, key),
    },
    {
      name: 'node key',
      object: wrapNodeKey(suite, key, place, key),
      open: (object) => unwrapNodeKey(suite, key, place, object),
    },
    {
      name: 'node meta',
      object: sealNodeMeta(suite, key, metaPlace, folderMeta()),
      open: (object) => openNodeMeta(suite, key, metaPlace, object),
    },
    {
      name: 'commit note',
      object: sealNotes(suite, keys, notePlace, []),
      open: (object) => openNotes(suite, keys, notePlace, object),
    },
    {
      name: 'item',
      object: sealItem(suite, keys, itemPlace, item),
      open: (sealed) => openItem(suite, keys, { type: 'item', ...itemPlace, sealed }),
    },
  ];
}

function contentSlots(): readonly Slot[] {
  const { ref, parts } = sealForeignChunk(suite, suite.randomBytes(10));
  const file = { space, node: id<NodeId>() };
  return [
    {
      name: 'chunk, under the id of what is served',
      object: concatBytes(...parts),
      open: (object) => {
        const served = { ...ref, id: idOfServed(object), storedLength: object.length };
        return openChunk(suite, served, object);
      },
    },
    {
      name: 'page',
      object: sealPage(suite, { ...file, kr: 1, key }, [ref]),
      open: (object) => openPage(suite, { ...file, keyOf: () => key }, object),
    },
  ];
}

function outsideSlots(): readonly Slot[] {
  const link = { id: id<LinkId>(), rev: 1 };
  const drop = { name: 'a', sizeBytes: 1, digest, pageKeys: [key] };
  const dropPlace = { id: id<FileRequestId>(), item: 1 };
  return [
    {
      name: 'link payload',
      object: sealLinkPayload(suite, key, link, {
        space,
        node: id<NodeId>(),
        kind: 'folder',
        kr: 1,
        nodeKey: key,
        flags: 0,
        owner: account,
        ownerIdentity: identity,
        pinnedSeq: 1,
        pinnedCommit: digest as string as CommitId,
      }),
      open: (object) => openLinkPayload(suite, key, link, object),
    },
    {
      name: 'drop',
      object: sealDrop(suite, kem, dropPlace, drop),
      open: (object) => openDrop(suite, key, dropPlace, object),
    },
  ];
}

function folderMeta(): Parameters<typeof sealNodeMeta>[3] {
  return {
    name: 'a',
    mtimeMs: null,
    executable: false,
    size: null,
    sha256: null,
    target: null,
    exposed: false,
    from: null,
    olds: [],
    written: null,
    changed: { time: 1, device: id<DeviceId>() },
    copyOf: null,
  };
}

function idOfServed(object: Bytes): ChunkId {
  return Buffer.from(suite.sha256(object)).toString('hex') as ChunkId;
}
