import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ControlFailure, type NumberedEvent } from '../contract/index.ts';
import { SharedTarget, type OtherProgram } from './shared-target.ts';

const NEVER = new AbortController().signal;
const PLACE = { port: 1, token: 't' };
const EVENT: NumberedEvent = {
  number: 1,
  event: { kind: 'conflict', pair: 'p', path: '/a' },
};

/** A profile of which a test says who has it; calls answer with who answered. */
function world(first: OtherProgram | undefined) {
  const state = {
    other: first,
    engine: undefined as object | undefined,
    speaks: true,
    starts: 0,
    told: 0,
    lose: () => undefined as void,
  };
  const listeners = { own: new Set<Listener>(), other: new Set<Listener>() };
  const opened = Promise.withResolvers<undefined>();
  const target = new SharedTarget({
    own: {
      target: {
        get engine() {
          return state.engine;
        },
        call: async () => 'own',
        subscribe: listened(listeners.own),
      },
      start: async () => {
        state.starts++;
        await opened.promise;
        state.engine = {};
      },
    },
    findOther: () => state.other,
    connect: (_, onLost) => {
      state.lose = onLost;
      return {
        call: async () => 'other',
        subscribe: listened(listeners.other),
        speaksOurs: async () => state.speaks,
        close: () => listeners.other.clear(),
      };
    },
    clock: { now: () => 0, sleep: async () => undefined },
  });
  target.onHolder(() => state.told++);
  const letOpen = async (): Promise<void> => {
    opened.resolve(undefined);
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { state, target, listeners, letOpen };
}

type Listener = (event: NumberedEvent) => void;

function listened(listeners: Set<Listener>) {
  return (listener: Listener) => {
    listeners.add(listener);
    return () => void listeners.delete(listener);
  };
}

test('a daemon that has the profile answers, and when it ends the profile is taken', async () => {
  const { state, target, listeners, letOpen } = world({ pid: 7, what: 'a daemon', place: PLACE });
  const heard: number[] = [];
  target.subscribe(({ number }) => heard.push(number));
  await target.look(NEVER);
  await target.look(NEVER);
  assert.equal(await target.call('status', {}, NEVER), 'other');
  for (const listener of listeners.other) listener(EVENT);
  assert.deepEqual([heard, state.starts, state.told], [[1], 0, 1]);

  state.other = undefined;
  state.lose();
  await target.look(NEVER);
  const asked = target.call('status', {}, NEVER);
  await letOpen();
  assert.equal(await asked, 'own', 'who asks meanwhile waits for the engine');
  for (const listener of listeners.own) listener({ ...EVENT, number: 2 });
  assert.deepEqual([heard, state.starts, listeners.other.size], [[1, 2], 1, 0]);
  assert.equal(state.told, 3, 'gone, then taken');
});

test('a profile that nobody has is taken once, however often it is looked', async () => {
  const { state, target, letOpen } = world(undefined);
  await target.look(NEVER);
  await target.look(NEVER);
  assert.equal(state.starts, 1);
  await letOpen();
  await target.look(NEVER);
  assert.deepEqual([state.starts, state.told], [1, 1]);
});

test('a program that cannot be spoken to is named, and what needs no engine is answered', async () => {
  for (const other of [
    { pid: 7, what: 'coffer sync now' },
    { pid: 8, what: 'an old daemon', place: PLACE },
  ]) {
    const { state, target } = world(other);
    state.speaks = false;
    await target.look(NEVER);
    await assert.rejects(target.call('status', {}, NEVER), (error: unknown) => {
      assert.ok(error instanceof ControlFailure);
      assert.equal(error.code, 'locked');
      assert.match(error.message, new RegExp(`'${other.what}' \\(process ${other.pid}\\)`));
      return true;
    });
    assert.equal(await target.call('account', {}, NEVER), 'own');
  }
});

test('another daemon in the place of the one that ended is joined', async () => {
  const { state, target } = world({ pid: 7, what: 'a daemon', place: PLACE });
  await target.look(NEVER);
  state.other = { pid: 8, what: 'a daemon', place: PLACE };
  await target.look(NEVER);
  assert.equal(state.told, 2);
  assert.equal(await target.call('status', {}, NEVER), 'other');
});
