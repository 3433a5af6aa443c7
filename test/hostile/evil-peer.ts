/**
 * Somebody with the keys of a space and a certified device who signs whatever it likes: records of any
 * content, in commits whose signature, chain and root are right. It shows them through the server's
 * lies (`colluding`), or publishes them at the honest server where the rules allow it.
 */
import assert from 'node:assert/strict';
import {
  CALLS,
  decodeCommitsAnswer,
  decodeJson,
  encodeCommitsAnswer,
  encodeJson,
  type ListedCommit,
} from '@coffer/protocol/api';
import { encodeCbor, type Cbor } from '@coffer/protocol/codec';
import {
  idFromBytes,
  idToBytes,
  type AccountId,
  type Bytes,
  type NodeId,
  type SpaceId,
} from '@coffer/protocol/core';
import type { SealingPlace } from '@coffer/protocol/content/open';
import type { WholeSuite } from '@coffer/protocol/crypto';
import { sealPadded, sign } from '@coffer/protocol/crypto/open';
import {
  childrenRange,
  commitId,
  decodeHeader,
  decodeRecord,
  encodeHeader,
  encodeRecord,
  encodeSealedCommit,
  judgeCommit,
  memberKey,
  MemoryState,
  recordKey,
  rootFolderId,
  SPACE_KEY,
  trashId,
  verifyKeyChain,
  type CommitHeader,
  type HeadState,
  type KeyChain,
  type MemberRecord,
  type NodeKind,
  type NodeRecord,
  type RecordChange,
  type SpaceRecord,
  type SpaceStateRecord,
} from '@coffer/protocol/model';
import {
  createCommit,
  nameTag,
  openAccountByKey,
  openSpaceKeys,
  rootKey,
  trashKey,
  unwrapNodeKey,
  wrapNodeKey,
  type CommitAuthor,
  type CreatedCommit,
  type SpaceKeys,
} from '@coffer/protocol/model/open';
import type { DeviceSecrets } from '@coffer/sdk';
import type { Mutate } from './evil-server.ts';
import { HonestCalls } from './honest-calls.ts';
import type { EvilWorld } from './evil-world.ts';

const NODE_KIND_CODES: Readonly<Record<NodeKind, number>> = {
  folder: 1,
  file: 2,
  symlink: 3,
  mount: 4,
};

/** The sealed half of a node, with whatever values a test likes. */
export interface AnyMeta {
  readonly name: string;
  readonly mtimeMs?: number | null;
  readonly executable?: boolean;
  readonly size?: number | null;
  /** 32 bytes. */
  readonly sha256?: Bytes | null;
  readonly target?: string | null;
}

export interface AnyNode extends AnyMeta {
  readonly kind: NodeKind;
  readonly parent?: NodeId;
  readonly id?: NodeId;
  /** Made with the new node's key where it is sealed to it. */
  readonly content?: (place: SealingPlace) => NodeRecord['content'];
  /** Instead of the tag that follows from the name. */
  readonly tag?: NonNullable<NodeRecord['tag']>;
  /** Bytes in the place of the sealed meta. */
  readonly meta?: Bytes;
}

export class EvilPeer {
  readonly suite: WholeSuite;
  readonly space: SpaceId;
  readonly keys: SpaceKeys;
  readonly chain: KeyChain;
  readonly calls: HonestCalls;
  readonly author: CommitAuthor;
  readonly identitySeed: Bytes;
  view = new MemoryState();
  head: HeadState | undefined;
  /** Commits that only the colluding server shows, after the honest ones. */
  readonly shown: CreatedCommit[] = [];
  readonly #time: () => number;

  private constructor(parts: {
    readonly world: EvilWorld;
    readonly space: SpaceId;
    readonly keys: SpaceKeys;
    readonly chain: KeyChain;
    readonly calls: HonestCalls;
    readonly author: CommitAuthor;
    readonly identitySeed: Bytes;
  }) {
    this.suite = parts.world.suite;
    this.space = parts.space;
    this.keys = parts.keys;
    this.chain = parts.chain;
    this.calls = parts.calls;
    this.author = parts.author;
    this.identitySeed = parts.identitySeed;
    this.#time = parts.world.clock.now;
  }

  /** A peer with the keys of this device, at the honest head of the space. */
  static async of(world: EvilWorld, secrets: DeviceSecrets, space: SpaceId): Promise<EvilPeer> {
    const { suite, evil } = world;
    const calls = new HonestCalls(evil.honest, suite, secrets);
    const stored = decodeJson(
      CALLS.accountBundle.answer,
      await calls.get('GET', CALLS.accountBundle.path),
    );
    const chain = verifyKeyChain(suite, secrets.account, stored.chain);
    const kept = { generation: secrets.generation, key: secrets.accountKey };
    const opened = openAccountByKey(suite, { bundle: stored.bundle, chain }, kept);
    assert.ok(opened !== undefined, 'the account opens');
    const { view, head } = await honestState(calls, suite, space, [chain]);
    const keys = openSpaceKeys(
      suite,
      recordOf<SpaceRecord>(view, 'space', secrets.account),
      recordOf<MemberRecord>(view, 'member', secrets.account),
      opened.secrets.kemSeeds,
    );
    const { identitySeed } = opened.secrets;
    const peer = new EvilPeer({ world, space, keys, chain, calls, author: secrets, identitySeed });
    peer.view = view;
    peer.head = head;
    return peer;
  }

