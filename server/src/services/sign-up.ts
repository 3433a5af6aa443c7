import type { AnswerOf, RequestOf } from '@coffer/protocol/api';
import { equalBytes, type Bytes, type DeviceId } from '@coffer/protocol/core';
import {
  accountBundleDigest,
  AUTH_SUITE,
  decodeHeader,
  decodeRecord,
  decodeSealedCommit,
  hasOnlyCertifiedDevices,
  judgeCommit,
  MemoryState,
  SPACE_KEY,
  verifyAccountBundle,
  verifyKeyChain,
  type KeyChain,
} from '@coffer/protocol/model';
import { checkInput, Failure } from '../failure.ts';
import type { NewSpace } from '../stores/proposal.ts';
import { normalizeName } from './account-name.ts';
import type { Context } from './context.ts';
import { proposalOf } from './proposals.ts';
import type { TryLimits } from './try-limits.ts';

type FinishRequest = RequestOf<'signUpFinish'>;

/** New accounts. Nothing is kept between the two steps. */
export class SignUp {
  readonly #context: Context;
  readonly #limits: TryLimits;

  constructor(context: Context, limits: TryLimits) {
    this.#context = context;
    this.#limits = limits;
  }

  async start(
    { account, request }: RequestOf<'signUpStart'>,
    address: string,
  ): Promise<AnswerOf<'signUpStart'>> {
    this.#limits.signUp(address);
    const response = this.#context.passwords.registrationResponse(account, request);
    if (response === undefined) throw new Failure('malformed');
    return { response };
  }

  /** This server sends no mail: accounts are active at once, and there is nothing to confirm. */
  async confirm(address: string): Promise<AnswerOf<'signUpConfirm'>> {
    this.#limits.signUp(address);
    throw new Failure('unsupported');
  }

  /** Everything of the account in one transaction, after all of it was verified. */
  async finish(request: FinishRequest): Promise<AnswerOf<'signUpFinish'>> {
    const { suite } = this.#context;
    const chain = checkInput(() => verifyKeyChain(suite, request.account, request.chain));
    const device = this.#checkKeys(chain, request.bundle);
    const spaces = request.commits.map((commit) => this.#judgeGenesis(commit, chain, device));
    const kinds = spaces.map(({ kind }) => kind).sort();
    if (kinds.join() !== 'account,drive') throw new Failure('malformed');
    return this.create(request, { device, spaces });
  }

  /** The end of `finish`, for accounts whose parts were verified. */
  async create(
    request: Omit<FinishRequest, 'commits'>,
    verified: { readonly device: DeviceId; readonly spaces: readonly NewSpace[] },
  ): Promise<AnswerOf<'signUpFinish'>> {
    const { suite, store, clock, policy } = this.#context;
    const { account, bundle, chain, record } = request;
    const outcome = await store.createAccount(
      {
        id: account,
        name: normalizeName(request.name),
        authSuite: AUTH_SUITE,
        passwordRecord: record,
        bundle,
        chain,
        device: verified.device,
        spaces: verified.spaces,
        totalBytes: policy.quotaBytes,
        now: clock.now(),
      },
      accountBundleDigest(suite, bundle),
    );
    if (outcome === 'name-taken') throw new Failure('name-taken');
    return outcome === 'created' ? { active: true } : this.#repeated(request);
  }

  /** The answer to a first try was lost: the very same one is answered again. */
  async #repeated(request: Omit<FinishRequest, 'commits'>): Promise<AnswerOf<'signUpFinish'>> {
    const known = await this.#context.store.getAccount(request.account);
    const isSame =
      known?.name === normalizeName(request.name) &&
      known.passwordRecord === request.record &&
      equalBytes(known.bundle, request.bundle);
    if (!isSame) throw new Failure('refused');
    return { active: true };
  }

  /** Genesis and one device in the chain, and that device alone in a first bundle. */
  #checkKeys(chain: KeyChain, bytes: Bytes): DeviceId {
    const [device, ...others] = chain.devices();
    const bundle = checkInput(() => verifyAccountBundle(this.#context.suite, chain, bytes));
    const isFirst =
      bundle.generation === 1 &&
      bundle.deviceEnvelopes.length === 1 &&
      hasOnlyCertifiedDevices(chain, bundle);
    if (device === undefined || others.length > 0 || !isFirst) throw new Failure('malformed');
    return device.device;
  }

  #judgeGenesis(bytes: Bytes, chain: KeyChain, device: DeviceId): NewSpace {
    const commit = decodeSealedCommit(bytes);
    const header = decodeHeader(commit.header);
    if (header.account !== chain.account || header.device !== device)
      throw new Failure('malformed');
    const verdict = judgeCommit({
      suite: this.#context.suite,
      view: new MemoryState(),
      head: undefined,
      commit,
      space: header.space,
      chains: (account) => (account === chain.account ? chain : undefined),
    });
    if (!verdict.ok) throw new Failure('rule-broken', { rule: verdict.error.rule });
    const now = this.#context.clock.now();
    const place = { space: header.space, previous: undefined, now };
    const proposal = proposalOf(verdict.value, commit, place);
    const bytesOfSpace = proposal.change.records.find(([key]) => key === SPACE_KEY)?.[1];
    const record = bytesOfSpace && decodeRecord(SPACE_KEY, bytesOfSpace);
    if (record?.type !== 'space') throw new Failure('malformed');
    return { kind: record.kind, proposal };
  }
}
