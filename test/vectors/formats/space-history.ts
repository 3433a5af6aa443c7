import { encodeCbor } from '@coffer/protocol/codec';
import {
  bytesToHex,
  concatBytes,
  hexToBytes,
  idFromBytes,
  parseId,
  u32be,
  ZERO_DIGEST,
  type AccountId,
  type CommitId,
  type DeviceId,
  type NodeId,
  type SpaceId,
} from '@coffer/protocol/core';
import type { WholeSuite } from '@coffer/protocol/crypto';
import { sign } from '@coffer/protocol/crypto/open';
import {
  decodeHeader,
  decodeRecord,
  decodeSealedCommit,
  encodeHeader,
  encodeRecord,
  encodeSealedCommit,
  judgeCommit,
  MemoryState,
  nodeKey,
  recordKey,
  rootFolderId,
  rootNodeKey,
  verifyKeyChain,
  type CommitHeader,
  type Content,
  type HeadState,
  type NodeRecord,
  type RecordChange,
  type SealedCommit,
} from '@coffer/protocol/model';
import {
  certifyDevice,
  createCommit,
  createGenesis,
  nameTag,
  newestEpochKey,
  rootKey,
  sealNodeMeta,
  signKeyChainGenesis,
  wrapNodeKey,
  type CommitAuthor,
  type CreatedSpace,
} from '@coffer/protocol/model/open';
import { toPlainJson } from '../plain-json.ts';
import { defineFormat, Refusal, type CaseInput } from '../vector.ts';
import { flipBit } from './change-bytes.ts';

type Input = {
  readonly space: string;
  /** Key chain of the only account. */
  readonly account: string;
  readonly chain: readonly string[];
  /** CBOR [header, signature, body], from seq 1. */
  readonly commits: readonly string[];
};

const TIME = 1_800_000_000_000;

/** Commits of a space from its genesis, each judged before the next. */
export const spaceHistories = defineFormat<Input>({
  name: 'space-history',
  about:
    'Commits of a space from genesis, judged by all rules: §3, §4. A refusal is the broken rule.',
  cases: makeCases,
  read: (suite, { space, account, chain, commits }) => {
    const id = parseId<AccountId>(account);
    const keyChain = verifyKeyChain(suite, id, chain.map(hexToBytes));
    const view = new MemoryState();
    let head: HeadState | undefined;
    const ids: string[] = [];
    for (const commit of commits) {
      const judged = judgeCommit({
        suite,
        view,
        head,
        commit: decodeSealedCommit(hexToBytes(commit)),
        space: parseId<SpaceId>(space),
        chains: (of) => (of === id ? keyChain : undefined),
      });
      if (!judged.ok) throw new Refusal(judged.error.rule);
      view.apply(judged.value.change);
      head = judged.value.head;
      ids.push(head.id);
    }
    return toPlainJson({ ids, head: head ?? null, records: view.recordCount });
  },
});

/** A drive whose root folder gets a folder, which is renamed. */
class History {
  readonly suite: WholeSuite;
  readonly created: CreatedSpace;
  readonly author: CommitAuthor;
  readonly chain: readonly string[];
  readonly #folderKey: Uint8Array;

  constructor(suite: WholeSuite) {
    const [identitySeed, kemSeed, deviceSeed] = [0, 0, 0].map(() => suite.randomBytes(32)) as [
      Uint8Array,
      Uint8Array,
      Uint8Array,
    ];
    const kem = suite.kemPublicKey(kemSeed);
    const nonce = suite.randomBytes(32);
    const first = signKeyChainGenesis(suite, { identitySeed, nonce, kem, time: TIME });
    const device = idFromBytes<DeviceId>(suite.randomBytes(16));
    const publicKey = suite.ed25519PublicKey(deviceSeed);
    const chain = certifyDevice(suite, {
      chain: verifyKeyChain(suite, first.account, [first.entry]),
      identitySeed,
      device: { device, publicKey, kem },
      expires: null,
      time: TIME,
    });
    this.suite = suite;
    this.author = { account: first.account, device, deviceSeed };
    this.chain = chain.entries.map(bytesToHex);
    this.#folderKey = suite.randomBytes(32);
    this.created = createGenesis({
      suite,
      kind: 'drive',
      identity: chain.identity,
      memberKem: kem,
      chain,
      time: TIME,
      policy: { versionDays: 30, versionsKept: 100, trashDays: 30 },
      ...this.author,
    });
  }

  folder(id: NodeId, name: string, rev: number): NodeRecord {
    const { suite, author } = this;
    const { space, keys } = this.created;
    const parent = rootFolderId(space);
    const parentKey = rootKey(suite, newestEpochKey(keys));
    const place = { space, id, parent, kind: 'folder', rev, kr: 1, pk: 1 } as const;
    const meta = sealNodeMeta(suite, this.#folderKey, place, {
      name,
      mtimeMs: null,
      executable: false,
      size: null,
      sha256: null,
      target: null,
      exposed: false,
      from: null,
      olds: [],
      written: null,
      changed: { time: TIME, device: author.device },
      copyOf: null,
    });
    return {
      type: 'node',
      ...place,
      cut: 0,
      tag: nameTag(suite, parentKey, name),
      wrappedKey: wrapNodeKey(suite, parentKey, place, this.#folderKey),
      meta,
      content: null,
      by: author.account,
      keepUntil: null,
    };
  }

