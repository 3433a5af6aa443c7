import type { MessagePort } from 'node:worker_threads';
import type { AccountId } from '@coffer/protocol/core';
import { createNodeVerifySuite } from '@coffer/protocol/suites/node-verify';
import { nextTurn } from '../adapters/platform.ts';
import { StoreJudge } from '../services/commit-judge.ts';
import { KeyChains } from '../services/key-chains.ts';
import type { MetadataStore } from '../stores/metadata-store.ts';
import { openDatabase } from '../stores/sqlite/open-database.ts';
import { createSqliteMetadataStore } from '../stores/sqlite/sqlite-metadata-store.ts';
import {
  sendFailure,
  type FromWriter,
  type Outcome,
  type Task,
  type ToWriter,
  type Write,
} from './messages.ts';
import { Room } from './room.ts';

/**
 * Of commits that are judged and written at the same time, in one transaction. What follows from a
 * commit takes ten times its size until it is written.
 */
const JUDGED_BYTES_MAX = 2 * 1024 * 1024;

/** Does what comes through `port` on the database in `file`; closes both when it is told to. */
export function serveWriter(port: MessagePort, file: string): void {
  const store = createSqliteMetadataStore(openDatabase(file), nextTurn);
  const suite = createNodeVerifySuite();
  const chains = new KeyChains({ store, suite });
  const judge = new StoreJudge({ store, suite, chains });
  const room = new Room(JUDGED_BYTES_MAX);
  /** Tasks that came and are not done yet. */
  const running = new Set<Promise<void>>();
  let outcomes: Outcome[] = [];
  let isClosed = false;

  async function write(method: Write, args: readonly unknown[]): Promise<unknown> {
    const perform = store[method] as (...args: readonly unknown[]) => Promise<unknown>;
    try {
      return await perform(...args);
    } finally {
      const account = accountOfChange(method, args);
      if (account !== undefined) chains.forget(account);
    }
  }

  async function perform(task: Task): Promise<unknown> {
    switch (task.kind) {
      case 'propose': {
        const leave = await room.enter(task.proposed.bytes.length);
        return judge.propose(task.proposed).finally(leave);
      }
      case 'write':
        return write(task.method, task.args);
      case 'close':
        await Promise.all(running);
        await store.close();
        isClosed = true;
        return undefined;
    }
  }

  function tell(outcome: Outcome): void {
    outcomes.push(outcome);
    if (outcomes.length > 1) return;
    nextTurn(() => {
      port.postMessage(outcomes satisfies FromWriter);
      outcomes = [];
      if (isClosed) port.close();
    });
  }

  port.on('message', (tasks: ToWriter) => {
    for (const { id, ...task } of tasks) {
      const done = perform(task)
        .then(
          (value) => tell({ id, value }),
          (error: unknown) => tell({ id, failure: sendFailure(error) }),
        )
        .finally(() => running.delete(done));
      running.add(done);
    }
  });
}

/** Whose key chain the write may have changed. */
function accountOfChange(
  method: keyof MetadataStore,
  [given]: readonly unknown[],
): AccountId | undefined {
  if (method === 'deleteAccount') return given as AccountId;
  if (method !== 'addDevice' && method !== 'replaceKeys') return undefined;
  return (given as { readonly account: AccountId }).account;
}
