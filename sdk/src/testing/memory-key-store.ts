import type { DeviceSecrets, KeyStore } from '../ports/index.ts';

/** A key store that forgets with the process. */
export function createMemoryKeyStore(initial?: DeviceSecrets): KeyStore {
  let secrets = initial;
  return {
    load: () => Promise.resolve(secrets),
    save: (next) => {
      secrets = next;
      return Promise.resolve();
    },
    clear: () => {
      secrets = undefined;
      return Promise.resolve();
    },
  };
}
