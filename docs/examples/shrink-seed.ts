/**
 * Makes a failing simulated world smaller: leaves out one action of its people after the other, as
 * long as it still fails in the same way (docs/simulation.md).
 *
 *   node docs/examples/shrink-seed.ts SEED [--no-faults]
 */
import { runWorld } from '../../test/simulation/world.ts';

const seed = Number(process.argv[2]);
const noFaults = process.argv.includes('--no-faults');

/** The number of the first broken invariant (`I3`), or undefined for a world that holds. */
async function brokenBy(without: ReadonlySet<number>): Promise<string | undefined> {
  const report = await runWorld({ seed, noFaults, without });
  return report.violations[0]?.split(':', 1)[0];
}

const first = await runWorld({ seed, noFaults });
const wanted = first.violations[0]?.split(':', 1)[0];
if (wanted === undefined) throw new Error(`seed ${seed} breaks nothing`);
const actions = first.log.flatMap((line) => {
  const number = /^\d+ \S+ \((?<number>\d+)\): /.exec(line)?.groups?.['number'];
  return number === undefined ? [] : [Number(number)];
});
const without = new Set<number>();
for (let isSmaller = true; isSmaller;) {
  isSmaller = false;
  for (const action of actions) {
    if (without.has(action)) continue;
    without.add(action);
    if ((await brokenBy(without)) === wanted) isSmaller = true;
    else without.delete(action);
  }
}
const smallest = await runWorld({ seed, noFaults, without });
console.log(smallest.log.filter((line) => /\(\d+\): /.test(line)).join('\n'));
console.log(smallest.violations.slice(0, 6).join('\n'));
console.log(`left of ${actions.length} actions: ${actions.length - without.size}`);
console.log(`without: ${[...without].sort((a, b) => a - b).join(' ')}`);