  /** A file in the root folder, whose one page stands in its record. */
  file(id: NodeId, content: Content): NodeRecord {
    const { suite, author } = this;
    const { space, keys } = this.created;
    const parent = rootFolderId(space);
    const parentKey = rootKey(suite, newestEpochKey(keys));
    const place = { space, id, parent, kind: 'file', rev: 1, kr: 1, pk: 1 } as const;
    const meta = sealNodeMeta(suite, this.#folderKey, place, {
      name: 'a file',
      mtimeMs: TIME,
      executable: false,
      size: 300,
      sha256: ZERO_DIGEST,
      target: null,
      exposed: false,
      from: null,
      olds: [],
      written: { number: 1, time: TIME, device: author.device },
      changed: { time: TIME, device: author.device },
      copyOf: null,
    });
    return {
      type: 'node',
      ...place,
      cut: 0,
      tag: nameTag(suite, parentKey, 'a file'),
      wrappedKey: wrapNodeKey(suite, parentKey, place, this.#folderKey),
      meta,
      content,
      by: author.account,
      keepUntil: null,
    };
  }

  input(...commits: readonly SealedCommit[]): Input {
    return {
      space: this.created.space,
      account: this.author.account,
      chain: this.chain,
      commits: commits.map((commit) => bytesToHex(encodeSealedCommit(commit))),
    };
  }

  /** `commit` with other header fields, signed again. */
  forge(commit: SealedCommit, fields: Partial<CommitHeader>): SealedCommit {
    const header = encodeHeader({ ...decodeHeader(commit.header), ...fields });
    const signature = sign(this.suite, this.author.deviceSeed, 'commit-sign', header);
    return { ...commit, header, signature };
  }
}

const put = (record: NodeRecord): RecordChange => [recordKey(record), encodeRecord(record)];

