import type { AccountId, Bytes, DeviceId } from '../../core/index.ts';
import { idFromBytes } from '../../core/index.ts';
import type { OpenSuite, WholeSuite } from '../../crypto/index.ts';
import { extendKeyChain, verifyKeyChain, type KeyChain } from '../key-chain.ts';
import { certifyDevice, signKeyChainEntry, signKeyChainGenesis } from '../open/key-chain.ts';

export interface TestDevice {
  readonly device: DeviceId;
  readonly deviceSeed: Bytes;
}

/** An account with its secrets and its growing key chain. */
export class TestAccount {
  readonly account: AccountId;
  readonly identity: Bytes;
  readonly kem: Bytes;
  readonly kemSeed: Bytes;
  chain: KeyChain;
  /** The device that signs. */
  device: TestDevice;
  readonly #suite: OpenSuite;
  readonly #identitySeed: Bytes;

  constructor(suite: WholeSuite) {
    this.#suite = suite;
    this.#identitySeed = suite.randomBytes(32);
    this.kemSeed = suite.randomBytes(32);
    this.kem = suite.kemPublicKey(this.kemSeed);
    this.identity = suite.ed25519PublicKey(this.#identitySeed);
    const { account, entry } = signKeyChainGenesis(suite, {
      identitySeed: this.#identitySeed,
      nonce: suite.randomBytes(32),
      kem: this.kem,
      time: 1,
    });
    this.account = account;
    this.chain = verifyKeyChain(suite, account, [entry]);
    this.device = this.addDevice();
  }

  addDevice(): TestDevice {
    const suite = this.#suite;
    const deviceSeed = suite.randomBytes(32);
    const device = idFromBytes<DeviceId>(suite.randomBytes(16));
    this.chain = certifyDevice(suite, {
      chain: this.chain,
      identitySeed: this.#identitySeed,
      device: { device, publicKey: suite.ed25519PublicKey(deviceSeed), kem: this.kem },
      expires: null,
      time: 2,
    });
    return { device, deviceSeed };
  }

  revoke(device: DeviceId): void {
    const change = { type: 'device-revoked', device } as const;
    const entry = signKeyChainEntry(this.#suite, this.chain, this.#identitySeed, {
      time: 3,
      change,
    });
    this.chain = extendKeyChain(this.#suite, this.chain, [entry]);
  }
}
