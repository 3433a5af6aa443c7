import assert from 'node:assert/strict';
import test, { describe } from 'node:test';
import type { EngineEvent } from '@coffer/native-worker/contract';
import { aPair, aSnapshot } from '../testing/builders.ts';
import { CallFailed, type ControlClient, type ControlNews } from './control-client.ts';
import { DriveSession } from './drive-session.ts';

/** Answers from `answers`, counts what is asked, and says what the test tells it to say. */
class FakeClient {
  readonly asked: string[] = [];
  answers: Record<string, unknown> = {
    account: aSnapshot().account,
    status: aSnapshot().status,
    listPairs: [],
    conflicts: [],
    held: [],
    stalls: [],
    activity: [],
    usage: { usedBytes: 1, totalBytes: 2, transferUsedBytes: 0, transferTotalBytes: null },
  };
  failing: Record<string, string> = {};
  /** Answers of a command, as they were when it was asked, come when this is done. */
  waiting: Record<string, () => Promise<unknown>> = {};
  #listener: ((news: ControlNews) => void) | undefined;
  #number = 0;

  readonly client: ControlClient = {
    call: async (command) => {
      this.asked.push(command);
      const code = this.failing[command];
      const answer = structuredClone(this.answers[command] ?? {});
      await this.waiting[command]?.();
      if (code !== undefined) throw new CallFailed({ code, message: '', hint: '' });
      return answer as never;
    },
    subscribe: (listener) => {
      this.#listener = listener;
      return () => (this.#listener = undefined);
    },
  };

  say(news: ControlNews): Promise<void> {
    this.#listener?.(news);
    return new Promise((resolve) => setImmediate(resolve));
  }

  tell(event: EngineEvent): Promise<void> {
    return this.say({ kind: 'event', event: { number: ++this.#number, event } });
  }
}

async function started(fake = new FakeClient()) {
  const session = new DriveSession(fake.client, () => undefined);
  session.start();
  await fake.say({ kind: 'connected' });
  await session.reload();
  fake.asked.length = 0;
  return { fake, session };
}

describe('a drive session', () => {
  test('reads everything when it is connected', async () => {
    const { session } = await started();
    assert.equal(session.snapshot.connection, 'live');
    assert.deepEqual(session.snapshot.status, aSnapshot().status);
    assert.equal(session.snapshot.usage?.usedBytes, 1);
  });

  test('asks what is used once a pair finished, not while it works', async () => {
    const { fake } = await started();
    const { pairs = [] } = aSnapshot().status ?? {};
    await fake.tell({
      kind: 'status',
      status: {
        pairs: pairs.map((pair) => ({ ...pair, state: 'syncing' as const })),
        transfers: [],
      },
    });
    assert.ok(!fake.asked.includes('usage'));
    const lastSyncedAt = '2030-01-01T00:00:00.000Z';
    await fake.tell({
      kind: 'status',
      status: { pairs: pairs.map((pair) => ({ ...pair, lastSyncedAt })), transfers: [] },
    });
    assert.ok(fake.asked.includes('usage'));
  });

  test('asks for decisions only when their number changed', async () => {
    const { fake } = await started();
    await fake.tell({
      kind: 'status',
      status: { pairs: [aPair({ state: 'syncing' })], transfers: [] },
    });
    assert.deepEqual(fake.asked, []);
    await fake.tell({
      kind: 'status',
      status: { pairs: [aPair({ conflicts: 1 })], transfers: [] },
    });
    assert.deepEqual(fake.asked, ['conflicts', 'held', 'stalls']);
  });

  test('puts new activity on top', async () => {
    const { fake, session } = await started();
    for (const path of ['first', 'second']) {
      await fake.tell({
        kind: 'activity',
        activity: { at: '2026-11-20T10:00:00Z', op: 'upload', path, device: 'd' },
      });
    }
    assert.deepEqual(
      session.snapshot.activity?.map(({ path }) => path),
      ['second', 'first'],
    );
  });

  test('keeps the last usage when the server is away, and everything else when the daemon is', async () => {
    const { fake, session } = await started();
    fake.failing = { usage: 'network' };
    await session.reload();
    assert.equal(session.snapshot.usage?.usedBytes, 1);
    assert.equal(session.snapshot.failure, undefined);
    await fake.say({ kind: 'lost' });
    assert.equal(session.snapshot.connection, 'lost');
    assert.deepEqual(session.snapshot.status, aSnapshot().status);
  });

  test('forgets everything of an account that is signed out', async () => {
    const { fake, session } = await started();
    fake.answers['account'] = { signedIn: false };
    await session.act('signOut', {});
    assert.equal(session.snapshot.status, undefined);
    assert.equal(session.snapshot.account?.signedIn, false);
  });

  test('shows a drive although nobody says whose it is', async () => {
    const { fake, session } = await started();
    fake.failing = { account: 'not-found' };
    await session.reload();
    assert.equal(session.snapshot.account, undefined);
    assert.equal(session.snapshot.failure, undefined);
    assert.deepEqual(session.snapshot.status, aSnapshot().status);
  });

  test('says why a list could not be read, until it can', async () => {
    const { fake, session } = await started();
    fake.failing = { status: 'damaged-profile' };
    await session.reload();
    assert.equal(session.snapshot.failure?.code, 'damaged-profile');
    fake.failing = {};
    await session.reload();
    assert.equal(session.snapshot.failure, undefined);
  });

  test('gives a refused command back to who gave it', async () => {
    const { fake, session } = await started();
    fake.failing = { resolveConflict: 'not-found' };
    await assert.rejects(session.act('resolveConflict', { path: '/a', keep: 'both' }), CallFailed);
  });

  test('many events at once lead to one more reading, not to many', async () => {
    const { fake } = await started();
    const stall = { kind: 'conflict', pair: 'p1', path: '/a' } as const;
    await Promise.all(Array.from({ length: 20 }, () => fake.tell(stall)));
    assert.equal(fake.asked.filter((command) => command === 'conflicts').length, 2);
  });

  test('a reading that failed is done once more when it was asked for meanwhile', async () => {
    const { fake, session } = await started();
    const late = Promise.withResolvers<undefined>();
    fake.failing = { status: 'busy' };
    fake.waiting = { status: () => late.promise };
    await fake.say({ kind: 'connected' });
    [fake.failing, fake.waiting] = [{}, {}];
    const again = session.reload();
    late.resolve(undefined);
    await again;
    assert.equal(session.snapshot.failure, undefined);
  });

  test('shows nobody when somebody signed out between two questions', async () => {
    const { fake, session } = await started();
    fake.failing = { status: 'not-signed-in' };
    fake.waiting = {
      status: async () => (fake.answers['account'] = { signedIn: false }),
    };
    await session.reload();
    assert.equal(session.snapshot.account?.signedIn, false);
    assert.equal(session.snapshot.failure, undefined);
    assert.equal(session.snapshot.status, undefined);
  });

  test('an older reading of decisions does not undo a newer one', async () => {
    const { fake, session } = await started();
    const late = Promise.withResolvers<undefined>();
    fake.answers['conflicts'] = [{ id: 'c', path: '/a' }];
    fake.waiting = { conflicts: () => late.promise };
    await fake.tell({ kind: 'conflict', pair: 'p1', path: '/a' });
    fake.answers['conflicts'] = [];
    fake.waiting = {};
    await session.reload();
    late.resolve(undefined);
    await fake.tell({ kind: 'status', status: { pairs: [], transfers: [] } });
    assert.deepEqual(session.snapshot.conflicts, []);
  });

  test('gives many commands, and reads once afterwards, also when one is refused', async () => {
    const { fake, session } = await started();
    const inputs = ['/a', '/b', '/c'].map((path) => ({ path, keep: 'both' as const }));
    await session.actOnEach('resolveConflict', inputs);
    const count = (command: string) => fake.asked.filter((asked) => asked === command).length;
    assert.deepEqual([count('resolveConflict'), count('status')], [3, 1]);
    fake.failing = { resolveConflict: 'stale' };
    await assert.rejects(session.actOnEach('resolveConflict', inputs), CallFailed);
    assert.deepEqual([count('resolveConflict'), count('status')], [4, 2]);
  });
});
