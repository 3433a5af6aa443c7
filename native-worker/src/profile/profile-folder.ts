/** The profile folder: keys, database and settings of one signed-in device. */
import { mkdirSync } from 'node:fs';
import { homedir, platform } from 'node:os';
import { join, resolve } from 'node:path';

export interface Profile {
  readonly home: string;
  readonly keysFile: string;
  readonly databaseFile: string;
  readonly lockFile: string;
  /** Where a running daemon answers, and the token; 0600. */
  readonly daemonFile: string;
  readonly configFile: string;
  readonly logsFolder: string;
}

/** `--home`, else COFFER_HOME, else what the system has for application data. */
export function profileAt(home: string | undefined, env: NodeJS.ProcessEnv): Profile {
  return profileOf(resolve(home ?? env['COFFER_HOME'] ?? defaultHome(env)));
}

/** The files of the profile in this folder. */
export function profileOf(folder: string): Profile {
  return {
    home: folder,
    keysFile: join(folder, 'device.json'),
    databaseFile: join(folder, 'engine.db'),
    lockFile: join(folder, 'lock'),
    daemonFile: join(folder, 'daemon.json'),
    configFile: join(folder, 'config.json'),
    logsFolder: join(folder, 'logs'),
  };
}

function defaultHome(env: NodeJS.ProcessEnv): string {
  switch (platform()) {
    case 'darwin':
      return join(homedir(), 'Library', 'Application Support', 'Coffer');
    case 'win32':
      return join(env['APPDATA'] ?? join(homedir(), 'AppData', 'Roaming'), 'Coffer');
    default:
      return join(env['XDG_DATA_HOME'] ?? join(homedir(), '.local', 'share'), 'coffer');
  }
}

export function ensureHome(profile: Profile): void {
  mkdirSync(profile.home, { recursive: true, mode: 0o700 });
}
