/**
 * The worked examples of docs/protocol.md, computed. Run it to see them; it ends with 1 when the
 * document says something else: `node docs/examples/worked-examples.ts`.
 */
import { encodeCbor } from '@coffer/protocol/codec';
import {
  bytesToHex,
  concatBytes,
  hexToBytes,
  parseId,
  u8,
  utf8ToBytes,
  type AccountId,
  type Bytes,
  type NodeId,
  type SpaceId,
} from '@coffer/protocol/core';
import { encodePack, pageId } from '@coffer/protocol/content';
import { sealChunk, sealPage } from '@coffer/protocol/content/open';
import { hash, labelBytes } from '@coffer/protocol/crypto';
import { seal } from '@coffer/protocol/crypto/open';
import {
  MemoryState,
  parseTreeKey,
  planTreeUpdate,
  type RecordChange,
} from '@coffer/protocol/model';
import { nameTag, safetyNumber } from '@coffer/protocol/model/open';
import { createNodeOpenSuite } from '@coffer/protocol/suites/node-open';
import { readFileSync } from 'node:fs';

const counting = (from: number, length: number): Uint8Array<ArrayBuffer> =>
  Uint8Array.from({ length }, (_, i) => from + i);
/** "Random" bytes of the examples: 40 41 42 … */
const suite = await createNodeOpenSuite((length) => counting(0x40, length));
const key = counting(0, 32);
const space = parseId<SpaceId>('11'.repeat(16));
const node = parseId<NodeId>('22'.repeat(16));

function sealExample(): readonly (readonly [string, Bytes])[] {
  const aad = encodeCbor([hexToBytes(space), 7]);
  const sealed = seal(suite, key, 'node-key', [hexToBytes(space), 7], utf8ToBytes('Coffer'));
  return [
    ['seal: L', labelBytes('node-key')],
    ['seal: CBOR(aad)', aad],
    ['seal: a', suite.sha256(aad)],
    ['seal: com', sealed.subarray(25, 57)],
    ['seal: ct and tag', sealed.subarray(57)],
  ];
}

function treeExample(): readonly (readonly [string, Bytes])[] {
  const left = parseTreeKey(`40${'00'.repeat(31)}`);
  const right = parseTreeKey(`80${'00'.repeat(31)}`);
  const record = u8(1);
  const leafOf = (at: string): Bytes => hash(suite, 'leaf', hexToBytes(at), suite.sha256(record));
  const changes: readonly RecordChange[] = [
    [left, record],
    [right, record],
  ];
  const joined = hash(suite, 'node', u8(0), new Uint8Array(32), leafOf(left), leafOf(right));
  const { root } = planTreeUpdate(suite, new MemoryState(), changes);
  if (root !== bytesToHex(joined)) throw new Error('the root of two leaves is one node');
  return [
    ['tree: SHA-256(record)', suite.sha256(record)],
    ['tree: left leaf', leafOf(left)],
    ['tree: right leaf', leafOf(right)],
    ['tree: node', joined],
  ];
}

function contentExample(): readonly (readonly [string, Bytes])[] {
  const { ref, parts } = sealChunk(suite, key, utf8ToBytes('Coffer'));
  const page = sealPage(suite, { space, node, kr: 7, key }, [ref]);
  const pack = encodePack([{ id: ref.id, isPage: false, parts }]);
  const stored = concatBytes(...parts);
  return [
    ['chunk: K', ref.key],
    ['chunk: hdr and com', parts[0]],
    ['chunk: first 16 bytes of ct', parts[1].subarray(0, 16)],
    ['chunk: tag', stored.subarray(-16)],
    ['chunk: id', hexToBytes(ref.id)],
    ['page', page],
    ['page: id', hexToBytes(pageId(suite, page))],
    ['pack: all before the body', pack.subarray(0, pack.length - stored.length)],
  ];
}

const examples: readonly (readonly [string, Bytes])[] = [
  ['cbor', encodeCbor([1, Uint8Array.of(0, 255), 'é', null, true, -1])],
  ...sealExample(),
  ['name tag', hexToBytes(nameTag(suite, key, 'Bücher'))],
  ...treeExample(),
  ...contentExample(),
];
const one = { account: parseId<AccountId>('33'.repeat(16)), identity: key } as const;
const other = { account: parseId<AccountId>('44'.repeat(16)), identity: key } as const;
const lines = [
  ...examples.map(([name, bytes]) => [name, bytesToHex(bytes)] as const),
  ['safety number', safetyNumber(suite, one, other)] as const,
];

const written = readFileSync(new URL('../protocol.md', import.meta.url), 'utf8').replaceAll(
  /\s/g,
  '',
);
for (const [name, value] of lines) {
  const isWritten = written.includes(value);
  console.log(`${isWritten ? 'ok  ' : 'NOT '} ${name}: ${value}`);
  if (!isWritten) process.exitCode = 1;
}
