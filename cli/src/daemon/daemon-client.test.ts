import assert from 'node:assert/strict';
import test from 'node:test';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { CliFailure, exitCodeOf } from '../failure.ts';
import { askDaemon, refusalOf } from './daemon-client.ts';

test('what the daemon refuses keeps its code, and with it the exit code', () => {
  const told = { code: 'integrity', message: 'a check failed', hint: 'Nothing was touched.' };
  const failure = refusalOf({ error: told });
  const { code, message, hint } = failure;
  assert.deepEqual({ code, message, hint }, told);
  assert.equal(exitCodeOf(failure), 7);
});

test('who gives up asking is not told that the daemon ended', async () => {
  const silent = createServer(() => undefined).listen(0, '127.0.0.1');
  await once(silent, 'listening');
  try {
    const { port } = silent.address() as AddressInfo;
    const place = { pid: 1, port, token: 'token', takesCommands: true, version: '0' };
    const giveUp = new AbortController();
    const asking = askDaemon(place, { method: 'GET', path: '/', signal: giveUp.signal });
    giveUp.abort(new CliFailure('interrupted', 'interrupted'));
    await assert.rejects(asking, { code: 'interrupted' });
    silent.closeAllConnections();
    silent.close();
    await assert.rejects(
      askDaemon(place, { method: 'GET', path: '/' }),
      /ended before it answered/,
    );
  } finally {
    silent.close();
  }
});

test('an answer that says nothing is a refusal all the same', () => {
  for (const value of [null, {}, { error: null }, { error: { code: 5, hint: '' } }]) {
    const { code, message, hint } = refusalOf(value);
    assert.deepEqual([code, message, hint], ['unavailable', 'the daemon refused', undefined]);
  }
});
