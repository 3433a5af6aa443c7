/**
 * What people do with commands, in the order in which they meet it. Help, its JSON, the manual and the
 * completions show commands in this order; a command finds its group by its first word.
 */
import type { CommandDefinition } from './command.ts';

interface CommandGroup {
  readonly title: string;
  readonly words: readonly string[];
}

export const COMMAND_GROUPS: readonly CommandGroup[] = [
  { title: 'Begin', words: ['start', 'signup', 'login', 'logout'] },
  {
    title: 'Sync folders',
    words: ['sync', 'status', 'transfers', 'activity', 'ignore', 'verify'],
  },
  { title: 'Decide what waits for you', words: ['conflicts', 'stalls', 'held'] },
  { title: 'Sync in the background', words: ['daemon', 'ui', 'config'] },
  {
    title: 'Files on the drive',
    words: 'ls tree find stat du cat get put mkdir mv cp rm export webdav'.split(' '),
  },
  { title: 'History', words: ['versions', 'restore', 'trash', 'rewind'] },
  { title: 'Share', words: ['link', 'share', 'invitations', 'contacts'] },
  {
    title: 'Account and devices',
    words: 'account quota devices pair password recovery twofactor plans redeem'.split(' '),
  },
  { title: 'Run a server', words: ['serve', 'admin'] },
  {
    title: 'Help',
    words: ['help', 'doctor', 'version', 'manual', 'completion', 'complete-remote'],
  },
];

const PLACES = new Map(
  COMMAND_GROUPS.flatMap(({ title, words }, group) =>
    words.map((word, at) => [word, { title, order: group * 100 + at }] as const),
  ),
);

function placeOf({ name }: CommandDefinition): { title: string; order: number } | undefined {
  return PLACES.get(name.split(' ')[0] ?? '');
}

/** The title of its group; none has the empty one, which a test holds. */
export function groupOf(command: CommandDefinition): string {
  return placeOf(command)?.title ?? '';
}

/** In the order of the groups; commands of one word keep theirs. */
export function inGroups(commands: readonly CommandDefinition[]): readonly CommandDefinition[] {
  const order = (command: CommandDefinition): number => placeOf(command)?.order ?? Infinity;
  return commands.toSorted((a, b) => order(a) - order(b));
}

/** Groups that have commands, in order. */
export function groupCommands(
  commands: readonly CommandDefinition[],
): ReadonlyMap<string, readonly CommandDefinition[]> {
  return Map.groupBy(inGroups(commands), groupOf);
}
