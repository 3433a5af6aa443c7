/** What a device knows of its disk after a crash or a power cut, and of what people did meanwhile. */
import type { Sabotage } from './sabotages.ts';

const worker = 'native-worker/src';

export const CRASH_SABOTAGES: readonly Sabotage[] = [
  {
    name: 'what a power cut took off the disk counts as deleted',
    file: `${worker}/engine-proof.ts`,
    find: "const isName = folder?.type === 'folder' && folder.mtimeNs < ctimeNs;",
    replace: 'const isName = folder === undefined;',
    tests: [`${worker}/engine-power-cut-names.test.ts`],
  },
  {
    name: 'an older content that a power cut left goes up as an edit',
    file: `${worker}/engine-proof.ts`,
    find: '    if (now.ctimeNs < before.ctimeNs) return now.ctimeNs > 0n;',
    replace: '',
    tests: [`${worker}/engine-power-cut.test.ts`],
  },
  {
    name: 'a file that had its name before a crash is a stranger',
    file: `${worker}/executor/recovery.ts`,
    find: '      settleArrivals(trees, intent, disk);\n',
    replace: '',
    tests: [`${worker}/executor/arrivals.test.ts`],
  },
  {
    name: 'a download replaces what was written at that moment',
    file: `${worker}/executor/place-downloads.ts`,
    find: "if (findWritten(run, stored, [{ below: '', row: replaced.row }]) !== undefined) {",
    replace: 'if (findWritten(run, stored, []) !== undefined) {',
    tests: [`${worker}/executor/meanwhile.test.ts`],
  },
  {
    name: 'a download replaces what was written at that moment, where the process ends then',
    file: `${worker}/executor/recovery.ts`,
    find: 'if (isKnown && staged !== undefined',
    replace: 'if (staged !== undefined',
    tests: [`${worker}/executor/replaced-before-crash.test.ts`],
  },
  {
    name: 'a folder is recycled with what just left it',
    file: `${worker}/executor/whole-folder.ts`,
    find: "  return rows.values().every(({ id, state }) => state !== 'seen' || run.paths.staged.has(id));",
    replace: '  return true;',
    tests: [`${worker}/executor/meanwhile.test.ts`],
  },
];
