import { parseArgs } from 'node:util';
import { runPool } from './pool.ts';
const { values } = parseArgs({ options: { seeds: { type: 'string', default: '100' }, from: { type: 'string', default: '1' }, once: { type: 'boolean', default: false }, verbose: { type: 'boolean', default: false }, 'keep-going': { type: 'boolean', default: false }, 'no-faults': { type: 'boolean', default: false } } });
const from = Number(values.from); const count = Number(values.seeds); let seed = from; let failed = 0; const t = performance.now();
let deeds = 0, crashes = 0;
await runPool({ workers: count > 1 ? 2 : 1, next: () => seed < from + count && (failed === 0 || values['keep-going']) ? { options: { seed: seed++, noFaults: values['no-faults'] }, isTwice: !values.once } : undefined,
 onVerdict: (v) => { deeds += v.deeds; crashes += v.crashes; if (v.violations.length > 0) { failed++; if (values.verbose) console.log(v.log.join('\n')); console.log(`seed ${v.seed} [${v.features.join(' ')}]:\n  ${v.violations.slice(0, 4).join('\n  ')}`); } } });
console.log(`${count} seeds ${deeds} deeds ${crashes} crashes ${failed} failed ${((performance.now() - t) / 1000).toFixed(1)} s`);
