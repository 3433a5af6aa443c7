/** The account space: items that an account keeps for its own devices (protocol §3). */
import { Defect, type ItemId, type SpaceId } from '@coffer/protocol/core';
import {
  encodeRecord,
  ITEM_RANGE,
  itemKey,
  recordKey,
  type ItemRecord,
  type KeyChain,
  type RecordChange,
  type SpaceStateRecord,
} from '@coffer/protocol/model';
import {
  createCommit,
  itemIdOf,
  sealItem,
  type CreatedCommit,
  type Item,
} from '@coffer/protocol/model/open';
import { RemoteFault } from '../../ports/index.ts';
import { OpenSpace, type OpenSpaceOptions } from './open-space.ts';
import { ownMemberRecord } from './own-member.ts';
import { openItems } from './own-spaces.ts';
import { proveStored, type OnProved, type StoredProof } from './prove-stored.ts';
import { pauseAfterRace } from './race-pause.ts';
import { renewSpaceKeys } from './renew-keys.ts';

/** How often a write is built anew when other devices write at the same time. */
const WRITE_ATTEMPTS_MAX = 10;

export class AccountSpace {
  readonly #space: OpenSpace;

  private constructor(space: OpenSpace) {
    this.#space = space;
  }

  static async open(options: OpenSpaceOptions, signal: AbortSignal): Promise<AccountSpace> {
    return new AccountSpace(await OpenSpace.open(options, signal));
  }

  get id(): SpaceId {
    return this.#space.verified.id;
  }

  records(): ReturnType<OpenSpace['records']> {
    return this.#space.records();
  }

  /** Whether the stored records are what the stored head signs; see `proveStored`. */
  proveStored(signal: AbortSignal, onProved?: OnProved): Promise<StoredProof> {
    return proveStored(this.#space, signal, onProved);
  }

  /** Ids of items that do not open: they are signed, and nobody can read them. */
  unreadable(): readonly ItemId[] {
    const ids: ItemId[] = [];
    for (const record of this.#space.list(ITEM_RANGE)) {
      if (record.type === 'item' && this.#open([record]).length === 0) ids.push(record.id);
    }
    return ids;
  }

  async pull(signal: AbortSignal): Promise<void> {
    await this.#space.pull(signal);
  }

  /** Devices that the account's own key chain certifies now, asked for anew. */
  async certifiedDevices(signal: AbortSignal): Promise<ReturnType<KeyChain['devices']>> {
    const { chains, secrets } = this.#space.options;
    return (await chains.refresh(secrets.account, signal)).devices();
  }

  /** A new epoch, if one is due; see `renewSpaceKeys`. */
  async renewKeys(signal: AbortSignal): Promise<boolean> {
    const hooks = this.#space.hooks(undefined);
    return this.#space.mutex.run(() => renewSpaceKeys(this.#space, signal, hooks));
  }

  /** See `OpenSpace.acceptRestored`. */
  acceptRestored(signal: AbortSignal): Promise<boolean> {
    return this.#space.acceptRestored(signal);
  }

  item(id: ItemId): Item | undefined {
    const record = this.#space.record(itemKey(id));
    return record === undefined ? undefined : this.#open([record])[0];
  }

  /** All items that open; one that does not hides no other. */
  items(): readonly Item[] {
    return this.#open(this.#space.list(ITEM_RANGE));
  }

  /**
   * Writes what `update` gives, from the newest state at each attempt; nothing when it gives nothing.
   * Throws RemoteFault when the server refuses or others always win.
   */
  async write(update: () => readonly Item[], signal: AbortSignal): Promise<void> {
    await this.#space.mutex.run(async () => {
      for (let attempt = 0; attempt < WRITE_ATTEMPTS_MAX; attempt++) {
        if (update().length === 0) return;
        await renewSpaceKeys(this.#space, signal, this.#space.hooks(undefined));
        const items = update();
        if (items.length === 0) return;
        const created = await this.#build(items, signal);
        if (await this.#propose(created, signal)) return;
        await pauseAfterRace(this.#space.options, signal);
        await this.#space.verified.pull(signal, this.#space.hooks(undefined));
      }
      throw new RemoteFault('head-moved', 'other devices always wrote first', {
        retry: { kind: 'after', delayMs: null },
      });
    });
  }

  #open(records: Iterable<SpaceStateRecord>): readonly Item[] {
    return openItems(this.#space.options.suite, this.#space.keys, records);
  }

  async #build(items: readonly Item[], signal: AbortSignal): Promise<CreatedCommit> {
    const { suite, secrets, chains, clock } = this.#space.options;
    const { verified } = this.#space;
    const { member } = this.#space.records();
    const pinned = await ownMemberRecord(chains, secrets, member, signal);
    const records = items.map((item) => this.#seal(item));
    const changes = (pinned === member ? records : [...records, pinned]).map(
      (record): RecordChange => [recordKey(record), encodeRecord(record)],
    );
    return createCommit({
      suite,
      view: verified.view,
      head: verified.head,
      space: verified.id,
      changes,
      author: secrets,
      time: clock.now(),
      note: null,
    });
  }

  #seal(item: Item): ItemRecord {
    const { suite } = this.#space.options;
    const { id: space } = this.#space.verified;
    const id = itemIdOf(item);
    const before = this.#space.record(itemKey(id));
    const rev = (before?.type === 'item' ? before.rev : 0) + 1;
    const { epoch } = this.#space.records().space;
    const place = { space, id, rev, epoch };
    return { type: 'item', ...place, sealed: sealItem(suite, this.#space.keys(), place, item) };
  }

  /** False when another device was faster. */
  async #propose(created: CreatedCommit, signal: AbortSignal): Promise<boolean> {
    const answer = await this.#space.options.api.propose(created.commit, signal);
    if (answer.kind === 'head-moved') return false;
    if (answer.kind === 'rule-broken') {
      throw new Defect(`an item was refused by the rule ${answer.rule}`);
    }
    if (answer.kind !== 'accepted') {
      throw new RemoteFault(answer.kind, 'items have no content, but the server says so', {
        retry: { kind: 'never' },
      });
    }
    this.#space.verified.applyOwn(created, created.commit, this.#space.hooks(undefined));
    return true;
  }
}
