/** What opens, verifies and judges: `protocol/`. */
import type { Sabotage } from './sabotages.ts';

const crypto = 'protocol/src/crypto';
const model = 'protocol/src/model';
const rules = `${model}/rules`;
const content = 'protocol/src/content';
const forgedTest = 'test/hostile/seals.test.ts';
const sealTest = `${crypto}/seal.test.ts`;
const spaceTest = `${model}/open/space.test.ts`;
const bundleTest = `${model}/account-bundle.test.ts`;
const chainTest = `${model}/key-chain.test.ts`;
const rulesTest = `${rules}/judge.test.ts`;
const chunkTest = `${content}/open/chunk.test.ts`;
const pagesTest = `${content}/open/pages.test.ts`;
const packTest = `${content}/pack.test.ts`;
const proofTest = `${model}/proof-shape.test.ts`;
const proofProperties = `${model}/proof.property.test.ts`;

/** A rule of commits that is not judged any more. */
function withoutRule(name: string, file: string, judge: string): Sabotage {
  const find = `  { name: '${name}', judge: ${judge} },\n`;
  return { name: `rule ${name} is not judged`, file, find, replace: '', tests: [rulesTest] };
}

/** A field of a commit's header that nobody compares. */
function withoutHeaderField(name: string, line: string): Sabotage {
  return {
    name: `header field ${name} is not compared`,
    file: `${rules}/header.ts`,
    find: `    ${line}\n`,
    replace: '',
    tests: [rulesTest],
  };
}

