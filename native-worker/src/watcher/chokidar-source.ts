/** Hints by chokidar (engine §9): exact, at a price for each entry; the reference for the others. */
import { dirname, relative, sep } from 'node:path';
import { watch } from 'chokidar';
import type { HintSource } from '../engine-options.ts';
import { HEARTBEAT_FILE } from './heartbeat.ts';
import { EventDrain } from './event-drain.ts';
import { WATCH_LIMIT_REACHED } from './folders-source.ts';
import { OWN_FOLDER } from '../scanner/temporaries.ts';

/** `polling` where the system tells of no changes: network and FUSE file systems. */
export function createChokidarSource(backend: 'auto' | 'polling' = 'auto'): HintSource {
  return {
    watch: (root, listener) => {
      const own = `${root}/${OWN_FOLDER}`;
      const watcher = watch(root, {
        followSymlinks: false,
        atomic: false,
        ignoreInitial: true,
        ignorePermissionErrors: true,
        backend,
        // Of the own folder only the heartbeat counts.
        ignored: (path) => path.startsWith(`${own}/`) && path !== `${own}/${HEARTBEAT_FILE}`,
      });
      const hint = (path: string): void => {
        const below = relative(root, path).split(sep).join('/');
        // An event on the root itself names what is above it.
        listener.folder(below === '..' || below.startsWith('../') ? '' : below);
      };
      const drain = new EventDrain(() => listener.lost('too many events at once'));
      watcher.on('raw', () => drain.add());
      watcher.on('all', (event, path) => {
        hint(dirname(path));
        if (event === 'addDir') hint(path);
      });
      watcher.on('error', (error) => {
        const isLimit =
          error instanceof Error &&
          'code' in error &&
          (error.code === 'ENOSPC' || error.code === 'EMFILE');
        listener.lost(isLimit ? WATCH_LIMIT_REACHED : 'a watch failed');
      });
      // What changed before everything was watched is found by a scan after.
      watcher.on('ready', () => listener.lost('watching started'));
      return () => {
        watcher.removeAllListeners();
        // Errors that come while it closes concern nobody.
        watcher.on('error', () => undefined);
        void watcher.close();
      };
    },
  };
}