  get root(): NodeId {
    return rootFolderId(this.space);
  }

  get trash(): NodeId {
    return trashId(this.suite, this.space);
  }

  spaceRecord(): SpaceRecord {
    return recordOf<SpaceRecord>(this.view, 'space', this.author.account);
  }

  memberRecord(): MemberRecord {
    return recordOf<MemberRecord>(this.view, 'member', this.author.account);
  }

  /** Forgets what was shown and takes over the honest head. `others`: chains of other members. */
  async catchUp(...others: readonly KeyChain[]): Promise<void> {
    this.shown.length = 0;
    const chains = [this.chain, ...others];
    const { view, head } = await honestState(this.calls, this.suite, this.space, chains);
    this.view = view;
    this.head = head;
  }

  /** Nodes directly in a folder. */
  children(parent: NodeId): readonly NodeRecord[] {
    return [...this.view.listRecords(...childrenRange(parent))]
      .map(([key, bytes]) => decodeRecord(key, bytes))
      .filter((record): record is NodeRecord => record.type === 'node');
  }

  keyOf(id: NodeId): Bytes {
    const epochKey = this.keys.epochKeys.get(this.keys.epoch);
    assert.ok(epochKey !== undefined);
    if (id === this.root) return rootKey(this.suite, epochKey);
    if (id === this.trash) return trashKey(this.suite, epochKey);
    const record = this.record(id);
    assert.ok(record.wrappedKey !== null);
    return unwrapNodeKey(this.suite, this.keyOf(record.parent), record, record.wrappedKey);
  }

  record(id: NodeId): NodeRecord {
    const key = this.view.findNode(id);
    const bytes = key === undefined ? undefined : this.view.getRecord(key);
    assert.ok(key !== undefined && bytes !== undefined, 'a node of the space');
    const record = decodeRecord(key, bytes);
    assert.ok(record.type === 'node');
    return record;
  }

  /** A new node whose numbers and seals are right and whose meta is anything. */
  newNode(node: AnyNode, parentKey?: Bytes): { readonly record: NodeRecord; readonly key: Bytes } {
    const { suite, space } = this;
    const parent = node.parent ?? this.root;
    const id = node.id ?? idFromBytes<NodeId>(suite.randomBytes(16));
    const key = suite.randomBytes(32);
    const above = parentKey ?? this.keyOf(parent);
    const pk = parentKey === undefined ? this.record(parent).kr : (this.head?.seq ?? 1);
    const place = { space, id, parent, kind: node.kind, rev: 1, kr: this.head?.seq ?? 1, pk };
    return {
      key,
      record: {
        type: 'node',
        ...place,
        cut: 0,
        tag: node.tag ?? nameTag(suite, above, node.name.isWellFormed() ? node.name : 'x'),
        wrappedKey: wrapNodeKey(suite, above, place, key),
        meta: node.meta ?? this.sealMeta(key, place, node.kind, node),
        content: node.content?.({ space, node: id, kr: place.kr, key }) ?? null,
        by: this.author.account,
        keepUntil: null,
      },
    };
  }

  /** PSEAL of any values in the places of a node's meta, checked by nobody. */
  sealMeta(
    key: Bytes,
    place: Pick<NodeRecord, 'id' | 'rev' | 'kr'>,
    kind: NodeKind,
    given: AnyMeta,
  ): Bytes {
    const { device } = this.author;
    const isFile = kind === 'file';
    const now = this.#time();
    const { mtimeMs = kind === 'folder' ? null : now, target = null } = given;
    const { size = isFile ? 0 : null, sha256 = isFile ? this.suite.sha256() : null } = given;
    const fields: Cbor = [
      given.name, mtimeMs, given.executable ?? false, size, sha256, target, false, null, [],
      isFile ? [1, now, idToBytes(device)] : null, [now, idToBytes(device)], null,
    ]; // prettier-ignore
    const context = [
      idToBytes(this.space), idToBytes(place.id), NODE_KIND_CODES[kind], place.rev, place.kr,
    ]; // prettier-ignore
    return sealPadded(this.suite, key, 'node-meta', context, encodeCbor(fields));
  }

