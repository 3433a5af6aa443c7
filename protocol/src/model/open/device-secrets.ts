/** The secret half of a device (protocol §2): made on it, kept in its key store, never sent. */
import { idFromBytes, type Bytes, type DeviceId } from '../../core/index.ts';
import { KEY_SIZE_BYTES, type OpenSuite, type WholeSuite } from '../../crypto/index.ts';
import type { DevicePublicKeys } from '../key-chain-entry.ts';

const DEVICE_ID_SIZE_BYTES = 16;

export interface DeviceSecrets {
  readonly device: DeviceId;
  /** Ed25519 seed: signs sessions and commits. */
  readonly seed: Bytes;
  /** X-Wing seed: opens the device's envelope of the account key. */
  readonly kemSeed: Bytes;
}

/** A new device with a random id, which is never used again. */
export function createDeviceSecrets(suite: OpenSuite): DeviceSecrets {
  return {
    device: idFromBytes<DeviceId>(suite.randomBytes(DEVICE_ID_SIZE_BYTES)),
    seed: suite.randomBytes(KEY_SIZE_BYTES),
    kemSeed: suite.randomBytes(KEY_SIZE_BYTES),
  };
}

export function devicePublicKeys(
  suite: WholeSuite,
  { device, seed, kemSeed }: DeviceSecrets,
): DevicePublicKeys {
  return {
    device,
    publicKey: suite.ed25519PublicKey(seed),
    kem: suite.kemPublicKey(kemSeed),
  };
}
