/** Opens the drive of a signed-in device: from what is stored, or the first time from the server. */
import type { Bytes, ItemId, SpaceId } from '@coffer/protocol/core';
import type { DeviceItem, Item } from '@coffer/protocol/model/open';
import type { DeviceSecrets, KeepEvidence, KeyStore, SpaceStore } from '../../ports/index.ts';
import { fetchKemSeeds } from '../account/account-secrets.ts';
import type { OwnAccount } from '../account/own-account.ts';
import { createConnection, type Connection, type ConnectionOptions } from '../connection.ts';
import type { RunningSha256 } from '../content/content-api.ts';
import type { ChunkOpener } from '../space-changes.ts';
import { AccountSpace } from '../space/account-space.ts';
import { ChainBook } from '../space/chain-book.ts';
import { FullSpaceClient, type FullSpaceOptions } from '../space/full-space-client.ts';
import { driveIn, firstOwn } from '../space/own-spaces.ts';
import { Drive } from './drive.ts';

/** What a full client needs of the world. */
export interface DriveOptions extends ConnectionOptions {
  readonly secrets: DeviceSecrets;
  /** Where the secrets rest: a newer account key and the place of the drive are saved there. */
  readonly keyStore: KeyStore;
  readonly store: SpaceStore;
  readonly startSha256: () => RunningSha256;
  /** Lets the event loop run: `setImmediate` in Node. */
  readonly yieldTurn: () => Promise<void>;
  /** Opens chunks of downloads elsewhere, in worker threads. */
  readonly opener?: ChunkOpener;
  /** Where heads of a server that went back in time are kept for people. */
  readonly keepEvidence?: KeepEvidence;
  /** Operating system, for the list of devices. */
  readonly platform: string;
}

type SpaceOptions = (space: SpaceId) => FullSpaceOptions;

/**
 * The first time on a device this needs the server; later it asks nobody, and `Drive.refresh` brings
 * what is new. Throws RemoteFault and IntegrityError.
 */
export async function openDrive(options: DriveOptions, signal: AbortSignal): Promise<Drive> {
  const connection = createConnection(options, options.secrets);
  const chains = new ChainBook(options.suite, options.store, connection.account.chain);
  const spaceOptions = spaceOptionsOf(options, connection, chains);
  const { homes } = options.secrets;
  const spaces =
    homes === undefined
      ? await findHomes(options, connection, spaceOptions, signal)
      : {
          account: await AccountSpace.open(spaceOptions(homes.accountSpace), signal),
          drive: await FullSpaceClient.open(spaceOptions(homes.drive), signal),
        };
  const { api, session } = connection;
  const renewSpaces = async (until: AbortSignal): Promise<void> => {
    await spaces.account.renewKeys(until);
    await spaces.drive.renewKeys(until);
  };
  const own: OwnAccount = { ...options, api, session, chains, renewSpaces };
  return new Drive({ ...options, ...spaces, connection, own });
}

function spaceOptionsOf(
  options: DriveOptions,
  connection: Connection,
  chains: ChainBook,
): SpaceOptions {
  const { suite, secrets, keyStore } = options;
  const { account: api, bytesOnWire } = connection;
  const kemSeeds = (signal: AbortSignal): Promise<readonly Bytes[]> =>
    fetchKemSeeds({ suite, api, chains, secrets, keyStore }, signal);
  return (space) => ({
    ...options,
    space,
    chains,
    bytesOnWire,
    api: connection.space(space),
    kemSeeds,
  });
}

interface Homes {
  readonly account: AccountSpace;
  readonly drive: FullSpaceClient;
}

/** Finds account space and drive, verifies whose they are, and says so in the account space. */
async function findHomes(
  options: DriveOptions,
  connection: Connection,
  spaceOptions: SpaceOptions,
  signal: AbortSignal,
): Promise<Homes> {
  const { secrets, keyStore } = options;
  const listed = await connection.account.spaces(signal);
  const ids = (kind: 'account' | 'drive'): readonly SpaceId[] =>
    listed.filter((entry) => entry.kind === kind).map(({ space }) => space);
  const account = await firstOwn(ids('account'), 'account', secrets.account, (space) =>
    AccountSpace.open(spaceOptions(space), signal),
  );
  const known = driveIn(account.items());
  const candidates = known === undefined ? ids('drive') : [known];
  const drive = await firstOwn(candidates, 'drive', secrets.account, (space) =>
    FullSpaceClient.open(spaceOptions(space), signal),
  );
  await account.write(() => missingItems(account, drive.id, options), signal);
  const saved = (await keyStore.load()) ?? secrets;
  await keyStore.save({ ...saved, homes: { accountSpace: account.id, drive: drive.id } });
  return { account, drive };
}

/** Where the drive is, and what this device is called. */
function missingItems(
  account: AccountSpace,
  drive: SpaceId,
  { secrets, clock, platform }: DriveOptions,
): readonly Item[] {
  const items: Item[] = [];
  if (driveIn(account.items()) === undefined) {
    items.push({ type: 'space', space: drive, kind: 'drive', mount: null, name: '' });
  }
  if (account.item(secrets.device as string as ItemId) === undefined) {
    const item: DeviceItem = {
      type: 'device',
      device: secrets.device,
      name: secrets.deviceName,
      platform,
      created: clock.now(),
      heads: [],
    };
    items.push(item);
  }
  return items;
}
