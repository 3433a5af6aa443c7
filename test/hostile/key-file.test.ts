/** The file with a device's keys, whose process is killed while it writes. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import test from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { createKeyFile } from '@coffer/sdk/node';
import { TemporaryFolder } from '../e2e/harness.ts';
import { secretsOf } from './save-keys.ts';

const KILLS = 8;

test('T77 killed at any moment of a save, the key file is the old one or the new one', async () => {
  using folder = new TemporaryFolder();
  const path = join(folder.path, 'keys.json');
  const script = fileURLToPath(new URL('save-keys.ts', import.meta.url));
  for (let kill = 0; kill < KILLS; kill++) {
    const child = spawn(process.execPath, [script, path], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(child.stdout, 'data');
    await sleep(3 + kill * 4);
    child.kill('SIGKILL');
    await once(child, 'close');
    const found = await createKeyFile(path).load();
    assert.ok(found !== undefined, 'a file that was there is there');
    assert.deepEqual(found, secretsOf(found.generation));
  }
});
