/**
 * A space that tests write: builders make records that keep all rules unless told otherwise, and
 * whatever was built can be judged or committed. Sealed fields are random bytes of the right size: the
 * rules cannot tell.
 */
import {
  bytesToHex,
  idFromBytes,
  NO_PARENT,
  utf8ToBytes,
  type AccountId,
  type Bytes,
  type NodeId,
  type Result,
} from '../../core/index.ts';
import type { WholeSuite } from '../../crypto/index.ts';
import { sign } from '../../crypto/open/index.ts';
import { commitId, encodeHeader } from '../commit-codec.ts';
import type { CommitHeader, HeadState, RecordChange, SealedCommit } from '../commit.ts';
import type { KeyChain } from '../key-chain.ts';
import { MemoryState } from '../memory-state.ts';
import { createCommit } from '../open/create-commit.ts';
import { createGenesis, type CreatedSpace } from '../open/genesis.ts';
import { decodeRecord, encodeRecord } from '../record-codec.ts';
import type {
  Content,
  MemberRecord,
  NameTag,
  NodeRecord,
  Role,
  SpaceKind,
  SpaceRecord,
  SpaceStateRecord,
  TreeKey,
  VersionRecord,
} from '../records.ts';
import { judgeCommit, type JudgedCommit, type RuleBreak } from '../rules/index.ts';
import { rootFolderId, trashId } from '../space-id.ts';
import { MEMBER_RANGE, memberKey, nodeKey, recordKey, SPACE_KEY } from '../tree-keys.ts';
import { TestAccount, type TestDevice } from './test-account.ts';

export const TEST_POLICY = { versionDays: 30, versionsKept: 100, trashDays: 30 };

/** How a commit departs from the honest one. */
export interface CommitOptions {
  readonly by?: TestAccount;
  readonly device?: TestDevice;
  readonly time?: number;
  readonly note?: Bytes;
  /** Fields of the header that are changed before it is signed. */
  readonly forge?: Partial<CommitHeader>;
  /** Sign with this seed instead of the device's. */
  readonly seed?: Bytes;
}

type NodeDefaults = Partial<NodeRecord> & { readonly name?: string };

export class TestSpace {
  readonly suite: WholeSuite;
  readonly owner: TestAccount;
  readonly created: CreatedSpace;
  readonly view = new MemoryState();
  readonly root: NodeId;
  readonly trash: NodeId;
  head: HeadState;
  readonly #accounts = new Map<AccountId, TestAccount>();

  constructor(suite: WholeSuite, kind: SpaceKind = 'drive', owner = new TestAccount(suite)) {
    this.suite = suite;
    this.owner = owner;
    this.#accounts.set(owner.account, owner);
    this.created = createGenesis({
      suite,
      kind,
      account: owner.account,
      identity: owner.identity,
      memberKem: owner.kem,
      chain: owner.chain,
      ...owner.device,
      time: 1000,
      policy: TEST_POLICY,
    });
    this.root = rootFolderId(this.created.space);
    this.trash = trashId(suite, this.created.space);
    this.view.apply(this.created.change);
    this.head = this.created.head;
  }

  readonly chains = (account: AccountId): KeyChain | undefined =>
    this.#accounts.get(account)?.chain;

  /** Seq of the commit that is being built. */
  get seq(): number {
    return this.head.seq + 1;
  }

  know(account: TestAccount): TestAccount {
    this.#accounts.set(account.account, account);
    return account;
  }

  seal(changes: readonly RecordChange[], options: CommitOptions = {}): SealedCommit {
    const by = options.by ?? this.owner;
    const author = { account: by.account, ...(options.device ?? by.device) };
    const { commit, header } = createCommit({
      suite: this.suite,
      view: this.view,
      head: this.head,
      space: this.created.space,
      changes,
      author,
      time: options.time ?? 5000,
      note: options.note ?? null,
    });
    if (options.forge === undefined && options.seed === undefined) return commit;
    const forged = encodeHeader({ ...header, ...options.forge });
    const seed = options.seed ?? author.deviceSeed;
    return { ...commit, header: forged, signature: sign(this.suite, seed, 'commit-sign', forged) };
  }

  judge(commit: SealedCommit): Result<JudgedCommit, RuleBreak> {
    const { suite, view, head, chains } = this;
    return judgeCommit({ suite, view, head, commit, space: this.created.space, chains });
  }

  /** Commits what must be fine; throws the broken rule otherwise. */
  commit(changes: readonly RecordChange[], options: CommitOptions = {}): JudgedCommit {
    const judged = this.judge(this.seal(changes, options));
    if (!judged.ok) throw new Error(`${judged.error.rule}: ${judged.error.detail}`);
    this.view.apply(judged.value.change);
    this.head = judged.value.head;
    return judged.value;
  }

  headId(commit: SealedCommit): string {
    return commitId(this.suite, commit.header);
  }

  read(key: TreeKey): SpaceStateRecord {
    const bytes = this.view.getRecord(key);
    if (bytes === undefined) throw new Error(`nothing under ${key}`);
    return decodeRecord(key, bytes);
  }

