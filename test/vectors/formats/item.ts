import { encodeCbor, type Cbor } from '@coffer/protocol/codec';
import {
  bytesToHex,
  hexToBytes,
  idToBytes,
  parseId,
  type ItemId,
  type SpaceId,
} from '@coffer/protocol/core';
import type { OpenSuite } from '@coffer/protocol/crypto';
import { sealPadded } from '@coffer/protocol/crypto/open';
import { SETTINGS_ITEM } from '@coffer/protocol/model';
import { itemSealingKey, openItem } from '@coffer/protocol/model/open';
import { toPlainJson } from '../plain-json.ts';
import { defineFormat, type CaseInput } from '../vector.ts';
import { flipBit } from './change-bytes.ts';

type Input = {
  readonly epochKey: string;
  readonly space: string;
  readonly id: string;
  readonly rev: number;
  readonly epoch: number;
  readonly sealed: string;
};

/** Items of account spaces. */
export const items = defineFormat<Input>({
  name: 'item',
  about: 'Items of account spaces with their six bodies: §3.',
  cases: makeCases,
  read: (suite, { epochKey, space, id, rev, epoch, sealed }) => {
    const key = hexToBytes(epochKey);
    const keys = { epoch, epochKeys: new Map([[epoch, key]]), chunkerKey: key };
    const itemId = id === SETTINGS_ITEM ? SETTINGS_ITEM : parseId<ItemId>(id);
    const record = {
      type: 'item',
      space: parseId<SpaceId>(space),
      id: itemId,
      rev,
      epoch,
      sealed: hexToBytes(sealed),
    } as const;
    return toPlainJson(openItem(suite, keys, record));
  },
});

const CLOSED = 'open-failed: a sealed object (item) does not open';
const MALFORMED = 'malformed: item: ';

function makeCases(suite: OpenSuite): readonly CaseInput<Input>[] {
  const epochKey = suite.randomBytes(32);
  const bytes = (length: number): Uint8Array => suite.randomBytes(length);
  const [space, own, node, digest, secret] = [
    bytes(16),
    bytes(16),
    bytes(16),
    bytes(32),
    bytes(32),
  ];
  const settings = idToBytes(SETTINGS_ITEM);
  const input = (id: Uint8Array, body: Cbor): Input => {
    const aad = [space, id, 2, 1];
    const key = itemSealingKey(suite, epochKey);
    return {
      epochKey: bytesToHex(epochKey),
      space: bytesToHex(space),
      id: bytesToHex(id),
      rev: 2,
      epoch: 1,
      sealed: bytesToHex(sealPadded(suite, key, 'item', aad, encodeCbor(body))),
    };
  };
  const device: Cbor[] = [1, own, 'Laptop', 'linux', 1_800_000_000_000, [[node, 4, digest]]];
  const contact: Cbor[] = [3, own, secret, 2, digest, 2];
  const good = input(own, device);
  const wrong = (
    name: string,
    refused: string,
    bad: Input,
    unlike = 'a device',
  ): CaseInput<Input> => ({
    name,
    unlike,
    refused,
    input: bad,
  });
  return [
    { name: 'a device', input: good },
    { name: 'a space with a mount', input: input(own, [2, own, 2, node, 'Familie']) },
    { name: 'a space without a mount', input: input(own, [2, own, 1, null, '']) },
    { name: 'a contact', input: input(own, contact) },
    {
      name: 'settings',
      input: input(settings, [
        4,
        [
          ['a', '1'],
          ['b', ''],
        ],
      ]),
    },
    { name: 'a link', input: input(own, [5, own, space, node, secret, null, 1, 7]) },
    {
      name: 'a link with a password',
      input: input(own, [5, own, space, node, secret, digest, 1, 7]),
    },
    { name: 'a file request', input: input(own, [6, own, space, node, secret, 'Fotos', 7]) },
    wrong('another revision', CLOSED, { ...good, rev: 3 }),
    wrong('another id', CLOSED, { ...good, id: bytesToHex(node) }),
    wrong('another space', CLOSED, { ...good, space: bytesToHex(node) }),
    wrong('another epoch', CLOSED, { ...good, epoch: 2 }),
    wrong('another epoch key', CLOSED, { ...good, epochKey: flipBit(good.epochKey, 0) }),
    wrong('a flipped bit', CLOSED, { ...good, sealed: flipBit(good.sealed, -1) }),
    wrong(
      'the body of another device',
      `${MALFORMED}the item belongs under another id`,
      input(node, device),
    ),
    wrong('a body of type 7', `${MALFORMED}not a known item`, input(own, [7, own])),
    wrong('no array', `${MALFORMED}not a known item`, input(own, null)),
    wrong('a field too many', `${MALFORMED}not an array of 6`, input(own, [...device, null])),
    wrong(
      'a contact in state 4',
      `${MALFORMED}not a known kind`,
      input(own, contact.toSpliced(5, 1, 4)),
      'a contact',
    ),
    wrong(
      'settings out of order',
      `${MALFORMED}settings do not ascend by key`,
      input(settings, [
        4,
        [
          ['b', ''],
          ['a', ''],
        ],
      ]),
      'settings',
    ),
    wrong(
      'settings with a key twice',
      `${MALFORMED}settings do not ascend by key`,
      input(settings, [
        4,
        [
          ['a', ''],
          ['a', ''],
        ],
      ]),
      'settings',
    ),
  ];
}
