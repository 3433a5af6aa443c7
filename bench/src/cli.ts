/** `npm run bench`: Coffer, a peer and the floor in turn, medians and ratios. */
import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { lineOf, runDaemons } from './daemons.ts';
import { hasRestic } from './restic.ts';
import { reportOf } from './table.ts';
import { runRound, type Sample, type Sizes } from './workloads.ts';

const DEFAULT: Sizes = { files: 1000, bigMib: 128, insertMib: 64, renamed: 500, scanned: 2000 };
const FULL: Sizes = {
  files: 10_000,
  bigMib: 1024,
  insertMib: 256,
  renamed: 2000,
  scanned: 100_000,
};
const USAGE = `npm run bench -- [OPTIONS]
  --rounds N     how often everything is measured, 3 by default
  --full         the sizes that the targets speak of (10,000 files, 1 GiB, 100,000 files scanned)
  --files N      small files        --big MIB      the large file
  --insert MIB   the edited file    --renamed N    files of the renamed folder
  --scanned N    tiny files beside the others
  --daemons      instead: a daemon that takes N tiny files, at work and at rest, and saves between two
  --dir DIR      where to work, the system's folder for temporary files by default`;

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      rounds: { type: 'string', default: '3' },
      full: { type: 'boolean', default: false },
      files: { type: 'string' },
      big: { type: 'string' },
      insert: { type: 'string' },
      renamed: { type: 'string' },
      scanned: { type: 'string' },
      daemons: { type: 'boolean', default: false },
      dir: { type: 'string', default: tmpdir() },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    console.log(USAGE);
    return 0;
  }
  const usual = values.full ? FULL : DEFAULT;
  const sizes: Sizes = {
    files: count(values.files, usual.files),
    bigMib: count(values.big, usual.bigMib),
    insertMib: count(values.insert, usual.insertMib),
    renamed: count(values.renamed, usual.renamed),
    scanned: count(values.scanned, usual.scanned),
  };
  if (values.daemons) {
    await measureDaemons(sizes.scanned, values.dir);
    return 0;
  }
  await measure(sizes, count(values.rounds, 3), values.dir);
  return 0;
}

async function measureDaemons(files: number, parent: string): Promise<void> {
  const load = (loadavg()[0] ?? 0).toFixed(1);
  console.log(`${cpus().length} processors, load ${load} at the start, in ${parent}`);
  const dir = mkdtempSync(join(parent, 'coffer-bench-'));
  try {
    await runDaemons(dir, files, (figure) => console.log(lineOf(figure)));
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

async function measure(sizes: Sizes, rounds: number, parent: string): Promise<void> {
  if (!hasRestic()) console.log('restic and rclone are not installed here: no peer is measured.');
  const load = (loadavg()[0] ?? 0).toFixed(1);
  console.log(`${cpus().length} processors, load ${load} at the start, in ${parent}`);
  const samples: Sample[] = [];
  const dir = mkdtempSync(join(parent, 'coffer-bench-'));
  try {
    for (let round = 1; round <= rounds; round++) {
      await runRound(join(dir, `round-${round}`), sizes, (sample) => {
        samples.push(sample);
        const { workload, subject, cost } = sample;
        console.log(`round ${round}  ${workload}  ${subject}  ${cost.seconds.toFixed(2)} s`);
      });
    }
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
  console.log('');
  for (const line of reportOf(samples, sizes)) console.log(line);
}

function count(text: string | undefined, otherwise: number): number {
  if (text === undefined) return otherwise;
  if (!/^[1-9][0-9]*$/.test(text)) throw new Error(`'${text}' is no number above 0\n${USAGE}`);
  return Number(text);
}

try {
  process.exitCode = await main();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 2;
}
