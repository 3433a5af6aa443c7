/** Commands for the person who runs a server. */
import type { CommandDefinition, CommandRun, FlagDefinition } from '../command.ts';

type AdminModule = typeof import('./admin.ts');

const fromAdmin = (pick: (module: AdminModule) => CommandRun) => async () =>
  pick(await import('./admin.ts'));

const data: FlagDefinition = {
  name: 'data',
  value: 'DIR',
  summary: 'the data folder of the server; ./coffer-data by default',
};

export const ADMIN_COMMANDS: readonly CommandDefinition[] = [
  {
    name: 'admin users',
    usage: '',
    argumentsMin: 0,
    argumentsMax: 0,
    summary: 'list the accounts of the server and what they use',
    example: 'coffer admin users --data /srv/coffer',
    place: 'here',
    flags: [data],
    load: fromAdmin((module) => module.adminUsers),
  },
  {
    name: 'admin stats',
    usage: '',
    argumentsMin: 0,
    argumentsMax: 0,
    summary: 'count what the server stores',
    example: 'coffer admin stats --data /srv/coffer --json',
    place: 'here',
    flags: [data],
    load: fromAdmin((module) => module.adminStats),
  },
  {
    name: 'admin backup',
    usage: 'DIR',
    argumentsMin: 1,
    argumentsMax: 1,
    summary: 'back the server up into a folder, while it works',
    details:
      'DIR is empty, not there yet, or has an earlier backup of the same server: then only new packs are copied. The backup is of one moment. If it breaks off, run it again; the backup before it stays whole.',
    example: 'coffer admin backup /mnt/backup/coffer --data /srv/coffer',
    place: 'here',
    flags: [data],
    load: fromAdmin((module) => module.adminBackup),
  },
  {
    name: 'admin restore',
    usage: 'BACKUP',
    argumentsMin: 1,
    argumentsMax: 1,
    summary: 'bring a backup back into an empty data folder',
    details:
      'The restored server has a higher era: devices that had seen newer changes ask before they accept it.',
    example: 'coffer admin restore /mnt/backup/coffer --data /srv/coffer-new',
    place: 'here',
    flags: [data],
    load: fromAdmin((module) => module.adminRestore),
  },
  {
    name: 'admin fsck',
    usage: '',
    argumentsMin: 0,
    argumentsMax: 0,
    summary: 'check all that is stored; the server is stopped',
    details:
      'Exit code 7 when something is wrong. --repair counts references and usage anew, removes packs that nothing names, and marks contents that cannot be read as missing, so that devices that have them send them again.',
    example: 'coffer admin fsck --data /srv/coffer --read-data',
    place: 'here',
    flags: [
      data,
      { name: 'repair', summary: 'mend what can be mended without loss' },
      { name: 'read-data', summary: 'read and hash every stored chunk, too' },
    ],
    load: fromAdmin((module) => module.adminFsck),
  },
  {
    name: 'admin gc',
    usage: '',
    argumentsMin: 0,
    argumentsMax: 0,
    summary: 'give room back now; a running server does it every day',
    example: 'coffer admin gc --data /srv/coffer --dry-run',
    place: 'here',
    flags: [data, { name: 'dry-run', summary: 'say what would go and change nothing' }],
    load: fromAdmin((module) => module.adminGc),
  },
  {
    name: 'admin migrate',
    usage: '',
    argumentsMin: 0,
    argumentsMax: 0,
    summary: 'bring the database to this version; the server is stopped',
    example: 'coffer admin migrate --data /srv/coffer',
    place: 'here',
    flags: [data],
    load: fromAdmin((module) => module.adminMigrate),
  },
];