  node(id: NodeId): NodeRecord {
    return this.read(this.view.findNode(id) ?? nodeKey(NO_PARENT, id)) as NodeRecord;
  }

  spaceRecord(): SpaceRecord {
    return this.read(SPACE_KEY) as SpaceRecord;
  }

  member(of: TestAccount): MemberRecord {
    return this.read(memberKey(of.account)) as MemberRecord;
  }

  sealed(size = 329): Bytes {
    return this.suite.randomBytes(size);
  }

  newId(): NodeId {
    return idFromBytes<NodeId>(this.suite.randomBytes(16));
  }

  tag(name: string): NameTag {
    return bytesToHex(this.suite.sha256(utf8ToBytes(name)).subarray(0, 16)) as NameTag;
  }

  /** A new node below `parent`, the root folder if not said. */
  newNode({ name, ...given }: NodeDefaults = {}, by = this.owner): NodeRecord {
    const id = given.id ?? this.newId();
    const parent = given.parent ?? this.root;
    const kind = given.kind ?? 'folder';
    return {
      type: 'node',
      space: this.created.space,
      id,
      parent,
      kind,
      rev: 1,
      kr: this.head.seq,
      cut: 0,
      pk: this.#parentKey(parent),
      tag: this.tag(name ?? id),
      wrappedKey: this.sealed(105),
      meta: this.sealed(),
      content: kind === 'file' ? this.content() : null,
      by: by.account,
      keepUntil: null,
      ...given,
    };
  }

  content(): Content {
    const pages = [bytesToHex(this.suite.randomBytes(32)) as Content['pages'][number]];
    return { storedBytes: 5_000_000, chunkCount: 5, inlinePage: null, pages };
  }

  /** The next revision of a node. */
  revised(node: NodeRecord, given: Partial<NodeRecord> = {}, by = this.owner): NodeRecord {
    const meta = this.sealed();
    return { ...node, rev: node.rev + 1, meta, by: by.account, ...given };
  }

  /** The node below another parent, with the same meta. */
  moved(node: NodeRecord, parent: NodeId, given: Partial<NodeRecord> = {}): NodeRecord {
    const pk = this.#parentKey(parent);
    const wrappedKey = this.sealed(105);
    return { ...node, parent, pk, wrappedKey, tag: this.tag(`${parent}${node.id}`), ...given };
  }

  trashed(node: NodeRecord, given: Partial<NodeRecord> = {}, by = this.owner): NodeRecord {
    const moved = this.moved(node, this.trash, { tag: null, keepUntil: 9_000_000 });
    return this.revised(moved, given, by);
  }

  version(node: NodeRecord, given: Partial<VersionRecord> = {}): VersionRecord {
    const { space, id: file, rev, kr, meta, by } = node;
    const content = node.content ?? this.content();
    const fields = { space, file, rev, kr, meta, content, by };
    return { type: 'version', ...fields, time: 5000, keepUntil: 9_000_000, ...given };
  }

  newMember(account: TestAccount, role: Role, given: Partial<MemberRecord> = {}): MemberRecord {
    this.know(account);
    return {
      type: 'member',
      space: this.created.space,
      account: account.account,
      rev: 1,
      role,
      identity: account.identity,
      chainSeq: account.chain.seq,
      chainHead: account.chain.head,
      rotate: false,
      epoch: this.spaceRecord().epoch,
      envelope: this.sealed(1257),
      ...given,
    };
  }

  /** A new account that is a member from the next commit on. */
  join(role: Role): TestAccount {
    const account = new TestAccount(this.suite);
    this.commit([put(this.newMember(account, role))]);
    return account;
  }

  changedMember(of: TestAccount, given: Partial<MemberRecord>): MemberRecord {
    const old = this.member(of);
    return { ...old, rev: old.rev + 1, ...given };
  }

  /** A new epoch with envelopes for all members but `without`, who are removed. */
  newEpoch(without: readonly TestAccount[] = []): RecordChange[] {
    const space = this.spaceRecord();
    const oldEpochs = this.sealed(110);
    const changes = [put({ ...space, rev: space.rev + 1, epoch: this.seq, oldEpochs })];
    for (const [key] of this.view.listRecords(...MEMBER_RANGE)) {
      const member = this.read(key) as MemberRecord;
      const isRemoved = without.some(({ account }) => account === member.account);
      const fresh = { epoch: this.seq, envelope: this.sealed(1257) };
      changes.push(isRemoved ? remove(member) : put({ ...member, rev: member.rev + 1, ...fresh }));
    }
    return changes;
  }

  /** Children of the trash are wrapped under the newest epoch, all others under their parent's key. */
  #parentKey(parent: NodeId): number {
    if (parent === this.trash) return this.spaceRecord().epoch;
    return this.view.findNode(parent) === undefined ? this.head.seq : this.node(parent).kr;
  }
}

export function put(record: SpaceStateRecord): RecordChange {
  return [recordKey(record), encodeRecord(record)];
}

export function remove(record: SpaceStateRecord): RecordChange {
  return [recordKey(record), null];
}

/** A record that stands under another key than before. */
export function replace(old: SpaceStateRecord, next: SpaceStateRecord): RecordChange[] {
  return [remove(old), put(next)];
}
