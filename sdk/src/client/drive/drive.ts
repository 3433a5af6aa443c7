/**
 * A signed-in device's drive by paths: what the command line and scripts work with. Operations that
 * change or fetch something refresh first; `tree` and the other reads show what was verified last.
 */
import {
  Defect,
  IntegrityError,
  ok,
  type AccountId,
  type Bytes,
  type DeviceId,
  type ItemId,
  type NodeId,
  type Result,
} from '@coffer/protocol/core';
import type { DeviceItem } from '@coffer/protocol/model/open';
import type { Clock, DeviceSecrets, KeyStore, Random } from '../../ports/index.ts';
import type { OwnAccount } from '../account/own-account.ts';
import { signOut } from '../account/sign-out.ts';
import type { Connection } from '../connection.ts';
import type { ByteRange } from '../content/read-range.ts';
import type { AccountSpace } from '../space/account-space.ts';
import type { VersionView } from '../space/file-contents.ts';
import type { FullSpaceClient } from '../space/full-space-client.ts';
import type { OnProved, StoredProof } from '../space/prove-stored.ts';
import type { NodeView } from '../space-changes.ts';
import { checkAgainstDevices, withHead, type SeenHead } from './device-heads.ts';
import { DriveEditor } from './drive-editor.ts';
import { DriveTree, type DriveEntry, type DriveListing } from './drive-tree.ts';
import { refuse, type DriveRefusal } from './drive-refusal.ts';
import { runEvents, type EventOptions } from './events.ts';
import { PutJob, type PutItem, type PutOptions, type PutOutcome } from './put.ts';
import { writeRange, type RangeWrite, type RangeWriteOptions } from './write-range.ts';

/** Which spaces were set back, and are now as the restored server has them. */
export interface AcceptedSpaces {
  readonly account: boolean;
  readonly drive: boolean;
}

export interface DriveParts {
  readonly account: AccountSpace;
  readonly drive: FullSpaceClient;
  readonly connection: Connection;
  readonly own: OwnAccount;
  readonly secrets: DeviceSecrets;
  readonly keyStore: KeyStore;
  readonly clock: Clock;
  readonly random: Random;
}

/** A device of the account. */
export interface DriveDevice {
  readonly id: DeviceId;
  /** Empty for a device that never said its name. */
  readonly name: string;
  readonly isCurrent: boolean;
  /** By the server's clock; null when the server does not say. */
  readonly createdAt: number | null;
  readonly lastSeenAt: number | null;
}

/** What the account's spaces take at the server, in bytes. */
export interface Usage {
  readonly usedBytes: number;
  /** Null without a limit. */
  readonly totalBytes: number | null;
  readonly transferUsedBytes: number;
  readonly transferTotalBytes: number | null;
}

/** Where content goes; synchronous, so that it can write a file. */
export interface ContentSink {
  readonly begin?: (node: NodeView) => void;
  readonly write: (plaintext: Bytes) => void;
}

type Outcome<T> = Promise<Result<T, DriveRefusal>>;

/** A signed-in device's drive by paths. Made by `openDrive`; one at a time for one SpaceStore. */
export class Drive {
  /** The drive's space: what the sync engine works with. */
  readonly space: FullSpaceClient;
  readonly account: AccountId;
  readonly device: DeviceId;
  readonly email: string;
  /** Moving, trashing, restoring: changes of what is there. */
  readonly edit: DriveEditor;
  /** What the account itself is changed with: `changePassword`, `rotateKeys`, `openPairing`, … */
  readonly own: OwnAccount;
  readonly #parts: DriveParts;
  readonly #tree: DriveTree;

