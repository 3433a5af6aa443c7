/** A lazily verified space whose keys are open. */
import { IntegrityError, type AccountId, type Bytes, type SpaceId } from '@coffer/protocol/core';
import type { OpenSuite } from '@coffer/protocol/crypto';
import {
  membersOf,
  spaceRecordOf,
  type Authority,
  type MemberRecord,
  type ProofRequest,
  type SpaceRecord,
} from '@coffer/protocol/model';
import { openSpaceKeys, type SpaceKeys } from '@coffer/protocol/model/open';
import type { SignedHead } from '../../ports/index.ts';
import { malformed } from '../space/commit-judge.ts';
import type { LazySpace } from './lazy-space.ts';
import type { ProvenRows } from './proven-rows.ts';

export interface LazyKeys {
  readonly suite: OpenSuite;
  readonly account: AccountId;
  /** X-Wing seeds of the account, newest first; fetched and opened when they are needed. */
  readonly kemSeeds: (signal: AbortSignal) => Promise<readonly Bytes[]>;
}

export class OpenLazySpace {
  readonly #space: LazySpace;
  readonly #options: LazyKeys;
  #keys: SpaceKeys | undefined;

  constructor(space: LazySpace, options: LazyKeys) {
    this.#space = space;
    this.#options = options;
  }

  get id(): SpaceId {
    return this.#space.id;
  }

  readonly keys = (): SpaceKeys => {
    if (this.#keys === undefined) throw malformed('the keys of the space are not open');
    return this.#keys;
  };

  head(): SignedHead {
    return this.#trusted().head;
  }

  records(): { readonly space: SpaceRecord } {
    return { space: spaceRecordOf(this.#trusted().authority) };
  }

  /** See `LazySpace.read`; the keys of the state that was read are open then. */
  async read(request: ProofRequest, signal: AbortSignal): Promise<ProvenRows> {
    const rows = await this.#space.read(request, signal);
    // Taken together: another read may bring a newer state while the seeds are fetched.
    const { authority } = this.#trusted();
    const space = spaceRecordOf(authority);
    if (this.#keys?.epoch !== space.epoch) {
      const { suite, kemSeeds } = this.#options;
      const member = this.#ownMember(authority);
      const seeds = await kemSeeds(signal);
      this.#keys = openSpaceKeys(await suite.whole(), space, member, seeds);
    }
    return rows;
  }

  #ownMember(authority: Authority): MemberRecord {
    const { account } = this.#options;
    const own = membersOf(authority).find((member) => member.account === account);
    if (own !== undefined) return own;
    throw new IntegrityError('data-missing', 'this account is no member of the space');
  }

  #trusted() {
    const { trusted } = this.#space;
    if (trusted === undefined) throw malformed('the space was not read yet');
    return trusted;
  }
}
