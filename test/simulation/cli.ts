/**
 * `npm run simulate -- [--seeds N] [--from S] [--once] [--verbose]`: N worlds from seed S on, each run
 * twice unless `--once`; both runs must give one log. Exits 1 at the first violation, saying its seed.
 */
import { parseArgs } from 'node:util';
import { runWorld, type WorldReport } from './world.ts';

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '100' },
    from: { type: 'string', default: '1' },
    once: { type: 'boolean', default: false },
    verbose: { type: 'boolean', default: false },
    'keep-going': { type: 'boolean', default: false },
    'no-faults': { type: 'boolean', default: false },
  },
});

const from = Number(values.from);
const count = Number(values.seeds);
const began = performance.now();
let failed = 0;
let deeds = 0;
let crashes = 0;
for (let seed = from; seed < from + count; seed++) {
  const report = await runSeed(seed);
  deeds += report.deeds;
  crashes += report.crashes;
  if (report.violations.length > 0) {
    failed++;
    if (values.verbose) console.log(report.log.join('\n'));
    console.log(`seed ${seed}:\n  ${report.violations.slice(0, 6).join('\n  ')}`);
    if (!values['keep-going']) break;
  }
}
const seconds = (performance.now() - began) / 1000;
console.log(
  `simulation: seeds ${from} to ${from + count - 1}, ${deeds} actions, ${crashes} crashes, ${seconds.toFixed(1)} s, ${failed} failed`,
);
process.exitCode = failed === 0 ? 0 : 1;

async function runSeed(seed: number): Promise<WorldReport> {
  const options = { seed, noFaults: values['no-faults'] };
  try {
    const report = await runWorld(options);
    if (values.once) return report;
    const again = await runWorld(options);
    if (again.logHash === report.logHash) return report;
    const at = report.log.findIndex((line, i) => line !== again.log[i]);
    return {
      ...report,
      violations: [
        ...report.violations,
        `I9: two runs differ at line ${at}: ${report.log[at]} / ${again.log[at]}`,
      ],
    };
  } catch (error) {
    const what = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return {
      seed,
      logHash: '',
      log: [],
      deeds: 0,
      crashes: 0,
      requests: 0,
      calls: [],
      violations: [`the world broke: ${what}`],
    };
  }
}
