/**
 * Items of an account space (protocol §3): what an account knows and keeps for its own devices.
 *
 *   PSEAL(KDF(E, "item-key"), "item", [space, id, rev, epoch], body)
 *
 *   1 device     [1, device, name, platform, created, [[space, seq, commit id]…]]  item id = device id
 *   2 space      [2, space, kind, mount or null, name]                            item id = space id
 *   3 contact    [3, account, identity pk, chain seq, chain head, state]          item id = account id
 *   4 settings   [4, [[key, value]…]], ascending by key                           SETTINGS_ITEM
 *   5 link       [5, link, space, node, secret, k or null, rev, created]          item id = link id
 *   6 request    [6, request, space, folder, KEM seed, title, created]            item id = request id
 */
import { encodeCbor, schema, type Cbor, type Schema } from '../../codec/index.ts';
import {
  FormatError,
  idToBytes,
  RECORD_SIZE_BYTES_MAX,
  type AccountId,
  type Bytes,
  type CommitId,
  type DeviceId,
  type Digest,
  type FileRequestId,
  type ItemId,
  type LinkId,
  type NodeId,
  type SpaceId,
} from '../../core/index.ts';
import { KEY_SIZE_BYTES, type OpenSuite } from '../../crypto/index.ts';
import { openPadded, sealPadded } from '../../crypto/open/index.ts';
import type { ItemRecord, SpaceKind } from '../records.ts';
import { SETTINGS_ITEM } from '../tree-keys.ts';
import { codeOf, coded, SPACE_KINDS } from '../wire-names.ts';
import { decodeOpened } from './decode-opened.ts';
import { epochKeyOf, itemSealingKey, type SpaceKeys } from './space-keys.ts';

/** Written by the device itself: its name and the heads that it saw. */
export interface DeviceItem {
  readonly type: 'device';
  readonly device: DeviceId;
  readonly name: string;
  readonly platform: string;
  readonly created: number;
  readonly heads: readonly {
    readonly space: SpaceId;
    readonly seq: number;
    readonly commit: CommitId;
  }[];
}

/** How a new device finds the drive and everything else that the account is in. */
export interface SpaceItem {
  readonly type: 'space';
  readonly space: SpaceId;
  readonly kind: SpaceKind;
  /** Node of the drive in whose place the space shows, or null. */
  readonly mount: NodeId | null;
  readonly name: string;
}

export type ContactState = 'unverified' | 'verified' | 'changed';

export interface ContactItem {
  readonly type: 'contact';
  readonly account: AccountId;
  readonly identity: Bytes;
  readonly chainSeq: number;
  readonly chainHead: Digest;
  readonly state: ContactState;
}

export interface SettingsItem {
  readonly type: 'settings';
  readonly values: ReadonlyMap<string, string>;
}

/** What the creator of a public link needs to show it again and to reseal its payload. */
export interface LinkItem {
  readonly type: 'link';
  readonly link: LinkId;
  readonly space: SpaceId;
  readonly node: NodeId;
  readonly secret: Bytes;
  /** k of a link with a password, else null: it is derived from password and secret. */
  readonly passwordedSecret: Bytes | null;
  readonly rev: number;
  readonly created: number;
}

export interface FileRequestItem {
  readonly type: 'file-request';
  readonly request: FileRequestId;
  readonly space: SpaceId;
  readonly folder: NodeId;
  readonly kemSeed: Bytes;
  readonly title: string;
  readonly created: number;
}

export type Item = DeviceItem | SpaceItem | ContactItem | SettingsItem | LinkItem | FileRequestItem;

/** What a sealed item is bound to. */
export type ItemPlace = Pick<ItemRecord, 'space' | 'id' | 'rev' | 'epoch'>;

const CONTACT_STATES = ['unverified', 'verified', 'changed'] as const;
const TEXT_MAX = 1024;
const HEADS_MAX = 500;
const SETTINGS_MAX = 500;

const { uint, bytes, text, id, digest, literal, nullable, tuple, list } = schema;
const key32 = bytes(KEY_SIZE_BYTES);

const deviceTuple = tuple(
  literal(1),
  id<DeviceId>(),
  text(TEXT_MAX),
  text(TEXT_MAX),
  uint(),
  list(tuple(id<SpaceId>(), uint(), digest<CommitId>()), HEADS_MAX),
);
const spaceTuple = tuple(
  literal(2),
  id<SpaceId>(),
  coded<SpaceKind>(SPACE_KINDS),
  nullable(id<NodeId>()),
  text(TEXT_MAX),
);
const contactTuple = tuple(
  literal(3),
  id<AccountId>(),
  key32,
  uint(),
  digest<Digest>(),
  coded<ContactState>(CONTACT_STATES),
);
const settingsTuple = tuple(literal(4), list(tuple(text(TEXT_MAX), text(TEXT_MAX)), SETTINGS_MAX));
const linkTuple = tuple(
  literal(5),
  id<LinkId>(),
  id<SpaceId>(),
  id<NodeId>(),
  key32,
  nullable(key32),
  uint(),
  uint(),
);
const requestTuple = tuple(
  literal(6),
  id<FileRequestId>(),
  id<SpaceId>(),
  id<NodeId>(),
  key32,
  text(TEXT_MAX),
  uint(),
);

