import type { AnswerOf, RequestOf } from '@coffer/protocol/api';
import {
  ACCOUNT_DEVICES_MAX,
  equalBytes,
  type AccountId,
  type Bytes,
  type DeviceId,
} from '@coffer/protocol/core';
import {
  accountBundleDigest,
  decodeAccountBundle,
  decodeKeyChainEntry,
  extendKeyChain,
  hasOnlyCertifiedDevices,
  verifyAccountBundle,
  type AccountBundle,
  type KeyChain,
} from '@coffer/protocol/model';
import { checkInput, Failure } from '../failure.ts';
import type { Session } from '../stores/metadata-store.ts';
import type { Context } from './context.ts';
import type { KeyChains } from './key-chains.ts';

/** The keys of an account and its devices. */
export class Devices {
  readonly #context: Context;
  readonly #chains: KeyChains;

  constructor(context: Context, chains: KeyChains) {
    this.#context = context;
    this.#chains = chains;
  }

  async bundle(account: AccountId): Promise<AnswerOf<'accountBundle'>> {
    const { store } = this.#context;
    const stored = await store.getAccount(account);
    if (stored === undefined) throw new Failure('not-signed-in');
    const chain = await store.getChain(account, 0);
    return { bundle: stored.bundle, chain: [...chain] };
  }

  /** Those that the chain certifies now. */
  async list(account: AccountId): Promise<AnswerOf<'devices'>> {
    const chain = await this.#chains.load(account);
    const certified = new Set(chain?.devices().map(({ device }) => device));
    const devices = await this.#context.store.listDevices(account);
    return { devices: devices.filter(({ id }) => certified.has(id)) };
  }

  /** Entries of anyone's chain from `from` upward: chains are public to whoever is signed in. */
  async chain(account: AccountId, from: number): Promise<AnswerOf<'chain'>> {
    const entries = await this.#context.store.getChain(account, from);
    if (entries.length === 0 && (await this.#chains.load(account)) === undefined) {
      throw new Failure('not-found');
    }
    return { entries: [...entries] };
  }

  /** One device more, in chain and bundle at once. The same request may come again. */
  async add(
    { account, proof }: Session,
    request: RequestOf<'addDevice'>,
  ): Promise<AnswerOf<'addDevice'>> {
    // Who recovers an account replaces its keys.
    if (proof === 'recovery') throw new Failure('refused');
    const { store, suite, clock } = this.#context;
    const stored = await store.getAccount(account);
    const chain = await this.#chains.load(account);
    if (stored === undefined || chain === undefined) throw new Failure('not-signed-in');
    if (isRepeated(chain, stored.bundle, request)) return {};

    const device = checkEntry(chain, request.entry);
    if (chain.devices().length >= ACCOUNT_DEVICES_MAX) throw new Failure('limit-reached');
    const extended = checkInput(() => extendKeyChain(suite, chain, [request.entry]));
    if (accountBundleDigest(suite, stored.bundle) !== request.previous) {
      throw new Failure('bundle-moved');
    }
    const bundle = checkInput(() => verifyAccountBundle(suite, extended, request.bundle));
    checkOnlyDeviceAdded(decodeAccountBundle(stored.bundle), bundle, device);
    if (!hasOnlyCertifiedDevices(extended, bundle)) throw new Failure('malformed');

    const outcome = await store.addDevice({
      account,
      device,
      chainSeq: extended.seq,
      entry: request.entry,
      previous: request.previous,
      bundle: request.bundle,
      bundleDigest: accountBundleDigest(suite, request.bundle),
      now: clock.now(),
    });
    this.#chains.forget(account);
    if (outcome !== 'added') throw new Failure(outcome);
    return {};
  }
}

function isRepeated(chain: KeyChain, bundle: Bytes, request: RequestOf<'addDevice'>): boolean {
  const newest = chain.entries.at(-1);
  return (
    newest !== undefined && equalBytes(newest, request.entry) && equalBytes(bundle, request.bundle)
  );
}

/** The device that `entry` adds as the next one of `chain`. */
function checkEntry(chain: KeyChain, entry: Bytes): DeviceId {
  const { seq, prev, change } = decodeKeyChainEntry(entry).content;
  if (change.type !== 'device-added') throw new Failure('refused');
  if (seq !== chain.seq + 1 || prev !== chain.head) throw new Failure('chain-moved');
  return change.device;
}

/** Adding a device changes no password, no recovery key and no generation, and no other device. */
function checkOnlyDeviceAdded(old: AccountBundle, bundle: AccountBundle, device: DeviceId): void {
  const others = bundle.deviceEnvelopes.filter((envelope) => envelope.device !== device);
  const isSame =
    bundle.generation === old.generation &&
    bundle.authSuite === old.authSuite &&
    bundle.recoveryAuthDigest === old.recoveryAuthDigest &&
    equalBytes(bundle.passwordWrap, old.passwordWrap) &&
    equalBytes(bundle.recoveryWrap, old.recoveryWrap) &&
    equalBytes(bundle.secrets, old.secrets) &&
    bundle.deviceEnvelopes.length === others.length + 1 &&
    others.length === old.deviceEnvelopes.length &&
    others.every(({ device, envelope }, i) => {
      const before = old.deviceEnvelopes[i];
      return before?.device === device && equalBytes(before.envelope, envelope);
    });
  if (!isSame) throw new Failure('refused');
}
