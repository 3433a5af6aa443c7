/** Opens the drive of a signed-in device for reading, without its history. */
import { IntegrityError, type AccountId, type Bytes, type SpaceId } from '@coffer/protocol/core';
import { ITEMS_PARENT } from '@coffer/protocol/model';
import { openItem, type Item } from '@coffer/protocol/model/open';
import type {
  DeviceSecrets,
  KeepEvidence,
  KeyStore,
  PinStore,
  SignedHead,
} from '../../ports/index.ts';
import { fetchKemSeeds } from '../account/account-secrets.ts';
import { createConnection, type Connection, type ConnectionOptions } from '../connection.ts';
import type { RunningSha256 } from '../content/content-api.ts';
import { checkAgainstDevices } from '../drive/device-heads.ts';
import { ChainBook, type ChainStore } from '../space/chain-book.ts';
import { LazyDrive } from './lazy-drive.ts';
import { LazySpace } from './lazy-space.ts';
import { OpenLazySpace } from './open-lazy-space.ts';
import { decodeTrusted, encodeTrusted } from './trusted-space.ts';

/** What a lazy client needs of the world. */
export interface LazyDriveOptions extends ConnectionOptions {
  readonly secrets: DeviceSecrets;
  readonly keyStore: KeyStore;
  readonly pins: PinStore;
  readonly startSha256: () => RunningSha256;
  /** Lets the event loop run: `setImmediate` in Node. */
  readonly yieldTurn: () => Promise<void>;
  /** Where heads of a server that went back in time are kept for people. */
  readonly keepEvidence?: KeepEvidence;
}

/** What other devices saw is asked for so often at most. */
const DEVICES_CHECKED_EVERY_MS = 60_000;

/**
 * Reads who belongs to the account's spaces and their heads; of the history only the commits that change
 * members. Throws RemoteFault and IntegrityError.
 */
export async function openLazyDrive(
  options: LazyDriveOptions,
  signal: AbortSignal,
): Promise<LazyDrive> {
  const { suite, secrets, clock, startSha256, yieldTurn } = options;
  const connection = createConnection(options, secrets);
  const chains = new ChainBook(suite, createChainMemory(), connection.account.chain);
  const opening: Opening = { options, connection, chains };
  const listed = secrets.homes === undefined ? await connection.account.spaces(signal) : [];
  const idsOf = (kind: 'account' | 'drive'): readonly SpaceId[] =>
    listed.filter((entry) => entry.kind === kind).map(({ space }) => space);
  const account = await firstOwn(opening, 'account', {
    ids: secrets.homes === undefined ? idsOf('account') : [secrets.homes.accountSpace],
    signal,
  });
  const items = await readItems(options, account, signal);
  const told = items.find((item) => item.type === 'space' && item.kind === 'drive');
  const known = secrets.homes?.drive ?? (told?.type === 'space' ? told.space : undefined);
  const space = await firstOwn(opening, 'drive', {
    ids: known === undefined ? idsOf('drive') : [known],
    signal,
  });
  const check = (seen: readonly Item[]): void => {
    const { seq, id } = space.head();
    checkAgainstDevices(seen, { space: space.id, seq, commit: id });
  };
  check(items);
  let checkedAt = clock.now();
  const content = connection.space(space.id).content;
  return new LazyDrive({
    suite,
    space,
    fetching: { suite, api: content, startSha256, yieldTurn },
    checkDevices: async (until) => {
      if (clock.now() < checkedAt + DEVICES_CHECKED_EVERY_MS) return;
      const seen = await readItems(options, account, until);
      // Ours is fetched after their words, so that it may not be behind them.
      await space.read({ keys: [], listings: [] }, until);
      check(seen);
      checkedAt = clock.now();
    },
  });
}

interface Opening {
  readonly options: LazyDriveOptions;
  readonly connection: Connection;
  readonly chains: ChainBook;
}

/** The first space that this account made itself: others that the server lists prove nothing. */
async function firstOwn(
  opening: Opening,
  kind: 'account' | 'drive',
  { ids, signal }: { readonly ids: readonly SpaceId[]; readonly signal: AbortSignal },
): Promise<OpenLazySpace> {
  for (const id of ids) {
    const space = await openSpace(opening, id);
    await space.read({ keys: [], listings: [] }, signal);
    const record = space.record();
    if (record.kind === kind && record.creator === opening.options.secrets.account) return space;
  }
  throw new IntegrityError('data-missing', `the server shows no ${kind} space of this account`);
}

async function openSpace(opening: Opening, id: SpaceId): Promise<OpenLazySpace> {
  const { options, connection, chains } = opening;
  const { suite, secrets, keyStore, pins, keepEvidence } = options;
  const kept = await pins.load(id);
  const known = kept === undefined ? undefined : decodeTrusted(suite, id, kept);
  for (const chain of known?.chains ?? []) {
    if ((chains.get(chain.account)?.seq ?? -1) < chain.seq) chains.put(chain);
  }
  const lazy = new LazySpace(
    {
      space: id,
      suite,
      chains,
      prove: connection.prove(id),
      save: async (trusted) => {
        // Another drive on these pins may have seen more meanwhile: no pin goes back.
        const others = await pins.load(id);
        const seen = others === undefined ? undefined : decodeTrusted(suite, id, others).trusted;
        if (seen !== undefined && isBehind(trusted.head, seen.head)) return;
        await pins.save(id, encodeTrusted(trusted, chains.all()));
      },
      keepEvidence,
    },
    known?.trusted,
  );
  return new OpenLazySpace(lazy, {
    suite,
    account: secrets.account,
    kemSeeds: (signal) =>
      fetchKemSeeds({ suite, api: connection.account, chains, secrets, keyStore }, signal),
  });
}

function isBehind(head: SignedHead, other: SignedHead): boolean {
  return head.era < other.era || (head.era === other.era && head.seq < other.seq);
}

/** All items of the account space that open; one that does not hides no other. */
async function readItems(
  { suite }: LazyDriveOptions,
  account: OpenLazySpace,
  signal: AbortSignal,
): Promise<readonly Item[]> {
  const rows = await account.read({ keys: [], listings: [ITEMS_PARENT] }, signal);
  const items: Item[] = [];
  for (const record of rows.below(ITEMS_PARENT)) {
    if (record.type !== 'item') continue;
    try {
      items.push(openItem(suite, account.keys(), record));
    } catch (error) {
      if (!(error instanceof IntegrityError)) throw error;
    }
  }
  return items;
}

function createChainMemory(): ChainStore {
  const chains = new Map<AccountId, readonly Bytes[]>();
  return {
    chain: (account) => chains.get(account) ?? [],
    saveChain: (account, entries) => void chains.set(account, entries),
  };
}
