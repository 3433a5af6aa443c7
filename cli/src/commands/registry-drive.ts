/** Commands on the drive itself, without syncing. */
import type { CommandDefinition, CommandRun } from '../command.ts';

type ReadModule = typeof import('./drive-read.ts');
type WriteModule = typeof import('./drive-write.ts');
type HistoryModule = typeof import('./drive-history.ts');

const fromRead = (pick: (module: ReadModule) => CommandRun) => async () =>
  pick(await import('./drive-read.ts'));
const fromWrite = (pick: (module: WriteModule) => CommandRun) => async () =>
  pick(await import('./drive-write.ts'));
const fromHistory = (pick: (module: HistoryModule) => CommandRun) => async () =>
  pick(await import('./drive-history.ts'));

export const DRIVE_COMMANDS: readonly CommandDefinition[] = [
  {
    name: 'ls',
    usage: '[PATH]',
    argumentsMin: 0,
    argumentsMax: 1,
    summary: 'list a folder of the drive',
    example: 'coffer ls -l /Pictures',
    flags: [
      { name: 'long', short: 'l', summary: 'sizes, times, kinds' },
      { name: 'recursive', short: 'R', summary: 'everything below too' },
    ],
    load: fromRead((module) => module.ls),
  },
  {
    name: 'tree',
    usage: '[PATH]',
    argumentsMin: 0,
    argumentsMax: 1,
    summary: 'show the drive as a tree',
    example: 'coffer tree --depth 2',
    flags: [{ name: 'depth', value: 'N', summary: 'levels to show' }],
    load: fromRead((module) => module.tree),
  },
  {
    name: 'find',
    usage: 'PATTERN [PATH]',
    argumentsMin: 1,
    argumentsMax: 2,
    summary: 'find names on the drive; * and ? stand for anything',
    example: "coffer find '*.jpg' /Pictures",
    flags: [],
    load: fromRead((module) => module.find),
  },
  {
    name: 'stat',
    usage: 'PATH',
    argumentsMin: 1,
    argumentsMax: 1,
    summary: 'show all that is known of a file or folder',
    example: 'coffer stat /letter.txt',
    flags: [],
    load: fromRead((module) => module.stat),
  },
  {
    name: 'du',
    usage: '[PATH]',
    argumentsMin: 0,
    argumentsMax: 1,
    summary: 'add up sizes',
    example: 'coffer du /Pictures',
    flags: [],
    load: fromRead((module) => module.du),
  },
  {
    name: 'cat',
    usage: 'REMOTE',
    argumentsMin: 1,
    argumentsMax: 1,
    summary: 'write a file of the drive to standard output',
    example: 'coffer cat /notes.txt',
    flags: [{ name: 'range', value: 'A-B', summary: 'only these bytes, both ends included' }],
    load: fromRead((module) => module.cat),
  },
  {
    name: 'get',
    usage: 'REMOTE [LOCAL]',
    argumentsMin: 1,
    argumentsMax: 2,
    summary: 'fetch a file or folder',
    details:
      'A folder LOCAL that is there gets REMOTE in it. Run again into the same place after it broke off, it goes on: files that are there with the same content are left as they are. So name a folder that is there from the start. A file is seen under its name once all of it was verified.',
    example: 'coffer get -r /Pictures .',
    flags: [
      { name: 'recursive', short: 'r', summary: 'folders with all below' },
      { name: 'force', summary: 'replace local files that differ' },
    ],
    load: async () => (await import('./drive-get.ts')).get,
  },
  {
    name: 'export',
    usage: 'DIR',
    argumentsMin: 1,
    argumentsMax: 1,
    summary: 'fetch the whole drive into a folder, with an index',
    details:
      'Into a new or empty folder: plain files, with coffer-index.json beside them: paths, sizes, times and SHA-256. Earlier versions and the trash are left out. If it breaks off, run it again: it goes on.',
    example: 'coffer export ~/coffer-export',
    flags: [],
    load: async () => (await import('./export.ts')).exportAll,
  },
  {
    name: 'put',
    usage: 'LOCAL… REMOTE',
    argumentsMin: 2,
    argumentsMax: 1000,
    summary: 'store files or folders; - is standard input',
    example: 'coffer put -r photos /Pictures',
    flags: [
      { name: 'recursive', short: 'r', summary: 'folders with all below' },
      { name: 'parents', short: 'p', summary: 'make missing folders' },
    ],
    load: fromWrite((module) => module.put),
  },
  {
    name: 'mkdir',
    usage: 'PATH…',
    argumentsMin: 1,
    argumentsMax: 1000,
    summary: 'make folders on the drive',
    example: 'coffer mkdir -p /Pictures/2026',
    flags: [
      {
        name: 'parents',
        short: 'p',
        summary: 'make missing folders above; no error if it is there',
      },
    ],
    load: fromWrite((module) => module.mkdir),
  },
  {
    name: 'mv',
    usage: 'FROM TO',
    argumentsMin: 2,
    argumentsMax: 2,
    summary: 'move or rename on the drive; never replaces',
    example: 'coffer mv /draft.txt /letter.txt',
    flags: [],
    load: fromWrite((module) => module.mv),
  },
  {
    name: 'cp',
    usage: 'FROM TO',
    argumentsMin: 2,
    argumentsMax: 2,
    summary: 'copy on the drive; sends no content, never replaces',
    details:
      'TO may be a folder that is there: the copy goes into it. Earlier versions are not copied.',
    example: 'coffer cp -r /Pictures/2026 /Backup',
    flags: [{ name: 'recursive', short: 'r', summary: 'folders with all below' }],
    load: fromWrite((module) => module.cp),
  },
  {
    name: 'rm',
    usage: 'PATH…',
    argumentsMin: 1,
    argumentsMax: 1000,
    summary: 'move to the trash',
    example: 'coffer rm /old.txt',
    flags: [
      { name: 'forever', summary: 'remove for ever, with all versions; asks, or needs --yes' },
    ],
    load: fromWrite((module) => module.rm),
  },
  {
    name: 'versions',
    usage: 'PATH',
    argumentsMin: 1,
    argumentsMax: 1,
    summary: 'list the contents that a file had',
    example: 'coffer versions /letter.txt',
    flags: [],
    load: fromHistory((module) => module.versions),
  },
  {
    name: 'restore',
    usage: 'PATH',
    argumentsMin: 1,
    argumentsMax: 1,
    summary: 'make an earlier content current again',
    example: 'coffer restore /letter.txt --version 3',
    flags: [
      {
        name: 'version',
        value: 'N',
        summary: "number in 'coffer versions'; by default the one before the current",
      },
      { name: 'to', value: 'P', summary: 'restore as a new file at P' },
    ],
    load: fromHistory((module) => module.restore),
  },
  {
    name: 'rewind',
    usage: 'PATH --to TIME',
    argumentsMin: 1,
    argumentsMax: 1,
    summary: 'bring a folder back to how it was at a time; asks first',
    details:
      'What was deleted, moved, renamed or written since is undone. Contents of now stay as versions, what came since goes to the trash: a rewind can be rewound. TIME is by the clocks of the devices that wrote. It is made in steps. Asks, or needs --yes.',
    example: 'coffer rewind /Papers --to 2026-03-01T12:00:00Z --dry-run',
    flags: [
      {
        name: 'to',
        value: 'TIME',
        summary: '2026-03-01T12:00:00Z, a day, or how long ago: 2h, 7d',
      },
      { name: 'dry-run', summary: 'list what it would do and change nothing' },
    ],
    load: async () => (await import('./rewind.ts')).rewind,
  },
  {
    name: 'trash',
    usage: '[list]',
    argumentsMin: 0,
    argumentsMax: 1,
    summary: 'list what was deleted',
    example: 'coffer trash',
    flags: [],
    load: fromHistory((module) => module.trashList),
  },
  {
    name: 'trash restore',
    usage: 'ID|PATH',
    argumentsMin: 1,
    argumentsMax: 1,
    summary: 'bring something back from the trash',
    example: 'coffer trash restore /old.txt',
    flags: [{ name: 'to', value: 'P', summary: 'to another place than where it was' }],
    load: fromHistory((module) => module.trashRestore),
  },
  {
    name: 'trash empty',
    usage: '',
    argumentsMin: 0,
    argumentsMax: 0,
    summary: 'remove for ever what is in the trash; asks, or needs --yes',
    example: 'coffer trash empty --yes',
    flags: [],
    load: fromHistory((module) => module.trashEmpty),
  },
];
