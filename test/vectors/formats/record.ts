import { encodeCbor, type Cbor } from '@coffer/protocol/codec';
import { bytesToHex, hexToBytes } from '@coffer/protocol/core';
import type { OpenSuite } from '@coffer/protocol/crypto';
import { decodeRecord, parseTreeKey } from '@coffer/protocol/model';
import { toPlainJson } from '../plain-json.ts';
import { defineFormat, type CaseInput } from '../vector.ts';

type Input = { readonly key: string; readonly record: string };

/** The records of a space under their tree keys. */
export const records = defineFormat<Input>({
  name: 'record',
  about: 'Records of a space with the tree key that each stands under: §3.',
  cases: makeCases,
  read: (_suite, { key, record }) => {
    return toPlainJson(decodeRecord(parseTreeKey(key), hexToBytes(record)));
  },
});

const ZERO = '0'.repeat(32);
const reserved = (last: number): string => String(last).padStart(32, '0');

function makeCases(suite: OpenSuite): readonly CaseInput<Input>[] {
  const id = (): Uint8Array => suite.randomBytes(16);
  const [space, account, folder, file, device] = [id(), id(), id(), id(), id()];
  const wide = (): Uint8Array => suite.randomBytes(32);
  const [identity, digest, page] = [wide(), wide(), wide()];
  const [meta, wrapped, tag] = [suite.randomBytes(329), suite.randomBytes(105), id()];
  const inline = suite.randomBytes(120);
  const hex = bytesToHex;
  const root = new Uint8Array(16);

  const spaceRow = [
    0,
    space,
    1,
    1,
    account,
    identity,
    digest,
    1,
    suite.randomBytes(74),
    [30, 100, 30],
  ];
  const memberRow = [
    3,
    space,
    account,
    1,
    4,
    identity,
    1,
    digest,
    false,
    1,
    suite.randomBytes(1257),
  ];
  const itemRow = [4, space, device, 3, meta, 1];
  const folderRow = [
    1,
    space,
    folder,
    space,
    1,
    1,
    1,
    0,
    1,
    tag,
    wrapped,
    meta,
    null,
    account,
    null,
  ];
  const rootRow = [1, space, space, root, 1, 1, 1, 0, 0, null, null, meta, null, account, null];
  const big = [3_000_000, 3, null, [page]];
  const small = [300, 1, inline, []];
  const empty = [0, 0, null, []];
  const fileRow = (content: Cbor): Cbor[] => {
    return [1, space, file, folder, 2, 7, 4, 0, 1, tag, wrapped, meta, content, account, null];
  };
  const versionRow = [
    2,
    space,
    file,
    6,
    4,
    meta,
    big,
    account,
    1_800_000_000_000,
    1_900_000_000_000,
  ];

  const spaceKey = reserved(1) + ZERO;
  const memberKey = reserved(2) + hex(account);
  const itemKey = reserved(3) + hex(device);
  const folderKey = hex(space) + hex(folder);
  const fileKey = hex(folder) + hex(file);
  const versionKey = hex(file) + '0'.repeat(16) + '6'.padStart(16, '0');

  const valid = (name: string, key: string, row: Cbor): CaseInput<Input> => ({
    name,
    input: { key, record: hex(encodeCbor(row)) },
  });
  const wrong = (
    name: string,
    unlike: string,
    refused: string,
    key: string,
    record: Cbor | { readonly raw: string },
  ): CaseInput<Input> => {
    const bytes = isRaw(record) ? record.raw : hex(encodeCbor(record));
    return { name, unlike, refused, input: { key, record: bytes } };
  };
  const put = (row: readonly Cbor[], at: number, value: Cbor): Cbor[] =>
    row.toSpliced(at, 1, value);
  const folderHex = hex(encodeCbor(folderRow));

  const NUMBER = 'not an unsigned integer in range';
  const KIND = 'not a known kind';
  const NOT_CBOR = 'not CBOR';
  const OTHER_KEY = 'the record belongs under another key';
  const NO_KEY = 'no record stands under this key';
  const CONTENT = 'content names neither nothing nor one page list';
  const FILES = 'files alone have content';
  return [
    valid('a space', spaceKey, spaceRow),
    valid('a member', memberKey, memberRow),
    valid('an item', itemKey, itemRow),
    valid('the settings item', reserved(3) + reserved(1), put(itemRow, 2, hexToBytes(reserved(1)))),
    valid('a root folder', ZERO + hex(space), rootRow),
    valid('a folder', folderKey, folderRow),
    valid('a file with pages', fileKey, fileRow(big)),
    valid('a file with a page within', fileKey, fileRow(small)),
    valid('an empty file', fileKey, fileRow(empty)),
    valid('a version', versionKey, versionRow),
    wrong('a space of kind 4', 'a space', KIND, spaceKey, put(spaceRow, 3, 4)),
    wrong('1,001 versions kept', 'a space', NUMBER, spaceKey, put(spaceRow, 9, [30, 1001, 30])),
    wrong('no policy', 'a space', 'not an array of 10', spaceKey, spaceRow.slice(0, 9)),
    wrong('a member of role 0', 'a member', KIND, memberKey, put(memberRow, 4, 0)),
    wrong('a member of role 5', 'a member', KIND, memberKey, put(memberRow, 4, 5)),
    wrong('a number for rotate', 'a member', 'not a boolean', memberKey, put(memberRow, 8, 0)),
    wrong(
      'a reserved item id',
      'an item',
      'reserved id',
      reserved(3) + reserved(2),
      put(itemRow, 2, hexToBytes(reserved(2))),
    ),
    wrong('a folder of kind 5', 'a folder', KIND, folderKey, put(folderRow, 4, 5)),
    wrong('a negative revision', 'a folder', NUMBER, folderKey, put(folderRow, 5, -1)),
    wrong('text for a tag', 'a folder', 'not 16 to 16 bytes', folderKey, put(folderRow, 9, 'name')),
    wrong(
      'a short wrapped key',
      'a folder',
      'not 73 to 65536 bytes',
      folderKey,
      put(folderRow, 10, wrapped.subarray(0, 72)),
    ),
    wrong('a folder with content', 'a folder', FILES, folderKey, put(folderRow, 12, empty)),
    wrong('a field too many', 'a folder', 'not an array of 15', folderKey, [...folderRow, null]),
    wrong('another type than the key says', 'a folder', 'not 1', folderKey, put(folderRow, 0, 2)),
    wrong('the key of another node', 'a folder', OTHER_KEY, fileKey, folderRow),
    wrong(
      'a key that nothing stands under',
      'a folder',
      NO_KEY,
      reserved(4) + hex(folder),
      folderRow,
    ),
    wrong('a trailing byte', 'a folder', NOT_CBOR, folderKey, { raw: `${folderHex}00` }),
    wrong('a tag of CBOR around it', 'a folder', NOT_CBOR, folderKey, { raw: `c1${folderHex}` }),
    wrong('an array of no fixed length', 'a folder', NOT_CBOR, folderKey, {
      raw: `9f${folderHex.slice(2)}ff`,
    }),
    wrong('nothing', 'a folder', NOT_CBOR, folderKey, { raw: '' }),
    wrong('a file without content', 'an empty file', FILES, fileKey, fileRow(null)),
    wrong('no bytes in one chunk', 'an empty file', CONTENT, fileKey, fileRow([0, 1, null, []])),
    wrong('chunks on no page', 'a file with pages', CONTENT, fileKey, fileRow([300, 1, null, []])),
    wrong(
      'a page within beside others',
      'a file with pages',
      CONTENT,
      fileKey,
      fileRow([300, 1, inline, [page]]),
    ),
    wrong('a version of another number', 'a version', OTHER_KEY, versionKey, put(versionRow, 3, 7)),
    wrong(
      'a version that may go at once',
      'a version',
      NUMBER,
      versionKey,
      put(versionRow, 9, null),
    ),
  ];
}

function isRaw(value: Cbor | { readonly raw: string }): value is { readonly raw: string } {
  return typeof value === 'object' && value !== null && 'raw' in value;
}
