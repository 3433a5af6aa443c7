import type { AnswerOf, RequestOf } from '@coffer/protocol/api';
import { equalBytes, type AccountId, type Bytes, type DeviceId } from '@coffer/protocol/core';
import {
  accountBundleDigest,
  decodeAccountBundle,
  decodeKeyChainEntry,
  extendKeyChain,
  verifyAccountBundle,
  type AccountBundle,
  type KeyChain,
  type KeyChainChange,
} from '@coffer/protocol/model';
import { checkInput, Failure } from '../failure.ts';
import type { Account, Session } from '../stores/metadata-store.ts';
import type { Context } from './context.ts';
import type { KeyChains } from './key-chains.ts';

type Request = RequestOf<'replaceKeys'>;

/** New passwords, rotations of the account key, and the end of an account. */
export class AccountKeys {
  readonly #context: Context;
  readonly #chains: KeyChains;

  constructor(context: Context, chains: KeyChains) {
    this.#context = context;
    this.#chains = chains;
  }

  /** Nothing is kept: what counts is the record that `replace` brings. */
  async registerPassword(
    account: AccountId,
    { request }: RequestOf<'registerPassword'>,
  ): Promise<AnswerOf<'registerPassword'>> {
    const response = this.#context.passwords.registrationResponse(account, request);
    if (response === undefined) throw new Failure('malformed');
    return { response };
  }

  /**
   * Another bundle in the place of the stored one, with chain entries and password record, in one
   * transaction. Sessions of revoked devices end with it. The same request may come again.
   */
  async replace(session: Session, request: Request): Promise<AnswerOf<'replaceKeys'>> {
    const { store, suite, clock } = this.#context;
    const { account } = session;
    const stored = await store.getAccount(account);
    const chain = await this.#chains.load(account);
    if (stored === undefined || chain === undefined) throw new Failure('not-signed-in');
    if (isRepeated(stored, chain, request)) return {};
    if (accountBundleDigest(suite, stored.bundle) !== request.previous) {
      throw new Failure('bundle-moved');
    }
    const changes = changesOf(chain, request.entries);
    const extended = checkInput(() => extendKeyChain(suite, chain, request.entries));
    const bundle = checkInput(() => verifyAccountBundle(suite, extended, request.bundle));
    const old = decodeAccountBundle(stored.bundle);
    if (changes.length === 0) checkPasswordChange(session, old, bundle, request.record);
    else checkRotation(session, { old, bundle, extended, changes, record: request.record });

    const outcome = await store.replaceKeys({
      account,
      chainLength: chain.seq + 1,
      entries: request.entries,
      added: devicesOf(changes, 'device-added'),
      revoked: devicesOf(changes, 'device-revoked'),
      previous: request.previous,
      bundle: request.bundle,
      bundleDigest: accountBundleDigest(suite, request.bundle),
      passwordRecord: request.record,
      token: session.tokenDigest,
      endsSecondFactor: session.proof === 'recovery',
      now: clock.now(),
    });
    this.#chains.forget(account);
    if (outcome.kind !== 'replaced') throw new Failure(outcome.kind);
    for (const token of outcome.ended) this.#context.bus.sessionEnded(token);
    return {};
  }

  async deleteAccount(account: AccountId): Promise<AnswerOf<'deleteAccount'>> {
    const { store, clock, bus } = this.#context;
    const ended = await store.deleteAccount(account, clock.now());
    this.#chains.forget(account);
    for (const token of ended) bus.sessionEnded(token);
    return {};
  }
}

function isRepeated(stored: Account, chain: KeyChain, request: Request): boolean {
  const last = request.entries.at(-1);
  const newest = chain.entries.at(-1);
  return (
    equalBytes(stored.bundle, request.bundle) &&
    (last === undefined || (newest !== undefined && equalBytes(last, newest))) &&
    (request.record === undefined || request.record === stored.passwordRecord)
  );
}

/** What the entries say, which have to continue `chain`. */
function changesOf(chain: KeyChain, entries: readonly Bytes[]): readonly KeyChainChange[] {
  const decoded = entries.map((entry) => decodeKeyChainEntry(entry).content);
  const [first] = decoded;
  if (first !== undefined && (first.seq !== chain.seq + 1 || first.prev !== chain.head)) {
    throw new Failure('chain-moved');
  }
  return decoded.map(({ change }) => change);
}

/** Under a new password nothing changes but what that password opens. */
function checkPasswordChange(
  { proof }: Session,
  old: AccountBundle,
  bundle: AccountBundle,
  record: string | undefined,
): void {
  const isSame =
    bundle.generation === old.generation &&
    bundle.recoveryAuthDigest === old.recoveryAuthDigest &&
    equalBytes(bundle.recoveryWrap, old.recoveryWrap) &&
    equalBytes(bundle.secrets, old.secrets) &&
    bundle.deviceEnvelopes.length === old.deviceEnvelopes.length &&
    bundle.deviceEnvelopes.every(({ device, envelope }, i) => {
      const before = old.deviceEnvelopes[i];
      return before?.device === device && equalBytes(before.envelope, envelope);
    });
  if (!isSame || record === undefined || proof === 'recovery') throw new Failure('refused');
}

/**
 * A rotation makes the next generation with a new KEM key and new recovery words, for exactly the
 * devices that remain. After a recovery there is a new password too.
 */
function checkRotation(
  { proof }: Session,
  rotation: {
    readonly old: AccountBundle;
    readonly bundle: AccountBundle;
    readonly extended: KeyChain;
    readonly changes: readonly KeyChainChange[];
    readonly record: string | undefined;
  },
): void {
  const { old, bundle, extended, changes, record } = rotation;
  const kinds = changes.map(({ type }) => type);
  const devices = new Set(extended.devices().map(({ device }) => device));
  const isRotation =
    kinds.indexOf('kem-changed') === kinds.length - 1 &&
    kinds.every((kind) => kind !== 'identity-changed' && kind !== 'genesis') &&
    bundle.generation === old.generation + 1 &&
    bundle.recoveryAuthDigest !== old.recoveryAuthDigest &&
    bundle.deviceEnvelopes.length === devices.size &&
    bundle.deviceEnvelopes.every(({ device }) => devices.has(device));
  if (!isRotation || (proof === 'recovery' && record === undefined)) throw new Failure('refused');
}

function devicesOf(
  changes: readonly KeyChainChange[],
  type: 'device-added' | 'device-revoked',
): readonly DeviceId[] {
  return changes.flatMap((change) =>
    change.type === type && 'device' in change ? [change.device] : [],
  );
}
