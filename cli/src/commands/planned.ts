/**
 * Commands that the command line promises and this version does not have: they say so in one sentence,
 * and lists of them are empty, so that scripts need not know the version.
 */
import type { CommandDefinition, CommandRun } from '../command.ts';
import { CliFailure, EXIT } from '../failure.ts';

const LISTS: readonly (readonly [name: string, what: string])[] = [
  ['link list', 'public links'],
  ['share list', 'shared folders'],
  ['invitations', 'invitations to shared folders'],
  ['contacts', 'contacts'],
];

const ACTIONS: readonly (readonly [name: string, what: string])[] = [
  ['link create', 'public links'],
  ['link revoke', 'public links'],
  ['link get', 'public links'],
  ['link import', 'public links'],
  ['link request', 'file requests'],
  ['share add', 'shared folders'],
  ['share role', 'shared folders'],
  ['share remove', 'shared folders'],
  ['invitations accept', 'invitations to shared folders'],
  ['invitations decline', 'invitations to shared folders'],
  ['contacts verify', 'contacts'],
  ['plans', 'plans'],
  ['redeem', 'vouchers'],
  ['admin plan', 'plans'],
  ['admin voucher', 'vouchers'],
  ['admin reports', 'reports of links'],
  ['admin links', 'public links'],
  ['webdav', 'WebDAV'],
];

/** Those that none of the real commands has taken the name of. */
export function plannedCommands(real: readonly CommandDefinition[]): readonly CommandDefinition[] {
  const taken = new Set(real.map(({ name }) => name));
  return [
    ...LISTS.map(([name, what]) => definition(name, what, emptyList(what))),
    ...ACTIONS.map(([name, what]) => ({
      ...definition(name, what, missing(what)),
      takesAnyFlag: true,
    })),
  ].filter(({ name }) => !taken.has(name));
}

function definition(name: string, what: string, run: CommandRun): CommandDefinition {
  return {
    name,
    usage: '',
    argumentsMin: 0,
    argumentsMax: 1000,
    summary: `${what}: not in this version`,
    example: `coffer ${name}`,
    flags: [],
    place: 'here',
    isHidden: true,
    load: async () => run,
  };
}

function emptyList(what: string): CommandRun {
  return async ({ output }) => {
    output.result([], () => []);
    output.note(`There are none: this version has no ${what} yet.`);
    return EXIT.done;
  };
}

function missing(what: string): CommandRun {
  return async () => {
    throw new CliFailure(
      'unsupported',
      `this version does not have ${what} yet`,
      'Nothing was done. A later version will.',
    );
  };
}
