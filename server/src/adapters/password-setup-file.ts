import { open, readFile, rename, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { createPasswordSetup } from './opaque-passwords.ts';

const FILE = 'password-setup';

/** The server must not start like this; the message says what to do. */
export class SetupError extends Error {
  override readonly name = 'SetupError';
}

/**
 * The set-up secret of the password protocol, in `password-setup` of the data folder, for its owner
 * only. It is made at the first start. When it is gone although there are accounts, nobody could
 * sign in with a password ever again: that is refused, not papered over.
 */
export async function loadPasswordSetup(dataDir: string, hasAccounts: boolean): Promise<string> {
  const path = join(dataDir, FILE);
  const status = await stat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (status === undefined) {
    if (hasAccounts) {
      throw new SetupError(
        `${path} is missing, but there are accounts: without it no password works. Restore it from the backup.`,
      );
    }
    const setup = await createPasswordSetup();
    await writeDurably(path, `${setup}\n`);
    return setup;
  }
  if (process.platform !== 'win32' && (status.mode & 0o077) !== 0) {
    throw new SetupError(`${path} can be read by others. Make it private: chmod 600.`);
  }
  return (await readFile(path, 'utf8')).trim();
}

async function writeDurably(path: string, text: string): Promise<void> {
  const temporary = `${path}.new`;
  const file = await open(temporary, 'w', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(temporary, path);
  if (process.platform === 'win32') return;
  const folder = await open(dirname(path), 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