function makeCases(suite: WholeSuite): readonly CaseInput<Input>[] {
  const h = new History(suite);
  const { space, commit: first, change } = h.created;
  const view = new MemoryState();
  view.apply(change);
  const id = idFromBytes<NodeId>(suite.randomBytes(16));
  const commitAt = (head: HeadState, changes: readonly RecordChange[], time = TIME + head.seq) =>
    createCommit({ suite, view, head, space, changes, author: h.author, time, note: null });

  const made = h.folder(id, 'Bücher', 1);
  const second = commitAt(h.created.head, [put(made)]);
  const bad = (records: readonly RecordChange[]): Input =>
    h.input(first, commitAt(h.created.head, records).commit);
  const key = nodeKey(rootFolderId(space), id);
  const rootRecord = view.getRecord(rootNodeKey(rootFolderId(space)));
  const root = decodeRecord(rootNodeKey(rootFolderId(space)), rootRecord ?? new Uint8Array());
  const twice = h.folder(idFromBytes<NodeId>(suite.randomBytes(16)), 'Bu\u0308cher', 1);
  const brokenSecond: readonly CaseInput<Input>[] = (
    [
      ['rev', 'a new node of revision 2', [put(h.folder(id, 'Bücher', 2))]],
      ['kr', 'a key that is newer than the head', [put({ ...made, kr: 2 })]],
      ['pk', 'a key under another one than the root folder has', [put({ ...made, pk: 0 })]],
      ['cut', 'a new node with a cut', [put({ ...made, cut: 1 })]],
      ['tag', 'no tag', [put({ ...made, tag: null })]],
      ['wrapped-key', 'no key', [put({ ...made, wrappedKey: null })]],
      ['keep-until', 'a date outside of the trash', [put({ ...made, keepUntil: TIME })]],
      ['by', 'another author', [put({ ...made, by: parseId('ab'.repeat(16)) })]],
      ['record-space', 'another space', [put({ ...made, space: parseId('ab'.repeat(16)) })]],
      [
        'parent',
        'a parent that is not there',
        [put({ ...made, parent: parseId('ab'.repeat(16)) })],
      ],
      ['cycle', 'a folder in itself', [put({ ...made, parent: id, pk: 1 })]],
      ['tag-unique', 'two equal names', [put(made), put(twice)]],
      ['no-effect', 'a removal of nothing', [[key, null]]],
      ['root-folders', 'a removal of the root folder', [[recordKey(root), null]]],
    ] satisfies readonly (readonly [string, string, readonly RecordChange[]])[]
  ).map(([refused, name, records]) => ({
    name,
    unlike: 'a folder is made',
    refused,
    input: bad(records),
  }));

  const good = second.commit;
  const forged = (refused: string, name: string, commit: SealedCommit): CaseInput<Input> => ({
    name,
    unlike: 'a folder is made',
    refused,
    input: h.input(first, commit),
  });
  const oddId = 'cd'.repeat(32) as CommitId;
  view.apply(second.change);
  const renamed = commitAt(second.head, [put(h.folder(id, 'Books', 2))]);
  const both = h.input(first, good, renamed.commit);
  const fileCases = inlinePageCases(h, (file) =>
    h.input(first, good, commitAt(second.head, [put(file)]).commit),
  );
  return [
    { name: 'genesis', input: h.input(first) },
    { name: 'a folder is made', input: h.input(first, good) },
    { name: 'a folder is renamed', input: both },
    ...brokenSecond,
    forged(
      'space',
      'another space in the header',
      h.forge(good, { space: parseId('ab'.repeat(16)) }),
    ),
    forged('seq', 'a seq that skips one', h.forge(good, { seq: 3 })),
    forged('prev', 'another commit before it', h.forge(good, { prev: oddId })),
    forged('past', 'another past', h.forge(good, { past: ZERO_DIGEST })),
    forged('auth', 'another authority commit', h.forge(good, { auth: oddId })),
    forged('changes', 'the digest of another body', h.forge(good, { changes: ZERO_DIGEST })),
    forged('root', 'another root', h.forge(good, { root: ZERO_DIGEST })),
    forged('signer', 'an unknown device', h.forge(good, { device: parseId('ab'.repeat(16)) })),
    forged(
      'signer',
      'an account that is no member',
      h.forge(good, { account: parseId('ab'.repeat(16)) }),
    ),
    forged('signature', 'a flipped bit of the signature', {
      ...good,
      signature: hexToBytes(flipBit(bytesToHex(good.signature), 0)),
    }),
    forged('format', 'a note of no bytes', h.forge(good, { note: new Uint8Array(0) })),
    {
      name: 'two commits in the other order',
      unlike: 'a folder is renamed',
      refused: 'seq',
      input: h.input(first, renamed.commit, good),
    },
    {
      name: 'a commit that is missing',
      unlike: 'a folder is renamed',
      refused: 'seq',
      input: h.input(first, renamed.commit),
    },
    {
      name: 'a commit sent twice',
      unlike: 'a folder is renamed',
      refused: 'seq',
      input: h.input(first, good, good),
    },
    {
      name: 'a genesis for another space',
      unlike: 'genesis',
      refused: 'space',
      input: { ...h.input(first), space: 'ab'.repeat(16) },
    },
    {
      name: 'a chain without the device',
      unlike: 'genesis',
      refused: 'signer',
      input: { ...h.input(first), chain: h.chain.slice(0, 1) },
    },
    ...fileCases,
    ...noteCases(h, (commit) => h.input(first, commit), good),
  ];
}

/** A note has the length of something padded and sealed; what is in it only members can judge. */
function noteCases(
  h: History,
  input: (commit: SealedCommit) => Input,
  commit: SealedCommit,
): CaseInput<Input>[] {
  const noted = (bytes: number): Input =>
    input(h.forge(commit, { note: new Uint8Array(bytes).fill(1) }));
  const name = 'a note of one padded block';
  const wrong = (about: string, bytes: number): CaseInput<Input> => ({
    name: about,
    unlike: name,
    refused: 'format',
    input: noted(bytes),
  });
  return [
    { name, input: noted(73 + 256) },
    wrong('a note of a byte less', 73 + 255),
    wrong('a note of a byte more', 73 + 257),
    wrong('a note without a block', 73),
    wrong('a note above the limit', 73 + 16 * 256),
  ];
}

/** A page within a record is judged as strictly as it is read (§5). */
function inlinePageCases(h: History, input: (file: NodeRecord) => Input): CaseInput<Input>[] {
  const { suite } = h;
  const file = idFromBytes<NodeId>(suite.randomBytes(16));
  const chunk = suite.randomBytes(32);
  const sealed = suite.randomBytes(36 + 73 + 1);
  const content = (storedLength: number, sealedBytes = 36 + 73, chunkCount = 1): Content => {
    const left = concatBytes(chunk, u32be(storedLength));
    const inlinePage = encodeCbor([1, 1, left, sealed.subarray(0, sealedBytes)]);
    return { storedBytes: storedLength, chunkCount, inlinePage, pages: [] };
  };
  const name = 'a file with its page in the record';
  const wrong = (about: string, broken: Content): CaseInput<Input> => ({
    name: about,
    unlike: name,
    refused: 'content',
    input: input(h.file(file, broken)),
  });
  return [
    { name, input: input(h.file(file, content(356))) },
    wrong('a stored length between two padded ones', content(355)),
    wrong('a stored length below the shortest', content(307)),
    wrong('a sealed half that is a byte longer', content(356, 36 + 73 + 1)),
    wrong('a chunk more than the page names', content(356, 36 + 73, 2)),
  ];
}
