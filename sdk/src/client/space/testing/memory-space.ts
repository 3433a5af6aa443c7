/** A drive space at a server in memory that judges commits as the real one does, and one device of it. */
import { IntegrityError, type Bytes } from '@coffer/protocol/core';
import type { WholeSuite } from '@coffer/protocol/crypto';
import {
  commitId,
  judgeCommit,
  MemoryState,
  type HeadState,
  type KeyChain,
  type SealedCommit,
} from '@coffer/protocol/model';
import {
  createAccount,
  createGenesis,
  draftAccount,
  type AccountDraft,
  type CreatedSpace,
} from '@coffer/protocol/model/open';
import { startNodeSha256, systemRandom, yieldNodeTurn } from '../../../adapters/node/index.ts';
import type { Clock, DeviceSecrets, SpaceStore } from '../../../ports/index.ts';
import { createMemorySpaceStore } from '../../../testing/index.ts';
import type { HeadAnswer, SpaceApi } from '../../api/space-api.ts';
import { MemoryContentApi } from '../../content/testing/memory-content-api.ts';
import { ChainBook } from '../chain-book.ts';
import { FullSpaceClient } from '../full-space-client.ts';

export const signal = new AbortController().signal;
const START = Date.UTC(2030, 0, 1);

export class MemorySpace {
  readonly suite: WholeSuite;
  readonly genesis: CreatedSpace;
  readonly chain: KeyChain;
  readonly secrets: DeviceSecrets;
  readonly draft: AccountDraft;
  readonly commits: SealedCommit[] = [];
  readonly state = new MemoryState();
  readonly content: MemoryContentApi;
  head: HeadState | undefined;
  time = START;
  /** What the server's clock says more than that. */
  serverAheadMs = 0;

  constructor(suite: WholeSuite, policy = { versionDays: 180, versionsKept: 3, trashDays: 30 }) {
    this.suite = suite;
    this.draft = draftAccount(suite);
    const { account, device, accountKey } = this.draft;
    const exportKey = suite.randomBytes(64);
    this.chain = createAccount(suite, this.draft, {
      exportKey,
      time: START,
      deviceExpires: null,
    }).chain;
    const { identity, kem: memberKem, seq, head } = this.chain;
    this.genesis = createGenesis({
      suite,
      kind: 'drive',
      account,
      identity,
      memberKem,
      chain: { seq, head },
      device: device.device,
      deviceSeed: device.seed,
      time: START,
      policy,
    });
    this.content = new MemoryContentApi(suite);
    this.secrets = {
      server: 'http://server.test',
      email: 'ana@example.org',
      account,
      device: device.device,
      deviceName: 'laptop',
      deviceSeed: device.seed,
      deviceKemSeed: device.kemSeed,
      generation: accountKey.generation,
      accountKey: accountKey.key,
      databaseKey: suite.randomBytes(32),
    };
    this.accept(this.genesis.commit);
  }

  /** A device, with an empty store if none is given. */
  open({
    store = createMemorySpaceStore(),
    ...options
  }: {
    readonly changesPerCommitMax?: number;
    readonly store?: SpaceStore;
  } = {}): Promise<FullSpaceClient> {
    const clock: Clock = {
      now: () => this.time,
      sleep: (ms) => {
        this.time += ms;
        return yieldNodeTurn();
      },
    };
    return FullSpaceClient.open(
      {
        ...options,
        space: this.genesis.space,
        suite: this.suite,
        store,
        api: this.#api(),
        chains: new ChainBook(this.suite, store, (_, from) =>
          Promise.resolve(this.chain.entries.slice(from)),
        ),
        clock,
        random: systemRandom,
        secrets: this.secrets,
        kemSeeds: () => Promise.resolve(this.draft.secrets.kemSeeds),
        startSha256: startNodeSha256,
        yieldTurn: yieldNodeTurn,
        bytesOnWire: () => ({ sent: 0, received: 0 }),
      },
      signal,
    );
  }

  /** Takes a commit, or says which rule it breaks. */
  accept(commit: SealedCommit): string | undefined {
    const judged = judgeCommit({
      suite: this.suite,
      view: this.state,
      head: this.head,
      commit,
      space: this.genesis.space,
      chains: () => this.chain,
    });
    if (!judged.ok) return judged.error.rule;
    this.state.apply(judged.value.change);
    this.head = judged.value.head;
    this.commits.push(commit);
    return undefined;
  }

  #headAnswer(): HeadAnswer {
    const last = this.commits.at(-1);
    if (last === undefined) throw new IntegrityError('data-missing', 'a space has a genesis');
    const { header, signature } = last;
    const id = commitId(this.suite, header);
    return {
      era: 0,
      seq: this.commits.length,
      id,
      header,
      signature,
      serverTime: this.time + this.serverAheadMs,
    };
  }

  #api(): SpaceApi {
    return {
      space: this.genesis.space,
      content: this.content,
      head: () => Promise.resolve(this.#headAnswer()),
      commits: (from) =>
        Promise.resolve({
          era: 0,
          headSeq: this.commits.length,
          commits: this.commits.slice(from - 1),
        }),
      propose: (commit) => {
        const rule = this.accept(commit);
        const { seq, id } = this.#headAnswer();
        if (rule === undefined) return Promise.resolve({ kind: 'accepted', seq, id });
        if (rule === 'seq' || rule === 'prev') return Promise.resolve({ kind: 'head-moved', seq });
        return Promise.resolve({ kind: 'rule-broken', rule });
      },
    };
  }
}

export function textBytes(text: string): readonly Bytes[] {
  return [new TextEncoder().encode(text)];
}
