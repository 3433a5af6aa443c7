import type { Schedule } from '../../ports.ts';
import type { MetadataStore } from '../metadata-store.ts';
import { createAccountStore } from './accounts.ts';
import { createContentStore } from './content.ts';
import { openDatabase } from './open-database.ts';
import { ReferenceCounts } from './reference-counts.ts';
import { createSessionStore } from './sessions.ts';
import { SpaceWrites } from './space-writes.ts';
import { createSpaceStore } from './spaces.ts';
import { WriteQueue } from './write-queue.ts';

/** `file` is a path or `:memory:`. `schedule` gathers writes that come at the same time. */
export function openSqliteMetadataStore(file: string, schedule: Schedule): MetadataStore {
  const database = openDatabase(file);
  const queue = new WriteQueue(database, schedule);
  const counts = new ReferenceCounts(database);
  const writes = new SpaceWrites(database, counts);
  return {
    ...createAccountStore(database, queue, writes),
    ...createSessionStore(database, queue),
    ...createSpaceStore(database, queue, writes),
    ...createContentStore(database, queue, counts),
    close: async () => {
      queue.drain();
      database.close();
    },
  };
}
