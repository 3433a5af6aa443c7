/** Commands that look at something and say how it is. */
import type { CommandDefinition } from '../command.ts';

export const CHECK_COMMANDS: readonly CommandDefinition[] = [
  {
    name: 'ignore check',
    usage: 'LOCAL…',
    argumentsMin: 1,
    argumentsMax: 1000,
    summary: 'show which rule (file and line) ignores a path',
    details:
      'Rules are those of .cofferignore files, nearest folder first, then those of sync add --ignore, then the built-in list of temporary files. LOCAL need not exist. Below an ignored folder, its rule decides. A rule that takes a path back is shown too.',
    example: 'coffer ignore check ~/Drive/build/out.log',
    flags: [],
    load: async () => (await import('./ignore.ts')).ignoreCheck,
  },
  {
    name: 'ignore list',
    usage: '[LOCAL]',
    argumentsMin: 0,
    argumentsMax: 1,
    summary: 'list the rules, or those that can concern LOCAL',
    example: 'coffer ignore list ~/Drive',
    flags: [],
    load: async () => (await import('./ignore.ts')).ignoreList,
  },
  {
    name: 'verify',
    usage: '[LOCAL]',
    argumentsMin: 0,
    argumentsMax: 1,
    summary: 'read every local file again and prove the whole tree',
    details:
      'Local files that nobody changed since the last sync are held against the signed records, these against the signature of the newest state. Exit code 7 on any mismatch. LOCAL: this synced folder alone.',
    example: 'coffer verify --read-data',
    flags: [
      {
        name: 'read-data',
        summary: 'also fetch and open every chunk, of versions and the trash too',
      },
    ],
    load: async () => (await import('./verify.ts')).verify,
  },
];
