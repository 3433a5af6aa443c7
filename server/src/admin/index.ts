/** What `coffer admin` does, on the machine of the server. */
export { backup, type BackupResult } from './backup.ts';
export { migrate, openData, type AdminData, type AdminOptions } from './open-data.ts';
export { restore, type RestoreResult } from './restore.ts';
export { collect, COLLECTION_POLICY } from '../jobs/collect.ts';
export { fsck } from '../jobs/fsck.ts';
export type { Finding, FsckReport } from '../jobs/fsck-finding.ts';
