import type Database from 'better-sqlite3';
import type { Schedule } from '../../ports.ts';
import type { MetadataStore } from '../metadata-store.ts';
import { createAccountKeyStore } from './account-keys.ts';
import { createAccountStore } from './accounts.ts';
import { createAuditStore } from './audit.ts';
import { createCollectionStore } from './collection.ts';
import { createContentStore } from './content.ts';
import { ReferenceCounts } from './reference-counts.ts';
import { createSecondFactorStore } from './second-factors.ts';
import { createSessionStore } from './sessions.ts';
import { SpaceWrites } from './space-writes.ts';
import { createSpaceStore } from './spaces.ts';
import { WriteQueue } from './write-queue.ts';

/**
 * A store over a database that `openDatabase` gave, which it closes with itself. `schedule` gathers
 * writes that come at the same time.
 */
export function createSqliteMetadataStore(
  database: Database.Database,
  schedule: Schedule,
): MetadataStore {
  const queue = new WriteQueue(database, schedule);
  const counts = new ReferenceCounts(database);
  const writes = new SpaceWrites(database, counts);
  return {
    ...createAccountStore(database, queue, writes),
    ...createAccountKeyStore(database, queue),
    ...createSecondFactorStore(database, queue),
    ...createSessionStore(database, queue),
    ...createSpaceStore(database, queue, writes),
    ...createContentStore(database, queue, counts),
    ...createCollectionStore(database, queue, counts),
    ...createAuditStore(database, queue),
    close: async () => {
      queue.drain();
      database.close();
    },
  };
}
