/** The first commit of a space (protocol §3): who creates it owns it. */
import {
  NO_PARENT,
  type AccountId,
  type Bytes,
  type DeviceId,
  type Digest,
  type NodeId,
  type SpaceId,
} from '../../core/index.ts';
import { KEY_SIZE_BYTES, type WholeSuite } from '../../crypto/index.ts';
import type { RecordChange } from '../commit.ts';
import { MemoryState } from '../memory-state.ts';
import { encodeRecord } from '../record-codec.ts';
import type { NodeRecord, SpaceKind, SpaceStateRecord } from '../records.ts';
import { rootFolderId, spaceIdOf, trashId } from '../space-id.ts';
import { recordKey } from '../tree-keys.ts';
import { createCommit, type CreatedCommit } from './create-commit.ts';
import { sealNodeMeta } from './node-meta.ts';
import {
  newestEpochKey,
  rootKey,
  sealMemberEnvelope,
  sealOldEpochs,
  trashKey,
  type SpaceKeys,
} from './space-keys.ts';

export interface GenesisInput {
  readonly suite: WholeSuite;
  readonly kind: SpaceKind;
  readonly account: AccountId;
  /** Public identity and KEM key of the account. */
  readonly identity: Bytes;
  readonly memberKem: Bytes;
  /** Position of the account's key chain at which `device` is certified. */
  readonly chain: { readonly seq: number; readonly head: Digest };
  readonly device: DeviceId;
  readonly deviceSeed: Bytes;
  readonly time: number;
  readonly policy: {
    readonly versionDays: number;
    readonly versionsKept: number;
    readonly trashDays: number;
  };
}

export interface CreatedSpace extends CreatedCommit {
  readonly space: SpaceId;
  readonly keys: SpaceKeys;
}

const FIRST_EPOCH = 1;
const OWNER = 'owner';

export function createGenesis(input: GenesisInput): CreatedSpace {
  const { suite, account, identity } = input;
  const nonce = suite.randomBytes(KEY_SIZE_BYTES);
  const space = spaceIdOf(suite, account, identity, nonce);
  const keys: SpaceKeys = {
    epoch: FIRST_EPOCH,
    epochKeys: new Map([[FIRST_EPOCH, suite.randomBytes(KEY_SIZE_BYTES)]]),
    chunkerKey: suite.randomBytes(KEY_SIZE_BYTES),
  };
  const records: SpaceStateRecord[] = [
    {
      type: 'space',
      space,
      rev: 1,
      kind: input.kind,
      creator: account,
      creatorIdentity: identity,
      nonce,
      epoch: FIRST_EPOCH,
      oldEpochs: sealOldEpochs(suite, space, keys),
      ...input.policy,
    },
    ownerRecord(input, space, keys),
  ];
  if (input.kind !== 'account') records.push(...rootRecords(input, space, keys));
  const created = createCommit({
    suite,
    view: new MemoryState(),
    head: undefined,
    space,
    changes: records.map((record): RecordChange => [recordKey(record), encodeRecord(record)]),
    author: { account, device: input.device, deviceSeed: input.deviceSeed },
    time: input.time,
    note: null,
  });
  return { ...created, space, keys };
}

function ownerRecord(input: GenesisInput, space: SpaceId, keys: SpaceKeys): SpaceStateRecord {
  const { suite, account, identity, memberKem, chain } = input;
  const place = { space, epoch: FIRST_EPOCH, account, role: OWNER } as const;
  return {
    type: 'member',
    ...place,
    rev: 1,
    identity,
    chainSeq: chain.seq,
    chainHead: chain.head,
    rotate: false,
    envelope: sealMemberEnvelope(suite, memberKem, place, keys),
  };
}

function rootRecords(input: GenesisInput, space: SpaceId, keys: SpaceKeys): readonly NodeRecord[] {
  const { suite } = input;
  const epochKey = newestEpochKey(keys);
  return [
    rootRecord(input, space, rootFolderId(space), rootKey(suite, epochKey)),
    rootRecord(input, space, trashId(suite, space), trashKey(suite, epochKey)),
  ];
}

function rootRecord(input: GenesisInput, space: SpaceId, id: NodeId, key: Bytes): NodeRecord {
  const place = { space, id, parent: NO_PARENT, kind: 'folder', rev: 1, kr: FIRST_EPOCH } as const;
  const meta = sealNodeMeta(input.suite, key, place, {
    name: '',
    mtimeMs: null,
    executable: false,
    size: null,
    sha256: null,
    target: null,
    exposed: false,
    from: null,
    olds: [],
    written: null,
    changed: { time: input.time, device: input.device },
    copyOf: null,
  });
  return {
    type: 'node',
    ...place,
    cut: 0,
    pk: 0,
    tag: null,
    wrappedKey: null,
    meta,
    content: null,
    by: input.account,
    keepUntil: null,
  };
}
