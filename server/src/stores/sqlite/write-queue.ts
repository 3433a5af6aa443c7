import type Database from 'better-sqlite3';
import type { Schedule } from '../../ports.ts';

/** Thrown by a write to undo all that it did and to answer `outcome` all the same. */
export class Undo<T> {
  readonly outcome: T;
  constructor(outcome: T) {
    this.outcome = outcome;
  }
}

interface Waiting {
  readonly write: () => void;
  /** Tells the caller; only after the transaction is on the disk. */
  readonly settle: () => void;
  readonly fail: (reason: unknown) => void;
}

/** So that nobody waits long behind a crowd. */
const WRITES_PER_TRANSACTION_MAX = 256;

/**
 * Group commit: writes that arrive while others are running share one transaction and one fsync,
 * each in a savepoint of its own. A write that is alone waits for nobody.
 */
export class WriteQueue {
  readonly #database: Database.Database;
  readonly #schedule: Schedule;
  readonly #statements: Record<
    'begin' | 'commit' | 'rollback' | 'save' | 'keep' | 'undo',
    Database.Statement<[]>
  >;
  #waiting: Waiting[] = [];

  constructor(database: Database.Database, schedule: Schedule) {
    this.#database = database;
    this.#schedule = schedule;
    this.#statements = {
      begin: database.prepare('BEGIN IMMEDIATE'),
      commit: database.prepare('COMMIT'),
      rollback: database.prepare('ROLLBACK'),
      save: database.prepare('SAVEPOINT one_write'),
      keep: database.prepare('RELEASE one_write'),
      undo: database.prepare('ROLLBACK TO one_write'),
    };
  }

  /** Resolves when what `write` did is durable. What it throws undoes it and nothing else. */
  run<T>(write: () => T): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      let settle = () => reject(new Error('the write did not run'));
      this.#waiting.push({
        write: () => {
          const outcome = this.#inSavepoint(write);
          settle = outcome.threw ? () => reject(outcome.reason) : () => resolve(outcome.value);
        },
        settle: () => settle(),
        fail: reject,
      });
      if (this.#waiting.length === 1) this.#schedule(() => this.drain());
    });
  }

  /** Runs what is waiting now. */
  drain(): void {
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, WRITES_PER_TRANSACTION_MAX);
      try {
        this.#statements.begin.run();
        for (const { write } of batch) write();
        this.#statements.commit.run();
      } catch (reason) {
        if (this.#database.inTransaction) this.#statements.rollback.run();
        for (const { fail } of batch) fail(reason);
        continue;
      }
      for (const { settle } of batch) settle();
    }
  }

  #inSavepoint<T>(write: () => T): { threw: false; value: T } | { threw: true; reason: unknown } {
    this.#statements.save.run();
    try {
      const value = write();
      this.#statements.keep.run();
      return { threw: false, value };
    } catch (error) {
      // A full disk or the like ends the whole transaction by itself: then there is no savepoint.
      if (!this.#database.inTransaction) throw error;
      this.#statements.undo.run();
      this.#statements.keep.run();
      return error instanceof Undo
        ? { threw: false, value: error.outcome as T }
        : { threw: true, reason: error };
    }
  }
}