/** The id under which `item` stands in the account space. */
export function itemIdOf(item: Item): ItemId {
  switch (item.type) {
    case 'device':
      return item.device as string as ItemId;
    case 'space':
      return item.space as string as ItemId;
    case 'contact':
      return item.account as string as ItemId;
    case 'settings':
      return SETTINGS_ITEM;
    case 'link':
      return item.link as string as ItemId;
    case 'file-request':
      break;
  }
  return item.request as string as ItemId;
}

/** Throws FormatError when `item` does not belong under `place.id`. */
export function sealItem(
  suite: OpenSuite,
  keys: SpaceKeys,
  place: ItemPlace,
  item: Item,
): Uint8Array<ArrayBuffer> {
  checkPlace(place, item);
  const key = itemSealingKey(suite, epochKeyOf(keys, place.epoch));
  return sealPadded(suite, key, 'item', itemContext(place), encodeCbor(fieldsOf(item)));
}

/** IntegrityError `open-failed`, or `malformed` for what no device may seal under this id. */
export function openItem(suite: OpenSuite, keys: SpaceKeys, record: ItemRecord): Item {
  const key = itemSealingKey(suite, epochKeyOf(keys, record.epoch));
  const plaintext = openPadded(suite, key, 'item', itemContext(record), record.sealed);
  const shape: Schema<Item> = (value) => {
    const item = itemOf(value);
    checkPlace(record, item);
    return item;
  };
  return decodeOpened('item', plaintext, shape, RECORD_SIZE_BYTES_MAX);
}

function checkPlace(place: ItemPlace, item: Item): void {
  if (itemIdOf(item) !== place.id) throw new FormatError('the item belongs under another id');
}

function fieldsOf(item: Item): Cbor {
  switch (item.type) {
    case 'device': {
      const heads = item.heads.map(({ space, seq, commit }) => [
        idToBytes(space),
        seq,
        idToBytes(commit),
      ]);
      return [1, idToBytes(item.device), item.name, item.platform, item.created, heads];
    }
    case 'space': {
      const mount = item.mount === null ? null : idToBytes(item.mount);
      return [2, idToBytes(item.space), codeOf(SPACE_KINDS, item.kind), mount, item.name];
    }
    case 'contact': {
      const state = codeOf(CONTACT_STATES, item.state);
      const { account, identity, chainSeq, chainHead } = item;
      return [3, idToBytes(account), identity, chainSeq, idToBytes(chainHead), state];
    }
    case 'settings':
      return [4, [...item.values].sort(([a], [b]) => (a < b ? -1 : 1))];
    case 'link': {
      const place = [idToBytes(item.link), idToBytes(item.space), idToBytes(item.node)];
      return [5, ...place, item.secret, item.passwordedSecret, item.rev, item.created];
    }
    case 'file-request':
      break;
  }
  const place = [idToBytes(item.request), idToBytes(item.space), idToBytes(item.folder)];
  return [6, ...place, item.kemSeed, item.title, item.created];
}

function itemOf(value: unknown): Item {
  switch (Array.isArray(value) ? value[0] : undefined) {
    case 1: {
      const [, device, name, platform, created, rows] = deviceTuple(value);
      const heads = rows.map(([space, seq, commit]) => ({ space, seq, commit }));
      return { type: 'device', device, name, platform, created, heads };
    }
    case 2: {
      const [, space, kind, mount, name] = spaceTuple(value);
      return { type: 'space', space, kind, mount, name };
    }
    case 3: {
      const [, account, identity, chainSeq, chainHead, state] = contactTuple(value);
      return { type: 'contact', account, identity, chainSeq, chainHead, state };
    }
    case 4:
      return { type: 'settings', values: settingsOf(settingsTuple(value)[1]) };
    case 5: {
      const [, link, space, node, secret, passwordedSecret, rev, created] = linkTuple(value);
      return { type: 'link', link, space, node, secret, passwordedSecret, rev, created };
    }
    case 6: {
      const [, request, space, folder, kemSeed, title, created] = requestTuple(value);
      return { type: 'file-request', request, space, folder, kemSeed, title, created };
    }
    default:
      throw new FormatError('not a known item');
  }
}

function settingsOf(rows: readonly (readonly [string, string])[]): ReadonlyMap<string, string> {
  if (rows.some(([key], i) => i > 0 && key <= (rows[i - 1]?.[0] ?? ''))) {
    throw new FormatError('settings do not ascend by key');
  }
  return new Map(rows);
}

function itemContext({ space, id, rev, epoch }: ItemPlace): readonly (Bytes | number)[] {
  return [idToBytes(space), idToBytes(id), rev, epoch];
}
