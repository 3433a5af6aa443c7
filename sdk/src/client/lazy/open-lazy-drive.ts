/** Opens the drive of a signed-in device for reading, without its history. */
import type { SpaceId } from '@coffer/protocol/core';
import { ITEMS_PARENT } from '@coffer/protocol/model';
import type { Item } from '@coffer/protocol/model/open';
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
import { driveIn, firstOwn, openItems } from '../space/own-spaces.ts';
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

/** The book itself remembers what it verified; pins bring the chains back. */
const NO_CHAINS: ChainStore = { chain: () => [], saveChain: () => undefined };
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
  const chains = new ChainBook(suite, NO_CHAINS, connection.account.chain);
  const opening: Opening = { options, connection, chains };
  const listed = secrets.homes === undefined ? await connection.account.spaces(signal) : [];
  const idsOf = (kind: 'account' | 'drive'): readonly SpaceId[] =>
    listed.filter((entry) => entry.kind === kind).map(({ space }) => space);
  const openOwn = (kind: 'account' | 'drive', known: SpaceId | undefined): Promise<OpenLazySpace> =>
    firstOwn(known === undefined ? idsOf(kind) : [known], kind, secrets.account, (space) =>
      openSpace(opening, space, signal),
    );
  const account = await openOwn('account', secrets.homes?.accountSpace);
  const items = await readItems(options, account, signal);
  const space = await openOwn('drive', secrets.homes?.drive ?? driveIn(items));
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

/** The newest state is verified, and its keys are open. */
async function openSpace(
  { options, connection, chains }: Opening,
  id: SpaceId,
  signal: AbortSignal,
): Promise<OpenLazySpace> {
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
  const space = new OpenLazySpace(lazy, {
    suite,
    account: secrets.account,
    kemSeeds: (until) =>
      fetchKemSeeds({ suite, api: connection.account, chains, secrets, keyStore }, until),
  });
  await space.read({ keys: [], listings: [] }, signal);
  return space;
}

function isBehind(head: SignedHead, other: SignedHead): boolean {
  return head.era < other.era || (head.era === other.era && head.seq < other.seq);
}

async function readItems(
  { suite }: LazyDriveOptions,
  account: OpenLazySpace,
  signal: AbortSignal,
): Promise<readonly Item[]> {
  const rows = await account.read({ keys: [], listings: [ITEMS_PARENT] }, signal);
  return openItems(suite, account.keys, rows.below(ITEMS_PARENT));
}
