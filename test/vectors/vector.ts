/**
 * Test vectors: for each format a list of inputs, and for each input what must come out of it, or why
 * it must be refused. Pure, so that Node, worker threads and browsers run the same code.
 */
import { FormatError, IntegrityError } from '@coffer/protocol/core';
import type { WholeSuite } from '@coffer/protocol/crypto';
import { createSeededRandom } from '@coffer/protocol/suites/seeded-random';

export type Json =
  string | number | boolean | null | readonly Json[] | { readonly [k: string]: Json };

/** What a format's cases start from. Bytes are lower-case hexadecimal, everywhere. */
export interface CaseInput<I> {
  /** A claim: "a flipped bit of the commitment". Unique within the format. */
  readonly name: string;
  readonly input: I;
  /** Absent on a valid case. The exact refusal that is expected: see `refusalOf`. */
  readonly refused?: string;
  /** For an invalid case the name of the valid one that it differs from in one thing. */
  readonly unlike?: string;
}

/** One format: how its cases are made, and what a reader makes of an input. */
export interface VectorFormat<I = Json> {
  /** Name of the file. */
  readonly name: string;
  /** One sentence: what it holds, in which section of docs/protocol.md. */
  readonly about: string;
  /** All cases in order. Randomness comes from the suite alone, which is seeded. */
  readonly cases: (suite: WholeSuite) => readonly CaseInput<I>[];
  /** Reads one input. Throws FormatError, IntegrityError or Refusal where it must be refused. */
  readonly read: (suite: WholeSuite, input: I) => Json;
}

export interface VectorCase {
  readonly name: string;
  readonly input: Json;
  readonly unlike?: string;
  /** Exactly one of these two stands. */
  readonly output?: Json;
  readonly refused?: string;
}

export interface VectorFile {
  readonly format: string;
  readonly about: string;
  readonly cases: readonly VectorCase[];
}

/** A suite that draws from `randomBytes`, or from the platform. */
export type SuiteFactory = (randomBytes?: WholeSuite['randomBytes']) => Promise<WholeSuite>;

/** A refusal that the code under test gives as a value, not as an error. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
}

/** Lets formats of different inputs stand in one list. */
export function defineFormat<I>(format: VectorFormat<I>): VectorFormat {
  return format as unknown as VectorFormat;
}

/** The text that stands in a file for a refusal; any other error is a failure and is thrown on. */
export function refusalOf(error: unknown): string {
  if (error instanceof IntegrityError) return `${error.code}: ${error.message}`;
  if (error instanceof FormatError || error instanceof Refusal) return error.message;
  throw error;
}

/** The file of `format`, computed anew. Throws when cases do not behave as they say. */
export async function buildVectorFile(
  createSuite: SuiteFactory,
  format: VectorFormat,
): Promise<VectorFile> {
  const { sha256 } = await createSuite();
  const suite = await createSuite(createSeededRandom(sha256, `coffer vectors ${format.name}`));
  const inputs = format.cases(suite);
  checkPairs(format.name, inputs);
  const surprises: string[] = [];
  const cases = inputs.map((given): VectorCase => {
    const outcome = outcomeOf(suite, format, given.input);
    if (outcome.refused !== given.refused) {
      const [expected, got] = [given.refused ?? 'acceptance', outcome.refused ?? 'accepted'];
      surprises.push(`${format.name}, "${given.name}": expected ${expected}, got ${got}`);
    }
    return Object.assign(placeOf(given), outcome);
  });
  if (surprises.length > 0) throw new Error(surprises.join('\n'));
  return { format: format.name, about: format.about, cases };
}

/** What in `file` does not come out as it says: empty when all is well. */
export function checkVectorFile(
  suite: WholeSuite,
  format: VectorFormat,
  file: VectorFile,
): readonly string[] {
  return file.cases.flatMap(({ name, input, output, refused }) => {
    const expected = JSON.stringify(refused === undefined ? { output } : { refused });
    const got = JSON.stringify(outcomeOf(suite, format, input));
    return got === expected ? [] : [`${file.format}, "${name}": expected ${expected}, got ${got}`];
  });
}

function placeOf({ name, unlike, input }: CaseInput<Json>): VectorCase {
  return unlike === undefined ? { name, input } : { name, unlike, input };
}

function outcomeOf(
  suite: WholeSuite,
  format: VectorFormat,
  input: Json,
): { readonly output?: Json; readonly refused?: string } {
  try {
    return { output: format.read(suite, input) };
  } catch (error) {
    return { refused: refusalOf(error) };
  }
}

/** Every invalid case stands beside a valid one, and no two cases have one name. */
function checkPairs(format: string, cases: readonly CaseInput<Json>[]): void {
  const validNames = new Set(cases.filter((c) => c.refused === undefined).map((c) => c.name));
  const names = new Set(cases.map((c) => c.name));
  if (names.size !== cases.length) throw new Error(`${format}: a name stands twice`);
  for (const { name, refused, unlike } of cases) {
    if (refused !== undefined && (unlike === undefined || !validNames.has(unlike))) {
      throw new Error(`${format}, "${name}": \`unlike\` names no valid case`);
    }
  }
}
