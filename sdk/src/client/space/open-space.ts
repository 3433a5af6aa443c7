/** A verified space whose keys are open: what nodes and items of any kind of space build on. */
import { IntegrityError, type Bytes, type NodeId, type SpaceId } from '@coffer/protocol/core';
import type { OpenSuite } from '@coffer/protocol/crypto';
import {
  decodeRecord,
  memberKey,
  SPACE_KEY,
  trashId,
  type CommitHeader,
  type MemberRecord,
  type SpaceRecord,
  type SpaceStateRecord,
  type StateView,
  type TreeKey,
} from '@coffer/protocol/model';
import { openNotes, type SpaceKeys } from '@coffer/protocol/model/open';
import type { Clock, DeviceSecrets, KeepEvidence, Random, SpaceStore } from '../../ports/index.ts';
import type { SpaceApi } from '../api/space-api.ts';
import { Mutex } from '../mutex.ts';
import type { SpaceDelta } from '../space-changes.ts';
import type { ChainBook } from './chain-book.ts';
import { deltaOf, DeltaCollector } from './space-delta.ts';
import { SpaceKeyring } from './space-keyring.ts';
import { VerifiedSpace, type ApplicableCommit, type ApplyHooks } from './verified-space.ts';

export interface OpenSpaceOptions {
  readonly space: SpaceId;
  readonly suite: OpenSuite;
  readonly store: SpaceStore;
  readonly api: SpaceApi;
  readonly chains: ChainBook;
  readonly clock: Clock;
  readonly random: Random;
  readonly secrets: DeviceSecrets;
  /** X-Wing seeds of the account, newest first. */
  readonly kemSeeds: (signal: AbortSignal) => Promise<readonly Bytes[]>;
  readonly keepEvidence?: KeepEvidence | undefined;
}

export type OnApplied = ((delta: SpaceDelta) => void) | undefined;

export class OpenSpace {
  readonly options: OpenSpaceOptions;
  readonly verified: VerifiedSpace;
  /** Pulls and commits of one space run one after the other. */
  readonly mutex = new Mutex();
  readonly #keyring: SpaceKeyring;

  private constructor(options: OpenSpaceOptions) {
    this.options = options;
    this.verified = new VerifiedSpace(options);
    this.#keyring = new SpaceKeyring({ ...options, ...options.secrets });
  }

  /** A first time needs the server, later times only what is stored. */
  static async open(options: OpenSpaceOptions, signal: AbortSignal): Promise<OpenSpace> {
    const opened = new OpenSpace(options);
    if (opened.verified.head === undefined) await opened.pull(signal);
    const { space, member } = opened.records();
    await opened.#keyring.load(space, member, signal);
    return opened;
  }

  readonly keys = (): SpaceKeys => this.#keyring.current();

  record(key: TreeKey): SpaceStateRecord | undefined {
    const bytes = this.verified.view.getRecord(key);
    return bytes === undefined ? undefined : decodeRecord(key, bytes);
  }

  *list(range: readonly [from: TreeKey, to: TreeKey]): Generator<SpaceStateRecord> {
    for (const [key, bytes] of this.verified.view.listRecords(...range)) {
      yield decodeRecord(key, bytes);
    }
  }

  /** The space's own record and ours, as verified last. */
  records(): { readonly space: SpaceRecord; readonly member: MemberRecord } {
    return this.#recordsIn(this.verified.view);
  }

  #recordsIn(view: Pick<StateView, 'getRecord'>): {
    readonly space: SpaceRecord;
    readonly member: MemberRecord;
  } {
    const [space, member] = [SPACE_KEY, memberKey(this.options.secrets.account)].map((key) => {
      const bytes = view.getRecord(key);
      return bytes === undefined ? undefined : decodeRecord(key, bytes);
    });
    if (space?.type !== 'space' || member?.type !== 'member') {
      throw new IntegrityError('data-missing', 'this account is no member of the space');
    }
    return { space, member };
  }

  async pull(signal: AbortSignal, onApplied?: OnApplied): Promise<SpaceDelta> {
    const collector = new DeltaCollector();
    const hooks = this.hooks((delta) => {
      onApplied?.(delta);
      collector.add(delta);
    });
    await this.mutex.run(() => this.verified.pull(signal, hooks));
    return collector.delta(this.verified.head?.seq ?? 0);
  }

  /**
   * A person accepts what a restored server has (protocol §4, Freshness): verified from the first
   * commit on, it takes the place of our state, and `during` runs in the same transaction. False when
   * its head descends from ours.
   */
  acceptRestored(signal: AbortSignal, during?: () => void): Promise<boolean> {
    return this.mutex.run(async () => {
      const restored = await this.verified.fetchRestored(signal, this.hooks(undefined));
      if (restored === undefined) return false;
      // The own chain comes first: it says which account bundle is the right one.
      for (const chain of restored.chains) this.options.chains.put(chain);
      const { space, member } = this.#recordsIn(restored.state);
      const useKeys = await this.#keyring.loadAnew(space, member, signal);
      this.verified.becomeRestored(restored, () => {
        useKeys();
        during?.();
      });
      return true;
    });
  }

  hooks(onApplied: OnApplied): ApplyHooks {
    return {
      before: (commit, signal) => this.#loadKeys(commit, signal),
      during: ({ header, head, change }) => {
        onApplied?.(deltaOf(change, head.seq, this.#approvedIn(header)));
      },
    };
  }

  /**
   * The trash, when the commit's note says that a person approved its deletions. A note that does not
   * open approves nothing.
   */
  #approvedIn(header: CommitHeader): NodeId | undefined {
    if (header.note === null) return undefined;
    const { suite, space } = this.options;
    try {
      const notes = openNotes(suite, this.keys(), header, header.note);
      return notes.some(({ kind }) => kind === 'approved-hold') ? trashId(suite, space) : undefined;
    } catch (error) {
      if (error instanceof IntegrityError) return undefined;
      throw error;
    }
  }

  /** Opens the keys that a commit brings before it is applied, so that its nodes can be read at once. */
  async #loadKeys({ change }: ApplicableCommit, signal: AbortSignal): Promise<void> {
    const find = (wanted: TreeKey): SpaceStateRecord | undefined => {
      const row = change.records.find(([key]) => key === wanted);
      if (row === undefined) return this.record(wanted);
      return row[1] === null ? undefined : decodeRecord(wanted, row[1]);
    };
    const space = find(SPACE_KEY);
    const member = find(memberKey(this.options.secrets.account));
    if (space?.type === 'space' && member?.type === 'member') {
      await this.#keyring.load(space, member, signal);
    }
  }
}
