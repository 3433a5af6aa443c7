/** Writes test/vectors/files anew: `node test/vectors/generate.ts`. Equal sources give equal files. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createNodeOpenSuite } from '@coffer/protocol/suites/node-open';
import { FORMATS } from './formats/index.ts';
import { buildVectorFile } from './vector.ts';

for (const format of FORMATS) {
  const file = await buildVectorFile(createNodeOpenSuite, format);
  const path = join(import.meta.dirname, 'files', `${format.name}.json`);
  writeFileSync(path, `${JSON.stringify(file, null, 1)}\n`);
  const refused = file.cases.filter((entry) => entry.refused !== undefined).length;
  console.log(`${format.name}: ${file.cases.length - refused} valid, ${refused} invalid`);
}
