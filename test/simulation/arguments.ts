/** What `npm run simulate -- …` is asked: flags read into one request, or a sentence that says what is wrong. */
import { parseArgs } from 'node:util';
import { FAULT_KINDS, FEATURES, type WorldOptions } from './options.ts';

/** Which worlds to run, or what else to do; the rest of a request says how. */
export type Task =
  | { readonly kind: 'help' }
  | { readonly kind: 'seeds'; readonly count: number }
  | { readonly kind: 'crash-all'; readonly count: number; readonly stride: number }
  | { readonly kind: 'planner'; readonly count: number }
  | { readonly kind: 'shrink'; readonly world: WorldOptions }
  | { readonly kind: 'world'; readonly world: WorldOptions }
  /** A file of `seeds/` by its name, with or without `.json`, or `all`. */
  | { readonly kind: 'kept'; readonly name: string };

export interface SimulationRequest {
  readonly task: Task;
  readonly from: number;
  readonly workers: number;
  readonly isTwice: boolean;
  readonly isVerbose: boolean;
  readonly keepsGoing: boolean;
  readonly noFaults: boolean;
}

export const USAGE = `npm run simulate -- [what] [how]

Runs whole worlds, each made from a number, and checks the invariants of docs/simulation.md.

what to run (without any of these: 100 worlds from seed 1)
  --seeds N           N worlds
  --from S            the first seed
  --world JSON        one world by its options, as a failure prints them
  --kept NAME         the world in test/simulation/seeds/NAME.json, or all
  --shrink SEED|JSON  makes a failing world smaller
  --crash-all         a crash at every disk call of 20 histories, or of --seeds
  --stride N          with --crash-all: every N-th call only
  --planner N         N cases of the planner alone, from --from on
  --help              prints this

how to run it
  --once              each world once: twice as fast, I9 is not looked at
  --no-faults         people act, nothing goes wrong
  --keep-going        goes on after a failure
  --verbose           prints the logs
  --workers N         threads

Ends with 1 where an invariant broke, with 2 where an option is wrong.`;

/** Options that say what to run: one of them at most. */
const TASKS = ['planner', 'shrink', 'kept', 'world', 'crash-all'] as const;
const SEEDS = 100;
const HISTORIES = 20;

/** Something in the options is wrong; the message is one sentence about it. */
export class WrongArguments extends Error {
  override readonly name = 'WrongArguments';
}

/** Throws `WrongArguments`. */
export function readArguments(args: readonly string[], workers: number): SimulationRequest {
  const values = valuesOf(args);
  const noFaults = values['no-faults'];
  return {
    task: taskOf(values),
    from: wholeNumber('from', values.from, 1, 0),
    workers: wholeNumber('workers', values.workers, workers, 1),
    isTwice: !values.once,
    isVerbose: values.verbose,
    keepsGoing: values['keep-going'],
    noFaults,
  };
}

type Values = ReturnType<typeof valuesOf>;

function valuesOf(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        help: { type: 'boolean', short: 'h', default: false },
        seeds: { type: 'string' },
        from: { type: 'string' },
        once: { type: 'boolean', default: false },
        verbose: { type: 'boolean', default: false },
        'keep-going': { type: 'boolean', default: false },
        'no-faults': { type: 'boolean', default: false },
        planner: { type: 'string' },
        'crash-all': { type: 'boolean', default: false },
        stride: { type: 'string' },
        shrink: { type: 'string' },
        kept: { type: 'string' },
        world: { type: 'string' },
        workers: { type: 'string' },
      },
    }).values;
  } catch (error) {
    // Only the first sentence is about what was written.
    if (error instanceof TypeError) throw new WrongArguments(error.message.split('. ')[0]);
    throw error;
  }
}

function taskOf(values: Values): Task {
  if (values.help) return { kind: 'help' };
  const chosen = TASKS.filter((task) => values[task] !== undefined && values[task] !== false);
  if (chosen.length > 1) throw new WrongArguments(`--${chosen.join(' and --')} do not go together`);
  if (values.stride !== undefined && !values['crash-all'])
    throw new WrongArguments('--stride goes with --crash-all alone');
  if (values['crash-all'])
    return {
      kind: 'crash-all',
      count: wholeNumber('seeds', values.seeds, HISTORIES, 1),
      stride: wholeNumber('stride', values.stride, 1, 1),
    };
  if (values.planner !== undefined)
    return { kind: 'planner', count: wholeNumber('planner', values.planner, 1, 1) };
  const noFaults = values['no-faults'];
  if (values.shrink !== undefined)
    return { kind: 'shrink', world: worldOf('shrink', values.shrink, noFaults) };
  if (values.world !== undefined)
    return { kind: 'world', world: worldOf('world', values.world, noFaults) };
  if (values.kept !== undefined) return { kind: 'kept', name: values.kept };
  return { kind: 'seeds', count: wholeNumber('seeds', values.seeds, SEEDS, 1) };
}

function wholeNumber(
  option: string,
  text: string | undefined,
  otherwise: number,
  least: number,
): number {
  if (text === undefined) return otherwise;
  const number = /^\d+$/.test(text) ? Number(text) : NaN;
  if (!Number.isSafeInteger(number) || number < least)
    throw new WrongArguments(`--${option} wants a whole number from ${least} on, not '${text}'`);
  return number;
}

/** A seed, or the options of a world as JSON. */
function worldOf(option: string, text: string, noFaults: boolean): WorldOptions {
  const flags = noFaults ? { noFaults } : {};
  if (/^\d+$/.test(text)) return { seed: Number(text), ...flags };
  const world = jsonOf(option, text);
  const wrong = whatIsWrong(world);
  if (wrong !== undefined) throw new WrongArguments(`--${option}: ${wrong}`);
  return { ...(world as WorldOptions), ...flags };
}

function jsonOf(option: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new WrongArguments(
      `--${option} wants a seed or a world's options as JSON, not '${text}'`,
    );
  }
}

/** A misspelt key would leave nothing out, and the world would be another one. */
function whatIsWrong(world: unknown): string | undefined {
  if (!isRecord(world) || !Number.isInteger(world['seed'])) return 'a world has a seed';
  const without = world['without'] ?? {};
  if (!isRecord(without)) return `'without' is an object`;
  const { features = [], faults = [] } = without;
  return (
    strange('a world has no', Object.keys(world), [
      'seed',
      'without',
      'noFaults',
      'crash',
      'reason',
    ]) ??
    strange('a world is not without', Object.keys(without), PARTS) ??
    strange('there is no feature', features, FEATURES) ??
    strange('there is no kind of fault', faults, FAULT_KINDS)
  );
}

const PARTS = ['actions', 'faults', 'features', 'devices', 'phasesAfter'];

function strange(what: string, found: unknown, known: readonly string[]): string | undefined {
  const first = Array.isArray(found) ? found.find((each) => !known.includes(String(each))) : found;
  return first === undefined ? undefined : `${what} '${String(first)}'`;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
