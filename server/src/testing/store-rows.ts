/** Rows of no meaning: stores look at nothing but their form. */
import type { BodyId } from '@coffer/protocol/api';
import type {
  AccountId,
  Bytes,
  ChunkId,
  CommitId,
  DeviceId,
  Digest,
  NodeId,
  PageId,
  SpaceId,
} from '@coffer/protocol/core';
import { concatBytes, hexToBytes, u32be, ZERO_DIGEST } from '@coffer/protocol/core';
import type { HeadState, NameTag, TreeKey } from '@coffer/protocol/model';
import type { NewAccount, NewBody, NewPack } from '../stores/metadata-store.ts';
import type { ContentReference, Proposal } from '../stores/proposal.ts';

const hex = (text: string, digits: number): string =>
  Buffer.from(text).toString('hex').padEnd(digits, '7').slice(0, digits);

export const accountId = (name: string): AccountId => hex(`a${name}`, 32) as AccountId;
export const spaceId = (name: string): SpaceId => hex(`s${name}`, 32) as SpaceId;
export const deviceId = (name: string): DeviceId => hex(`d${name}`, 32) as DeviceId;
export const nodeId = (name: string): NodeId => hex(`n${name}`, 32) as NodeId;
export const chunkId = (name: string): ChunkId => hex(`c${name}`, 64) as ChunkId;
export const pageIdOf = (name: string): PageId => hex(`p${name}`, 64) as PageId;
export const digest = (name: string): Digest => hex(`h${name}`, 64) as Digest;
export const nameTagOf = (name: string): NameTag => hex(`t${name}`, 32) as NameTag;
export const keyOf = (parent: NodeId, node: NodeId): TreeKey => (parent + node) as TreeKey;
export const text = (value: string): Bytes => new TextEncoder().encode(value);

const NO_COMMIT = ZERO_DIGEST as string as CommitId;
const LENGTH_OF_CHUNK = 100;

export function headAt(seq: number, branch = ''): HeadState {
  const id = (seq === 0 ? NO_COMMIT : digest(`${branch}commit ${seq}`)) as CommitId;
  return {
    seq,
    id,
    auth: digest('auth') as string as CommitId,
    root: digest(`root ${seq}`),
    edge: [digest('edge')],
  };
}

/** The commit that makes `head` out of the one before. */
export function proposalTo(
  space: SpaceId,
  head: HeadState,
  changed: Partial<Proposal> = {},
): Proposal {
  return {
    space,
    previous: headAt(head.seq - 1).id,
    head,
    commit: {
      header: text(`header ${head.id}`),
      signature: new Uint8Array(64),
      body: text(`body ${head.seq}`),
    },
    change: { records: [], treeNodes: [] },
    indexes: new Map(),
    members: [],
    gained: [],
    lost: [],
    now: 0,
    ...changed,
  };
}

/** An account with one drive, both named after `name`. */
export function newAccount(name: string, changed: Partial<NewAccount> = {}): NewAccount {
  const proposal = proposalTo(spaceId(name), headAt(1), {
    members: [[accountId(name), 'owner']],
  });
  return {
    id: accountId(name),
    name,
    authSuite: 1,
    passwordRecord: `record of ${name}`,
    bundle: text(`bundle of ${name}`),
    chain: [text('genesis'), text('device')],
    device: deviceId(name),
    spaces: [{ kind: 'drive', proposal }],
    totalBytes: null,
    now: 1000,
    ...changed,
  };
}

export function newBody(id: BodyId, offset = 0, pageEntries: Bytes | null = null): NewBody {
  return { id, offset, lengthBytes: LENGTH_OF_CHUNK, pageEntries };
}

/** A page body that names `chunks`. */
export function newPage(id: PageId, chunks: readonly ChunkId[]): NewBody {
  const entries = chunks.map((chunk) => concatBytes(hexToBytes(chunk), u32be(LENGTH_OF_CHUNK)));
  return newBody(id, 0, concatBytes(...entries));
}

export function newPack(space: SpaceId, pack: string, changed: Partial<NewPack>): NewPack {
  return {
    space,
    pack,
    sizeBytes: 1000,
    bodies: [],
    known: [],
    bytes: null,
    isAllOrNone: false,
    leaseUntil: 100,
    now: 0,
    ...changed,
  };
}

export function referenceTo(
  chunks: readonly ChunkId[],
  pages: readonly PageId[] = [],
  storedLength = LENGTH_OF_CHUNK,
): ContentReference {
  return { chunks: chunks.map((id) => ({ id, storedLength })), pages };
}