  /** Signs a commit with these records; `null` removes the one that is there. Shows it to nobody. */
  sign(
    records: readonly (SpaceStateRecord | RecordChange)[],
    change: {
      readonly author?: CommitAuthor;
      readonly header?: (header: CommitHeader) => CommitHeader;
      readonly head?: HeadState | undefined;
      readonly time?: number;
    } = {},
  ): CreatedCommit {
    const { author = this.author, header } = change;
    const made = createCommit({
      suite: this.suite,
      view: this.view,
      head: 'head' in change ? change.head : this.head,
      space: this.space,
      changes: records.map((given) => ('type' in given ? rowOf(given) : given)),
      author,
      time: change.time ?? this.#time(),
      note: null,
    });
    if (header === undefined) return made;
    const encoded = encodeHeader(header(made.header));
    const signature = sign(this.suite, author.deviceSeed, 'commit-sign', encoded);
    const id = commitId(this.suite, encoded);
    return { ...made, id, commit: { ...made.commit, header: encoded, signature } };
  }

  /** From now on the lies of `colluding` end with this commit, and later ones stand on it. */
  show(made: CreatedCommit): void {
    this.shown.push(made);
    this.view.apply(made.change);
    this.head = made.head;
  }

  /** Signs records and shows the commit. */
  showing(records: readonly (SpaceStateRecord | RecordChange)[]): Mutate {
    this.show(this.sign(records));
    return this.colluding;
  }

  /** The honest commits followed by the ones that were shown. */
  readonly colluding: Mutate = ({ call, space, request, status, body }) => {
    const last = this.shown.at(-1);
    if (space !== this.space || status !== 200 || last === undefined) return undefined;
    if (call === 'head') {
      const { answer } = CALLS.head;
      const { header, signature } = last.commit;
      const { seq } = decodeHeader(header);
      return encodeJson(answer, {
        ...decodeJson(answer, body),
        seq,
        id: last.id,
        header,
        signature,
      });
    }
    if (call !== 'commits') return undefined;
    const honest = decodeCommitsAnswer(body);
    const from = Number(/from=(\d+)/.exec(request.path)?.[1]);
    const more = this.shown.map(({ commit }) => commit as ListedCommit);
    const first = decodeHeader(more[0]?.header ?? new Uint8Array()).seq;
    const commits = [
      ...honest.commits.slice(0, Math.max(0, first - from)),
      ...more.slice(Math.max(0, from - first)),
    ];
    return encodeCommitsAnswer({ ...honest, commits });
  };

  /** Publishes at the honest server; the refusal's text, or undefined when it was accepted. */
  async publish(made: CreatedCommit): Promise<string | undefined> {
    if (this.calls.token === undefined) await this.calls.signIn();
    const path = CALLS.propose.path.replace(':space', this.space);
    const bytes = encodeSealedCommit(made.commit);
    let answer = await this.calls.send('POST', path, bytes);
    if (answer.status === 401) {
      await this.calls.signIn();
      answer = await this.calls.send('POST', path, bytes);
    }
    if (answer.status !== 200) return new TextDecoder().decode(answer.body);
    this.view.apply(made.change);
    this.head = made.head;
    return undefined;
  }

  /** `publish`, which must be accepted. */
  async publishAll(records: readonly (SpaceStateRecord | RecordChange)[]): Promise<void> {
    assert.equal(await this.publish(this.sign(records)), undefined);
  }
}

export function rowOf(record: SpaceStateRecord): RecordChange {
  return [recordKey(record), encodeRecord(record)];
}

function recordOf<R extends SpaceRecord | MemberRecord>(
  view: MemoryState,
  type: R['type'],
  account: AccountId,
): R {
  const key = type === 'space' ? SPACE_KEY : memberKey(account);
  const bytes = view.getRecord(key);
  assert.ok(bytes !== undefined, `a ${type} record`);
  return decodeRecord(key, bytes) as R;
}

/** The state at the honest head, judged commit by commit. */
async function honestState(
  calls: HonestCalls,
  suite: WholeSuite,
  space: SpaceId,
  known: readonly KeyChain[],
): Promise<{ readonly view: MemoryState; readonly head: HeadState | undefined }> {
  const view = new MemoryState();
  const chains = (account: AccountId) => known.find((chain) => chain.account === account);
  let head: HeadState | undefined;
  for (;;) {
    const from = (head?.seq ?? 0) + 1;
    const path = `${CALLS.commits.path.replace(':space', space)}?from=${from}`;
    const { commits } = decodeCommitsAnswer(await calls.get('GET', path));
    if (commits.length === 0) return { view, head };
    for (const { header, signature, body } of commits) {
      assert.ok(body !== null);
      const commit = { header, signature, body };
      const judged = judgeCommit({ suite, view, head, commit, space, chains });
      assert.ok(judged.ok, 'an honest commit');
      view.apply(judged.value.change);
      head = judged.value.head;
    }
  }
}
