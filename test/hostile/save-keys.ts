/** Saves one of two sets of secrets after the other until it is killed. Argument: the key file. */
import { createKeyFile } from '@coffer/sdk/node';
import type { DeviceSecrets } from '@coffer/sdk';

export function secretsOf(generation: number): DeviceSecrets {
  const key = (fill: number) => new Uint8Array(32).fill(fill + generation);
  return {
    server: 'https://coffer.example',
    email: 'x'.repeat(generation * 2000),
    account: 'a1'.repeat(16) as DeviceSecrets['account'],
    device: 'd1'.repeat(16) as DeviceSecrets['device'],
    deviceName: 'laptop',
    deviceSeed: key(1),
    deviceKemSeed: key(2),
    generation,
    accountKey: key(3),
    databaseKey: key(4),
  };
}

if (import.meta.main) {
  const store = createKeyFile(process.argv[2] ?? '');
  for (let turn = 0; ; turn++) {
    await store.save(secretsOf(1 + (turn % 2)));
    if (turn === 0) process.stdout.write('saved\n');
  }
}