export const PROTOCOL_SABOTAGES: readonly Sabotage[] = [
  {
    name: 'the commitment of a seal is not compared',
    file: `${crypto}/open/seal.ts`,
    find: 'if (!suite.equalConstantTime(expected, commitment)) throw openFailed(label);',
    replace: 'suite.equalConstantTime(expected, commitment);',
    tests: [sealTest],
  },
  {
    name: 'a seal whose tag is wrong opens as nothing',
    file: `${crypto}/open/seal.ts`,
    find: 'if (plaintext === undefined) throw openFailed(label);\n  return plaintext;',
    replace: 'return plaintext ?? new Uint8Array(0);',
    tests: [sealTest],
  },
  {
    name: 'associated data is not bound to an envelope',
    file: `${crypto}/open/envelope.ts`,
    find: '    suite.sha256(encodeCbor(context)),\n',
    replace: '    suite.sha256(encodeCbor([])),\n',
    tests: [`${crypto}/envelope.test.ts`],
  },
  {
    name: 'every signature holds',
    file: `${crypto}/verify.ts`,
    find: 'return suite.verifyEd25519(publicKey, ',
    replace: 'return publicKey.length > 0 || suite.verifyEd25519(publicKey, ',
    tests: [`${crypto}/envelope.test.ts`],
  },
  {
    name: 'meta is not bound to its revision',
    file: `${model}/open/node-meta.ts`,
    find: 'codeOf(NODE_KINDS, kind), rev, kr];',
    replace: 'codeOf(NODE_KINDS, kind), rev - rev, kr];',
    tests: [spaceTest],
  },
  {
    name: 'a wrapped key is not bound to its parent',
    file: `${model}/open/node-keys.ts`,
    find: 'return [idToBytes(space), idToBytes(id), idToBytes(parent), kr, pk];',
    replace: 'return [idToBytes(space), idToBytes(id), parent.length, kr, pk];',
    tests: [spaceTest],
  },
  {
    name: 'password and recovery wraps are not told apart',
    file: `${model}/open/account-seals.ts`,
    find: 'const PURPOSE_CODE = { password: 1, recovery: 2 } as const;',
    replace: 'const PURPOSE_CODE = { password: 1, recovery: 1 } as const;',
    tests: [forgedTest],
  },
  {
    name: 'the secrets of an account are not compared with its public keys',
    file: `${model}/open/account-seals.ts`,
    find: "if (!isSame) throw new IntegrityError('malformed', 'account secrets: other public keys');",
    replace: 'void isSame;',
    tests: [forgedTest],
  },
  {
    name: 'the signature of an account bundle is not checked',
    file: `${model}/account-bundle.ts`,
    find: "if (!verifySignature(suite, chain.identity, 'account-bundle', body, signature)) {",
    replace: 'if (false as boolean) {',
    tests: [bundleTest],
  },
  {
    name: 'an entry of a key chain may follow any other',
    file: `${model}/key-chain.ts`,
    find: "if (content.prev !== prev) throw broken('prev is not the entry before');",
    replace: 'void prev;',
    tests: [chainTest],
  },
  {
    name: 'an entry of a key chain needs no signature',
    file: `${model}/key-chain.ts`,
    find: '  if (isValid) return;\n',
    replace: '  if (isValid || at >= 0) return;\n',
    tests: [chainTest],
  },
  {
    name: 'a revoked device stays certified',
    file: `${model}/key-chain.ts`,
    find: 'return addedAt <= seq && (revokedAt === undefined || revokedAt > seq);',
    replace: 'return addedAt <= seq && (revokedAt ?? 0) >= 0;',
    tests: [chainTest],
  },
  withoutHeaderField('prev', "['prev', header.prev, head?.id ?? ZERO_DIGEST],"),
  withoutHeaderField('past', "['past', header.past, pastRoot(suite, head?.edge ?? [])],"),
  withoutHeaderField('auth', "['auth', header.auth, head?.auth ?? ZERO_DIGEST],"),
  withoutHeaderField('changes', "['changes', header.changes, changesDigest(suite, place.body)],"),
  {
    name: 'the root of the end state is not compared',
    file: `${rules}/judge.ts`,
    find: 'if (root !== header.root) return',
    replace: 'if ((false as boolean) && root !== header.root) return',
    tests: [rulesTest],
  },
  {
    name: 'a commit needs no signature of its device',
    file: `${rules}/signer.ts`,
    find: 'return isSignedBy(suite, device.publicKey, sealed)\n',
    replace: 'return isSignedBy(suite, device.publicKey, sealed) || header.seq > 0\n',
    tests: [rulesTest],
  },
  withoutRule('role', `${rules}/roles.ts`, 'judgeRoles'),
  withoutRule('by', `${rules}/roles.ts`, 'judgeAuthors'),
  withoutRule('rev', `${rules}/numbers.ts`, 'judgeRevs'),
  withoutRule('kr', `${rules}/numbers.ts`, 'judgeKeyNumbers'),
  withoutRule('pk', `${rules}/numbers.ts`, 'judgeParentKeys'),
  withoutRule('rotation', `${rules}/numbers.ts`, 'judgeRotation'),
  withoutRule('keep-until', `${rules}/nodes.ts`, 'judgeKeepUntil'),
  withoutRule('cycle', `${rules}/nodes.ts`, 'judgeCycles'),
  withoutRule('tag-unique', `${rules}/nodes.ts`, 'judgeTagsUnique'),
  withoutRule('purge', `${rules}/nodes.ts`, 'judgePurges'),
  withoutRule('removal-epoch', `${rules}/members.ts`, 'judgeRemovals'),
  withoutRule('member-pin', `${rules}/members.ts`, 'judgePins'),
  {
    name: 'a proof may belong to any state',
    file: `${model}/verified-proof.ts`,
    find: "if (bytesToHex(parsed.root) !== root) throw invalid('it belongs to another state');",
    replace: 'void bytesToHex(parsed.root) === root;',
    tests: [proofProperties],
  },
  {
    name: 'a listing may be cut off',
    file: `${model}/verified-proof.ts`,
    find: "if (node.kind === 'cut-off') throw invalid('a listing is not complete');",
    replace: "if (node.kind === 'cut-off') return;",
    tests: [proofProperties],
  },
  {
    name: 'nodes of a proof may hang anywhere',
    file: `${model}/proof-parse.ts`,
    find: "throw invalid('a node hangs in the wrong place');",
    replace: 'return;',
    tests: [proofTest],
  },
  {
    name: 'the id of a chunk is not checked',
    file: `${content}/open/chunk.ts`,
    find: 'if (chunkId(suite, stored) !== ref.id) {',
    replace: 'if (chunkId(suite, stored) === undefined) {',
    tests: [chunkTest],
  },
  {
    name: 'the commitment of a chunk is not compared',
    file: `${content}/open/chunk.ts`,
    find: 'if (!suite.equalConstantTime(prefix, chunkPrefix(suite, key))) throw failed();',
    replace: '',
    tests: [forgedTest],
  },
  {
    name: 'the padding of a chunk may be anything',
    file: `${content}/open/chunk.ts`,
    find: 'if (padded[i] !== 0)',
    replace: 'if (padded[i] === undefined)',
    tests: [chunkTest],
  },
  {
    name: 'a page is not bound to its node',
    file: `${content}/open/pages.ts`,
    find: 'return [idToBytes(place.space), idToBytes(place.node), kr, suite.sha256(publicHalf)];',
    replace: 'return [idToBytes(place.space), place.node.length, kr, suite.sha256(publicHalf)];',
    tests: [pagesTest],
  },
  {
    name: 'a page is not bound to its public half',
    file: `${content}/open/pages.ts`,
    find: 'return [idToBytes(place.space), idToBytes(place.node), kr, suite.sha256(publicHalf)];',
    replace:
      'return [idToBytes(place.space), idToBytes(place.node), kr, suite.sha256(publicHalf).length];',
    tests: [forgedTest],
  },
  {
    name: 'the id of a page is not checked',
    file: `${content}/open/pages.ts`,
    find: 'if (id !== undefined && pageId(suite, page) !== id) {',
    replace: 'if (id !== undefined && page.length === 0) {',
    tests: [pagesTest],
  },
  {
    name: 'bodies of a pack are not hashed',
    file: `${content}/pack.ts`,
    find: 'if (!isPackEntryGenuine(suite, entry)) {',
    replace: 'if ((false as boolean) && !isPackEntryGenuine(suite, entry)) {',
    tests: [packTest],
  },
  {
    name: 'a second encoding of the same thing is taken',
    file: 'protocol/src/codec/read-cbor.ts',
    find: 'if (number < (LEAST_BY_FORM[short - 24] ?? 0)) throw notCbor();',
    replace: '',
    tests: [forgedTest],
  },
];
