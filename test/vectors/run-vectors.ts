import { FORMATS } from './formats/index.ts';
import {
  buildVectorFile,
  checkVectorFile,
  type SuiteFactory,
  type VectorFile,
  type VectorFormat,
} from './vector.ts';

/**
 * Holds a suite against stored files: each is read, and computed anew and compared. What differs, as
 * text for people; empty when all is well.
 */
export async function runVectors(
  createSuite: SuiteFactory,
  files: readonly VectorFile[],
  formats: readonly VectorFormat[] = FORMATS,
): Promise<readonly string[]> {
  const failures: string[] = [];
  const suite = await createSuite();
  for (const format of formats) {
    const file = files.find((one) => one.format === format.name);
    if (file === undefined) {
      failures.push(`${format.name}: no file`);
    } else {
      failures.push(...checkVectorFile(suite, format, file));
      const made = await buildVectorFile(createSuite, format);
      if (JSON.stringify(made) !== JSON.stringify(file)) {
        failures.push(
          `${format.name}: made anew, the file differs: ${firstDifference(made, file)}`,
        );
      }
    }
  }
  return failures;
}

function firstDifference(made: VectorFile, file: VectorFile): string {
  const at = made.cases.findIndex(
    (entry, i) => JSON.stringify(entry) !== JSON.stringify(file.cases[i]),
  );
  const entry = made.cases[at] ?? file.cases[made.cases.length];
  return entry === undefined ? 'its description' : `"${entry.name}"`;
}
