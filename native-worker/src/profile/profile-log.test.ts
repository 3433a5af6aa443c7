import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { ProfileLog, logFile } from './profile-log.ts';

test('the log turns over, keeps the newest lines and leaves out what is below its level', () => {
  const folder = mkdtempSync(join(tmpdir(), 'coffer-log-'));
  try {
    const log = new ProfileLog({ folder, level: () => 'info', now: () => 0, fileBytesMax: 500 });
    log.write({ level: 'debug', what: 'unheard', fields: {} });
    for (let n = 0; n < 100; n++) log.write({ level: 'info', what: 'line', fields: { n } });
    const files = readdirSync(folder).toSorted();
    assert.deepEqual(files, ['daemon.log', 'daemon.log.1', 'daemon.log.2', 'daemon.log.3']);
    const lines = ['daemon.log.1', 'daemon.log'].flatMap((name) =>
      readFileSync(join(folder, name), 'utf8').trim().split('\n'),
    );
    const last = JSON.parse(lines.at(-1) ?? '') as unknown;
    assert.deepEqual(last, { at: '1970-01-01T00:00:00.000Z', level: 'info', what: 'line', n: 99 });
    assert.ok(files.every((name) => statSync(join(folder, name)).size < 600));
    assert.equal(statSync(logFile(folder)).mode & 0o777, 0o600);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
