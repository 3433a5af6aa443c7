/** `admin-process.ts backup|restore DATA_DIR BACKUP`, for tests that kill it. */
import { backup, restore } from '../admin/index.ts';

const [verb, dataDir, folder] = process.argv.slice(2);
if (dataDir === undefined || folder === undefined) throw new Error('usage: VERB DATA_DIR BACKUP');
const { signal } = new AbortController();
await (verb === 'backup'
  ? backup({ dataDir }, folder, signal)
  : restore({ dataDir }, folder, signal));
