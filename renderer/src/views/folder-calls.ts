import type { LocalFolderListing, RemoteFolder } from '@coffer/native-worker/contract';
import type { DriveSession } from '../control/drive-session.ts';

/** The questions of forms that choose folders: they change nothing. */
export interface FolderCalls {
  /** The home folder when no path is given. */
  readonly local: (path?: string) => Promise<LocalFolderListing>;
  readonly remote: (path: string) => Promise<readonly RemoteFolder[]>;
}

export function folderCalls(session: DriveSession): FolderCalls {
  return {
    local: (path) => session.ask('localFolders', path === undefined ? {} : { path }),
    remote: (path) => session.ask('remoteFolders', { path }),
  };
}
