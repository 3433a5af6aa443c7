import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import test from 'node:test';
import { ControlFailure, type ControlTarget, type NumberedEvent } from '../contract/index.ts';
import { createSystemClock } from '../adapters/index.ts';
import { ControlServer } from './control-server.ts';
import { LoopbackTarget } from './loopback-target.ts';

const TOKEN = 'c3'.repeat(32);
const NEVER = new AbortController().signal;
const CONFLICT = { kind: 'conflict', pair: 'p', path: '/Été.txt' } as const;

async function served() {
  const listeners = new Set<(event: NumberedEvent) => void>();
  const listened = Promise.withResolvers<undefined>();
  const target: ControlTarget = {
    call: async (name, input) => {
      if (name === 'pause')
        throw new ControlFailure({ code: 'busy', message: 'no', hint: 'later' });
      return { name, input };
    },
    subscribe: (listener) => {
      listeners.add(listener);
      listened.resolve(undefined);
      return () => listeners.delete(listener);
    },
  };
  const server = new ControlServer({
    target,
    token: TOKEN,
    clock: createSystemClock(),
    random: { bytes: (length) => new Uint8Array(length) },
    hello: {},
    ownRoutes: {},
    pageFolder: '/nowhere',
  });
  await server.listen();
  return { server, listeners, listened: listened.promise };
}

test('calls, failures and events come through as from the engine itself, until it is gone', async () => {
  const { server, listeners, listened } = await served();
  const lost = Promise.withResolvers<undefined>();
  const target = new LoopbackTarget({ port: server.port, token: TOKEN }, () =>
    lost.resolve(undefined),
  );
  assert.equal(await target.speaksOurs(NEVER), true);
  assert.deepEqual(await target.call('status', { pairs: ['p'] }, NEVER), {
    name: 'status',
    input: { pairs: ['p'] },
  });
  await assert.rejects(target.call('pause', {}, NEVER), {
    name: 'ControlFailure',
    code: 'busy',
    message: 'no',
    hint: 'later',
  });
  const heard = Promise.withResolvers<NumberedEvent>();
  target.subscribe(heard.resolve);
  await listened;
  for (const listener of listeners) listener({ number: 9, event: CONFLICT });
  assert.deepEqual((await heard.promise).event, CONFLICT);

  await server[Symbol.asyncDispose]();
  await lost.promise;
  await assert.rejects(target.call('status', {}, NEVER), { code: 'unavailable' });
  assert.equal(await target.speaksOurs(NEVER), false);
});

test('who does not know the token is refused', async () => {
  const { server } = await served();
  const target = new LoopbackTarget({ port: server.port, token: 'no' }, () => undefined);
  assert.equal(await target.speaksOurs(NEVER), false);
  await assert.rejects(target.call('status', {}, NEVER), { code: 'refused' });
  await server[Symbol.asyncDispose]();
});

test('who takes the question and never answers is waited for no longer than it may take', async () => {
  const silent = createServer(() => undefined).listen(0, '127.0.0.1');
  await once(silent, 'listening');
  const { port } = silent.address() as AddressInfo;
  const target = new LoopbackTarget({ port, token: TOKEN }, () => undefined, 50);
  assert.equal(await target.speaksOurs(NEVER), false);
  silent.closeAllConnections();
  silent.close();
});

test('a closed one tells nothing more, not even that it is closed', async () => {
  const { server, listeners, listened } = await served();
  const target = new LoopbackTarget({ port: server.port, token: TOKEN }, () =>
    assert.fail('it was closed by us'),
  );
  target.subscribe(() => assert.fail('it was closed'));
  await listened;
  target.close();
  for (const listener of listeners) listener({ number: 1, event: CONFLICT });
  await server[Symbol.asyncDispose]();
});
