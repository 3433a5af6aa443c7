/** The whole suite for Node and Electron: sodium-native for bulk work, libsodium in WebAssembly for the rest. */
import sodium from 'sodium-native';
import { assert, type Bytes } from '../core/index.ts';
import {
  ED25519_PUBLIC_KEY_SIZE_BYTES,
  KEY_SIZE_BYTES,
  SIGNATURE_SIZE_BYTES,
  type OpenSuite,
  type WholeSuite,
} from '../crypto/index.ts';
import { createNodeContentSuite } from './node-content.ts';
import type { RandomBytes } from './sumo.ts';

/** What is used of the library. Its own types ask for Buffers; it takes any byte array. */
interface NativeSign {
  readonly crypto_sign_seed_keypair: (publicKey: Bytes, secretKey: Bytes, seed: Bytes) => void;
  readonly crypto_sign_detached: (out: Bytes, message: Bytes, secretKey: Bytes) => void;
}
const native = sodium as unknown as NativeSign;

const SECRET_KEY_SIZE_BYTES = 64;

/**
 * Ready at once; the library in WebAssembly is loaded when `whole` is first called. `randomBytes` is given by
 * simulations and vectors; without it the operating system's source is used.
 */
export function createNodeLazySuite(randomBytes?: RandomBytes): OpenSuite {
  const content = createNodeContentSuite(randomBytes);
  const suite: OpenSuite = {
    ...content,
    ed25519PublicKey: (seed) => signingKeys(seed).publicKey,
    signEd25519,
    whole: () => (loading ??= load()),
  };
  let loading: Promise<WholeSuite> | undefined;
  async function load(): Promise<WholeSuite> {
    const { createSumoPart } = await import('./sumo.ts');
    return { ...suite, ...(await createSumoPart(content.randomBytes)) };
  }
  return suite;
}

/** All of it, loaded. */
export function createNodeOpenSuite(randomBytes?: RandomBytes): Promise<WholeSuite> {
  return createNodeLazySuite(randomBytes).whole();
}

function signEd25519(seed: Bytes, message: Bytes): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(SIGNATURE_SIZE_BYTES);
  native.crypto_sign_detached(out, message, signingKeys(seed).secretKey);
  return out;
}

function signingKeys(seed: Bytes): {
  readonly publicKey: Uint8Array<ArrayBuffer>;
  readonly secretKey: Uint8Array<ArrayBuffer>;
} {
  assert(seed.length === KEY_SIZE_BYTES, 'an Ed25519 seed has 32 bytes');
  const publicKey = new Uint8Array(ED25519_PUBLIC_KEY_SIZE_BYTES);
  const secretKey = new Uint8Array(SECRET_KEY_SIZE_BYTES);
  native.crypto_sign_seed_keypair(publicKey, secretKey, seed);
  return { publicKey, secretKey };
}
