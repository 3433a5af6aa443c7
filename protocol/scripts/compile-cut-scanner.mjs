/**
 * Compiles the chunker's inner loop to WebAssembly and prints `cut-scanner.generated.ts`; with
 * `--write` puts it in its place. A test compares what is there with what this prints.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { main } from 'assemblyscript/asc';

const folder = new URL('../src/content/open/chunker/', import.meta.url);
const text = readFileSync(new URL('cut-scanner.as', folder), 'utf8');

/** @type {Uint8Array | undefined} */
let code;
const flags = '-O3 --converge --noAssert --runtime stub --initialMemory 4 --maximumMemory 4';
const { error } = await main(['cut-scanner.ts', ...flags.split(' '), '--outFile', 'out'], {
  readFile: (name) => (name === 'cut-scanner.ts' ? text : null),
  writeFile: (name, contents) => {
    if (name === 'out') code = contents;
  },
  listFiles: () => [],
});
if (error || code === undefined) throw new Error('does not compile', { cause: error });

const lines = Buffer.from(code)
  .toString('base64url')
  .match(/.{1,90}/g)
  .map((line) => `  '${line}'`)
  .join(' +\n');
const source = `// Compiled from cut-scanner.as by scripts/compile-cut-scanner.mjs: do not edit.
export const CUT_SCANNER_BASE64URL =
${lines};
`;
if (process.argv.includes('--write')) {
  writeFileSync(new URL('cut-scanner.generated.ts', folder), source);
} else {
  process.stdout.write(source);
}
