/** Hints by one recursive `fs.watch` on the root (engine §9): for macOS and Windows, where the system does it. */
import fs from 'node:fs';
import type { HintSource } from '../engine-options.ts';
import { HEARTBEAT_FILE } from './heartbeat.ts';
import { OWN_FOLDER } from '../scanner/temporaries.ts';

export function createRecursiveSource(): HintSource {
  return {
    watch: (root, listener) => {
      const watcher = fs.watch(root, { recursive: true, persistent: false }, (_event, name) => {
        if (name === null) {
          listener.lost('an event without a name');
          return;
        }
        const path = name.replaceAll('\\', '/');
        if (path === OWN_FOLDER || path.startsWith(`${OWN_FOLDER}/`)) {
          if (path === `${OWN_FOLDER}/${HEARTBEAT_FILE}`) listener.folder(OWN_FOLDER);
          return;
        }
        // The entry's folder; and the entry, should it be a folder.
        listener.folder(path.slice(0, Math.max(0, path.lastIndexOf('/'))));
        listener.folder(path);
      });
      watcher.on('error', () => listener.lost('a watch failed'));
      return () => watcher.close();
    },
  };
}