  constructor(parts: DriveParts) {
    this.#parts = parts;
    this.space = parts.drive;
    this.own = parts.own;
    this.account = parts.secrets.account;
    this.device = parts.secrets.device;
    this.email = parts.secrets.email;
    this.#tree = new DriveTree(parts.drive);
    this.edit = new DriveEditor(parts.drive, this.#tree, (signal) => this.refresh(signal));
  }

  /** Brings what is new, and holds it against what other devices saw. */
  async refresh(signal: AbortSignal): Promise<void> {
    await this.#parts.account.pull(signal);
    await this.space.pull(signal);
    checkAgainstDevices(this.#parts.account.items(), this.#seenHead());
  }

  /**
   * Takes what a server has that says that it was restored from a backup (protocol §4, Freshness),
   * verified from the first commit on. For a person to decide: what the server lost is on devices alone
   * then. True for each space whose head did not descend from ours. `onDrive` runs in the transaction
   * that replaces the drive's state: whoever derived something from that drops it there. Throws what
   * `refresh` throws for a server that does not say so.
   */
  async acceptRestored(signal: AbortSignal, onDrive?: () => void): Promise<AcceptedSpaces> {
    const account = await this.#parts.account.acceptRestored(signal);
    return { account, drive: await this.space.acceptRestored(signal, onDrive) };
  }

  /**
   * Whether the stored records of the account space, which devices keep their names, heads and settings
   * in, are what its head signs. `unreadable`: ids of signed items that do not open.
   */
  async proveAccount(
    signal: AbortSignal,
    onProved?: OnProved,
  ): Promise<StoredProof & { readonly unreadable: readonly ItemId[] }> {
    const { account } = this.#parts;
    const proof = await account.proveStored(signal, onProved);
    // What is not what was signed may not even be a record.
    return { ...proof, unreadable: proof.broken.length > 0 ? [] : account.unreadable() };
  }

  /** Tells the other devices which head this one has: when idle, at most every 10 minutes. */
  async noteHead(signal: AbortSignal): Promise<void> {
    const { account } = this.#parts;
    const own = this.device as string as ItemId;
    // A rotation that another device began is finished by whoever comes first.
    await account.certifiedDevices(signal);
    await this.own.renewSpaces(signal);
    await account.write(() => {
      const item = withHead((id) => account.item(id), own, this.#seenHead());
      return item === undefined ? [] : [item];
    }, signal);
  }

  /** The node at a path, as it was verified last. `name-invalid`, `not-found`. */
  resolve(path: string): Result<DriveEntry, DriveRefusal> {
    return this.#tree.resolve(path);
  }

  /**
   * What is in a folder, or everything below it, as it was verified last; a file is listed as itself.
   * `name-invalid`, `not-found`.
   */
  list(
    path: string,
    options: { readonly recursive?: boolean } = {},
  ): Result<DriveListing, DriveRefusal> {
    return this.#tree.list(path, options.recursive === true);
  }

  /** Path of a node that is not in the trash; undefined when it or a folder above does not open. */
  pathOf(id: NodeId): string | undefined {
    return this.#tree.pathOf(id);
  }

  /**
   * `exists` for what is there; with `parents` a folder that is there will do, and those above are made.
   * Else `not-found` without the folder above, `not-a-folder`, `name-invalid`.
   */
  async makeFolder(
    path: string,
    options: { readonly parents?: boolean },
    signal: AbortSignal,
  ): Outcome<DriveEntry> {
    const makeParents = options.parents === true;
    await this.refresh(signal);
    if (!makeParents && this.#tree.resolve(path).ok) return refuse('exists', path);
    const [outcome] = await this.putAll([{ kind: 'folder', path }], { makeParents }, signal);
    return entryOf(path, outcome);
  }

  /**
   * Puts everything with as few requests as possible; a file that is there gets a new version. Outcomes
   * in the order of `items`. `exists`, `is-a-folder`, `not-a-folder`, `not-found`, `name-invalid`,
   * `quota-exceeded`, `conflict`, `refused`, `limit-reached`, `content-missing`.
   */
  async putAll(
    items: readonly PutItem[],
    options: PutOptions,
    signal: AbortSignal,
  ): Promise<readonly PutOutcome[]> {
    await this.refresh(signal);
    return new PutJob(this.space, items, options, signal).run();
  }

  /**
   * One file, with the codes of `putAll`; throws what reading `source` throws. `mtimeMs`: now where it is
   * left out. `source` is read once, and not faster than what is sealed of it can be sent.
   */
  async put(
    path: string,
    source: Iterable<Bytes> | AsyncIterable<Bytes>,
    options: PutOptions & { readonly mtimeMs?: number | null; readonly executable?: boolean },
    signal: AbortSignal,
  ): Outcome<DriveEntry> {
    const { mtimeMs = this.#parts.clock.now(), executable = false } = options;
    const meta = { mtimeMs, executable };
    const item: PutItem = { kind: 'file', path, open: () => source, meta };
    const [outcome] = await this.putAll([item], options, signal);
    return entryOf(path, outcome);
  }

  /**
   * Other bytes in the place of some of a file, as a new version: what was before stays a version, and
   * chunks that did not change are not sent (they are read, since a file is signed with the SHA-256 of all
   * of it). Changes nothing when another content is current than `options.version`, or when somebody
   * writes the file meanwhile: `conflict`. `not-found`, `is-a-folder`, `unsupported` for links,
   * `quota-exceeded`. Throws RangeError for a range that is none or begins beyond the end, and what
   * reading `source` throws.
   */
  async writeRange(
    path: string,
    write: RangeWrite,
    options: RangeWriteOptions,
    signal: AbortSignal,
  ): Outcome<DriveEntry> {
    await this.refresh(signal);
    const found = this.#tree.resolve(path);
    if (!found.ok) return found;
    const { kind } = found.value.node;
    if (kind !== 'file') return refuse(kind === 'folder' ? 'is-a-folder' : 'unsupported', path);
    const { version, mtimeMs = this.#parts.clock.now() } = options;
    return writeRange(this.space, found.value, write, { version, mtimeMs }, signal);
  }

  /**
   * Content of a file, verified piece by piece and at the end as a whole: only then it resolves, and
   * what was written before counts. `version`: its number. `range`: these bytes alone, of which each
   * chunk is verified, but not the file as a whole. `not-found`, `is-a-folder`, `unsupported` for links.
   * Throws faults, IntegrityError, and RangeError for a range that is none.
   */
  async get(
    path: string,
    sink: ContentSink,
    options: { readonly version?: number; readonly range?: ByteRange },
    signal: AbortSignal,
  ): Outcome<NodeView> {
    const found = this.#tree.resolve(path);
    if (!found.ok) return found;
    const { node } = found.value;
    if (node.kind !== 'file')
      return refuse(node.kind === 'folder' ? 'is-a-folder' : 'unsupported', path);
    const rev = this.#revisionOf(node, options.version);
    if (rev === undefined) return refuse('not-found', path);
    const request = { id: node.id, rev };
    if (options.range !== undefined) {
      await this.space.contents.fetchRange(request, options.range, sink, signal);
      return ok(node);
    }
    let failure: unknown;
    await this.space.fetch(
      [request],
      {
        begin: (_, fetched) => sink.begin?.(fetched),
        write: (_, plaintext) => {
          sink.write(plaintext);
        },
        end: () => undefined,
        fail: (_, error) => {
          failure = error;
        },
      },
      signal,
    );
    if (failure !== undefined) throw failure;
    return ok(node);
  }

  /** Contents that a file had, oldest first, the current one last. `not-found`, `unsupported`. */
  versions(path: string): Result<readonly VersionView[], DriveRefusal> {
    const found = this.#tree.resolve(path);
    if (!found.ok) return found;
    if (found.value.node.kind !== 'file') return refuse('unsupported', path);
    return ok(this.space.contents.versions(found.value.node.id));
  }

  /** Nodes directly in the trash, as they were thrown away. */
  trashed(): readonly NodeView[] {
    return this.space
      .children(this.space.trash)
      .filter((node): node is NodeView => !('unreadable' in node));
  }

  /** What the account takes at the server now, in bytes. */
  usage(signal: AbortSignal): Promise<Usage> {
    return this.#parts.connection.account.quota(signal);
  }

  /**
   * Devices that the account's key chain certifies, with the names that they gave themselves and the
   * times that the server says. One that the server alone names is none of ours: IntegrityError.
   */
  async devices(signal: AbortSignal): Promise<readonly DriveDevice[]> {
    const { account, connection } = this.#parts;
    await account.pull(signal);
    const certified = await account.certifiedDevices(signal);
    const listed = new Map(
      (await connection.account.devices(signal)).map((device) => [device.id, device]),
    );
    for (const id of listed.keys()) {
      if (certified.some(({ device }) => device === id)) continue;
      throw new IntegrityError('chain-broken', `the server lists a device that is not ours: ${id}`);
    }
    return certified.map(({ device }) => ({
      id: device,
      name: this.#deviceItem(device)?.name ?? '',
      isCurrent: device === this.device,
      createdAt: listed.get(device)?.createdAt ?? null,
      lastSeenAt: listed.get(device)?.lastSeenAt ?? null,
    }));
  }

  /** Name of a device of this account as it said it; undefined when it did not. */
  deviceName(id: DeviceId): string | undefined {
    return this.#deviceItem(id)?.name;
  }

  /** Tells when heads of the account's spaces move, until aborted. */
  events(options: EventOptions): Promise<void> {
    const { connection, clock, random } = this.#parts;
    return runEvents({ api: connection.account, clock, random }, options);
  }

  /** Ends the session and forgets this device's secrets; what is stored stays, unreadable. */
  signOut(signal: AbortSignal): Promise<void> {
    return signOut(this.#parts.keyStore, this.#parts.connection.endSession, signal);
  }

  #deviceItem(id: DeviceId): DeviceItem | undefined {
    const item = this.#parts.account.item(id as string as ItemId);
    return item?.type === 'device' ? item : undefined;
  }

  #seenHead(): SeenHead {
    const { seq, id } = this.space.storedHead();
    return { space: this.space.id, seq, commit: id };
  }

  #revisionOf(node: NodeView, number: number | undefined): number | undefined {
    if (number === undefined) return node.rev;
    return this.space.contents.versions(node.id).find((version) => version.number === number)?.rev;
  }
}

function entryOf(path: string, outcome: PutOutcome | undefined): Result<DriveEntry, DriveRefusal> {
  if (outcome === undefined) throw new Defect('what is put has an outcome');
  if (outcome.kind === 'failed') throw outcome.error;
  if (outcome.kind === 'refused') return refuse(outcome.code, path);
  return ok({ path, node: outcome.node });
}
